package starter_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
	"github.com/sightline-sec/sightline/internal/vulndb/starter"
)

func facts(t *testing.T) *starter.Facts {
	t.Helper()
	f, err := starter.Load()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFactsAreInTheFeeds is the review that a person could not do: each fact is what a real feed says.
func TestFactsAreInTheFeeds(t *testing.T) {
	t.Parallel()
	if raceDetector {
		t.Skip("the race detector is on: the facts are checked without it")
	}
	raw := feedtest.Real(t)
	f := facts(t)
	began := time.Now()
	w := readWorld(t, raw, f.Entries)
	t.Logf("the feeds were read in %v", time.Since(began).Round(time.Millisecond))
	for i := range f.Entries {
		for _, wrong := range check(&f.Entries[i], w) {
			t.Errorf("%s: %s", f.Entries[i].ID, wrong)
		}
	}
	if !t.Failed() {
		checkBites(t, w)
	}
}

// checkBites changes one fact after the other in memory, and sees each change found.
func checkBites(t *testing.T, w *world) {
	t.Helper()
	shift := func(d *starter.Day) { d.Time = d.AddDate(0, 0, 1) }
	for name, change := range map[string]func(e *starter.Entry){
		"id":         func(e *starter.Entry) { e.ID = "CVE-1999-0000" },
		"alias":      func(e *starter.Entry) { e.Aliases[0] = "GHSA-2222-3333-4444" },
		"title":      func(e *starter.Entry) { e.Title = w.about(e)[slices.IndexFunc(w.about(e), hasTitle)].Details[:60] },
		"disclosed":  func(e *starter.Entry) { shift(&e.Disclosed) },
		"weakness":   func(e *starter.Entry) { e.CWE[0] = 1 },
		"vector":     func(e *starter.Entry) { e.CVSS["GitHub"] = strings.Replace(e.CVSS["GitHub"], "AV:N", "AV:L", 1) },
		"who":        func(e *starter.Entry) { e.CVSS = map[string]string{"nvd@nist.gov": e.CVSS["GitHub"]} },
		"word":       func(e *starter.Entry) { e.Rated["GitHub"] = vuln.Low },
		"added":      func(e *starter.Entry) { shift(&e.KEV.Added) },
		"due":        func(e *starter.Entry) { shift(&e.KEV.Due) },
		"ransomware": func(e *starter.Entry) { e.KEV.Ransomware = !e.KEV.Ransomware },
		"no kev":     func(e *starter.Entry) { e.KEV = nil },
		"exploit":    func(e *starter.Entry) { e.Exploits = map[string]starter.Day{"EDB-1": e.Exploits["EDB-50592"]} },
		"when":       func(e *starter.Entry) { d := e.Exploits["EDB-50592"]; shift(&d); e.Exploits["EDB-50592"] = d },
		"no exploit": func(e *starter.Entry) { e.Exploits = nil },
		"introduced": func(e *starter.Entry) { e.Affected["Maven"][log4j].Versions.Ranges[0].Introduced = "2.0" },
		"fixed":      func(e *starter.Entry) { e.Affected["Maven"][log4j].Versions.Ranges[0].Fixed = "2.3.2" },
		"range": func(e *starter.Entry) {
			v := e.Affected["Maven"][log4j]
			v.Versions.Ranges = v.Versions.Ranges[1:]
			e.Affected["Maven"][log4j] = v
		},
		"package":   func(e *starter.Entry) { e.Affected["Maven"]["log4j:log4j"] = e.Affected["Maven"][log4j] },
		"ecosystem": func(e *starter.Entry) { e.Affected["npm"] = e.Affected["Maven"] },
		"release":   func(e *starter.Entry) { r := e.Affected["Debian"]["apache-log4j2"].Releases; r["11"] = r["12"] },
		"status": func(e *starter.Entry) {
			r := e.Affected["Debian"]["apache-log4j2"].Releases
			v := r["11"]
			v.Status = vuln.StatusWontFix
			r["11"] = v
		},
		"rating": func(e *starter.Entry) {
			r := e.Affected["Debian"]["apache-log4j2"].Releases
			v := r["11"]
			v.Severity = vuln.Low
			r["11"] = v
		},
		"priority":    func(e *starter.Entry) { e.Rated["Ubuntu"] = vuln.Low },
		"not a break": func(*starter.Entry) {},
	} {
		f := facts(t) // a fresh copy
		e := &f.Entries[slices.IndexFunc(f.Entries, func(e starter.Entry) bool { return e.ID == "CVE-2021-44228" })]
		change(e)
		if got, want := len(check(e, w)) > 0, name != "not a break"; got != want {
			t.Errorf("after a change of %s, the check found something wrong: %v", name, got)
		}
	}
}

const log4j = "org.apache.logging.log4j:log4j-core"

func hasTitle(a *vuln.Advisory) bool { return len(a.Details) >= 60 }

func TestStarterIsWhatTheDataSay(t *testing.T) {
	t.Parallel()
	f := facts(t)
	var want bytes.Buffer
	report, err := f.Build(t.Context(), &want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("starter.db")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("starter.db is not what the data say: run go generate ./internal/vulndb/starter")
	}
	var again bytes.Buffer
	if _, err := facts(t).Build(t.Context(), &again); err != nil || !bytes.Equal(again.Bytes(), want.Bytes()) {
		t.Errorf("a second build gives other bytes, %v", err)
	}
	if n := report.Vulnerabilities; n != len(f.Entries) || n < 300 || n > 500 {
		t.Errorf("%d vulnerabilities of %d entries; want 300 to 500", n, len(f.Entries))
	}
	if n := len(got); n > 400<<10 {
		t.Errorf("starter.db has %d bytes, which every binary carries", n)
	}
}

func TestStarterKnowsTheNamespaces(t *testing.T) {
	t.Parallel()
	db, err := vulndb.Starter()
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	meta := db.Meta()
	if want := facts(t).Checked; !meta.Starter || !meta.AsOf.Equal(want) {
		t.Errorf("starter %v as of %v, want %v", meta.Starter, meta.AsOf, want)
	}
	if len(meta.Feeds) != 1 || meta.Feeds[0].Name != starter.FeedName || meta.Feeds[0].License != "Apache-2.0" {
		t.Errorf("feeds are %+v", meta.Feeds)
	}
	for _, ns := range []string{
		"Debian:11", "Debian:12", "Debian:13", "Ubuntu:20.04", "Ubuntu:22.04", "Ubuntu:24.04",
		"Alpine:v3.17", "Alpine:v3.18", "Alpine:v3.19", "Alpine:v3.20", "Alpine:v3.21",
		"npm", "PyPI", "Go", "Maven", "RubyGems", "crates.io", "Packagist", "NuGet",
	} {
		if !db.HasNamespace(ns) {
			t.Errorf("no package in %s", ns)
		}
	}
}
