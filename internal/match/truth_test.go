package match_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/match"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// rpm makes a package of AlmaLinux 8.
func rpm(name, version, srcName, module string) inventory.Package {
	p := of(purl.AlmaLinux, name, version)
	p.Source, p.Module = &inventory.Source{Name: srcName, Version: version}, module
	return p
}

func alma8(packages ...inventory.Package) *inventory.Inventory {
	return &inventory.Inventory{Distro: &inventory.Distro{ID: "almalinux", VersionID: "8.9", Namespace: "AlmaLinux:8"}, Packages: packages}
}

func TestSourceAndBinaryRowsOfRPM(t *testing.T) {
	t.Parallel()
	const ns = "AlmaLinux:8"
	db := newWorld(nil, nil,
		says{ns: ns, pkg: "openssl", vuln: "CVE-1", ranges: before("1:1.1.1k-9.el8"), binary: true},  // of the program only
		says{ns: ns, pkg: "openssl", vuln: "CVE-2", ranges: before("1:1.1.1k-9.el8"), binary: false}, // of all that is built from it
		says{ns: ns, pkg: "openssl-libs", vuln: "CVE-3", ranges: before("1:1.1.1k-9.el8"), binary: true},
	)
	libs, program := rpm("openssl-libs", "1:1.1.1k-6.el8", "openssl", ""), rpm("openssl", "1:1.1.1k-6.el8", "openssl", "")
	want := []string{
		"openssl 1:1.1.1k-6.el8 CVE-1 -> 1:1.1.1k-9.el8", "openssl 1:1.1.1k-6.el8 CVE-2 -> 1:1.1.1k-9.el8",
		"openssl-libs 1:1.1.1k-6.el8 CVE-2 -> 1:1.1.1k-9.el8", "openssl-libs 1:1.1.1k-6.el8 CVE-3 -> 1:1.1.1k-9.el8",
	}
	if diff := cmp.Diff(want, told(run(t, db, alma8(libs, program)).Findings)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestModuleStreams(t *testing.T) {
	t.Parallel()
	const (
		ns    = "AlmaLinux:8"
		build = "-1.module_el8.6.0+2904+41b41fb0"
	)
	for name, tt := range map[string]struct {
		version, module, row string // of the package; of the advisory
		fixed                string
		found, other         bool
	}{
		"the same stream":                             {"1:18.9.0" + build, "nodejs:18", "nodejs:18", "1:18.20.0" + build, true, false},
		"another stream":                              {"1:16.9.0" + build, "nodejs:16", "nodejs:18", "1:18.20.0" + build, false, true},
		"no stream, and the package is of one":        {"1:16.9.0" + build, "nodejs:16", "", "1:18.20.0-1.el8", false, true},
		"a stream, and the package is of none":        {"1:16.9.0-1.el8", "", "nodejs:18", "1:18.20.0" + build, false, true},
		"not named, and of the same line":             {"1:18.9.0" + build, "nodejs:18", vuln.AnyModule, "1:18.20.0" + build, true, false},
		"not named, and of another line":              {"1:16.9.0" + build, "nodejs:16", vuln.AnyModule, "1:18.20.0" + build, false, true},
		"not named, line of more digits":              {"1:1.9.0" + build, "nodejs:1", vuln.AnyModule, "1:18.20.0" + build, false, true},
		"not named, and the stream is no line":        {"1:16.9.0" + build, "nodejs:rhel8", vuln.AnyModule, "1:18.20.0" + build, true, false},
		"not named, label lost, release tells":        {"1:18.9.0" + build, "", vuln.AnyModule, "1:18.20.0" + build, true, false},
		"not named, and the package is of none":       {"1:16.9.0-1.el8", "", vuln.AnyModule, "1:18.20.0" + build, false, true},
		"another stream, which does not cover it too": {"1:19.9.0" + build, "nodejs:19", "nodejs:18", "1:18.20.0" + build, false, false},
	} {
		db := newWorld(nil, nil, says{ns: ns, pkg: "nodejs", vuln: "CVE-1", ranges: before(tt.fixed), binary: true, module: tt.row})
		out := run(t, db, alma8(rpm("nodejs", tt.version, "nodejs", tt.module)))
		if found := len(out.Findings) == 1; found != tt.found {
			t.Errorf("%s: found %v", name, found)
		}
		other := len(out.Suppressed) == 1 && out.Suppressed[0].Reason == finding.OtherModule && out.Suppressed[0].Severity == vuln.Medium
		if other != tt.other {
			t.Errorf("%s: %v", name, hushed(out.Suppressed))
		}
	}
}

func TestModuleBuildsWithoutAdvisoriesAreTold(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, nil, says{ns: "AlmaLinux:8", pkg: "httpd", vuln: "CVE-1", ranges: before("2.4.1"), binary: true})
	out := run(t, db, alma8(rpm("httpd", "2.4.37-1.module_el8.6.0+1+2", "httpd", "httpd:2.4"), rpm("other", "1-1.el8", "other", "")))
	if got := left(out.Incomplete); len(got) != 1 || !strings.Contains(got[0], "1 AlmaLinux package not wholly matched") {
		t.Errorf("%q", got)
	}
}

func TestPackagesOfUnknownReleasesAreCounted(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, nil, says{ns: "Debian:12", pkg: "a", vuln: "CVE-1", ranges: before("2")})
	unknown := debian12(deb("a", "1", "", ""), deb("b", "1", "", ""), of(purl.ConanCenter, "c", "1"))
	unknown.Distro.Namespace = ""
	if n := run(t, db, unknown).Unjudged; n != 2 {
		t.Errorf("%d packages of the distribution", n)
	}
	if n := run(t, db, debian12(deb("a", "1", "", ""))).Unjudged; n != 0 {
		t.Errorf("%d of a known one", n)
	}
}

func TestWhatCannotRunIsNotVulnerable(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, rated{"CVE-1": vuln.High}, says{ns: "Debian:12", pkg: "linux", vuln: "CVE-1", ranges: before("6.2")})
	kernel := deb("linux-image-amd64", "6.1", "linux", "")
	headers := deb("linux-headers-amd64", "6.1", "linux", "") // by its name
	docs := deb("linux-manual", "6.1", "linux", "")
	docs.SetFiles(inventory.ShipsDocumentation)
	perf := deb("linux-perf-doc", "6.1", "linux", "")
	perf.SetFiles("") // its files say otherwise than its name
	out := run(t, db, debian12(kernel, headers, docs, perf))
	if got := told(out.Findings); !slices.Equal(got, []string{"linux-image-amd64 6.1 CVE-1 -> 6.2", "linux-perf-doc 6.1 CVE-1 -> 6.2"}) {
		t.Error(got)
	}
	if got := hushed(out.Suppressed); !slices.Equal(got, []string{"linux-headers-amd64 CVE-1 not_shipped", "linux-manual CVE-1 not_shipped"}) {
		t.Error(got)
	}
	if s := out.Suppressed[1]; s.Severity != vuln.High || s.Detail != "it ships documentation only, and none of the code of linux" {
		t.Errorf("%+v", s)
	}
}

func TestMalwareHasNoFix(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, nil,
		says{ns: "npm", pkg: "evil", vuln: "MAL-1", ranges: before("1.0.1")},
		says{ns: "npm", pkg: "twice", vuln: "MAL-1", ranges: before("9.0.0")},
		says{ns: "npm", pkg: "twice", vuln: "CVE-1", ranges: before("3.0.0")})
	db.records[0].Malicious, db.records[0].Severity = true, vuln.Unknown
	if twice := run(t, db, &inventory.Inventory{Packages: []inventory.Package{of(purl.NPM, "twice", "1.0.0")}}); len(twice.Findings) != 2 || len(twice.Fixes) != 0 {
		t.Errorf("%+v", twice.Fixes)
	}
	out := run(t, db, &inventory.Inventory{Packages: []inventory.Package{of(purl.NPM, "evil", "1.0.0")}})
	if len(out.Findings) != 1 || out.Findings[0].Kind != finding.Malicious || out.Findings[0].Severity != vuln.Critical || out.Findings[0].FixedVersion != "" || len(out.Fixes) != 0 {
		t.Errorf("%+v, %+v", out.Findings, out.Fixes)
	}
}

func TestRejectedRecordsAreSuppressed(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, nil,
		says{ns: "npm", pkg: "a", vuln: "CVE-1", ranges: before("2.0.0")},
		says{ns: "npm", pkg: "a", vuln: "CVE-2", ranges: before("1.5.0")},
		says{ns: "npm", pkg: "a", vuln: "CVE-3", ranges: before("1.5.0")})
	db.records[0].State, db.records[0].StateFeed = vuln.Rejected, "nvd"
	db.records[2].State, db.records[2].StateFeed = vuln.Disputed, "nvd"
	exploited := newWorld(nil, nil,
		says{ns: "npm", pkg: "a", vuln: "CVE-1", ranges: before("2.0.0")},
		says{ns: "Debian:12", pkg: "b", vuln: "CVE-2", ranges: before("2.0")},
		says{ns: "Debian:12", pkg: "b", vuln: "CVE-3", ranges: []vuln.Range{{Introduced: "0"}}})
	for _, r := range exploited.records {
		r.State, r.StateFeed = vuln.Rejected, "nvd"
	}
	exploited.records[0].KEV = &vuln.KEV{}
	known := run(t, exploited, debian12(of(purl.NPM, "a", "1.0.0"), deb("b", "1.0", "", "")))
	if got := told(known.Findings); !slices.Equal(got, []string{"a 1.0.0 CVE-1 -> 2.0.0", "b 1.0 CVE-2 -> 2.0"}) {
		t.Errorf("exploited, and fixed by the distribution: %v", got)
	}
	if got := hushed(known.Suppressed); !slices.Equal(got, []string{"b CVE-3 rejected"}) {
		t.Error(got)
	}
	out := run(t, db, &inventory.Inventory{Packages: []inventory.Package{of(purl.NPM, "a", "1.0.0")}})
	if got := told(out.Findings); !slices.Equal(got, []string{"a 1.0.0 CVE-2 -> 1.5.0", "a 1.0.0 CVE-3 -> 1.5.0"}) {
		t.Error(got)
	}
	if got := hushed(out.Suppressed); !slices.Equal(got, []string{"a CVE-1 rejected"}) {
		t.Error(got)
	}
	if out.Fixes[0].SuggestedVersion != "1.5.0" || out.Fixes[0].Clears.Total() != 2 {
		t.Errorf("a rejected record decides the fix: %+v", out.Fixes[0])
	}
}

func TestLinkedSymbols(t *testing.T) {
	t.Parallel()
	imports := []vuln.Import{{Path: "example.com/m/x", Symbols: []string{"Parse", "T.Do"}}, {Path: "example.com/m/y"}}
	db := newWorld(nil, nil,
		says{ns: "Go", pkg: "example.com/m", vuln: "CVE-1", advisory: "GHSA-1", ranges: before("1.2.0")},
		says{ns: "Go", pkg: "example.com/m", vuln: "CVE-1", advisory: "GO-1", ranges: before("1.2.0"), imports: imports},
		says{ns: "Go", pkg: "example.com/m", vuln: "CVE-2", ranges: before("1.2.0")})
	functions := func(names ...string) *inventory.Symbols {
		return inventory.NewSymbols(func(yield func([]byte) bool) {
			for _, n := range names {
				if !yield([]byte(n)) {
					return
				}
			}
		})
	}
	for name, tt := range map[string]struct {
		symbols *inventory.Symbols
		want    finding.LinkState
		listed  []string
	}{
		"a method":          {functions("main.main", "example.com/m/x.(*T).Do"), finding.LinkedIn, []string{"example.com/m/x.T.Do"}},
		"a whole package":   {functions("example.com/m/y.Any"), finding.LinkedIn, []string{"example.com/m/y"}},
		"others of the two": {functions("main.main", "example.com/m/x.Format", "example.com/m/xy.Parse"), finding.NotLinked, []string{"example.com/m/x.Parse", "example.com/m/x.T.Do", "example.com/m/y"}},
		"two binaries":      {inventory.Together(functions("main.main"), functions("example.com/m/x.Parse")), finding.LinkedIn, []string{"example.com/m/x.Parse"}},
		"two without":       {inventory.Together(functions("main.main"), functions("main.other")), finding.NotLinked, []string{"example.com/m/x.Parse", "example.com/m/x.T.Do", "example.com/m/y"}},
		"one is not known":  {inventory.Together(functions("main.main"), inventory.NoSymbols("stripped")), finding.CannotTell, nil},
		"one knows enough":  {inventory.Together(inventory.NoSymbols("stripped"), functions("example.com/m/y.Any")), finding.LinkedIn, []string{"example.com/m/y"}},
		"no function table": {inventory.NoSymbols("stripped"), finding.CannotTell, nil},
		"not a binary":      {nil, "", nil},
	} {
		p := of(purl.Go, "example.com/m", "v1.0.0")
		p.Symbols = tt.symbols
		out := run(t, db, &inventory.Inventory{Packages: []inventory.Package{p}})
		if len(out.Findings) != 2 || out.Findings[1].Linked != nil {
			t.Fatalf("%s: %+v", name, out.Findings)
		}
		switch l := out.Findings[0].Linked; {
		case l == nil && tt.want == "":
		case l == nil || l.State != tt.want || !slices.Equal(l.Symbols, tt.listed):
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestFixSaysHowFarAndWhatIsLeft(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, rated{"CVE-1": vuln.High, "CVE-2": vuln.Low, "CVE-3": vuln.Medium, "CVE-9": vuln.Critical},
		says{ns: "npm", pkg: "a", vuln: "CVE-1", ranges: []vuln.Range{between("0", "1.2.9"), between("1.3.0", "1.3.4"), between("2.0.0", "2.0.1")}},
		says{ns: "npm", pkg: "a", vuln: "CVE-2", ranges: []vuln.Range{{Introduced: "0"}}}, // without a fix
		says{ns: "npm", pkg: "a", vuln: "CVE-3", ranges: []vuln.Range{between("1.3.2", "1.3.5")}},
		says{ns: "npm", pkg: "a", vuln: "CVE-9", ranges: []vuln.Range{between("1.2.9", "1.3.1")}}) // new in the nearest fix
	for installed, want := range map[string]struct {
		to   string
		step finding.Step
		left []string
	}{
		"1.2.3": {"1.3.4", finding.Minor, []string{"CVE-3", "CVE-2"}}, // 1.2.9 would bring a critical one
		"1.3.1": {"1.3.4", finding.Patch, []string{"CVE-3", "CVE-2"}},
		"2.0.0": {"2.0.1", finding.Patch, []string{"CVE-2"}},
		"0.9.0": {"1.3.4", finding.Major, []string{"CVE-3", "CVE-2"}},
	} {
		out := run(t, db, &inventory.Inventory{Packages: []inventory.Package{of(purl.NPM, "a", installed)}})
		f := out.Fixes[0]
		if f.SuggestedVersion != want.to || f.Step != want.step || !slices.Equal(f.Left, want.left) {
			t.Errorf("%s: %s %s, left %v", installed, f.SuggestedVersion, f.Step, f.Left)
		}
	}
}

func TestExplainOwnedPackage(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, nil,
		says{ns: "PyPI", pkg: "urllib3", vuln: "CVE-1", feed: "osv/PyPI", ranges: before("1.26.18")},
		says{ns: "Debian:12", pkg: "python-urllib3", vuln: "CVE-1", feed: "osv/Debian", ranges: before("1.26.12-1+deb12u1")})
	owner := deb("python3-urllib3", "1.26.12-1+deb12u1", "python-urllib3", "")
	p := of(purl.PyPI, "urllib3", "1.26.12")
	p.Owner = &inventory.Owner{Name: owner.Name, PURL: owner.PURL}
	tr, err := match.Explain(t.Context(), db, debian12(owner, p), p, []vulndb.Ordinal{0})
	if err != nil {
		t.Fatal(err)
	}
	if tr.Outcome != match.TraceSuppressed || len(tr.Rows) != 2 || tr.Rows[0].Believed || tr.Rows[1].Feed != "osv/Debian" || !tr.Rows[1].Believed || len(tr.Looked) != 2 {
		t.Errorf("%+v", tr)
	}
}

// TestFixLooksPastWhatItBrings: the nearest fix brings a new high, and the fix of that is in no finding of the package.
func TestFixLooksPastWhatItBrings(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, rated{"CVE-1": vuln.High, "CVE-2": vuln.High, "CVE-3": vuln.Critical},
		says{ns: "npm", pkg: "a", vuln: "CVE-1", ranges: before("4.2.16")},
		says{ns: "npm", pkg: "a", vuln: "CVE-2", ranges: []vuln.Range{between("4.2.0", "4.2.17")}},
		says{ns: "npm", pkg: "a", vuln: "CVE-3", ranges: []vuln.Range{between("4.2.17", "4.2.18")}})
	out := run(t, db, &inventory.Inventory{Packages: []inventory.Package{of(purl.NPM, "a", "3.2.12")}})
	if f := out.Fixes[0]; f.SuggestedVersion != "4.2.18" || f.Remains.Total() != 0 || f.Left != nil {
		t.Errorf("%s leaves %v", f.SuggestedVersion, f.Left)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, nil,
		says{ns: "Debian:12", pkg: "openssl", vuln: "CVE-1", feed: "osv/Debian", ranges: before("3.0.15-1")},
		says{ns: "Debian:12", pkg: "openssl", vuln: "CVE-1", advisory: "DSA-1", feed: "osv/Debian", bundle: true, ranges: before("3.0.99-1")},
		says{ns: "Debian:12", pkg: "openssl", vuln: "CVE-2", feed: "osv/Debian", status: vuln.StatusNotAffected},
		says{ns: "Debian:12", pkg: "openssl", vuln: "CVE-2", advisory: "DSA-1", feed: "osv/Debian", bundle: true, ranges: before("3.0.99-1")},
		says{ns: "Debian:12", pkg: "other", vuln: "CVE-3", ranges: before("1")})
	explain := func(p inventory.Package, inv *inventory.Inventory, id string) *match.Trace {
		tr, err := match.Explain(t.Context(), db, inv, p, []vulndb.Ordinal{db.ordinals[id]})
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	old, fixed := deb("libssl3", "3.0.11-1", "openssl", ""), deb("libssl3", "3.0.15-1", "openssl", "")

	tr := explain(old, debian12(), "CVE-1")
	if tr.Outcome != match.TraceAffected || len(tr.Rows) != 2 || !tr.Rows[0].Believed || tr.Rows[1].Believed || tr.Rows[1].Unbelieve == "" {
		t.Errorf("affected: %+v", tr)
	}
	if got := strings.Join(tr.Rows[0].Compared, "; "); got != "3.0.11-1 < 3.0.15-1 (fixed)" {
		t.Errorf("compared %q", got)
	}
	if got := tr.Looked[0]; got.Kind != "source package" || got.Name != "openssl" || got.Rows != 4 || !got.Known {
		t.Errorf("looked %+v", got)
	}
	for _, tt := range []struct {
		p    inventory.Package
		inv  *inventory.Inventory
		id   string
		want match.TraceOutcome
	}{
		{fixed, debian12(), "CVE-1", match.TraceSuppressed}, // the notice says otherwise, and does not count
		{old, debian12(), "CVE-2", match.TraceSuppressed},
		{old, debian12(), "CVE-3", match.TraceUnlisted},
		{deb("zlib", "1", "", ""), debian12(), "CVE-1", match.TraceUnlisted},
		{deb("libssl3", "3.1", "openssl", ""), debian12(), "CVE-2", match.TraceNotAffected},
		{deb("libssl3", "3.1", "openssl", ""), debian12(), "CVE-3", match.TraceUnlisted},
		{deb("libssl3", "3.1", "openssl", ""), debian12(), "CVE-1", match.TraceFixed},
		{old, &inventory.Inventory{}, "CVE-1", match.TraceUnmatched},
		{deb("libssl3", "", "openssl", ""), debian12(), "CVE-1", match.TraceNotCompared},
	} {
		if tr := explain(tt.p, tt.inv, tt.id); tr.Outcome != tt.want || tr.Rule == "" {
			t.Errorf("%s %s %s: %s, %s", tt.p.Name, tt.p.Version, tt.id, tr.Outcome, tr.Rule)
		}
	}
}

// TestExplainTakenBack: advisories of a withdrawn record are no longer in the database, which is not to say that none named the package.
func TestExplainTakenBack(t *testing.T) {
	t.Parallel()
	for state, want := range map[vuln.State]string{
		vuln.Withdrawn: "its record is withdrawn (by osv/npm), and no advisory that still stands speaks of the package in npm",
		vuln.Rejected:  "its record is rejected (by osv/npm), and no advisory that still stands speaks of the package in npm",
		vuln.Disputed:  "no advisory of the vulnerability speaks of the package in npm",
		"":             "no advisory of the vulnerability speaks of the package in npm",
	} {
		db := newWorld(nil, nil,
			says{ns: "npm", pkg: "lodash", vuln: "CVE-1", ranges: before("4.17.12")},
			says{ns: "npm", pkg: "other", vuln: "CVE-2", ranges: before("1.0.0")})
		db.records[db.ordinals["CVE-2"]].State, db.records[db.ordinals["CVE-2"]].StateFeed = state, "osv/npm"
		p := of(purl.NPM, "lodash", "4.17.21")
		tr, err := match.Explain(t.Context(), db, &inventory.Inventory{}, p, []vulndb.Ordinal{db.ordinals["CVE-2"]})
		if err != nil {
			t.Fatal(err)
		}
		if tr.Outcome != match.TraceUnlisted || tr.Rule != want {
			t.Errorf("%s: %s, %q", state, tr.Outcome, tr.Rule)
		}
	}
}

// TestUnorderedEnd: an advisory whose fix has no order in PyPI still tells of versions up to the one that its range begins with.
func TestUnorderedEnd(t *testing.T) {
	t.Parallel()
	db := newWorld(nil, nil,
		says{ns: "PyPI", pkg: "neutron", vuln: "CVE-1", ranges: []vuln.Range{between("8.0.0", "8.3.0-11.1")}},
		says{ns: "PyPI", pkg: "neutron", vuln: "CVE-2", ranges: []vuln.Range{between("1.0.0-11.1", "8.0.0")}},
		says{ns: "PyPI", pkg: "neutron", vuln: "CVE-3", ranges: []vuln.Range{between("8.0.0", "8.0.1")}})
	open := func(end string) string {
		return `"` + end + `", which an advisory names, has no order in PyPI, so that the version could not be compared with it`
	}
	for _, tt := range []struct {
		version, id string
		want        match.TraceOutcome
		rule        string // empty: not looked at
	}{
		{"7.9.9", "CVE-1", match.TraceFixed, ""},
		{"8.0.0", "CVE-1", match.TraceAffected, ""},
		{"8.0", "CVE-1", match.TraceAffected, ""},
		{"8.0.1", "CVE-1", match.TraceNotCompared, open("8.3.0-11.1")},
		{"master@1", "CVE-1", match.TraceNotCompared, "the version has no order in its ecosystem, so that it could not be compared; only lists of versions were looked at"},
		{"8.0.0", "CVE-2", match.TraceFixed, ""},
		{"7.9.9", "CVE-2", match.TraceNotCompared, open("1.0.0-11.1")},
	} {
		p := of(purl.PyPI, "neutron", tt.version)
		tr, err := match.Explain(t.Context(), db, &inventory.Inventory{}, p, []vulndb.Ordinal{db.ordinals[tt.id]})
		if err != nil {
			t.Fatal(err)
		}
		if tr.Outcome != tt.want || tt.rule != "" && tr.Rule != tt.rule {
			t.Errorf("%s %s: %s, %q", tt.version, tt.id, tr.Outcome, tr.Rule)
		}
	}
	// The fix of the other finding is not known to end this one.
	out := run(t, db, &inventory.Inventory{Packages: []inventory.Package{of(purl.PyPI, "neutron", "8.0.0")}})
	if got := told(out.Findings); !slices.Equal(got, []string{"neutron 8.0.0 CVE-1", "neutron 8.0.0 CVE-3 -> 8.0.1"}) {
		t.Errorf("found %q", got)
	}
	if f := out.Fixes[0]; f.SuggestedVersion != "8.0.1" || f.Clears.Total() != 1 || !slices.Equal(f.Left, []string{"CVE-1"}) {
		t.Errorf("%s clears %d and leaves %v", f.SuggestedVersion, f.Clears.Total(), f.Left)
	}
}
