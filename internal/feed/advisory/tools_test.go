package advisory_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/yamltree"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// yamlOf reads the YAML files of an archive, in order.
func yamlOf(t *testing.T, raw feed.Raw, at string) (out []*yamltree.Node) {
	t.Helper()
	f, err := raw.Open(at)
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		name := path.Base(h.Name)
		if !strings.HasSuffix(name, ".yml") && !strings.HasSuffix(name, ".yaml") || name[0] == '.' {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		n, err := yamltree.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
}

// around gives versions to ask for: those that constraints and ranges name, with each of the endings.
func around(constraints []string, ranges []vuln.Range, endings []string) (out []string) {
	var named []string
	for _, c := range constraints {
		for part := range strings.SplitSeq(c, ",") {
			named = append(named, strings.TrimLeft(part, "<>=~! "))
		}
	}
	for _, r := range ranges {
		named = append(named, r.Introduced, r.Fixed, r.Limit, r.LastAffected)
	}
	for _, v := range named {
		v = strings.TrimSuffix(strings.TrimSpace(v), ".A")
		if v == "" {
			continue
		}
		for _, e := range endings {
			if w := v + e; !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
	}
	return out
}
