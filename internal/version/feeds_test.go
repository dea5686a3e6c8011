package version_test

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
)

// feeds is the folder with the feeds as their publishers lay them out.
func feeds(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("SIGHTLINE_FEEDS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared", "feeds")
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// feedVersions reads the versions that OSV records of an ecosystem name, sorted, from at most most records.
func feedVersions(t testing.TB, e purl.Ecosystem, most int) []string {
	t.Helper()
	name := filepath.Join(feeds(t), "osv", string(e), "all.zip")
	z, err := zip.OpenReader(name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no feed at %s", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	seen := map[string]bool{}
	step := max(1, len(z.File)/most)
	for i := 0; i < len(z.File); i += step {
		if err := recordVersions(z.File[i], seen); err != nil {
			t.Fatalf("%s in %s: %v", z.File[i].Name, name, err)
		}
	}
	var all []string
	for v, ordered := range seen {
		if ordered && v != "" && v != "0" && !strings.ContainsAny(v, "\t\n") {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return all
}

func recordVersions(f *zip.File, seen map[string]bool) error {
	if !strings.HasSuffix(f.Name, ".json") {
		return nil
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	var record struct {
		Affected []struct {
			Versions []string
			Ranges   []struct {
				Type   string
				Events []map[string]string
			}
		}
	}
	if err := json.NewDecoder(r).Decode(&record); err != nil {
		return err
	}
	for _, a := range record.Affected {
		for _, v := range a.Versions {
			seen[v] = true
		}
		for _, r := range a.Ranges {
			for _, event := range r.Events {
				for _, v := range event {
					seen[v] = seen[v] || r.Type != "GIT"
				}
			}
		}
	}
	return nil
}

// mutate changes a version a little, in the ways in which versions differ.
func mutate(r *rand.Rand, v string) string {
	parts := []string{
		"0", "1", "9", "10", "00", "01", ".", "-", "~", "+", "^", "_", ":", "a", "b", "rc", "RC", "alpha", "beta", "Z",
		".0", "-1", "~rc1", "+b1", "-rc.1", ".final", ".dev1", ".post1", "_p1", "-r1", "-SNAPSHOT", "1!", "1:", "sp", "pre", "git",
	}
	for range 1 + r.IntN(2) {
		i := r.IntN(len(v) + 1)
		switch j := min(len(v), i+1+r.IntN(2)); r.IntN(3) {
		case 0:
			v = v[:i] + parts[r.IntN(len(parts))] + v[i:]
		case 1:
			v = v[:i] + v[j:]
		case 2:
			v = v[:i] + parts[r.IntN(len(parts))] + v[j:]
		}
	}
	return v
}

// pairs makes n pairs out of versions and their mutants. Most are close neighbours, for there the order is hard.
func pairs(versions []string, n int) [][2]string {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([][2]string, 0, n)
	for len(out) < n {
		i := r.IntN(len(versions))
		a := versions[i]
		b := versions[min(len(versions)-1, i+r.IntN(4))]
		switch r.IntN(6) {
		case 0:
			b = versions[r.IntN(len(versions))]
		case 1, 2:
			b = mutate(r, a)
		case 3:
			a, b = mutate(r, a), mutate(r, a)
		}
		if r.IntN(2) == 0 {
			a, b = b, a
		}
		a, b = strings.TrimSpace(a), strings.TrimSpace(b)
		if a != "" && b != "" {
			out = append(out, [2]string{a, b})
		}
	}
	return out
}

// TestFeeds asks how many of the versions that advisories name have an order. The few that have none are wrong in the
// feed; the bound keeps an honest parser from turning strict unnoticed.
func TestFeeds(t *testing.T) {
	t.Parallel()
	for e, most := range map[purl.Ecosystem]int{
		purl.Debian: 0, purl.Ubuntu: 0, purl.Alpine: 0, purl.AlmaLinux: 0, purl.Rocky: 0, purl.Go: 0, purl.NPM: 0,
		purl.CratesIO: 0, purl.NuGet: 0, purl.PyPI: 90, purl.Maven: 0, purl.RubyGems: 0, purl.Packagist: 0,
	} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			all := feedVersions(t, e, 1000)
			var unordered []string
			for _, v := range all {
				if _, err := version.Parse(e, v); err != nil {
					unordered = append(unordered, fmt.Sprintf("%q", v))
				}
			}
			t.Logf("%d versions, %d without an order: %.60s", len(all), len(unordered), unordered)
			if len(unordered) > most {
				t.Errorf("%d of %d versions have no order, want at most %d", len(unordered), len(all), most)
			}
		})
	}
}
