package match_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func TestSuggestedFix(t *testing.T) {
	t.Parallel()
	type want struct {
		version        string
		clears, remain finding.Counts
	}
	row := func(id string, ranges ...vuln.Range) says {
		return says{ns: "npm", pkg: "a", vuln: id, ranges: ranges}
	}
	for _, c := range []struct {
		name      string
		rates     rated
		installed string
		db        []says
		want      *want
	}{
		{
			"the lowest version that ends all", nil, "1.0.0",
			[]says{row("CVE-1", between("0", "1.1.0")), row("CVE-2", between("0", "1.3.0")), row("CVE-3", between("0", "1.2.0"))},
			&want{version: "1.3.0", clears: finding.Counts{Medium: 3}},
		},
		{
			"what has no fix remains", nil, "1.0.0",
			[]says{row("CVE-1", between("0", "1.1.0")), row("CVE-2", between("0", ""))},
			&want{version: "1.1.0", clears: finding.Counts{Medium: 1}, remain: finding.Counts{Medium: 1}},
		},
		{
			"what ends without a named fix is cleared too", nil, "1.0.0",
			[]says{row("CVE-1", between("0", "1.1.0")), row("CVE-2", vuln.Range{LastAffected: "1.0.5"})},
			&want{version: "1.1.0", clears: finding.Counts{Medium: 2}},
		},
		{
			"a fix that another's branch covers again is passed over", nil, "1.0.0",
			[]says{row("CVE-1", between("1.0.0", "1.2.3"), between("2.0.0", "2.0.5")), row("CVE-2", between("0", "2.0.1"))},
			&want{version: "2.0.5", clears: finding.Counts{Medium: 2}},
		},
		{
			"a fix that brings a new critical one is passed over for the next",
			rated{"CVE-9": vuln.Critical},
			"1.0.0",
			[]says{row("CVE-1", between("1.0.0", "1.2.0"), between("1.9.0", "2.0.0")), row("CVE-9", between("1.1.0", "1.5.0"))},
			&want{version: "2.0.0", clears: finding.Counts{Medium: 1}},
		},
		{
			"a fix that brings a new medium one is taken, and the new one counted", nil, "1.0.0",
			[]says{row("CVE-1", between("1.0.0", "1.2.0"), between("1.9.0", "2.0.0")), row("CVE-9", between("1.1.0", "1.5.0"))},
			&want{version: "1.2.0", clears: finding.Counts{Medium: 1}, remain: finding.Counts{Medium: 1}},
		},
		{
			"where every fix brings a new critical one the lowest is taken, and it is counted",
			rated{"CVE-9": vuln.Critical},
			"1.0.0",
			[]says{row("CVE-1", between("1.0.0", "1.2.0"), between("1.9.0", "2.0.0")), row("CVE-9", between("1.1.0", ""))},
			&want{version: "1.2.0", clears: finding.Counts{Medium: 1}, remain: finding.Counts{Critical: 1}},
		},
		{
			"where no version ends all, the one that ends the worst",
			rated{"CVE-2": vuln.Critical},
			"1.0.0",
			[]says{row("CVE-1", between("0", "1.2.0"), between("1.9.0", "")), row("CVE-2", between("0", "2.0.0"))},
			&want{version: "2.0.0", clears: finding.Counts{Critical: 1}, remain: finding.Counts{Medium: 1}},
		},
		{"without a fix there is no suggestion", nil, "1.0.0", []says{row("CVE-1", between("0", ""))}, nil},
		{"without a finding there is no suggestion", nil, "1.0.0", []says{row("CVE-1", between("0", "1.0.0"))}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			out := run(t, newWorld(nil, c.rates, c.db...), &inventory.Inventory{Packages: []inventory.Package{of(purl.NPM, "a", c.installed)}})
			if c.want == nil {
				if len(out.Fixes) > 0 {
					t.Fatalf("got %+v", out.Fixes)
				}
				return
			}
			if len(out.Fixes) != 1 {
				t.Fatalf("got %d fixes", len(out.Fixes))
			}
			got := want{out.Fixes[0].SuggestedVersion, out.Fixes[0].Clears, out.Fixes[0].Remains}
			if diff := cmp.Diff(*c.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFlavors: the suggested version is the build of a release that is installed, where any advisory names it, and else is said to be another.
func TestFlavors(t *testing.T) {
	t.Parallel()
	type want struct {
		fixed, suggested string
		other            bool
	}
	row := func(id string, ranges ...vuln.Range) says {
		return says{ns: "Maven", pkg: "g:a", vuln: id, ranges: ranges}
	}
	listed := func(id string, versions ...string) says {
		return says{ns: "Maven", pkg: "g:a", vuln: id, listed: versions}
	}
	for name, c := range map[string]struct {
		installed string
		db        []says
		want      want
	}{
		"the same flavour":               {"31.1-android", []says{row("CVE-1", between("0", "32.0.0-android"))}, want{"32.0.0-android", "32.0.0-android", false}},
		"nobody names the other":         {"31.1-jre", []says{row("CVE-1", between("0", "32.0.0-android"))}, want{"32.0.0-android", "32.0.0-android", true}},
		"a list names it":                {"31.1-jre", []says{row("CVE-1", between("0", "32.0.0-android")), listed("CVE-2", "32.0.0-jre", "33.0.0-jre")}, want{"32.0.0-jre", "32.0.0-jre", false}},
		"another's range begins there":   {"31.1-jre", []says{row("CVE-1", between("0", "32.0.0-android")), row("CVE-2", between("31.0-jre", "32.0.0-jre"))}, want{"32.0.0-jre", "32.0.0-jre", false}},
		"a plain version":                {"19.0", []says{row("CVE-1", between("0", "32.0.0-android"))}, want{"32.0.0-android", "32.0.0-android", true}},
		"a driver for Java 7":            {"42.2.5.jre7", []says{row("CVE-1", between("0", "42.2.13")), row("CVE-2", between("42.2.13.jre7", "42.3.0"))}, want{"42.2.13.jre7", "42.2.13.jre7", false}},
		"marks of a release":             {"4.1.42.Final", []says{row("CVE-1", between("0", "4.1.44")), row("CVE-2", between("4.1.44.Final", "4.1.46.Final"))}, want{"4.1.44.Final", "4.1.44.Final", false}},
		"marks that projects gave up":    {"5.2.9.RELEASE", []says{row("CVE-1", between("0", "5.3.32"))}, want{"5.3.32", "5.3.32", false}},
		"another release":                {"1.0.0.Final", []says{row("CVE-1", between("0", "1.0.1.Beta1"))}, want{"1.0.1.Beta1", "1.0.1.Beta1", false}},
		"a new vulnerability forbids it": {"9.2.1.jre8", []says{row("CVE-1", between("0", "9.4.1.jre11")), row("CVE-9", between("9.4.1.jre8", "9.4.1.jre8.1"))}, want{"9.4.1.jre11", "9.4.1.jre11", true}},
	} {
		db := newWorld(nil, rated{"CVE-9": vuln.Critical}, c.db...)
		out := run(t, db, &inventory.Inventory{Packages: []inventory.Package{of(purl.Maven, "g:a", c.installed)}})
		got := want{}
		for _, f := range out.Findings {
			if f.Vulnerability.ID == "CVE-1" {
				got.fixed = f.FixedVersion
			}
		}
		if len(out.Fixes) == 1 {
			got.suggested, got.other = out.Fixes[0].SuggestedVersion, out.Fixes[0].OtherFlavor
		}
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestFixOfASourceWithItsOwnNumbering(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, nil, says{ns: "Debian:12", pkg: "gcc-defaults", vuln: "CVE-1", ranges: before("1.204")})
	out := run(t, db, debian12(
		deb("gcc", "4:12.2.0-3", "gcc-defaults", "1.203"),
		deb("gcc-defaults", "1.203", "", ""),
	))
	var got []string
	for _, f := range out.Fixes {
		line := f.Package.Name + " " + f.SuggestedVersion
		if f.OfSource {
			line += " of source"
		}
		got = append(got, line)
	}
	if diff := cmp.Diff([]string{"gcc 1.204 of source", "gcc-defaults 1.204"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOrderOfFixesAndFindings(t *testing.T) {
	t.Parallel()
	row := func(pkg, id string) says { return says{ns: "npm", pkg: pkg, vuln: id, ranges: before("2.0.0")} }
	db := newWorld(nil, rated{"CVE-C": vuln.Critical, "CVE-X": vuln.High},
		row("many", "CVE-1"), row("many", "CVE-2"), row("few", "CVE-3"), row("also-few", "CVE-4"), row("worst", "CVE-C"),
		row("exploited", "CVE-5"), row("high", "CVE-X"))
	db.records[db.ordinals["CVE-5"]].KEV = &vuln.KEV{}
	inv := &inventory.Inventory{}
	for _, name := range []string{"few", "many", "high", "exploited", "worst", "also-few"} {
		inv.Packages = append(inv.Packages, of(purl.NPM, name, "1.0.0"))
	}
	out := run(t, db, inv)
	var fixes []string
	for _, f := range out.Fixes {
		fixes = append(fixes, f.Package.Name)
	}
	if diff := cmp.Diff([]string{"worst", "high", "exploited", "many", "also-few", "few"}, fixes); diff != "" {
		t.Errorf("fixes: worst, then exploited, then most, then name\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"worst 1.0.0 CVE-C -> 2.0.0", "high 1.0.0 CVE-X -> 2.0.0", "also-few 1.0.0 CVE-4 -> 2.0.0",
		"exploited 1.0.0 CVE-5 -> 2.0.0", "few 1.0.0 CVE-3 -> 2.0.0", "many 1.0.0 CVE-1 -> 2.0.0", "many 1.0.0 CVE-2 -> 2.0.0",
	}, told(out.Findings)); diff != "" {
		t.Errorf("findings: worst, then package, then vulnerability\n%s", diff)
	}
	if !out.Fixes[2].Exploit || out.Fixes[0].Exploit {
		t.Error("exploit is not told of the right package")
	}
}
