package vex_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/vex"
	"github.com/sightline-sec/sightline/internal/vuln"
)

var today = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// revision is an OpenVEX document with one statement, of attributes of its own and of the document.
func revision(document, status, statement string) string {
	return `{"@context":"https://openvex.dev/ns/v0.2.0",` + document + `,"statements":[{"vulnerability":{"name":"CVE-1"},"products":["pkg:npm/a"],"status":"` + status + `","impact_statement":"x"` + statement + `}]}`
}

// TestTheLastRevisionDecides: whatever the order in which documents are read.
func TestTheLastRevisionDecides(t *testing.T) {
	t.Parallel()
	const old = `"@id":"https://example.com/old","timestamp":"2024-01-01T00:00:00Z"`
	for name, tt := range map[string]struct {
		docs []string
		want string
	}{
		"a statement that was updated": {[]string{
			revision(old, "affected", `,"last_updated":"2026-11-22T00:00:00Z"`),
			revision(`"@id":"x","timestamp":"2025-01-01T00:00:00Z"`, "not_affected", ""),
		}, "affected"},
		"a statement that was updated, with its own time": {[]string{
			revision(old, "affected", `,"last_updated":"2026-11-22T00:00:00Z","timestamp":"2023-01-01T00:00:00Z"`),
			revision(`"@id":"x","timestamp":"2025-01-01T00:00:00Z"`, "not_affected", ""),
		}, "affected"},
		"a document that was updated": {[]string{
			revision(old+`,"last_updated":"2026-11-22T00:00:00Z","version":5`, "affected", ""),
			revision(`"@id":"x","timestamp":"2025-01-01T00:00:00Z"`, "not_affected", ""),
		}, "affected"},
		"an update that is older than the time": {[]string{
			revision(old+`,"last_updated":"2020-11-22T00:00:00Z"`, "affected", ""),
			revision(`"@id":"x","timestamp":"2023-01-01T00:00:00Z"`, "not_affected", ""),
		}, "affected"},
		"the higher version of a document": {[]string{
			revision(old+`,"version":10`, "affected", ""), revision(old+`,"version":9`, "not_affected", ""), revision(old, "not_affected", ""),
		}, "affected"},
		"the higher version, as text": {[]string{
			revision(old+`,"version":"10"`, "affected", ""), revision(old+`,"version":"9"`, "not_affected", ""),
		}, "affected"},
		"time before version": {[]string{
			revision(`"@id":"x","timestamp":"2025-01-01T00:00:00Z","version":1`, "affected", ""), revision(`"@id":"x","timestamp":"2024-01-01T00:00:00Z","version":2`, "not_affected", ""),
		}, "affected"},
		"CSAF": {[]string{
			strings.NewReplacer("known_not_affected", "known_affected", `"id":"EX-1"`, `"id":"EX-1","version":"1.10.0"`, "pkg:npm/a@1.0.0", "pkg:npm/a").Replace(csaf),
			strings.NewReplacer(`"id":"EX-1"`, `"id":"EX-1","version":"1.9.1"`, "pkg:npm/a@1.0.0", "pkg:npm/a").Replace(csaf),
		}, "affected"},
		"CycloneDX": {[]string{
			`{"bomFormat":"CycloneDX","serialNumber":"s","version":3,"vulnerabilities":[{"id":"CVE-1","analysis":{"state":"exploitable"},"affects":[{"ref":"pkg:npm/a"}]}]}`,
			`{"bomFormat":"CycloneDX","serialNumber":"s","version":2,"vulnerabilities":[{"id":"CVE-1","analysis":{"state":"resolved"},"affects":[{"ref":"pkg:npm/a"}]}]}`,
		}, "affected"},
		"a future in which it is not affected": {[]string{
			revision(old, "affected", ""), revision(`"@id":"x","timestamp":"2099-01-01T00:00:00Z"`, "not_affected", ""),
		}, "affected"},
		"a future in which it is affected": {[]string{
			revision(old, "not_affected", ""), revision(`"@id":"x","timestamp":"2099-01-01T00:00:00Z"`, "affected", ""),
		}, "affected"},
		"a future alone":                {[]string{revision(`"@id":"x","timestamp":"2099-01-01T00:00:00Z"`, "not_affected", "")}, "not_affected"},
		"a clock that is an hour ahead": {[]string{revision(`"@id":"y","timestamp":"2026-11-24T11:00:00Z"`, "not_affected", ""), revision(`"@id":"x","timestamp":"2026-11-24T13:00:00Z"`, "affected", "")}, "affected"},
	} {
		var docs []*vex.Document
		for _, s := range tt.docs {
			docs = append(docs, read(t, s))
		}
		for range 2 {
			s := vex.NewJudge(docs, &shop, nil, today).Statement(&inventory.Package{PURL: "pkg:npm/a@1.0.0"}, &vuln.Vulnerability{ID: "CVE-1"})
			if s == nil || s.Status != tt.want {
				t.Errorf("%s: %+v, want %s", name, s, tt.want)
			}
			slices.Reverse(docs)
		}
	}
}

// TestStatementsThatCannotHold: what OpenVEX demands of a statement, and the names of vulnerabilities.
func TestStatementsThatCannotHold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		statement, id string
		holds         bool
		told          string
	}{
		{`"vulnerability":{"name":"CVE-2021-23337"},"status":"not_affected"`, "CVE-2021-23337", false, "justification"},
		{`"vulnerability":{"name":"CVE-2021-23337"},"status":"not_affected","justification":"component_not_present"`, "CVE-2021-23337", true, ""},
		{`"vulnerability":{"name":"CVE-2021-23337"},"status":"not_affected","impact_statement":"x"`, "CVE-2021-23337", true, ""},
		{`"vulnerability":{"name":"CVE-2021-23337"},"status":"fixed"`, "CVE-2021-23337", true, ""},
		{`"vulnerability":{"@id":"https://nvd.nist.gov/vuln/detail/CVE-2021-23337"},"status":"fixed"`, "CVE-2021-23337", true, ""},
		{`"vulnerability":{"@id":"https://example.com/?name=cve-2021-23337/"},"status":"fixed"`, "CVE-2021-23337", true, ""},
		{`"vulnerability":{"@id":"urn:cve:CVE-2021-23337"},"status":"fixed"`, "CVE-2021-23337", true, ""},
		{`"vulnerability":"https://github.com/advisories/GHSA-35jh-r3h4-6jhm","status":"fixed"`, "GHSA-35jh-r3h4-6jhm", true, ""},
		{`"vulnerability":{"@id":"https://example.com/errata/RHSA-2024:0001"},"status":"fixed"`, "RHSA-2024:0001", true, ""},
		{`"vulnerability":{"@id":"https://example.com/DSA-5020-1"},"status":"fixed"`, "DSA-5020-1", true, ""},
		{`"vulnerability":{"@id":"https://example.com/ALAS2-2024-1234"},"status":"fixed"`, "ALAS2-2024-1234", true, ""},
		{`"vulnerability":{"@id":"https://example.com/the-bug"},"status":"fixed"`, "the-bug", false, "https://example.com/the-bug"},
		{`"vulnerability":{"@id":"https://example.com/the-bug","aliases":["CVE-2021-23337"]},"status":"fixed"`, "CVE-2021-23337", true, ""},
	} {
		d := read(t, openVEX(`{"products":["pkg:npm/a"],`+tt.statement+`}`))
		s := vex.NewJudge([]*vex.Document{d}, &shop, nil, today).Statement(&inventory.Package{PURL: "pkg:npm/a@1.0.0"}, &vuln.Vulnerability{ID: tt.id})
		if vex.Suppresses(s) != tt.holds {
			t.Errorf("%s: %+v, skipped %q", tt.statement, s, d.Skipped)
		}
		if told := strings.Join(d.Skipped, "\n"); !strings.Contains(told, tt.told) || tt.told == "" && told != "" {
			t.Errorf("%s: told %q, want %q", tt.statement, told, tt.told)
		}
	}
}

// TestUses: of each document, how many statements answered nothing.
func TestUses(t *testing.T) {
	t.Parallel()
	about := func(id, product string) string {
		return `{"vulnerability":"` + id + `","products":["` + product + `"],"status":"fixed"}`
	}
	first := read(t, openVEX(strings.Join([]string{
		about("CVE-1", "pkg:npm/a"), about("CVE-1", "pkg:npm/gone"), about("CVE-1", "pkg:oci/other"), about("CVE-1", "https://example.com/product"), about("CVE-2", "pkg:npm/a"),
		`{"vulnerability":"CVE-1","products":[{"@id":"pkg:oci/other","subcomponents":[{"@id":"pkg:npm/a"}]}],"status":"fixed"}`,
	}, ",")))
	second := read(t, strings.Replace(openVEX(about("CVE-3", "nginx:1.25")), "2026-01", "2026-12", 1))
	j := vex.NewJudge([]*vex.Document{first, second}, &shop, nil, today)
	for _, id := range []string{"CVE-1", "CVE-3"} {
		if j.Statement(&inventory.Package{PURL: "pkg:npm/a@1.0.0"}, &vuln.Vulnerability{ID: id}) == nil {
			t.Errorf("nothing holds for %s", id)
		}
	}
	want := []vex.Use{{Document: first, Statements: 6, Idle: 5, Elsewhere: 3}, {Document: second, Statements: 1, Future: 1}}
	if diff := cmp.Diff(want, j.Uses(), cmpopts.IgnoreFields(vex.Use{}, "Document")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
