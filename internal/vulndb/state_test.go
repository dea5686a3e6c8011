package vulndb_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

func TestState(t *testing.T) {
	t.Parallel()
	row := []vuln.Affected{{Namespace: "Debian:12", Package: "p", Ranges: []vuln.Range{{}}}}
	for name, tc := range map[string]struct {
		said  []vuln.Advisory
		state vuln.State
		feed  string
		rows  int
	}{
		"an ordinary record has none": {
			[]vuln.Advisory{{Feed: "nvd", ID: "CVE-2024-0001"}, {Feed: "osv/Debian", ID: "CVE-2024-0001", Affected: row}}, "", "", 1,
		},
		"what NVD rejects is rejected, and what a distribution says of its packages stays": {
			[]vuln.Advisory{
				{Feed: "nvd", ID: "CVE-2024-0001", Withdrawn: day(2024, 2, 1)},
				{Feed: "osv/Debian", ID: "CVE-2024-0001", Affected: row},
			}, vuln.Rejected, "nvd", 1,
		},
		"what NVD alone speaks of and rejects is rejected": {
			[]vuln.Advisory{{Feed: "nvd", ID: "CVE-2024-0001", Withdrawn: day(2024, 2, 1)}}, vuln.Rejected, "nvd", 0,
		},
		"a record of the CVE list that is not withdrawn may say so too": {
			[]vuln.Advisory{{Feed: "cisa-vulnrichment", ID: "CVE-2024-0001", State: vuln.Rejected}}, vuln.Rejected, "cisa-vulnrichment", 0,
		},
		"another feed's copy of a rejection counts where the CVE list is silent": {
			[]vuln.Advisory{{Feed: "osv/Ubuntu", ID: "UBUNTU-CVE-2024-0001", Details: "** REJECT ** DO NOT USE", Affected: row}}, vuln.Rejected, "osv/Ubuntu", 1,
		},
		"and does not where the CVE list has an ordinary record": {
			[]vuln.Advisory{
				{Feed: "osv/Ubuntu", ID: "UBUNTU-CVE-2024-0001", State: vuln.Rejected, Affected: row},
				{Feed: "nvd", ID: "CVE-2024-0001", Title: "x"},
			}, "", "", 1,
		},
		"NVD rejects its own ids only": {
			[]vuln.Advisory{
				{Feed: "nvd", ID: "CVE-2024-0002", Aliases: []string{"CVE-2024-0001"}, Withdrawn: day(2024, 2, 1)},
				{Feed: "osv/Debian", ID: "CVE-2024-0001", Affected: row},
			}, "", "", 1,
		},
		"a withdrawal by others rejects nothing": {
			[]vuln.Advisory{
				{Feed: "osv/npm", ID: "GHSA-aaaa-bbbb-cccc", Aliases: []string{"CVE-2024-0001"}, Withdrawn: day(2024, 2, 1)},
				{Feed: "osv/Debian", ID: "CVE-2024-0001", Affected: row},
			}, "", "", 1,
		},
		"disputed by a tag": {
			[]vuln.Advisory{{Feed: "osv/npm", ID: "GHSA-aaaa-bbbb-cccc", Aliases: []string{"CVE-2024-0001"}}, {Feed: "nvd", ID: "CVE-2024-0001", State: vuln.Disputed}},
			vuln.Disputed, "nvd", 0,
		},
		"disputed by the text of a feed": {
			[]vuln.Advisory{{Feed: "nvd", ID: "CVE-2024-0001", Title: "x"}, {Feed: "osv/Ubuntu", ID: "UBUNTU-CVE-2024-0001", Details: "** DISPUTED ** x"}},
			vuln.Disputed, "osv/Ubuntu", 0,
		},
		"a notice's state is of the notice": {
			[]vuln.Advisory{{Feed: "osv/Debian", ID: "DSA-1-1", Covers: []string{"CVE-2024-0001"}, State: vuln.Disputed, Affected: row}}, "", "", 1,
		},
		"withdrawn by all: the last says so": {
			[]vuln.Advisory{
				{Feed: "osv/npm", ID: "GHSA-aaaa-bbbb-cccc", Aliases: []string{"CVE-2024-0001"}, Withdrawn: day(2024, 2, 1), Title: "a title", Affected: row},
				{Feed: "osv/PyPI", ID: "PYSEC-1-1", Aliases: []string{"CVE-2024-0001"}, Withdrawn: day(2024, 1, 1)},
			}, vuln.Withdrawn, "osv/npm", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openBytes(t, build(t, tc.said...))
			o := onlyOf(t, db, "CVE-2024-0001")
			v, err := db.Vulnerability(o)
			if err != nil {
				t.Fatal(err)
			}
			if v.State != tc.state || v.StateFeed != tc.feed {
				t.Errorf("state %q of %q, want %q of %q", v.State, v.StateFeed, tc.state, tc.feed)
			}
			rows, err := db.Rows("Debian:12", "p", o)
			if err != nil || len(rows) != tc.rows {
				t.Errorf("%d rows, error %v", len(rows), err)
			}
			gone := v.State == vuln.Withdrawn || v.State == vuln.Rejected && v.StateFeed == "nvd"
			if at := slices.IndexFunc(v.Dates, func(d vuln.Date) bool { return d.Kind == vuln.TakenBack && d.Feed == v.StateFeed }); gone != (at >= 0) ||
				gone && !v.Dates[at].At.Equal(day(2024, 2, 1)) {
				t.Errorf("dates %v", v.Dates)
			}
		})
	}
}

// onlyOf finds the vulnerability whose id it is, among those that an id leads to.
func onlyOf(t *testing.T, db *vulndb.DB, id string) vulndb.Ordinal {
	t.Helper()
	found, err := db.Lookup(id)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range found {
		if v, err := db.Vulnerability(o); err == nil && v.ID == id {
			return o
		}
	}
	t.Fatalf("%s is not there", id)
	return 0
}

func TestWithdrawnCanBeExplained(t *testing.T) {
	t.Parallel()
	db := openBytes(t, build(t,
		vuln.Advisory{
			Feed: "osv/npm", ID: "GHSA-aaaa-bbbb-cccc", Withdrawn: day(2024, 2, 1), Published: day(2024, 1, 1), Title: "a title", Details: "a text",
			Ratings: []vuln.Rating{{Severity: vuln.High}}, Exploits: []vuln.Exploit{{ID: "X-1"}}, Malicious: true,
			Affected: []vuln.Affected{{Namespace: "npm", Package: "p", Ranges: []vuln.Range{{}}}},
		},
		vuln.Advisory{Feed: "osv/npm", ID: "GHSA-dddd-eeee-ffff", Title: "another"},
	))
	o := only(t, db, "ghsa-AAAA-bbbb-cccc")
	got, err := db.Vulnerability(o)
	if err != nil {
		t.Fatal(err)
	}
	want := &vuln.Vulnerability{
		ID: "GHSA-aaaa-bbbb-cccc", Aliases: []string{}, Title: "a title", State: vuln.Withdrawn, StateFeed: "osv/npm",
		Dates: []vuln.Date{{Kind: vuln.Disclosed, At: day(2024, 1, 1), Feed: "osv/npm"}, {Kind: vuln.TakenBack, At: day(2024, 2, 1), Feed: "osv/npm"}},
		Feeds: []string{"osv/npm"},
		Joins: []vuln.Join{{ID: "GHSA-aaaa-bbbb-cccc", Feed: "osv/npm", Why: "is withdrawn, and no record is left that speaks of it"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if text, _, err := db.Details(o); text != "a text" || err != nil {
		t.Errorf("text %q, error %v", text, err)
	}
	if db.HasNamespace("npm") {
		t.Error("a withdrawn record has packages")
	}
}

func TestMalware(t *testing.T) {
	t.Parallel()
	row := func(r vuln.Range) []vuln.Affected {
		return []vuln.Affected{{Namespace: "npm", Package: "p", Ranges: []vuln.Range{r}}}
	}
	db := openBytes(t, build(t,
		vuln.Advisory{Feed: "osv/npm", ID: "MAL-2022-1", Aliases: []string{"GHSA-aaaa-bbbb-cccc", "GHSA-dddd-eeee-ffff", "CVE-2024-99999", "CVE-2022-0001"}, Affected: row(vuln.Range{})},
		vuln.Advisory{Feed: "osv/npm", ID: "GHSA-aaaa-bbbb-cccc", Aliases: []string{"CVE-2022-0001"}, Affected: row(vuln.Range{Fixed: "2"})},
		vuln.Advisory{Feed: "github", ID: "GHSA-dddd-eeee-ffff", Malicious: true, Affected: row(vuln.Range{})},
		vuln.Advisory{Feed: "github", ID: "GHSA-2222-2222-2222", Aliases: []string{"MAL-2022-2"}, Affected: row(vuln.Range{})},
		vuln.Advisory{Feed: "github", ID: "GHSA-3333-3333-3333", Aliases: []string{"MAL-2022-3"}, Affected: row(vuln.Range{Fixed: "2"})},
	))
	var got []string
	for _, id := range []string{"CVE-2022-0001", "GHSA-aaaa-bbbb-cccc", "MAL-2022-1", "GHSA-dddd-eeee-ffff", "cve-2024-99999", "MAL-2022-2", "MAL-2022-3"} {
		v, err := db.Vulnerability(only(t, db, id))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := db.Rows("npm", "p", only(t, db, id))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(id, " is ", v.ID, " ", v.Aliases, " malicious ", v.Malicious, ", rows ", len(rows)))
	}
	if diff := cmp.Diff([]string{
		"CVE-2022-0001 is CVE-2022-0001 [GHSA-aaaa-bbbb-cccc] malicious false, rows 1",
		"GHSA-aaaa-bbbb-cccc is CVE-2022-0001 [GHSA-aaaa-bbbb-cccc] malicious false, rows 1",
		"MAL-2022-1 is MAL-2022-1 [GHSA-dddd-eeee-ffff] malicious true, rows 2",
		"GHSA-dddd-eeee-ffff is MAL-2022-1 [GHSA-dddd-eeee-ffff] malicious true, rows 2",
		"cve-2024-99999 is MAL-2022-1 [GHSA-dddd-eeee-ffff] malicious true, rows 2",
		"MAL-2022-2 is GHSA-2222-2222-2222 [MAL-2022-2] malicious true, rows 1",
		"MAL-2022-3 is GHSA-3333-3333-3333 [MAL-2022-3] malicious false, rows 1",
	}, got); diff != "" {
		t.Error(diff)
	}
}

func TestExploitsAndSightings(t *testing.T) {
	t.Parallel()
	many := vuln.Advisory{Feed: "poc", ID: "CVE-2024-0001"}
	for i := range 3000 {
		x := vuln.Exploit{ID: fmt.Sprint("POC-", i), URL: fmt.Sprint("https://example.org/", i), Type: "poc"}
		if i%3 > 0 { // every third has no date
			x.Published = day(2024, 1, 1).Add(time.Duration(3000-i) * time.Hour)
		}
		many.Exploits = append(many.Exploits, x)
	}
	slices.Reverse(many.Exploits[1000:2000])
	for i := range 100 {
		many.Sightings = append(many.Sightings, vuln.Sighting{At: day(2024, 3, 1).Add(time.Duration(i*7%100) * time.Hour)})
	}
	ssvc := &vuln.SSVC{Exploitation: "active", Automatable: "yes", Impact: "total", At: day(2024, 4, 1)}
	db := openBytes(t, build(t, many,
		vuln.Advisory{Feed: "metasploit", ID: "CVE-2024-0001", Exploits: []vuln.Exploit{{ID: "b", Disclosed: day(2023, 1, 2)}, {ID: "a", Disclosed: day(2023, 1, 1)}, {ID: "none"}}},
		vuln.Advisory{Feed: "cisa-vulnrichment", ID: "CVE-2024-0001", SSVC: ssvc, Ratings: []vuln.Rating{{
			Source: "CISA-ADP", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		}}},
		vuln.Advisory{Feed: "osv/Debian", ID: "CVE-2024-0002", SSVC: &vuln.SSVC{At: day(2024, 4, 2)}},
	))
	v, err := db.Vulnerability(only(t, db, "CVE-2024-0001"))
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, x := range v.Exploits {
		if x.Feed == "poc" {
			kept = append(kept, x.ID)
		}
	}
	var want []string
	for i := 2999; len(want) < 20; i-- { // the earliest have the highest numbers
		if i%3 > 0 {
			want = append(want, fmt.Sprint("POC-", i))
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, kept); diff != "" || len(v.Exploits) != 23 {
		t.Errorf("%d exploits: %s", len(v.Exploits), diff)
	}
	if len(v.Sightings) != 20 || !v.Sightings[19].At.Equal(day(2024, 3, 1).Add(19*time.Hour)) || v.Sightings[0].Feed != "poc" {
		t.Errorf("sightings %v", v.Sightings)
	}
	var dates []string
	for _, d := range v.Dates {
		dates = append(dates, fmt.Sprint(d.Kind, " ", d.At.Format(time.DateOnly), " ", d.Feed, " ", d.Subject))
	}
	if diff := cmp.Diff([]string{"exploit_published 2024-01-01 poc POC-2999"}, dates); diff != "" {
		t.Errorf("the first exploit of each feed: %s", diff)
	}
	if first, ok := v.FirstExploit(); !ok || first.Feed != "poc" || first.Subject != "POC-2999" {
		t.Errorf("first exploit %v", first)
	}
	// Metasploit's date is not that of the module.
	if a := v.Exploits[0]; a.Feed != "metasploit" || a.ID != "a" || !a.Published.IsZero() || !a.Disclosed.Equal(day(2023, 1, 1)) {
		t.Errorf("module %+v", a)
	}
	if diff := cmp.Diff(ssvc, v.SSVC); diff != "" {
		t.Error(diff)
	}
	if v.Severity != vuln.Critical || v.SeveritySource != "cisa-vulnrichment" || v.SeverityRule != vuln.RuleCVSS || v.Ratings[0].Source != "CISA-ADP" {
		t.Errorf("%s of %s by %s: %v", v.Severity, v.SeveritySource, v.SeverityRule, v.Ratings)
	}
	// A decision without words is still a decision.
	other, err := db.Vulnerability(only(t, db, "CVE-2024-0002"))
	if err != nil || other.SSVC == nil || !other.SSVC.At.Equal(day(2024, 4, 2)) {
		t.Errorf("%+v, %v", other, err)
	}
}

// What a claim says of imports is kept whole or not at all: a part would call what is left out safe.
func TestImportsAreNotCut(t *testing.T) {
	t.Parallel()
	of := func(imports ...vuln.Import) vuln.Advisory {
		return vuln.Advisory{Feed: "osv/Go", ID: "GO-1-1", Affected: []vuln.Affected{{Namespace: "Go", Package: "m", Imports: imports}}}
	}
	symbols := make([]string, 30_000)
	for i := range symbols {
		symbols[i] = fmt.Sprint("F", i)
	}
	good := []vuln.Import{{Path: "m/a", Symbols: []string{"F", "T.M"}, GOOS: []string{"linux"}, GOARCH: []string{"arm", "arm64"}}, {Path: "m/b"}}
	for name, tc := range map[string]struct{ in, want []vuln.Import }{
		"some":            {good, good},
		"too many":        {[]vuln.Import{{Path: "m", Symbols: symbols}}, nil},
		"one has no path": {append(slices.Clone(good), vuln.Import{Symbols: []string{"F"}}), nil},
		"an empty symbol": {[]vuln.Import{{Path: "m", Symbols: []string{"F", ""}}}, nil},
		"a long symbol":   {[]vuln.Import{{Path: "m", Symbols: []string{string(make([]byte, 5000))}}}, nil},
	} {
		p, ok, err := openBytes(t, build(t, of(tc.in...))).Package("Go", "m")
		if err != nil || !ok {
			t.Fatal(name, ok, err)
		}
		if diff := cmp.Diff(tc.want, p.Rows[0].Imports); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
