package starter

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/vuln"
)

func TestVersionsNotation(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Versions{
		"<1.2.3":                     {Ranges: []vuln.Range{{Introduced: "0", Fixed: "1.2.3"}}},
		"<=1.2":                      {Ranges: []vuln.Range{{Introduced: "0", LastAffected: "1.2"}}},
		">=1.0":                      {Ranges: []vuln.Range{{Introduced: "1.0"}}},
		">=1.0 <1.2 | >=2.0 <=2.3":   {Ranges: []vuln.Range{{Introduced: "1.0", Fixed: "1.2"}, {Introduced: "2.0", LastAffected: "2.3"}}},
		"=1.0.1 | =1.0.2":            {Listed: []string{"1.0.1", "1.0.2"}},
		"<1.0 | =1.4-beta":           {Ranges: []vuln.Range{{Introduced: "0", Fixed: "1.0"}}, Listed: []string{"1.4-beta"}},
		"all":                        {Ranges: []vuln.Range{{Introduced: "0"}}},
		"all (negligible)":           {Ranges: []vuln.Range{{Introduced: "0"}}, Severity: vuln.Negligible},
		"<1:1.2~rc1-1+deb12u1 (low)": {Ranges: []vuln.Range{{Introduced: "0", Fixed: "1:1.2~rc1-1+deb12u1"}}, Severity: vuln.Low},
		"wont fix":                   {Ranges: []vuln.Range{{Introduced: "0"}}, Status: vuln.StatusWontFix},
		"not affected":               {Status: vuln.StatusNotAffected},
	} {
		var got Versions
		if err := got.parse(in); err != nil {
			t.Errorf("%q: %v", in, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

const good = `checked: 2024-01-02
vulnerabilities:
  - id: CVE-2024-0001
    title: left-pad pads to the right
    aliases: [GHSA-aaaa-bbbb-cccc]
    disclosed: 2024-01-01
    cwe: [20, 400]
    cvss:
      GitHub: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H
    rated: {GitHub: high, Ubuntu: low}
    kev: {added: 2024-01-02, due: 2024-01-23, ransomware: true}
    exploits: {EDB-50592: 2024-01-01}
    affected:
      npm:
        left-pad: '>=1.0.0 <1.3.0'
      Ubuntu:
        node-left-pad: {20.04: <1.3.0-1, 22.04: <1.3.0-1 (high)}
`

func TestLoadIsStrict(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, want string }{
		"a good file":                  {"", "", ""},
		"unknown key":                  {"rated:", "rating:", "field rating not found"},
		"unknown key of kev":           {"due:", "until:", "field until not found"},
		"key twice":                    {"    cwe: [20, 400]", "    cwe: [20]\n    cwe: [20]", "already"},
		"second document":              {"", "---\nchecked: 2024-01-02\n", "more after its end"},
		"no date":                      {"checked: 2024-01-02\n", "", "when it was checked"},
		"no day of that name":          {"2024-01-01", "2024-02-30", "day out of range"},
		"no title":                     {"left-pad pads to the right", "''", "title"},
		"id of another kind":           {"CVE-2024-0001", "DSA-1-1", "neither a CVE's"},
		"its alias is its id":          {"GHSA-aaaa-bbbb-cccc", "CVE-2024-0001", "is one of CVE-2024-0001"},
		"vector that is none":          {"AV:N", "AV:Q", "vector of GitHub"},
		"word that is none":            {"GitHub: high", "GitHub: awful", "awful"},
		"exploit of elsewhere":         {"EDB-50592", "EDB-x", "Exploit-DB"},
		"weaknesses not sorted":        {"[20, 400]", "[400, 20]", "sorted"},
		"ecosystem misspelled":         {"npm:", "NPM:", "not an ecosystem"},
		"language with releases":       {"'>=1.0.0 <1.3.0'", "{1: <1.3.0}", "releases are of distributions"},
		"distribution without":         {"{20.04: <1.3.0-1, 22.04: <1.3.0-1 (high)}", "<1.3.0-1", "releases are of distributions"},
		"release of another spelling":  {"20.04:", "'20.04:LTS':", "it is Ubuntu:20.04"},
		"interval the wrong way round": {">=1.0.0 <1.3.0", ">=1.3.0 <1.0.0", "is empty"},
		"interval of nothing":          {">=1.0.0 <1.3.0", ">=1.3.0 <1.3.0", "is empty"},
		"interval without an end":      {">=1.0.0 <1.3.0", ">=1.0.0 1.3.0", "ends with"},
		"interval without a beginning": {">=1.0.0 <1.3.0", "1.0.0 <1.3.0", "begins with"},
		"bare version":                 {">=1.0.0 <1.3.0", "1.3.0", "ends with"},
		"nothing before the bar":       {">=1.0.0 <1.3.0", "<1.0.0 |<1.3.0", "begins with"},
		"empty version":                {">=1.0.0 <1.3.0", "<", "lacks a version"},
		"version without an order":     {">=1.0.0 <1.3.0", ">=one <two", "one"},
		"rating that is none":          {"(high)", "(bad)", "no rating"},
		"rating not closed":            {"(high)", "(high", "no rating"},
	} {
		text := good + c.new
		if c.old != "" {
			text = strings.Replace(good, c.old, c.new, 1)
		}
		_, err := load(fstest.MapFS{"data/a.yaml": {Data: []byte(text)}})
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
	if _, err := load(fstest.MapFS{"data/a.yaml": {Data: []byte(good)}, "data/b.yaml": {Data: []byte(good)}}); err == nil {
		t.Error("the same vulnerability in two files is no error")
	}
	if _, err := load(fstest.MapFS{}); err == nil {
		t.Error("no data are no error")
	}
}

// TestAdvisories sees that nothing of an entry is lost on its way into the words of the database.
func TestAdvisories(t *testing.T) {
	t.Parallel()
	facts, err := load(fstest.MapFS{"data/a.yaml": {Data: []byte(good)}})
	if err != nil {
		t.Fatal(err)
	}
	first := facts.Entries[0].Disclosed.Time
	want := []vuln.Advisory{
		{
			ID: "CVE-2024-0001", Aliases: []string{"GHSA-aaaa-bbbb-cccc"}, Title: "left-pad pads to the right", Published: first,
			Ratings: []vuln.Rating{
				{Source: "GitHub", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"},
				{Source: "GitHub", Severity: vuln.High},
				{Source: "Ubuntu", Severity: vuln.Low},
			},
			Weaknesses: []string{"CWE-20", "CWE-400"},
			Affected: []vuln.Affected{
				{Namespace: "Ubuntu:20.04", Package: "node-left-pad", Severity: vuln.Low, Ranges: []vuln.Range{{Introduced: "0", Fixed: "1.3.0-1"}}},
				{Namespace: "Ubuntu:22.04", Package: "node-left-pad", Severity: vuln.High, Ranges: []vuln.Range{{Introduced: "0", Fixed: "1.3.0-1"}}},
				{Namespace: "npm", Package: "left-pad", Ranges: []vuln.Range{{Introduced: "1.0.0", Fixed: "1.3.0"}}},
			},
		},
		{ID: "CVE-2024-0001", KEV: &vuln.KEV{Added: first.AddDate(0, 0, 1), Due: first.AddDate(0, 0, 22), Ransomware: true}},
		{ID: "CVE-2024-0001", Exploits: []vuln.Exploit{{ID: "EDB-50592", URL: "https://www.exploit-db.com/exploits/50592", Published: first}}},
	}
	if diff := cmp.Diff(want, facts.Entries[0].Advisories()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
