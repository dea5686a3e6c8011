package match_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/match"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// claim is one thing that is true of matching.
type claim struct {
	name       string
	db         []says
	rates      rated
	inv        *inventory.Inventory
	found      []string
	suppressed []string
	incomplete []string
}

func (c claim) check(t *testing.T) {
	t.Helper()
	out := run(t, newWorld(nil, c.rates, c.db...), c.inv)
	for _, part := range []struct {
		name      string
		want, got []string
	}{
		{"findings", c.found, told(out.Findings)},
		{"suppressed", c.suppressed, hushed(out.Suppressed)},
		{"incomplete", c.incomplete, left(out.Incomplete)},
	} {
		if diff := cmp.Diff(part.want, part.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", part.name, diff)
		}
	}
}

func checkAll(t *testing.T, claims []claim) {
	t.Parallel()
	for _, c := range claims {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

func TestRanges(t *testing.T) {
	npm := func(v string) *inventory.Inventory {
		return &inventory.Inventory{Packages: []inventory.Package{of(purl.NPM, "a", v)}}
	}
	row := func(ranges ...vuln.Range) []says { return []says{{ns: "npm", pkg: "a", vuln: "CVE-1", ranges: ranges}} }
	checkAll(t, []claim{
		{name: "introduced is inside", db: row(between("1.2.0", "2.0.0")), inv: npm("1.2.0"), found: []string{"a 1.2.0 CVE-1 -> 2.0.0"}},
		{name: "before introduced is outside", db: row(between("1.2.0", "2.0.0")), inv: npm("1.1.9")},
		{name: "fixed is outside", db: row(between("1.2.0", "2.0.0")), inv: npm("2.0.0")},
		{name: "a pre-release of the fix is inside", db: row(between("1.2.0", "2.0.0")), inv: npm("2.0.0-rc.1"), found: []string{"a 2.0.0-rc.1 CVE-1 -> 2.0.0"}},
		{name: "introduced 0 is before every version, pre-releases too", db: row(between("0", "2.0.0")), inv: npm("0.0.0-alpha"), found: []string{"a 0.0.0-alpha CVE-1 -> 2.0.0"}},
		{name: "no introduced is before every version", db: row(between("", "2.0.0")), inv: npm("0.0.0-alpha"), found: []string{"a 0.0.0-alpha CVE-1 -> 2.0.0"}},
		{name: "last affected is inside", db: row(vuln.Range{Introduced: "0", LastAffected: "1.5.0"}), inv: npm("1.5.0"), found: []string{"a 1.5.0 CVE-1"}},
		{name: "after last affected is outside", db: row(vuln.Range{Introduced: "0", LastAffected: "1.5.0"}), inv: npm("1.5.1")},
		{name: "before a limit is inside, without a fix", db: row(vuln.Range{Introduced: "1.0.0", Limit: "2.0.0"}), inv: npm("1.5.0"), found: []string{"a 1.5.0 CVE-1"}},
		{name: "a limit is outside", db: row(vuln.Range{Introduced: "1.0.0", Limit: "2.0.0"}), inv: npm("2.0.0")},
		{name: "without an end all later versions are inside", db: row(vuln.Range{Introduced: "1.0.0"}), inv: npm("99.0.0"), found: []string{"a 99.0.0 CVE-1"}},
		{name: "between two intervals is outside", db: row(between("1.0.0", "1.2.0"), between("2.0.0", "2.2.0")), inv: npm("1.2.0")},
		{name: "the fix is that of the branch", db: row(between("1.0.0", "1.2.0"), between("2.0.0", "2.2.0")), inv: npm("1.1.0"), found: []string{"a 1.1.0 CVE-1 -> 1.2.0"}},
		{name: "a fix that a later interval covers again is none", db: row(between("1.0.0", "2.0.0"), between("2.0.0", "2.2.0")), inv: npm("1.1.0"), found: []string{"a 1.1.0 CVE-1 -> 2.2.0"}},
		{name: "an interval that starts at the only fix leaves none", db: row(between("1.0.0", "2.0.0"), between("2.0.0", "")), inv: npm("1.1.0"), found: []string{"a 1.1.0 CVE-1"}},
		{
			name: "with neither ranges nor versions all versions are affected",
			db:   row(), inv: npm("3.0.0"), found: []string{"a 3.0.0 CVE-1"},
		},
		{
			name: "a listed version is affected though no range holds, and has no fix",
			db:   []says{{ns: "npm", pkg: "a", vuln: "CVE-1", ranges: before("1.0.0"), listed: []string{"1.5.0"}}},
			inv:  npm("1.5.0"), found: []string{"a 1.5.0 CVE-1"},
		},
		{
			name: "a version beside the list is not affected",
			db:   []says{{ns: "npm", pkg: "a", vuln: "CVE-1", listed: []string{"1.5.0", "1.5.2"}}},
			inv:  npm("1.5.1"),
		},
		{
			name: "a fix which the list names as affected is none",
			db:   []says{{ns: "npm", pkg: "a", vuln: "CVE-1", ranges: before("1.0.0"), listed: []string{"1.0.0"}}},
			inv:  npm("0.5.0"), found: []string{"a 0.5.0 CVE-1"},
		},
		{
			name: "a list alone matches equal versions in another spelling",
			db:   []says{{ns: "PyPI", pkg: "a", vuln: "CVE-1", listed: []string{"1.0"}}},
			inv:  &inventory.Inventory{Packages: []inventory.Package{of(purl.PyPI, "A", "1.0.0")}}, found: []string{"A 1.0.0 CVE-1"},
		},
		{
			name: "epoch beats version",
			db:   []says{{ns: "Debian:12", pkg: "a", vuln: "CVE-1", ranges: before("1:0.5-1")}},
			inv:  debian12(deb("a", "9.0-1", "", "")), found: []string{"a 9.0-1 CVE-1 -> 1:0.5-1"},
		},
	})
}

func TestLookups(t *testing.T) {
	checkAll(t, []claim{
		{
			name: "an OS package is judged by the name and version of its source",
			db: []says{
				{ns: "Debian:12", pkg: "gcc-12", vuln: "CVE-1", ranges: before("12.3.0-1")},
				{ns: "Debian:12", pkg: "libgcc-s1", vuln: "CVE-2", ranges: before("99")},
			},
			inv:   debian12(deb("libgcc-s1", "1:99-1", "gcc-12", "12.2.0-14")),
			found: []string{"libgcc-s1 1:99-1 CVE-1 -> 12.3.0-1"},
		},
		{
			name: "only the rows of the own release count",
			db: []says{
				{ns: "Debian:11", pkg: "a", vuln: "CVE-1", ranges: before("9")},
				{ns: "Ubuntu:22.04", pkg: "a", vuln: "CVE-2", ranges: before("9")},
				{ns: "npm", pkg: "a", vuln: "CVE-3", ranges: before("9.0.0")},
				{ns: "Debian:12", pkg: "a", vuln: "CVE-4", ranges: before("9")},
			},
			inv: debian12(deb("a", "1", "", "")), found: []string{"a 1 CVE-4 -> 9"},
		},
		{
			name: "a distribution that lists binary packages is asked by both names",
			db: []says{
				{ns: "AlmaLinux:9", pkg: "openssl-libs", vuln: "CVE-1", ranges: before("1:3.0.7-20.el9")},
				{ns: "AlmaLinux:9", pkg: "openssl", vuln: "CVE-2", ranges: before("1:3.0.7-25.el9")},
				{ns: "AlmaLinux:9", pkg: "openssl", vuln: "CVE-1", ranges: before("1:3.0.7-20.el9")},
			},
			inv: &inventory.Inventory{
				Distro: &inventory.Distro{ID: "almalinux", Namespace: "AlmaLinux:9"},
				Packages: []inventory.Package{{
					Name: "openssl-libs", Version: "1:3.0.7-6.el9", Ecosystem: purl.AlmaLinux, PURL: "pkg:rpm/almalinux/openssl-libs",
					Source: &inventory.Source{Name: "openssl", Version: "1:3.0.7-6.el9"},
				}},
			},
			found: []string{"openssl-libs 1:3.0.7-6.el9 CVE-1 -> 1:3.0.7-20.el9", "openssl-libs 1:3.0.7-6.el9 CVE-2 -> 1:3.0.7-25.el9"},
		},
		{
			name: "Debian is not asked by binary names",
			db:   []says{{ns: "Debian:12", pkg: "libssl3", vuln: "CVE-1", ranges: before("9")}},
			inv:  debian12(deb("libssl3", "1", "openssl", "1")),
		},
		{
			name:  "a name is looked up as its registry compares it",
			db:    []says{{ns: "PyPI", pkg: "zope-interface", vuln: "CVE-1", ranges: before("9.0")}},
			inv:   &inventory.Inventory{Packages: []inventory.Package{of(purl.PyPI, "Zope.Interface", "1.0")}},
			found: []string{"Zope.Interface 1.0 CVE-1 -> 9.0"},
		},
		{
			name: "a removed package is not matched",
			db:   []says{{ns: "npm", pkg: "a", vuln: "CVE-1"}},
			inv:  &inventory.Inventory{Removed: []inventory.Package{of(purl.NPM, "a", "1.0.0")}},
		},
		{
			name: "a release without data is told once, with the number of packages",
			db:   []says{{ns: "Debian:12", pkg: "a", vuln: "CVE-1"}},
			inv: &inventory.Inventory{
				Distro:   &inventory.Distro{ID: "debian", Namespace: "Debian:14"},
				Packages: []inventory.Package{deb("a", "1", "", ""), deb("b", "1", "", "")},
			},
			incomplete: []string{"unknown_release: 2 Debian packages not matched: the database has no data for Debian:14; `sightline db status` lists what it has"},
		},
		{
			name:       "OS packages without a distribution are told",
			db:         []says{{ns: "Debian:12", pkg: "a", vuln: "CVE-1"}},
			inv:        &inventory.Inventory{Packages: []inventory.Package{deb("a", "1", "", "")}},
			incomplete: []string{"unknown_release: 1 Debian package not matched: no distribution was recognised; is etc/os-release missing?"},
		},
		{
			name: "a distribution whose release is not known is told",
			db:   []says{{ns: "Debian:12", pkg: "a", vuln: "CVE-1"}},
			inv: &inventory.Inventory{
				Distro:   &inventory.Distro{ID: "debian", PrettyName: "Debian GNU/Linux trixie/sid"},
				Packages: []inventory.Package{deb("a", "1", "", "")},
			},
			incomplete: []string{`unknown_release: 1 Debian package not matched: the release of "Debian GNU/Linux trixie/sid" is not known`},
		},
		{
			name: "packages of another distribution's manager are told, not judged by the wrong rows",
			db:   []says{{ns: "Alpine:v3.18", pkg: "a", vuln: "CVE-1"}},
			inv: &inventory.Inventory{
				Distro:   &inventory.Distro{ID: "alpine", Namespace: "Alpine:v3.18"},
				Packages: []inventory.Package{deb("a", "1", "", "")},
			},
			incomplete: []string{"unknown_release: 1 Debian package not matched: the distribution is Alpine:v3.18"},
		},
		{
			name: "a language that the database does not know is told",
			db:   []says{{ns: "npm", pkg: "a", vuln: "CVE-1"}},
			inv:  &inventory.Inventory{Packages: []inventory.Package{of(purl.Hex, "a", "1.0.0")}},
			incomplete: []string{
				"unknown_release: 1 Hex package not matched: the database has no data for Hex; `sightline db status` lists what it has",
			},
		},
	})
}

func TestVersionsWithoutOrder(t *testing.T) {
	golang := func(v string) *inventory.Inventory {
		return &inventory.Inventory{Packages: []inventory.Package{of(purl.Go, "a", v)}}
	}
	checkAll(t, []claim{
		{
			name:       "no range holds, and it is told",
			db:         []says{{ns: "Go", pkg: "a", vuln: "CVE-1", ranges: before("1.2.0")}},
			inv:        golang("(devel)"),
			incomplete: []string{`unordered_version: Go package a: version "(devel)" has no order; only lists of versions were matched`},
		},
		{
			name:       "lists still match",
			db:         []says{{ns: "Go", pkg: "a", vuln: "CVE-1", ranges: before("1.2.0"), listed: []string{"(devel)"}}},
			inv:        golang("(devel)"),
			found:      []string{"a (devel) CVE-1"},
			incomplete: []string{`unordered_version: Go package a: version "(devel)" has no order; only lists of versions were matched`},
		},
		{
			name:       "what holds for every version holds for it",
			db:         []says{{ns: "Go", pkg: "a", vuln: "CVE-1", ranges: []vuln.Range{{Introduced: "0"}}}},
			inv:        golang("(devel)"),
			found:      []string{"a (devel) CVE-1"},
			incomplete: []string{`unordered_version: Go package a: version "(devel)" has no order; only lists of versions were matched`},
		},
		{
			name: "it is not told of packages about which nothing is known",
			db:   []says{{ns: "Go", pkg: "b", vuln: "CVE-1", ranges: before("1.2.0")}},
			inv:  golang("(devel)"),
		},
		{
			name:       "a package without a version is told",
			db:         []says{{ns: "Go", pkg: "a", vuln: "CVE-1", ranges: before("1.2.0")}},
			inv:        golang(""),
			incomplete: []string{"unordered_version: Go package a: it has no version; only advisories about every version were matched"},
		},
		{
			name:  "an advisory's version without an order is told, and the other rows count",
			db:    []says{{ns: "Go", pkg: "a", vuln: "CVE-1", ranges: before("next")}, {ns: "Go", pkg: "a", vuln: "CVE-2", ranges: before("1.2.0")}},
			inv:   golang("v1.0.0"),
			found: []string{"a v1.0.0 CVE-2 -> v1.2.0"},
			incomplete: []string{
				`unordered_version: Go package a: advisories name 1 version without an order, such as "next": ranges with them were judged only where their other end tells`,
			},
		},
	})
}

func TestWhoIsBelieved(t *testing.T) {
	d := func(s says) says { s.ns, s.pkg, s.vuln = "Debian:12", "a", "CVE-1"; return s }
	a := func(s says) says { s.ns, s.pkg, s.vuln = "Alpine:v3.18", "a", "CVE-1"; return s }
	alpine := &inventory.Inventory{
		Distro: &inventory.Distro{ID: "alpine", Namespace: "Alpine:v3.18"},
		Packages: []inventory.Package{{
			Name: "a", Version: "1.5-r0", Ecosystem: purl.Alpine, PURL: "pkg:apk/alpine/a", Source: &inventory.Source{Name: "a", Version: "1.5-r0"},
		}},
	}
	checkAll(t, []claim{
		{
			name:  "the record of a vulnerability beats a notice about several: its fix counts",
			db:    []says{d(says{ranges: before("2.0")}), d(says{advisory: "DSA-1-1", bundle: true, ranges: before("3.0")})},
			inv:   debian12(deb("a", "1.5", "", "")),
			found: []string{"a 1.5 CVE-1 -> 2.0"},
		},
		{
			name:       "the record of a vulnerability beats a notice about several: fixed is fixed",
			db:         []says{d(says{ranges: before("1.0")}), d(says{advisory: "DSA-1-1", bundle: true, ranges: before("3.0")})},
			inv:        debian12(deb("a", "1.5", "", "")),
			suppressed: []string{"a CVE-1 distro_fixed"},
		},
		{
			name:  "without a record the notice counts",
			db:    []says{d(says{advisory: "DSA-1-1", bundle: true, ranges: before("3.0")})},
			inv:   debian12(deb("a", "1.5", "", "")),
			found: []string{"a 1.5 CVE-1 -> 3.0"},
		},
		{
			name: "two notices: the second mends what the first left open",
			db: []says{
				d(says{advisory: "DSA-1-1", bundle: true, ranges: before("2.0")}),
				d(says{advisory: "DSA-1-2", bundle: true, ranges: before("2.1")}),
			},
			inv:   debian12(deb("a", "1.5", "", "")),
			found: []string{"a 1.5 CVE-1 -> 2.1"},
		},
		{
			name:  "the distribution's own feed beats its conversion",
			db:    []says{a(says{feed: "alpine-secdb", ranges: before("1.6-r0")}), a(says{feed: "osv/Alpine", ranges: before("1.7-r0")})},
			inv:   alpine,
			found: []string{"a 1.5-r0 CVE-1 -> 1.6-r0"},
		},
		{
			name:       "not affected in the distribution's own feed ends the matter, visibly",
			db:         []says{a(says{feed: "alpine-secdb", status: vuln.StatusNotAffected}), a(says{feed: "osv/Alpine", ranges: before("1.7-r0")})},
			inv:        alpine,
			suppressed: []string{"a CVE-1 distro_not_affected"},
		},
		{
			name: "not affected alone is not worth a word",
			db:   []says{a(says{feed: "alpine-secdb", status: vuln.StatusNotAffected})},
			inv:  alpine,
		},
		{
			name:  "not affected in the conversion does not beat the distribution's own feed",
			db:    []says{a(says{feed: "osv/Alpine", status: vuln.StatusNotAffected}), a(says{feed: "alpine-secdb", ranges: before("1.7-r0")})},
			inv:   alpine,
			found: []string{"a 1.5-r0 CVE-1 -> 1.7-r0"},
		},
		{
			name:  "what will not be fixed is a finding with that status",
			db:    []says{d(says{status: vuln.StatusWontFix, ranges: []vuln.Range{{Introduced: "0"}}})},
			inv:   debian12(deb("a", "1.5", "", "")),
			found: []string{"a 1.5 CVE-1 (wont_fix)"},
		},
		{
			name:       "what is being investigated is no finding, but told",
			db:         []says{d(says{status: vuln.StatusInvestigating})},
			inv:        debian12(deb("a", "1.5", "", "")),
			suppressed: []string{"a CVE-1 under_investigation"},
		},
		{
			name:  "an investigation does not beat a verdict",
			db:    []says{d(says{status: vuln.StatusInvestigating}), d(says{advisory: "DSA-1-1", bundle: true, ranges: before("3.0")})},
			inv:   debian12(deb("a", "1.5", "", "")),
			found: []string{"a 1.5 CVE-1 -> 3.0"},
		},
	})
}

func TestAdvisoriesOfALanguageCountTogether(t *testing.T) {
	t.Parallel()
	day := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	db := newWorld(nil, rated{"CVE-1": vuln.High},
		says{ns: "Go", pkg: "a", vuln: "CVE-1", advisory: "GHSA-1", feed: "osv/Go", ranges: before("1.2.0"), fixedAt: day.AddDate(0, 1, 0)},
		says{ns: "Go", pkg: "a", vuln: "CVE-1", advisory: "GO-1", feed: "osv/Go", ranges: before("1.2.5"), fixedAt: day, severity: vuln.Low},
		says{ns: "Go", pkg: "a", vuln: "CVE-1", advisory: "GHSA-2", feed: "osv/Go", ranges: before("0.9.0"), fixedAt: day},
	)
	out := run(t, db, &inventory.Inventory{Packages: []inventory.Package{of(purl.Go, "a", "v1.0.0")}})
	if len(out.Findings) != 1 {
		t.Fatalf("got %v", told(out.Findings))
	}
	got := out.Findings[0]
	want := finding.Finding{
		Package: got.Package, Kind: finding.Vulnerable,
		Vulnerability: db.records[0],
		Severity:      vuln.High, SeveritySource: "nvd",
		FixedVersion: "v1.2.5", FixPublished: day,
		Matches: []finding.Match{
			{Advisory: "GHSA-1", Feed: "osv/Go", Namespace: "Go", Name: "a", Range: &vuln.Range{Introduced: "0", Fixed: "1.2.0"}},
			{Advisory: "GO-1", Feed: "osv/Go", Namespace: "Go", Name: "a", Range: &vuln.Range{Introduced: "0", Fixed: "1.2.5"}},
		},
		Layer: got.Layer,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Package.Paths[0] != "app/a" || got.Layer.Index != 1 {
		t.Errorf("package %+v, layer %+v", got.Package, got.Layer)
	}
}

func TestSeverityIsTheDistributionsOwnWhereItHasOne(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, rated{"CVE-1": vuln.Critical, "CVE-2": vuln.Critical},
		says{ns: "Debian:12", pkg: "a", vuln: "CVE-1", feed: "osv/Debian", severity: vuln.Negligible},
		says{ns: "Debian:12", pkg: "a", vuln: "CVE-2", feed: "osv/Debian"},
	)
	out := run(t, db, debian12(deb("a", "1", "", "")))
	var got []string
	for _, f := range out.Findings {
		got = append(got, f.Vulnerability.ID+" "+f.Severity.String()+" "+f.SeveritySource)
	}
	if diff := cmp.Diff([]string{"CVE-2 critical nvd", "CVE-1 negligible osv/Debian"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOwnedByAnOSPackage(t *testing.T) {
	owned := of(purl.PyPI, "urllib3", "1.26.12")
	owned.Owner = &inventory.Owner{Name: "python3-urllib3", PURL: "pkg:deb/debian/python3-urllib3@1.26.12-1", Path: "usr/lib/python3/x"}
	owner := deb("python3-urllib3", "1.26.12-1", "python-urllib3", "1.26.12-1")
	generic := says{ns: "PyPI", pkg: "urllib3", vuln: "CVE-1", advisory: "GHSA-1", ranges: before("1.26.17")}
	distro := func(s says) says { s.ns, s.pkg, s.vuln = "Debian:12", "python-urllib3", "CVE-1"; return s }
	other := says{ns: "Debian:12", pkg: "other", vuln: "CVE-9"}

	checkAll(t, []claim{
		{
			name: "what the distribution fixed is fixed", db: []says{generic, distro(says{ranges: before("1.26.12-1")})}, inv: debian12(owned, owner),
			suppressed: []string{"urllib3 CVE-1 distro_fixed"},
		},
		{
			name: "what the distribution has open is counted once, on its package", db: []says{generic, distro(says{ranges: before("1.26.12-1+deb12u1")})},
			inv:        debian12(owned, owner),
			found:      []string{"python3-urllib3 1.26.12-1 CVE-1 -> 1.26.12-1+deb12u1"},
			suppressed: []string{"urllib3 CVE-1 distro_affected"},
		},
		{
			name: "what the distribution denies is denied", db: []says{generic, distro(says{status: vuln.StatusNotAffected})}, inv: debian12(owned, owner),
			suppressed: []string{"urllib3 CVE-1 distro_not_affected"},
		},
		{
			name: "what the distribution does not list of a source that it knows is owned", db: []says{generic, {ns: "Debian:12", pkg: "python-urllib3", vuln: "CVE-9", ranges: before("1.0-1")}},
			inv: debian12(owned, owner), suppressed: []string{"urllib3 CVE-1 owned_by_os_package"},
		},
		{
			name: "of a source that the distribution never spoke of the generic finding stays", db: []says{generic, other}, inv: debian12(owned, owner),
			found: []string{"urllib3 1.26.12 CVE-1 -> 1.26.17"},
		},
		{
			name: "an investigation is not a word", db: []says{generic, distro(says{status: vuln.StatusInvestigating})}, inv: debian12(owned, owner),
			suppressed: []string{"python3-urllib3 CVE-1 under_investigation", "urllib3 CVE-1 owned_by_os_package"},
		},
		{
			name: "where the release has no data the generic finding stays", db: []says{generic},
			inv: debian12(owned, owner), found: []string{"urllib3 1.26.12 CVE-1 -> 1.26.17"},
			incomplete: []string{"unknown_release: 1 Debian package not matched: the database has no data for Debian:12; `sightline db status` lists what it has"},
		},
		{
			name: "where the owner is not in the inventory the generic finding stays", db: []says{generic, other},
			inv: debian12(owned), found: []string{"urllib3 1.26.12 CVE-1 -> 1.26.17"},
		},
		{
			name: "a package beside it that nobody owns is a finding", db: []says{generic, other},
			inv:   debian12(of(purl.PyPI, "urllib3", "1.26.12")),
			found: []string{"urllib3 1.26.12 CVE-1 -> 1.26.17"},
		},
	})
}

func TestEachQuestionIsAskedOnce(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, nil, says{ns: "Debian:12", pkg: "gcc-12", vuln: "CVE-1", ranges: before("13")})
	var list []inventory.Package
	for _, name := range []string{"gcc-12-base", "libgcc-s1", "libstdc++6", "cpp-12"} {
		list = append(list, deb(name, "12.2.0-14", "gcc-12", ""))
	}
	out := run(t, db, debian12(list...))
	if got := db.lookups[[2]string{"Debian:12", "gcc-12"}]; got != 1 {
		t.Errorf("gcc-12 was looked up %d times", got)
	}
	if db.reads[0] != 1 {
		t.Errorf("CVE-1 was read %d times", db.reads[0])
	}
	if len(out.Findings) != 4 || len(out.Fixes) != 4 {
		t.Fatalf("%d findings, %d fixes", len(out.Findings), len(out.Fixes))
	}
	for _, f := range out.Findings {
		if f.Vulnerability != out.Findings[0].Vulnerability {
			t.Error("findings do not share the vulnerability")
		}
	}
}

func TestErrorsEndMatching(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, nil, says{ns: "npm", pkg: "a", vuln: "CVE-1"})
	inv := &inventory.Inventory{Packages: []inventory.Package{of(purl.NPM, "a", "1.0.0")}}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := match.Match(ctx, db, inv, match.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	db.broken = "a"
	_, err := match.Match(t.Context(), db, inv, match.Options{})
	if !errors.Is(err, errBroken) {
		t.Fatalf("broken database: got %v", err)
	}
	if want := "matching a 1.0.0: looking up a in npm: damaged page"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}
