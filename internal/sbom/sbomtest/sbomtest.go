// Package sbomtest makes results of scans for the tests of those who write results: one that has everything, the
// hostile included, and one of any size. They are made in code, the same each time.
package sbomtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Hostile is a name that clears the screen, colours, turns the direction of writing, sets a title, breaks lines, and
// ends HTML and Markdown.
const Hostile = "evil\x1b[2J\x1b[31m\u202egpj.exe\u202c\u009b5m\x1b]0;owned\x07\nnew line\r</script>|`[x](javascript:1)"

// Long is a hostile name of more than 10,000 characters.
func Long() string { return Hostile + strings.Repeat("A", 10_000) }

func date(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

func digest(n int) string { return fmt.Sprintf("sha256:%064x", n) }

// image is the artifact of both results.
func image() artifact.Artifact {
	created := date(2026, 11, 1)
	return artifact.Artifact{
		Kind: artifact.Image, Name: "registry.example.com/shop/api:1.4", Format: "registry",
		Reference: "registry.example.com/shop/api:1.4", Digest: digest(0xabcdef), ImageID: digest(0xfedcba),
		MediaType: "application/vnd.oci.image.manifest.v1+json", Platform: "linux/amd64",
		RepoTags: []string{"shop/api:1.4"}, RepoDigests: []string{"shop/api@" + digest(0xabcdef)},
		Config: &artifact.Config{
			Created: &created, Author: "shop", OS: "linux", Architecture: "arm64", Variant: "v8", User: "app", Env: []string{"PATH=/usr/bin"},
			Entrypoint: []string{"/app/run"}, Cmd: []string{"serve"}, WorkingDir: "/app", Labels: map[string]string{"b": "2", "a": "1"},
			ExposedPorts: []string{"8080/tcp"}, Volumes: []string{"/data"}, StopSignal: "SIGTERM",
			Healthcheck: []byte(`{"Test":["CMD","true"]}`),
			History:     []artifact.History{{Created: &created, CreatedBy: "ADD rootfs /", Author: "a", Comment: "c", EmptyLayer: true}},
		},
		Layers: []artifact.Layer{
			{Index: 0, DiffID: digest(1), Digest: digest(101), Size: 29_000_000, MediaType: "application/vnd.oci.image.layer.v1.tar+gzip", CreatedBy: "ADD rootfs /"},
			{Index: 1, DiffID: digest(2), Digest: digest(102), Size: 5_000_000, CreatedBy: "RUN apt-get install -y curl python3"},
			{Index: 2, DiffID: digest(3), Digest: digest(103), Size: 9_000_000, CreatedBy: "COPY app /app"},
		},
	}
}

func debian() *inventory.Distro {
	return &inventory.Distro{
		ID: "debian", VersionID: "12", Codename: "bookworm", PrettyName: "Debian GNU/Linux 12 (bookworm)", Namespace: "Debian:12",
		EndOfLife: &inventory.EndOfLife{Standard: date(2026, 6, 10), Extended: date(2028, 6, 30), Program: "LTS"},
	}
}

// Result has every field of a result set somewhere, and the hostile string wherever an artifact or a feed could put one.
func Result(hostile string) *finding.Result {
	a := image()
	layer := func(i int) *artifact.LayerRef { return a.Layers[i].Ref() }
	distro := debian()
	deb := func(name, version, arch, source, sourceVersion string, in int, licenses ...string) inventory.Package {
		p := inventory.Package{
			Name: name, Version: version, Ecosystem: purl.Debian, Arch: arch, Licenses: licenses, Layer: layer(in),
			Source:   &inventory.Source{Name: source, Version: sourceVersion},
			Evidence: []inventory.Evidence{{Path: "var/lib/dpkg/status", Extractor: "dpkg", Layer: layer(in)}},
		}
		distro.Refine(&p)
		return p
	}
	lang := func(e purl.Ecosystem, name, version, extractor string, in int, paths ...string) inventory.Package {
		p := inventory.Package{Name: name, Version: version, Ecosystem: e, PURL: purl.Make(e, "", name, version, nil, ""), Layer: layer(in)}
		for _, path := range paths {
			p.Evidence = append(p.Evidence, inventory.Evidence{Path: path, Extractor: extractor, Layer: layer(in)})
		}
		return p
	}
	openssl := deb("libssl3", "3.0.11-1~deb12u2", "amd64", "openssl", "3.0.11-1~deb12u2", 0, "Apache-2.0", "Artistic", "GPL-1+ or Artistic")
	openssl.Ships = inventory.ShipsHeaders
	libc := deb("libc6", "2.36-9+deb12u4", "amd64", "glibc", "2.36-9+deb12u4", 0, "LGPL-2.1-only OR GPL-2.0-or-later WITH GCC-exception-2.0")
	perl := deb("perl-base", "1:5.36.0-7+deb12u1", "amd64", "perl", "1:5.36.0-7+deb12u1", 0)
	requests := lang(purl.PyPI, "requests", "2.28.1", "python", 1, "usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO")
	requests.Owner = &inventory.Owner{Name: "python3-requests", PURL: "pkg:deb/debian/python3-requests@2.28.1%2Bdfsg-1?arch=all&distro=debian-12", Path: "usr/lib/python3/dist-packages/requests-2.28.1.egg-info/PKG-INFO"}
	requests.Licenses = []string{"Apache 2.0"}
	babel := lang(purl.NPM, "@babel/traverse", "7.22.0", "npm", 2, "app/node_modules/@babel/traverse/package.json", "app/tools/node_modules/@babel/traverse/package.json")
	babel.Licenses = []string{"MIT"}
	log4j := lang(purl.Maven, "org.apache.logging.log4j:log4j-core", "2.14.1", "jar", 2, "app/lib/log4j-core-2.14.1.jar")
	log4j.Licenses = []string{"(Apache-2.0 OR MIT)", "BSD-3-Clause AND MIT"}
	stdlib := lang(purl.Go, "stdlib", "1.21.0", "go", 2, "app/run")
	module := lang(purl.Go, "github.com/BurntSushi/toml", "v1.2.0", "go", 2, "app/run")
	ms := lang(purl.NPM, "ms", "2.0.0", "npm", 2, "app/node_modules/ms/package.json")
	msAgain := lang(purl.NPM, "ms", "2.0.0", "npm", 1, "opt/tool/node_modules/ms/package.json") // the same package twice
	evil := lang(purl.NPM, hostile, "1.0.0-"+strings.Repeat("v", 2000), "npm", 2, "app/node_modules/"+hostile+"/package.json")
	evil.Licenses = []string{hostile, "SEE LICENSE IN <file>"}
	nginx := lang(purl.Upstream, "nginx", "1.25.3", "upstream", 2, "usr/local/sbin/nginx")
	nginx.Unpackaged, nginx.Vendor, nginx.License = true, "somebody", "BSD-2-Clause"
	nginx.Module, nginx.ModuleBuild = "nginx:1.25", "9050020250130114516:rhel9"
	nginx.Licenses = []string{"2-clause BSD"}
	nginx.Evidence[0].Detail = `the version string "nginx/1.25.3"`
	removed := lang(purl.NPM, "left-pad", "1.0.0", "npm", 1, "tmp/node_modules/left-pad/package.json")
	removed.RemovedIn = layer(2)

	r := &finding.Result{
		SchemaVersion: finding.SchemaVersion,
		Artifact:      a,
		Distro:        distro,
		Database: vuln.Database{
			Version: 1, Checksum: digest(77), AsOf: date(2026, 11, 20),
			Feeds: []vuln.FeedInfo{
				{Name: "osv/Debian", AsOf: date(2026, 11, 20), Advisories: 40_000, License: "MIT", URL: "https://osv.dev", Skipped: 2},
				{Name: "nvd", AsOf: date(2026, 11, 19), Advisories: 250_000},
			},
		},
		Packages:        []inventory.Package{openssl, libc, perl, requests, babel, log4j, stdlib, module, ms, msAgain, evil, nginx},
		RemovedPackages: []inventory.Package{removed},
		Incomplete: []artifact.Incomplete{
			{Path: "app/huge.jar", Layer: layer(2), Reason: artifact.FileTooLarge, Detail: "300 MiB, limit 128 MiB"},
			{Path: "app/" + hostile, Layer: layer(2), Reason: artifact.Unparsable, Detail: hostile},
			{Path: "app/bad.json", Layer: layer(2), Reason: artifact.Unparsable, Detail: "unexpected end of JSON input"},
			{Reason: artifact.TimeLimit, Detail: "10m0s"},
		},
		Run: finding.Run{
			StartedAt: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), DurationMS: 1234, Scanner: "v1.2.3",
			DatabasePath: "/var/cache/sightline/db", DatabaseAge: "3d", DatabaseStale: true,
			DatabaseFeed: "osv/Debian", DatabaseUnverified: true,
		},
	}
	r.RemovedPackages[0].Stated = true
	inv := inventory.Inventory{Packages: r.Packages, Removed: r.RemovedPackages, Incomplete: r.Incomplete}
	inv.Sort()

	log4shell := &vuln.Vulnerability{
		ID: "CVE-2021-44228", Aliases: []string{"GHSA-jfh8-c2jp-5v3q"}, Title: "Log4Shell: remote code execution through JNDI lookups",
		Severity: vuln.Critical, SeveritySource: "nvd",
		Ratings: []vuln.Rating{
			{Feed: "nvd", Source: "nvd@nist.gov", Severity: vuln.Critical, Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Score: 10},
			{Feed: "nvd", Source: "nvd@nist.gov", Severity: vuln.High, Version: "2.0", Vector: "AV:N/AC:M/Au:N/C:C/I:C/A:C", Score: 9.3},
			{Feed: "osv/Maven", Severity: vuln.Critical},
		},
		Weaknesses: []string{"CWE-20", "CWE-502", "CWE-917"},
		Dates: []vuln.Date{
			{Kind: vuln.Disclosed, At: date(2021, 12, 10), Feed: "nvd"},
			{Kind: vuln.Modified, At: date(2025, 2, 4), Feed: "nvd"},
			{Kind: vuln.FixPublished, At: date(2021, 12, 10), Feed: "osv/Maven", Subject: "org.apache.logging.log4j:log4j-core"},
		},
		KEV:  &vuln.KEV{Added: date(2021, 12, 10), Due: date(2021, 12, 24), Ransomware: true, Name: "Apache Log4j2", RequiredAction: "Apply updates."},
		EPSS: &vuln.EPSS{Score: 0.94358, Percentile: 0.99959, At: date(2026, 11, 20)},
		Exploits: []vuln.Exploit{
			{Feed: "exploit-db", ID: "EDB-50592", URL: "https://www.exploit-db.com/exploits/50592", Title: "Log4j RCE", Published: date(2021, 12, 14), Verified: true, Type: "remote"},
			{Feed: "metasploit", ID: "exploit/multi/http/log4shell_header_injection", Disclosed: date(2021, 12, 9), Verified: true, Type: "exploit"},
			{Feed: "poc-in-github", ID: "example/log4shell", Published: date(2019, 5, 1), Predates: true, Type: vuln.Repository},
		},
		Feeds: []string{"nvd", "osv/Maven"}, Joins: []vuln.Join{{ID: "GHSA-jfh8-c2jp-5v3q", Feed: "osv/Maven", Why: "names CVE-2021-44228 as its alias"}},
		SeverityRule: vuln.RuleNVD, State: vuln.Disputed, StateFeed: "nvd", Malicious: true,
		Sightings: []vuln.Sighting{{Feed: "inthewild", At: date(2021, 12, 11), URL: "https://example.com/seen"}},
		SSVC:      &vuln.SSVC{Exploitation: "active", Automatable: "yes", Impact: "total", At: date(2024, 1, 2)},
		Details:   "Details are kept where the scan asks for them.", References: []vuln.Reference{{Type: "web", URL: "https://logging.apache.org/log4j/2.x/security.html"}},
	}
	punycode := &vuln.Vulnerability{
		ID: "CVE-2023-0464", Aliases: []string{"DSA-5417-1"}, Title: "openssl: denial of service by verifying policy trees", Severity: vuln.High, SeveritySource: "nvd",
		Ratings: []vuln.Rating{{Feed: "nvd", Source: "nvd@nist.gov", Severity: vuln.High, Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", Score: 7.5}},
		EPSS:    &vuln.EPSS{Score: 0.0004, Percentile: 0.1, At: date(2026, 11, 20)}, Feeds: []string{"nvd", "osv/Debian"},
	}
	glibc := &vuln.Vulnerability{
		ID: "CVE-2023-4911", Aliases: []string{}, Title: "Looney Tunables", Severity: vuln.High, SeveritySource: "nvd",
		Exploits: []vuln.Exploit{{Feed: "exploit-db", ID: "EDB-52479"}},
	}
	old := &vuln.Vulnerability{ID: "CVE-2011-4116", Aliases: []string{}, Title: "File::Temp is unsafe", Severity: vuln.High, SeveritySource: "nvd"}
	traverse := &vuln.Vulnerability{
		ID: "GHSA-67hx-6x53-jw92", Aliases: []string{"CVE-2023-45133"}, Title: "Babel runs code of what it compiles", Severity: vuln.Critical, SeveritySource: "osv/npm",
		Ratings: []vuln.Rating{{Feed: "osv/npm", Severity: vuln.Critical, Version: "4.0", Vector: "CVSS:4.0/AV:L/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", Score: 9.4}},
	}
	hostileVuln := &vuln.Vulnerability{
		ID: "X-" + hostile, Aliases: []string{hostile}, Title: hostile, Severity: vuln.Unknown,
		Weaknesses: []string{"CWE-none"}, Ratings: []vuln.Rating{{Feed: hostile, Severity: vuln.Unknown, Version: "9.9", Vector: hostile, Score: 3}},
	}

	add := func(p inventory.Package, v *vuln.Vulnerability, s vuln.Severity, source string, status vuln.Status, fixed string, m finding.Match) {
		r.Findings = append(r.Findings, finding.Finding{
			Package: short(&p), Vulnerability: v, Severity: s, SeveritySource: source, Status: status, FixedVersion: fixed, Matches: []finding.Match{m}, Layer: p.Layer, Kind: finding.Vulnerable,
		})
	}
	dsa := func(id, name, fixed string) finding.Match {
		return finding.Match{Advisory: id, Feed: "osv/Debian", Namespace: "Debian:12", Name: name, Range: &vuln.Range{Introduced: "0", Fixed: fixed}}
	}
	add(libc, glibc, vuln.High, "osv/Debian", vuln.StatusAffected, "2.36-9+deb12u5", dsa("DSA-5514-1", "glibc", "2.36-9+deb12u5"))
	add(openssl, punycode, vuln.Low, "osv/Debian", vuln.StatusAffected, "3.0.15-1~deb12u1", dsa("DSA-5417-1", "openssl", "3.0.15-1~deb12u1"))
	add(perl, old, vuln.Negligible, "osv/Debian", vuln.StatusWontFix, "", finding.Match{Advisory: "CVE-2011-4116", Feed: "osv/Debian", Namespace: "Debian:12", Name: "perl", Listed: true})
	add(log4j, log4shell, vuln.Critical, "nvd", vuln.StatusAffected, "2.15.0", finding.Match{Advisory: "GHSA-jfh8-c2jp-5v3q", Feed: "osv/Maven", Namespace: "Maven", Name: "org.apache.logging.log4j:log4j-core", Range: &vuln.Range{Introduced: "2.13.0", Fixed: "2.15.0"}})
	r.Findings[len(r.Findings)-1].FixPublished = date(2021, 12, 10)
	r.Findings[len(r.Findings)-1].Linked = &finding.Linked{State: finding.CannotTell, Symbols: []string{"a.B"}, Detail: "the binary has no function table"}
	add(babel, traverse, vuln.Critical, "osv/npm", vuln.StatusAffected, "7.23.2", finding.Match{Advisory: "GHSA-67hx-6x53-jw92", Feed: "osv/npm", Namespace: "npm", Name: "@babel/traverse", Range: &vuln.Range{LastAffected: "7.23.1", Limit: ""}})
	redos := &vuln.Vulnerability{ID: "GHSA-w9mr-4mfr-499f", Aliases: []string{"CVE-2017-20162"}, Title: "ms: slow regular expression", Severity: vuln.Medium, SeveritySource: "osv/npm"}
	for _, p := range []inventory.Package{ms, msAgain} {
		add(p, redos, vuln.Medium, "osv/npm", vuln.StatusAffected, "", finding.Match{Advisory: "GHSA-w9mr-4mfr-499f", Feed: "osv/npm", Namespace: "npm", Name: "ms", Range: &vuln.Range{}})
	}
	add(evil, hostileVuln, vuln.Unknown, "", vuln.StatusAffected, hostile, finding.Match{Advisory: hostile, Feed: "osv/npm", Namespace: "npm", Name: hostile, Range: &vuln.Range{Limit: "9"}})
	fix := func(p inventory.Package, to string, exploit bool, clears, remains finding.Counts) {
		r.Fixes = append(r.Fixes, finding.Fix{Package: short(&p), SuggestedVersion: to, Clears: clears, Remains: remains, Exploit: exploit, Layer: p.Layer})
	}
	fix(log4j, "2.15.0", true, finding.Counts{Critical: 1}, finding.Counts{})
	fix(babel, "7.23.2", false, finding.Counts{Critical: 1}, finding.Counts{})
	fix(libc, "2.36-9+deb12u5", true, finding.Counts{High: 1}, finding.Counts{Low: 1})
	fix(openssl, "3.0.15-1~deb12u1", false, finding.Counts{Low: 1}, finding.Counts{})
	fix(evil, hostile, false, finding.Counts{Unknown: 1}, finding.Counts{})
	r.Fixes[3].OfSource, r.Fixes[0].OtherFlavor = true, true
	r.Fixes[0].Step, r.Fixes[0].Left = finding.Minor, []string{"CVE-2021-45046"}
	r.Suppressed = []finding.Suppressed{
		{Package: short(&requests), Vulnerability: "CVE-2023-32681", Reason: "owned_by_os_package", Detail: "python3-requests owns the files; Debian says fixed"},
		{Package: short(&evil), Vulnerability: hostile, Reason: "distro_not_affected", Detail: hostile},
		{Package: short(&nginx), Vulnerability: "CVE-2023-44487", Reason: finding.VEX, Detail: "shop.vex.json says not affected", Severity: vuln.High, Statement: &finding.Statement{
			Document: "shop.vex.json", Author: "shop", Status: "not_affected", Justification: "vulnerable_code_not_present", Impact: "HTTP/2 is off", Product: "pkg:generic/nginx", At: date(2026, 11, 2),
		}},
	}
	r.Summarize()
	return r
}

func short(p *inventory.Package) finding.Package {
	s := finding.Package{Name: p.Name, Version: p.Version, Ecosystem: p.Ecosystem, PURL: p.PURL, Source: p.Source}
	for _, e := range p.Evidence {
		s.Paths = append(s.Paths, e.Path)
	}
	return s
}

// Large has n findings in n/5 packages, with titles and ratings as feeds have them.
func Large(n int) *finding.Result {
	a := image()
	distro := debian()
	r := &finding.Result{
		SchemaVersion: finding.SchemaVersion, Artifact: a, Distro: distro,
		Database: vuln.Database{Version: 1, AsOf: date(2026, 11, 22), Feeds: []vuln.FeedInfo{{Name: "osv/Debian", AsOf: date(2026, 11, 22), Advisories: 1}}},
		Run:      finding.Run{StartedAt: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), DurationMS: 800, Scanner: "1.2.3"},
	}
	severities := vuln.Severities()
	for i := range n / 5 {
		p := inventory.Package{
			Name: fmt.Sprintf("lib-package-%d", i), Version: fmt.Sprintf("1.%d.0-%d+deb12u1", i%50, i%7), Ecosystem: purl.Debian, Arch: "amd64",
			Source: &inventory.Source{Name: fmt.Sprintf("package-%d", i/3), Version: fmt.Sprintf("1.%d.0-%d+deb12u1", i%50, i%7)}, Layer: a.Layers[i%3].Ref(),
			Licenses: []string{"GPL-2.0-or-later", "MIT"},
			Evidence: []inventory.Evidence{{Path: "var/lib/dpkg/status", Extractor: "dpkg", Layer: a.Layers[i%3].Ref()}},
		}
		distro.Refine(&p)
		r.Packages = append(r.Packages, p)
		fix := finding.Fix{Package: short(&p), SuggestedVersion: p.Version + ".1", Layer: p.Layer}
		for j := range 5 {
			s := severities[(i+j)%len(severities)]
			v := &vuln.Vulnerability{
				ID: fmt.Sprintf("CVE-2024-%05d", i*5+j), Aliases: []string{fmt.Sprintf("DSA-%d-1", i*5+j)}, Severity: s, SeveritySource: "nvd",
				Title:   "A flaw was found in the way the library handles crafted input, which may lead to a crash",
				Ratings: []vuln.Rating{{Feed: "nvd", Source: "nvd@nist.gov", Severity: s, Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 9.8}},
				EPSS:    &vuln.EPSS{Score: float64(j) / 100, Percentile: 0.5, At: date(2026, 11, 22)}, Feeds: []string{"nvd", "osv/Debian"},
			}
			*fix.Clears.Of(s)++
			r.Findings = append(r.Findings, finding.Finding{
				Package: short(&p), Vulnerability: v, Severity: s, SeveritySource: "nvd", FixedVersion: fix.SuggestedVersion, Layer: p.Layer, Kind: finding.Vulnerable,
				Matches: []finding.Match{{Advisory: v.Aliases[0], Feed: "osv/Debian", Namespace: "Debian:12", Name: p.Source.Name, Range: &vuln.Range{Introduced: "0", Fixed: fix.SuggestedVersion}}},
			})
		}
		r.Fixes = append(r.Fixes, fix)
	}
	inv := inventory.Inventory{Packages: r.Packages}
	inv.Sort()
	r.Summarize()
	return r
}
