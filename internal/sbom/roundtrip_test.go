package sbom_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/sbom"
	"github.com/sightline-sec/sightline/internal/sbom/sbomtest"
)

var formats = []string{sbom.CycloneDX, sbom.SPDX}

func read(t testing.TB, b []byte) *sbom.Document {
	t.Helper()
	doc, err := sbom.Read(t.Context(), b, artifact.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestReadBackGivesTheSameInventory(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		for name, r := range results() {
			t.Run(format+"/"+name, func(t *testing.T) {
				t.Parallel()
				doc := read(t, write(t, format, r))
				want := inventory.Inventory{
					Distro: r.Distro, Packages: append([]inventory.Package{}, r.Packages...), Removed: append([]inventory.Package(nil), r.RemovedPackages...),
				}
				for _, list := range [][]inventory.Package{want.Packages, want.Removed} {
					for i := range list {
						list[i].Stated = true // the one thing that is different
					}
				}
				if diff := cmp.Diff(want, doc.Inventory); diff != "" {
					t.Errorf("inventory (-want +got):\n%.4000s", diff)
				}
				if diff := cmp.Diff(r.Artifact.Layers, doc.Artifact.Layers); diff != "" {
					t.Errorf("layers (-want +got):\n%s", diff)
				}
				if doc.Artifact.Kind != artifact.SBOM || doc.Artifact.Format != format || doc.Artifact.Digest != r.Artifact.Digest {
					t.Errorf("artifact is %s %s %s", doc.Artifact.Kind, doc.Artifact.Format, doc.Artifact.Digest)
				}
			})
		}
	}
}

func TestOnlyTheTimesOfTheRunDiffer(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		r, again := sbomtest.Result("x"), sbomtest.Result("x")
		first := write(t, format, r)
		if !bytes.Equal(first, write(t, format, again)) {
			t.Errorf("%s: the same result was written differently", format)
		}
		again.Run = finding.Run{StartedAt: r.Run.StartedAt.Add(time.Hour), Scanner: r.Run.Scanner, DurationMS: 99, DatabasePath: "/elsewhere"}
		second := bytes.ReplaceAll(write(t, format, again), []byte("2026-11-23T13:00:00Z"), []byte("2026-11-23T12:00:00Z"))
		if !bytes.Equal(first, second) {
			t.Errorf("%s: more than the time differs (-first +second):\n%.2000s", format, cmp.Diff(string(first), string(second)))
		}
		again.Packages = again.Packages[:3]
		if name := identityLine(t, write(t, format, again)); name == identityLine(t, first) {
			t.Errorf("%s: two contents have one name, %s", format, name)
		}
	}
}

// identityLine is the line with the document's unique name.
func identityLine(t *testing.T, b []byte) string {
	t.Helper()
	for line := range bytes.Lines(b) {
		if bytes.Contains(line, []byte(`"serialNumber"`)) || bytes.Contains(line, []byte(`"documentNamespace"`)) {
			return string(line)
		}
	}
	t.Fatal("no identity")
	return ""
}

func FuzzRead(f *testing.F) {
	for _, format := range formats {
		f.Add(write(f, format, sbomtest.Result("x")))
	}
	for _, s := range foreignDocuments {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := sbom.Read(t.Context(), b, artifact.Limits{})
		if err != nil {
			return
		}
		if format, ok := sbom.Detect(b); !ok || format != doc.Format {
			t.Errorf("detected as %q, read as %q", format, doc.Format)
		}
		if most := len(b)/len(`{"purl":"pkg:a/b"}`) + 1; len(doc.Inventory.Packages) > most {
			t.Errorf("%d packages in %d bytes", len(doc.Inventory.Packages), len(b))
		}
		r := &finding.Result{
			Artifact: doc.Artifact, Distro: doc.Inventory.Distro, Packages: doc.Inventory.Packages, RemovedPackages: doc.Inventory.Removed,
		}
		for _, format := range formats {
			again := read(t, write(t, format, r))
			if diff := cmp.Diff(sorted(doc.Inventory.Packages), sorted(again.Inventory.Packages)); diff != "" {
				t.Errorf("%s: packages (-first +again):\n%s", format, diff)
			}
			if diff := cmp.Diff(sorted(doc.Inventory.Removed), sorted(again.Inventory.Removed)); diff != "" {
				t.Errorf("%s: removed (-first +again):\n%s", format, diff)
			}
			if diff := cmp.Diff(doc.Inventory.Distro, again.Inventory.Distro); diff != "" {
				t.Errorf("%s: distro (-first +again):\n%s", format, diff)
			}
			if diff := cmp.Diff(doc.Artifact.Layers, again.Artifact.Layers); diff != "" {
				t.Errorf("%s: layers (-first +again):\n%s", format, diff)
			}
		}
	})
}
