package vulndb_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/all"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// realInputs gives feeds over the real files, or skips where they are not at hand: all feeds when SIGHTLINE_ALL_FEEDS is
// set, which takes a minute, else some small ones that speak of the same vulnerabilities.
func realInputs(tb testing.TB) []vulndb.Input {
	tb.Helper()
	if testing.Short() {
		tb.Skip("reads real feeds for seconds")
	}
	dir := os.Getenv("SIGHTLINE_FEEDS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "feeds")
	}
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("the real feeds are not there (set SIGHTLINE_FEEDS): %v", err)
	}
	raw, err := feed.Dir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = raw.Close() })
	some := []string{"alpine-secdb", "osv/Rocky Linux", "osv/Go", "osv/npm", "osv/crates.io", "cisa-kev", "exploit-db"}
	var inputs []vulndb.Input
	for _, f := range all.Feeds() {
		if os.Getenv("SIGHTLINE_ALL_FEEDS") != "" || slices.Contains(some, f.Name()) {
			inputs = append(inputs, vulndb.Input{Feed: f, Raw: raw})
		}
	}
	return inputs
}

// What the feeds say, read once more and apart, is in the database.
func TestRealFeedsAreInTheDatabase(t *testing.T) {
	t.Parallel()
	inputs := realInputs(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "vuln.db")
	report, err := vulndb.Build(t.Context(), path, inputs, vulndb.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d vulnerabilities, %d packages, %d rows, %d bytes", report.Vulnerabilities, report.Packages, report.Rows, report.Bytes)
	db, err := vulndb.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	big := map[[2]string]*vulndb.Package{} // packages that come often and take long: kernels
	for _, in := range inputs {
		err := in.Feed.Parse(t.Context(), in.Raw, func(a *vuln.Advisory) error {
			return checkAdvisory(t, db, big, a)
		}, func(feed.Skipped) {})
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // a mirror need not have every feed
			t.Fatal(err)
		}
	}
	cve := regexp.MustCompile(`^CVE-\d+-\d+$`) // Ubuntu also has CVE-2006-NNN0
	for o := range db.Len() {
		v, err := db.Vulnerability(vulndb.Ordinal(o))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range v.Aliases {
			if cve.MatchString(a) {
				t.Errorf("%s has the alias %s", v.ID, a)
			}
		}
	}

	slices.Reverse(inputs)
	again, err := vulndb.Build(t.Context(), filepath.Join(dir, "again.db"), inputs, vulndb.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if again.Checksum != report.Checksum {
		t.Errorf("the feeds in another order gave %s, not %s", again.Checksum, report.Checksum)
	}
}

func checkAdvisory(t *testing.T, db *vulndb.DB, big map[[2]string]*vulndb.Package, a *vuln.Advisory) error {
	found, err := db.Lookup(a.ID)
	if err != nil {
		return err
	}
	if !a.Withdrawn.IsZero() {
		if len(found) == 0 {
			t.Errorf("%s of %s is withdrawn, and cannot be explained", a.ID, a.Feed)
		}
		for _, o := range found {
			for row, err := range db.Affected(o) {
				if err != nil {
					return err
				}
				if row.Advisory == a.ID && row.Feed == a.Feed {
					t.Errorf("%s is withdrawn, and has a row in %s %s", a.ID, row.Namespace, row.Name)
				}
			}
		}
		return nil
	}
	if a.EPSS != nil {
		if len(found) == 1 {
			v, err := db.Vulnerability(found[0])
			if err != nil {
				return err
			}
			if v.EPSS == nil || *v.EPSS != *a.EPSS {
				t.Errorf("%s: EPSS %v, the feed says %v", a.ID, v.EPSS, *a.EPSS)
			}
		}
		return nil
	}
	if len(found) == 0 {
		t.Errorf("%s of %s is not found", a.ID, a.Feed)
		return nil
	}
	v, err := db.Vulnerability(found[0])
	if err != nil {
		return err
	}
	if !slices.Contains(v.Feeds, a.Feed) {
		t.Errorf("%s: %s is not among its feeds %v", a.ID, a.Feed, v.Feeds)
	}
	if a.KEV != nil && (v.KEV == nil || !v.KEV.Added.Equal(a.KEV.Added)) {
		t.Errorf("%s: KEV %v", a.ID, v.KEV)
	}
	for i := range a.Affected {
		af := &a.Affected[i]
		p, ok := big[[2]string{af.Namespace, af.Package}]
		if !ok {
			if p, ok, err = db.Package(af.Namespace, af.Package); err != nil {
				return err
			}
			if ok && len(p.Rows) > 500 {
				big[[2]string{af.Namespace, af.Package}] = p
			}
		}
		if !ok || !slices.ContainsFunc(p.Rows, func(r vulndb.Row) bool {
			return r.Advisory == a.ID && r.Feed == a.Feed && slices.Contains(found, r.Vuln) && says(p, &r, af)
		}) {
			t.Errorf("%s: %s %s has no row that says %+v", a.ID, af.Namespace, af.Package, af)
		}
	}
	return nil
}

// says compares a row with what the advisory said; an interval that holds everything stands for all others.
func says(p *vulndb.Package, r *vulndb.Row, a *vuln.Affected) bool {
	if r.Binary != a.Binary || r.Module != a.Module || !cmp.Equal(r.Imports, a.Imports, cmpopts.EquateEmpty()) {
		return false
	}
	plain := func(r vuln.Range) vuln.Range {
		if r.Introduced == "0" {
			r.Introduced = ""
		}
		return r
	}
	var ranges []vuln.Range
	for _, in := range a.Ranges {
		ranges = append(ranges, plain(in))
	}
	if slices.Contains(ranges, vuln.Range{}) {
		return len(r.Intervals) == 1 && p.Range(r.Intervals[0]) == vuln.Range{}
	}
	for _, in := range r.Intervals {
		if !slices.Contains(ranges, p.Range(in)) {
			return false
		}
	}
	for _, in := range ranges {
		if !slices.ContainsFunc(r.Intervals, func(i vulndb.Interval) bool { return p.Range(i) == in }) {
			return false
		}
	}
	for _, v := range a.Versions {
		if !slices.ContainsFunc(r.Listed, func(l int32) bool { return p.Versions[l] == v }) {
			return false
		}
	}
	return r.Status == a.Status && r.Severity == a.Severity
}

func TestCancelledBuildOfRealFeeds(t *testing.T) {
	t.Parallel()
	inputs := realInputs(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := filepath.Join(t.TempDir(), "vuln.db")
	_, err := vulndb.Build(ctx, out, inputs, vulndb.BuildOptions{Progress: func(string, int) { cancel() }})
	if err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("there is a database")
	}
}
