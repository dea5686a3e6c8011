package vulndb_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

func day(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

// sample is one vulnerability of which many feeds speak, another in the same notice, and one without a CVE.
func sample() []vuln.Advisory {
	const vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
	return []vuln.Advisory{
		{
			Feed: "nvd", ID: "CVE-2024-0001", Published: day(2024, 1, 5), Modified: day(2024, 2, 1),
			Details: "NVD's words.", Weaknesses: []string{"CWE-79", "CWE-9"},
			Ratings: []vuln.Rating{
				{Feed: "nvd", Source: "nvd@nist.gov", Severity: vuln.Critical, Version: "3.1", Vector: vector, Score: 9.8},
				{Feed: "nvd", Source: "cna@example.org", Severity: vuln.Medium, Version: "4.0", Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", Score: 6.9},
			},
			References: []vuln.Reference{{Type: "web", URL: "https://example.org/fix"}, {Type: "web", URL: "https://example.org/b"}},
		},
		{
			Feed: "osv/npm", ID: "GHSA-aaaa-bbbb-cccc", Aliases: []string{"CVE-2024-0001"}, Published: day(2024, 1, 4),
			Title: "left-pad pads right", Details: "GitHub's words.", Weaknesses: []string{"CWE-79"},
			Ratings:    []vuln.Rating{{Feed: "osv/npm", Severity: vuln.High}},
			References: []vuln.Reference{{Type: "fix", URL: "https://example.org/fix"}},
			Affected: []vuln.Affected{
				{Namespace: "npm", Package: "left-pad", Ranges: []vuln.Range{{Introduced: "1.0.0", Fixed: "1.3.0"}, {Introduced: "2.0.0", LastAffected: "2.0.4"}}},
				{Namespace: "npm", Package: "left-pad-x", Versions: []string{"0.1", "0.2", "0.9"}},
			},
		},
		{
			Feed: "osv/Debian", ID: "CVE-2024-0001", Published: day(2024, 1, 6), Details: "NVD's words.",
			Affected: []vuln.Affected{
				{Namespace: "Debian:12", Package: "node-left-pad", Severity: vuln.Low, Ranges: []vuln.Range{{Introduced: "0", Fixed: "1.2.0-1+deb12u1"}}},
				{Namespace: "Debian:11", Package: "node-left-pad", Severity: vuln.Negligible, Status: vuln.StatusWontFix, Ranges: []vuln.Range{{}}, Versions: []string{"1.0-1"}},
			},
		},
		{
			Feed: "osv/Debian", ID: "DSA-5000-1", Covers: []string{"CVE-2024-0001", "CVE-2024-0002"}, Published: day(2024, 1, 9),
			Title: "node-left-pad - security update",
			Affected: []vuln.Affected{
				{Namespace: "Debian:12", Package: "node-left-pad", Ranges: []vuln.Range{{Fixed: "1.2.0-1+deb12u1"}}},
			},
		},
		{
			Feed: "cisa-kev", ID: "CVE-2024-0001", Title: "Left Pad", KEV: &vuln.KEV{
				Added: day(2024, 1, 10), Due: day(2024, 1, 31), Ransomware: true, Name: "Left Pad", RequiredAction: "Mend it.",
			},
		},
		{Feed: "epss", ID: "CVE-2024-0001", EPSS: &vuln.EPSS{Score: 0.97565, Percentile: 0.99999, At: day(2024, 3, 1)}},
		{Feed: "epss", ID: "CVE-2024-7777", EPSS: &vuln.EPSS{Score: 0.1, Percentile: 0.2, At: day(2024, 3, 1)}},
		{
			Feed: "exploit-db", ID: "CVE-2024-0001", Published: day(2024, 1, 12), Exploits: []vuln.Exploit{{
				Feed: "exploit-db", ID: "EDB-1", URL: "https://www.exploit-db.com/exploits/1", Title: "left-pad - RCE",
				Published: day(2024, 1, 12), Verified: true, Type: "remote",
			}},
		},
		{
			Feed: "osv/npm", ID: "GHSA-dddd-eeee-ffff", Published: day(2023, 1, 1), Withdrawn: day(2023, 2, 1),
			Affected: []vuln.Affected{{Namespace: "npm", Package: "left-pad", Ranges: []vuln.Range{{}}}},
		},
		{
			Feed: "osv/npm", ID: "GHSA-gggg-hhhh-iiii", Ratings: []vuln.Rating{{Feed: "osv/npm", Severity: vuln.Medium}},
			Affected: []vuln.Affected{{Namespace: "npm", Package: "left-pad", Ranges: []vuln.Range{{}}}},
		},
	}
}

func build(tb testing.TB, advisories ...vuln.Advisory) []byte {
	tb.Helper()
	b, err := vulndb.BuildBytes(tb.Context(), vulndb.BuildOptions{}, advisories...)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func openBytes(tb testing.TB, b []byte) *vulndb.DB {
	tb.Helper()
	db, err := vulndb.OpenBytes(b)
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

// only finds the one vulnerability of an id.
func only(tb testing.TB, db *vulndb.DB, id string) vulndb.Ordinal {
	tb.Helper()
	found, err := db.Lookup(id)
	if err != nil || len(found) != 1 {
		tb.Fatalf("Lookup(%s) = %v, %v", id, found, err)
	}
	return found[0]
}

func TestPackage(t *testing.T) {
	t.Parallel()
	db := openBytes(t, build(t, sample()...))
	got, ok, err := db.Package("npm", "left-pad")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	want := &vulndb.Package{
		Versions: []string{"1.0.0", "1.3.0", "2.0.0", "2.0.4"}, Bounds: 4,
		Rows: []vulndb.Row{
			{
				Vuln: only(t, db, "CVE-2024-0001"), Advisory: "GHSA-aaaa-bbbb-cccc", Feed: "osv/npm",
				Intervals: []vulndb.Interval{
					{Introduced: 0, Fixed: 1, LastAffected: -1, Limit: -1},
					{Introduced: 2, Fixed: -1, LastAffected: 3, Limit: -1},
				},
			},
			{
				Vuln: only(t, db, "GHSA-gggg-hhhh-iiii"), Advisory: "GHSA-gggg-hhhh-iiii", Feed: "osv/npm",
				Intervals: []vulndb.Interval{{Introduced: -1, Fixed: -1, LastAffected: -1, Limit: -1}},
			},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	listed, _, err := db.Package("npm", "left-pad-x")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{0, 1, 2}, listed.Rows[0].Listed); diff != "" || listed.Bounds != 0 {
		t.Errorf("bounds %d, listed %s", listed.Bounds, diff)
	}
	debian, _, err := db.Package("Debian:12", "node-left-pad")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, r := range debian.Rows {
		v, err := db.Vulnerability(r.Vuln)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, v.ID+" "+r.Advisory+" "+r.Severity.String()+" "+r.FixedAt.Format(time.DateOnly)+map[bool]string{true: " bundle"}[r.Bundle])
	}
	if diff := cmp.Diff([]string{
		"CVE-2024-0001 CVE-2024-0001 low 0001-01-01",
		"CVE-2024-0001 DSA-5000-1 unknown 2024-01-09 bundle",
		"CVE-2024-0002 DSA-5000-1 unknown 2024-01-09 bundle",
	}, rows); diff != "" {
		t.Error(diff)
	}
	for _, miss := range [][2]string{
		{"npm", "left-pa"}, {"npm", "left-pad-"}, {"npm", ""}, {"npm", "zzz"}, {"npm", "!"}, {"Debian:13", "left-pad"}, {"", ""},
	} {
		if p, ok, err := db.Package(miss[0], miss[1]); p != nil || ok || err != nil {
			t.Errorf("Package(%q) = %v, %v, %v", miss, p, ok, err)
		}
	}
}

func TestVulnerability(t *testing.T) {
	t.Parallel()
	db := openBytes(t, build(t, sample()...))
	got, err := db.Vulnerability(only(t, db, "CVE-2024-0001"))
	if err != nil {
		t.Fatal(err)
	}
	want := &vuln.Vulnerability{
		ID: "CVE-2024-0001", Aliases: []string{"GHSA-aaaa-bbbb-cccc"}, Title: "left-pad pads right",
		Severity: vuln.Critical, SeveritySource: "nvd", SeverityRule: vuln.RuleNVD,
		Ratings: []vuln.Rating{
			{Feed: "nvd", Source: "cna@example.org", Severity: vuln.Medium, Version: "4.0", Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N", Score: 6.9},
			{Feed: "nvd", Source: "nvd@nist.gov", Severity: vuln.Critical, Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 9.8},
			{Feed: "osv/Debian", Severity: vuln.Low},
			{Feed: "osv/npm", Severity: vuln.High},
		},
		Weaknesses: []string{"CWE-9", "CWE-79"},
		Dates: []vuln.Date{
			{Kind: vuln.Disclosed, At: day(2024, 1, 4), Feed: "osv/npm"},
			{Kind: vuln.Disclosed, At: day(2024, 1, 5), Feed: "nvd"},
			{Kind: vuln.Disclosed, At: day(2024, 1, 6), Feed: "osv/Debian"},
			{Kind: vuln.FixPublished, At: day(2024, 1, 9), Feed: "osv/Debian", Subject: "Debian:12/node-left-pad"},
			{Kind: vuln.Added, At: day(2024, 1, 10), Feed: "cisa-kev"},
			{Kind: vuln.ExploitPublished, At: day(2024, 1, 12), Feed: "exploit-db", Subject: "EDB-1"},
			{Kind: vuln.Modified, At: day(2024, 2, 1), Feed: "nvd"},
		},
		KEV:  &vuln.KEV{Added: day(2024, 1, 10), Due: day(2024, 1, 31), Ransomware: true, Name: "Left Pad", RequiredAction: "Mend it."},
		EPSS: &vuln.EPSS{Score: 0.97565, Percentile: 0.99999, At: day(2024, 3, 1)},
		Exploits: []vuln.Exploit{{
			Feed: "exploit-db", ID: "EDB-1", URL: "https://www.exploit-db.com/exploits/1", Title: "left-pad - RCE",
			Published: day(2024, 1, 12), Verified: true, Type: "remote",
		}},
		Feeds: []string{"cisa-kev", "exploit-db", "nvd", "osv/Debian", "osv/npm"},
		Joins: []vuln.Join{
			{ID: "DSA-5000-1", Feed: "osv/Debian", Why: "covers CVE-2024-0001 and 1 other"},
			{ID: "GHSA-aaaa-bbbb-cccc", Feed: "osv/npm", Why: "names CVE-2024-0001 as its alias"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if _, err := db.Vulnerability(vulndb.Ordinal(db.Len())); !errors.Is(err, vulndb.ErrCorrupt) {
		t.Errorf("an ordinal outside: %v", err)
	}
	// Only the score of the other is known, and that makes no vulnerability.
	if found, err := db.Lookup("CVE-2024-7777"); len(found) != 0 || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}

func TestDetails(t *testing.T) {
	t.Parallel()
	db := openBytes(t, build(t, sample()...))
	details, refs, err := db.Details(only(t, db, "CVE-2024-0001"))
	if err != nil {
		t.Fatal(err)
	}
	if details != "GitHub's words." {
		t.Errorf("details %q", details)
	}
	if diff := cmp.Diff([]vuln.Reference{{Type: "web", URL: "https://example.org/b"}, {Type: "fix", URL: "https://example.org/fix"}}, refs); diff != "" {
		t.Error(diff)
	}
	details, refs, err = db.Details(only(t, db, "GHSA-gggg-hhhh-iiii"))
	if details != "" || refs != nil || err != nil {
		t.Errorf("%q, %v, %v", details, refs, err)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	db := openBytes(t, build(t, sample()...))
	first, second := only(t, db, "CVE-2024-0001"), only(t, db, "CVE-2024-0002")
	gone := only(t, db, "GHSA-dddd-eeee-ffff")
	for id, want := range map[string][]vulndb.Ordinal{
		"cve-2024-0001": {first}, " CVE-2024-0001\n": {first}, "ghsa-AAAA-bbbb-CCCC": {first}, "edb-1": {first},
		"dsa-5000-1": {first, second}, "CVE-2024-000": nil, "CVE-2024-00011": nil, "": nil, "ü": nil,
		"ghsa-dddd-eeee-ffff": {gone}, // withdrawn
	} {
		got, err := db.Lookup(id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", id, diff)
		}
	}
}

func TestAffected(t *testing.T) {
	t.Parallel()
	db := openBytes(t, build(t, sample()...))
	var got []string
	for a, err := range db.Affected(only(t, db, "CVE-2024-0001")) {
		if err != nil {
			t.Fatal(err)
		}
		line := a.Namespace + " " + a.Name + " " + a.Advisory + " " + a.Status.String()
		for _, r := range a.Ranges {
			line += " [" + r.Introduced + "," + r.Fixed + r.LastAffected + r.Limit + ")"
		}
		for _, v := range a.Versions {
			line += " " + v
		}
		got = append(got, line)
	}
	want := []string{
		"Debian:11 node-left-pad CVE-2024-0001 wont_fix [,)",
		"Debian:12 node-left-pad CVE-2024-0001 affected [,1.2.0-1+deb12u1)",
		"Debian:12 node-left-pad DSA-5000-1 affected [,1.2.0-1+deb12u1)",
		"npm left-pad GHSA-aaaa-bbbb-cccc affected [1.0.0,1.3.0) [2.0.0,2.0.4)",
		"npm left-pad-x GHSA-aaaa-bbbb-cccc affected 0.1 0.2 0.9",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	n := 0
	for _, err := range db.Affected(only(t, db, "CVE-2024-0001")) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		break
	}
	if n != 1 {
		t.Error("it went on after the caller stopped")
	}
}

func TestMeta(t *testing.T) {
	t.Parallel()
	b, err := vulndb.BuildBytes(t.Context(), vulndb.BuildOptions{Starter: true}, sample()...)
	if err != nil {
		t.Fatal(err)
	}
	db := openBytes(t, b)
	got := db.Meta()
	if len(got.Checksum) != len("sha256:")+64 {
		t.Errorf("checksum %q", got.Checksum)
	}
	got.Checksum = ""
	want := vuln.Database{Version: vulndb.FormatVersion, AsOf: day(2024, 3, 1), Starter: true, Feeds: []vuln.FeedInfo{
		{Name: "cisa-kev", AsOf: day(2024, 1, 10), Advisories: 1},
		{Name: "epss", AsOf: day(2024, 3, 1), Advisories: 2},
		{Name: "exploit-db", AsOf: day(2024, 1, 12), Advisories: 1},
		{Name: "nvd", AsOf: day(2024, 2, 1), Advisories: 1},
		{Name: "osv/Debian", AsOf: day(2024, 1, 9), Advisories: 2},
		{Name: "osv/npm", AsOf: day(2024, 1, 4), Advisories: 3},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"Debian:11", "Debian:12", "npm"}, db.Namespaces()); diff != "" {
		t.Error(diff)
	}
	if !db.HasNamespace("Debian:12") || db.HasNamespace("Debian") || db.HasNamespace("") {
		t.Error("HasNamespace")
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := build(t, sample()...)
	newer := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(newer[8:], vulndb.FormatVersion+1)
	older := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(older[8:], vulndb.FormatVersion-1)
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, tc := range map[string]struct {
		path string
		want error
	}{
		"a file that is not there": {filepath.Join(dir, "missing"), fs.ErrNotExist},
		"an empty file":            {put("empty", nil), vulndb.ErrCorrupt},
		"a folder":                 {dir, vulndb.ErrCorrupt},
		"another kind of file":     {put("text", bytes.Repeat([]byte("hello "), 100)), vulndb.ErrCorrupt},
		"a newer format":           {put("newer", newer), vulndb.ErrVersion},
		"the format before":        {put("older", older), vulndb.ErrVersion},
		"a file cut short":         {put("short", whole[:len(whole)-1]), vulndb.ErrCorrupt},
		"a file with more behind":  {put("long", append(bytes.Clone(whole), 0)), vulndb.ErrCorrupt},
	} {
		if _, err := vulndb.Open(tc.path); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	db, err := vulndb.Open(put("whole", whole))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := db.Package("npm", "left-pad"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := db.Vulnerability(0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestStarterIsWhole(t *testing.T) {
	t.Parallel()
	db, err := vulndb.Starter()
	if err != nil {
		t.Fatal(err)
	}
	if !db.Meta().Starter {
		t.Error("it does not say that it is the starter")
	}
	if err := db.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
