package java

import (
	"archive/zip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Where advisories speak of an artifact by a listed name, they must mean the listed group: another would never be matched.
func TestWellKnownGroupsAreThoseOfAdvisories(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("SIGHTLINE_FEEDS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "feeds")
	}
	z, err := zip.OpenReader(filepath.Join(dir, "osv", "Maven", "all.zip"))
	if err != nil {
		t.Skipf("the real feeds are not there (set SIGHTLINE_FEEDS): %v", err)
	}
	defer z.Close()
	groups := map[string][]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var advisory struct {
			Affected []struct{ Package struct{ Name string } }
		}
		if err := json.NewDecoder(r).Decode(&advisory); err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		for _, a := range advisory.Affected {
			group, name, _ := strings.Cut(a.Package.Name, ":")
			groups[name] = append(groups[name], group)
		}
	}
	checked := 0
	for line := range strings.Lines(strings.TrimSpace(wellKnownGroups)) {
		group, names, _ := strings.Cut(strings.TrimSpace(line), ": ")
		for name := range strings.FieldsSeq(names) {
			if len(groups[name]) == 0 { // also what is listed for one major version: advisories may mean another
				continue
			}
			checked++
			if !slices.Contains(groups[name], group) {
				slices.Sort(groups[name])
				t.Errorf("%s is listed in %s; advisories know %q", name, group, slices.Compact(groups[name]))
			}
		}
	}
	t.Logf("%d listed names are in advisories", checked)
}
