package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// TestExploitDates: every exploit says what its date is a date of, and the first is one that can be.
func TestExploitDates(t *testing.T) {
	t.Parallel()
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	v := &vuln.Vulnerability{
		ID: "CVE-2023-0001", Dates: []vuln.Date{{Kind: vuln.Disclosed, At: day(2023, 12, 7), Feed: "nvd"}},
		Exploits: []vuln.Exploit{
			{Feed: "exploit-db", ID: "EDB-1", Published: day(2024, 1, 2), Type: "remote"},
			{Feed: "metasploit", ID: "exploit/a", Disclosed: day(2023, 1, 1), Verified: true, Type: "exploit"},
			{Feed: "poc-in-github", ID: "a/old", Published: day(2022, 12, 22), Type: "poc"},
			{Feed: "poc-in-github", ID: "a/new", Published: day(2023, 12, 13), Type: "poc"},
			{Feed: "poc-in-github", ID: "a/none", Type: "poc"},
		},
	}
	v.DateExploits()
	var b bytes.Buffer
	p := &page{w: &b, width: 100}
	p.explain(&explained{Vulnerability: v}, false)
	for _, want := range []string{
		"  first exploit  2023-12-13, repository a/new of poc-in-github\n",
		"  exploit    EDB-1 (exploit-db), published 2024-01-02, proof of concept\n",
		"  exploit    exploit/a (metasploit), module for a flaw disclosed 2023-01-01, verified\n",
		"  exploit    a/old (poc-in-github), repository created 2022-12-22: older than the vulnerability, not counted for the date, proof of concept\n",
		"  exploit    a/new (poc-in-github), repository created 2023-12-13, proof of concept\n",
		"  exploit    a/none (poc-in-github), proof of concept\n",
		"  2023-12-13  repository created poc-in-github  a/new\n",
		"  2024-01-02  exploit published  exploit-db  EDB-1\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// TestWithdrawnMalware: a report that was taken back asks nobody to remove anything.
func TestWithdrawnMalware(t *testing.T) {
	t.Parallel()
	for state, want := range map[vuln.State]bool{"": true, vuln.Withdrawn: false} {
		var b bytes.Buffer
		p := &page{w: &b, width: 200}
		p.explain(&explained{Vulnerability: &vuln.Vulnerability{ID: "MAL-2024-1", Malicious: true, State: state}}, false)
		if got := strings.Contains(b.String(), "Remove them"); got != want || strings.Contains(b.String(), "taken back") == want {
			t.Errorf("%q: %s", state, b.String())
		}
	}
}
