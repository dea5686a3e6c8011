package golang_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/rootfs"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/golang"
)

func TestSumsWithoutAModuleFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"whole/go.mod": "module example.com/a\ngo 1.26\n", "whole/go.sum": "example.com/b v1.0.0 h1:=\n",
		"lost/go.sum": "example.com/b v1.0.0 h1:=\n", "empty/go.sum": "", "testdata/go.sum": "example.com/b v1.0.0 h1:=\n",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for kind, want := range map[artifact.Kind][]string{artifact.Directory: {"lost/go.sum"}, artifact.RootFS: nil} {
		src, err := rootfs.Open(t.Context(), dir, rootfs.Options{Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		inv, err := extract.Run(t.Context(), src, golang.Extractors(), extract.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range inv.Incomplete {
			if i.Reason != artifact.Unsupported {
				t.Errorf("%+v", i)
			}
			got = append(got, i.Path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}
