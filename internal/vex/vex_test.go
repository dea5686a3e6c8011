package vex_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/sbom/sbomtest"
	"github.com/sightline-sec/sightline/internal/vex"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func read(t testing.TB, s string) *vex.Document {
	t.Helper()
	d, err := vex.Read([]byte(s), "doc.json")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func openVEX(statements string) string {
	return `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.com/vex-1","author":"shop","timestamp":"2026-01-02T03:04:05Z","version":1,"statements":[` + statements + `]}`
}

const digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

var shop = artifact.Artifact{
	Kind: artifact.Image, Name: "registry.example.com/shop/api:1.4", Reference: "registry.example.com/shop/api:1.4", Digest: digest,
	RepoTags: []string{"nginx:1.25"},
}

func TestAStatementHoldsForWhatItNames(t *testing.T) {
	t.Parallel()
	debian := &inventory.Distro{ID: "debian", VersionID: "12", Namespace: "Debian:12"}
	for name, tt := range map[string]struct {
		products string // of OpenVEX
		want     bool
	}{
		"the package in its version":           {`{"@id":"pkg:deb/debian/libssl3@3.0.11-1"}`, true},
		"the package in any version":           {`{"@id":"pkg:deb/debian/libssl3"}`, true},
		"with a qualifier that it has":         {`{"@id":"pkg:deb/debian/libssl3?arch=amd64"}`, true},
		"with one that it has not":             {`{"@id":"pkg:deb/debian/libssl3?arch=arm64"}`, false},
		"another version":                      {`{"@id":"pkg:deb/debian/libssl3@3.0.12-1"}`, false},
		"another package":                      {`{"@id":"pkg:deb/debian/libssl"}`, false},
		"another distribution":                 {`{"@id":"pkg:deb/ubuntu/libssl3"}`, false},
		"the image by digest":                  {`{"@id":"pkg:oci/api@` + strings.Replace(digest, ":", "%3A", 1) + `"}`, true},
		"another image's digest":               {`{"@id":"pkg:oci/api@sha256%3A22"}`, false},
		"the image by repository and tag":      {`{"@id":"pkg:oci/api?repository_url=registry.example.com/shop/api&tag=1.4"}`, true},
		"another tag":                          {`{"@id":"pkg:oci/api?repository_url=registry.example.com/shop/api&tag=1.5"}`, false},
		"another repository":                   {`{"@id":"pkg:oci/api?repository_url=registry.example.com/other/api"}`, false},
		"the image by reference":               {`{"@id":"docker.io/library/nginx:1.25"}`, true},
		"the image by identifier":              {`{"@id":"https://example.com/x","identifiers":{"purl":"pkg:oci/api?tag=1.4"}}`, true},
		"the image by hash":                    {`{"@id":"x","hashes":{"sha-256":"` + digest[7:] + `"}}`, true},
		"the package in the image":             {`{"@id":"pkg:oci/api?tag=1.4","subcomponents":[{"@id":"pkg:deb/debian/libssl3"}]}`, true},
		"the package in another image":         {`{"@id":"pkg:oci/web?tag=1.4","subcomponents":[{"@id":"pkg:deb/debian/libssl3"}]}`, false},
		"another package in the image":         {`{"@id":"pkg:oci/api?tag=1.4","subcomponents":[{"@id":"pkg:deb/debian/zlib1g"}]}`, false},
		"a bare string, as older documents do": {`"pkg:deb/debian/libssl3"`, true},
		"something else":                       {`{"@id":"https://example.com/product"}`, false},
		"a broken purl":                        {`{"@id":"pkg:"}`, false},
	} {
		d := read(t, openVEX(`{"vulnerability":{"name":"CVE-2023-0464"},"products":[`+tt.products+`],"status":"not_affected","justification":"vulnerable_code_not_present"}`))
		p := &inventory.Package{Name: "libssl3", PURL: "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12"}
		s := vex.NewJudge([]*vex.Document{d}, &shop, debian, time.Time{}).Statement(p, &vuln.Vulnerability{ID: "CVE-2023-0464"})
		if got := vex.Suppresses(s); got != tt.want {
			t.Errorf("%s: %v, %+v", name, got, s)
		}
	}
}

func TestStatements(t *testing.T) {
	t.Parallel()
	p := &inventory.Package{Name: "a", PURL: "pkg:npm/a@1.0.0"}
	statement := func(id, status, at string) string {
		return `{"vulnerability":{"name":"` + id + `"},"products":["pkg:npm/a"],"status":"` + status + `","impact_statement":"never called","timestamp":"` + at + `"}`
	}
	for name, tt := range map[string]struct {
		doc, id string
		aliases []string
		want    string
	}{
		"by an alias":                      {statement("GHSA-1", "fixed", "2026-01-01T00:00:00Z"), "CVE-1", []string{"GHSA-1"}, "fixed"},
		"in another case":                  {statement("cve-1", "fixed", "2026-01-01T00:00:00Z"), "CVE-1", nil, "fixed"},
		"the newest counts":                {statement("CVE-1", "affected", "2026-03-01T00:00:00Z") + "," + statement("CVE-1", "not_affected", "2026-02-01T00:00:00Z"), "CVE-1", nil, "affected"},
		"of equal ones the last":           {statement("CVE-1", "not_affected", "2026-02-01T00:00:00Z") + "," + statement("CVE-1", "affected", "2026-02-01T00:00:00Z"), "CVE-1", nil, "affected"},
		"another vulnerability":            {statement("CVE-11", "fixed", "2026-01-01T00:00:00Z"), "CVE-1", nil, ""},
		"not known yet":                    {statement("CVE-1", "under_investigation", "2026-01-01T00:00:00Z"), "CVE-1", nil, "under_investigation"},
		"a status that nobody knows":       {statement("CVE-1", "whatever", "2026-01-01T00:00:00Z"), "CVE-1", nil, ""},
		"without a product it is for none": {`{"vulnerability":"CVE-1","status":"not_affected"}`, "CVE-1", nil, ""},
	} {
		d := read(t, openVEX(tt.doc))
		s := vex.NewJudge([]*vex.Document{d}, &shop, nil, time.Time{}).Statement(p, &vuln.Vulnerability{ID: tt.id, Aliases: tt.aliases})
		got := ""
		if s != nil {
			got = s.Status
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if suppresses := got == "fixed" || got == "not_affected"; vex.Suppresses(s) != suppresses {
			t.Errorf("%s: suppresses %v", name, !suppresses)
		}
		if s == nil && tt.want == "" && name != "another vulnerability" && len(d.Skipped) == 0 {
			t.Errorf("%s: skipped in silence", name)
		}
	}
}

const csaf = `{"document":{"category":"csaf_vex","csaf_version":"2.0","publisher":{"name":"Example PSIRT"},"tracking":{"id":"EX-1","current_release_date":"2026-01-02T00:00:00Z"}},
"product_tree":{"branches":[{"category":"vendor","name":"x","branches":[
 {"category":"product_name","name":"rhel 9","product":{"product_id":"rhel9","name":"RHEL 9","product_identification_helper":{"cpe":"cpe:/o:redhat:enterprise_linux:9::baseos"}}},
 {"category":"product_version","name":"openssl","product":{"product_id":"openssl","name":"openssl","product_identification_helper":{"purl":"pkg:rpm/redhat/openssl-libs"}}}]}],
 "full_product_names":[{"product_id":"js","name":"a","product_identification_helper":{"purl":"pkg:npm/a@1.0.0"}}],
 "product_groups":[{"group_id":"g","product_ids":["js"]}],
 "relationships":[{"category":"default_component_of","full_product_name":{"product_id":"rhel9:openssl","name":"openssl in RHEL 9"},"product_reference":"openssl","relates_to_product_reference":"rhel9"}]},
"vulnerabilities":[{"cve":"CVE-1","product_status":{"known_not_affected":["rhel9:openssl","js","gone"],"fixed":[]},
 "flags":[{"label":"vulnerable_code_not_present","group_ids":["g"]}],"threats":[{"category":"impact","details":"built without it","product_ids":["rhel9:openssl"]}]}]}`

func TestCSAF(t *testing.T) {
	t.Parallel()
	d := read(t, csaf)
	if d.Format != "csaf" || d.Author != "Example PSIRT" || d.ID != "EX-1" || len(d.Skipped) != 1 {
		t.Errorf("%+v", d)
	}
	rpm := &inventory.Package{Name: "openssl-libs", PURL: "pkg:rpm/redhat/openssl-libs@3.0.7-1.el9?arch=x86_64&distro=rhel-9.2"}
	v := &vuln.Vulnerability{ID: "CVE-1"}
	docs := []*vex.Document{d}
	on9 := vex.NewJudge(docs, &shop, &inventory.Distro{ID: "rhel", Namespace: "Red Hat:9"}, time.Time{}).Statement(rpm, v)
	if !vex.Suppresses(on9) || on9.Impact != "built without it" || on9.Justification != "" || on9.Author != "Example PSIRT" {
		t.Errorf("%+v", on9)
	}
	if s := vex.NewJudge(docs, &shop, &inventory.Distro{ID: "rhel", Namespace: "Red Hat:8"}, time.Time{}).Statement(rpm, v); s != nil {
		t.Errorf("it is about another release: %+v", s)
	}
	js := vex.NewJudge(docs, &shop, nil, time.Time{}).Statement(&inventory.Package{Name: "a", PURL: "pkg:npm/a@1.0.0"}, v)
	if !vex.Suppresses(js) || js.Justification != vex.CodeNotPresent {
		t.Errorf("%+v", js)
	}
}

func TestCycloneDX(t *testing.T) {
	t.Parallel()
	const doc = `{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","metadata":{"timestamp":"2026-01-02T00:00:00Z","component":{"type":"container","bom-ref":"image","name":"registry.example.com/shop/api","version":"1.4"}},
"components":[{"type":"library","bom-ref":"1","name":"a","purl":"pkg:npm/a@1.0.0","components":[{"type":"library","bom-ref":"2","name":"b","purl":"pkg:npm/b@1.0.0"}]}],
"vulnerabilities":[
 {"id":"CVE-1","analysis":{"state":"not_affected","justification":"code_not_reachable","detail":"never called"},"affects":[{"ref":"1"}]},
 {"id":"CVE-2","analysis":{"state":"resolved"},"affects":[{"ref":"urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#2"}]},
 {"id":"CVE-3","references":[{"id":"GHSA-3"}],"analysis":{"state":"false_positive"},"affects":[{"ref":"pkg:npm/c@1.0.0"}]},
 {"id":"CVE-4","analysis":{"state":"exploitable"},"affects":[{"ref":"1"}]},
 {"id":"CVE-5","affects":[{"ref":"1"}]},
 {"id":"CVE-6","analysis":{"state":"odd"},"affects":[{"ref":"1"}]}]}`
	d := read(t, doc)
	judge := vex.NewJudge([]*vex.Document{d}, &shop, nil, time.Time{})
	other := vex.NewJudge([]*vex.Document{d}, &artifact.Artifact{Name: "other"}, nil, time.Time{})
	ask := func(j *vex.Judge, purl, id string) string {
		s := j.Statement(&inventory.Package{PURL: purl}, &vuln.Vulnerability{ID: id})
		if s == nil {
			return ""
		}
		return s.Status + " " + s.Justification
	}
	for _, tt := range []struct{ purl, id, here, elsewhere string }{
		{"pkg:npm/a@1.0.0", "CVE-1", "not_affected vulnerable_code_not_in_execute_path", ""},
		{"pkg:npm/b@1.0.0", "CVE-1", "", ""},
		{"pkg:npm/b@1.0.0", "CVE-2", "fixed ", ""},
		{"pkg:npm/c@1.0.0", "GHSA-3", "not_affected ", ""}, // a purl that is not listed is in the product all the same
		{"pkg:npm/a@1.0.0", "CVE-4", "affected ", ""},
		{"pkg:npm/a@1.0.0", "CVE-5", "", ""},
		{"pkg:npm/a@1.0.0", "CVE-6", "", ""},
	} {
		if got := ask(judge, tt.purl, tt.id); got != tt.here {
			t.Errorf("%s %s: %q, want %q", tt.purl, tt.id, got, tt.here)
		}
		if got := ask(other, tt.purl, tt.id); got != tt.elsewhere {
			t.Errorf("%s %s in another image: %q, want %q", tt.purl, tt.id, got, tt.elsewhere)
		}
	}
	if len(d.Skipped) != 1 {
		t.Errorf("skipped %q", d.Skipped)
	}
}

// TestVersionsThatAreNotMeant: a document that lists versions speaks of those only, and ranges of versions are not read.
func TestVersionsThatAreNotMeant(t *testing.T) {
	t.Parallel()
	p := &inventory.Package{Name: "a", Version: "1.0.0", PURL: "pkg:npm/a@1.0.0"}
	cdx := func(versions string) string {
		return `{"bomFormat":"CycloneDX","vulnerabilities":[{"id":"CVE-1","analysis":{"state":"not_affected"},"affects":[{"ref":"pkg:npm/a","versions":[` + versions + `]}]}]}`
	}
	ranged := strings.NewReplacer("product_version", "product_version_range", "pkg:rpm/redhat/openssl-libs", "pkg:npm/a", `"rhel9:openssl","js","gone"`, `"openssl"`).Replace(csaf)
	for name, tt := range map[string]struct {
		doc  string
		want bool
	}{
		"unaffected":            {cdx(`{"version":"1.0.0","status":"unaffected"}`), true},
		"affected":              {cdx(`{"version":"1.0.0","status":"affected"}`), false},
		"another version":       {cdx(`{"version":"2.0.0","status":"unaffected"}`), false},
		"a range":               {cdx(`{"range":"vers:npm/>=0","status":"unaffected"}`), false},
		"no versions":           {cdx(``), true},
		"CSAF: a version range": {ranged, false},
		"CSAF: without a range": {strings.ReplaceAll(ranged, "product_version_range", "product_version"), true},
	} {
		s := vex.NewJudge([]*vex.Document{read(t, tt.doc)}, &shop, nil, time.Time{}).Statement(p, &vuln.Vulnerability{ID: "CVE-1"})
		if vex.Suppresses(s) != tt.want {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestNotVEX(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "{}", "[]", "null", `{"@context":"https://example.com"}`, `{"document":{}}`, "x", `{"@context":"https://openvex.dev/ns","statements":{}}`} {
		if d, err := vex.Read([]byte(s), "x.json"); err == nil {
			t.Errorf("%q: %+v", s, d)
		} else if !strings.Contains(err.Error(), "x.json") {
			t.Errorf("%q: %v does not name the file", s, err)
		}
	}
}

// TestWhatIsWrittenIsReadBack writes a result in all forms, of an image and of a directory, which has no digest, and asks of what was read whether it holds for the packages that it was written of.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	image, dir := sbomtest.Result("hostile"), sbomtest.Result(sbomtest.Hostile)
	dir.Artifact = artifact.Artifact{Kind: artifact.Directory, Name: "../src/shop: " + sbomtest.Hostile, Format: "directory"}
	for _, r := range []*finding.Result{image, dir} {
		writeAndRead(t, r)
	}
}

func writeAndRead(t *testing.T, r *finding.Result) {
	t.Helper()
	r.Findings[0].Linked = &finding.Linked{State: finding.NotLinked, Detail: "none of 2 functions"}
	r.Suppressed[0].Reason = finding.DistroFixed
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for format, write := range map[string]func(*bytes.Buffer) error{
		"openvex":   func(b *bytes.Buffer) error { return vex.WriteOpenVEX(b, r, "shop", at) },
		"csaf":      func(b *bytes.Buffer) error { return vex.WriteCSAF(b, r, "shop", at) },
		"cyclonedx": func(b *bytes.Buffer) error { return vex.WriteCycloneDX(b, r, "shop", at) },
	} {
		var first, again bytes.Buffer
		if err := write(&first); err != nil {
			t.Fatal(err)
		}
		if err := write(&again); err != nil || !bytes.Equal(first.Bytes(), again.Bytes()) {
			t.Errorf("%s: written twice, it differs (%v)", format, err)
		}
		d := read(t, first.String())
		if d.Format != format || d.Author != "shop" || !d.At.Equal(at) || len(d.Skipped) > 0 {
			t.Errorf("%s: %s by %s at %s, skipped %q", format, d.Format, d.Author, d.At, d.Skipped)
		}
		judge := vex.NewJudge([]*vex.Document{d}, &r.Artifact, r.Distro, time.Time{})
		elsewhere := vex.NewJudge([]*vex.Document{d}, &artifact.Artifact{Kind: r.Artifact.Kind, Name: "other"}, r.Distro, time.Time{})
		got := map[string]string{}
		want := map[string]string{}
		ask := func(p finding.Package, id string, status vex.Status) {
			key := p.PURL + " " + id
			want[key] = string(status)
			pkg := &inventory.Package{Name: p.Name, PURL: p.PURL}
			if s := judge.Statement(pkg, &vuln.Vulnerability{ID: id}); s != nil {
				got[key] = s.Status
			}
			if s := elsewhere.Statement(pkg, &vuln.Vulnerability{ID: id}); s != nil {
				t.Errorf("%s: %s holds in another image", format, key)
			}
		}
		for i := range r.Findings {
			status := vex.Affected
			if i == 0 {
				status = vex.NotAffected
			}
			ask(r.Findings[i].Package, r.Findings[i].Vulnerability.ID, status)
		}
		for i := range r.Suppressed {
			status := vex.NotAffected
			if i == 0 {
				status = vex.Fixed
			}
			ask(r.Suppressed[i].Package, r.Suppressed[i].Vulnerability, status)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
}

// TestProductsAreIRIs: OpenVEX demands an IRI of products and their parts; and what is called like a package is not taken for it.
func TestProductsAreIRIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		artifact artifact.Artifact
		want     string
	}{
		{artifact.Artifact{Kind: artifact.Directory, Name: "."}, "https://github.com/sightline-sec/sightline/artifact/directory/%2E"},
		{artifact.Artifact{Kind: artifact.Directory, Name: "/srv/my shop"}, "https://github.com/sightline-sec/sightline/artifact/directory//srv/my%20shop"},
		{artifact.Artifact{Kind: artifact.SBOM, Name: "bom.cdx.json"}, "https://github.com/sightline-sec/sightline/artifact/sbom/bom.cdx.json"},
		{artifact.Artifact{Kind: artifact.RootFS, Name: strings.Repeat("x", 9000)}, "https://github.com/sightline-sec/sightline/artifact/sha256/"},
		{artifact.Artifact{}, "https://github.com/sightline-sec/sightline/artifact/artifact/artifact"},
		{shop, "pkg:oci/api@" + digest},
	} {
		r := sbomtest.Result("x")
		r.Artifact = tt.artifact
		r.Findings[0].Package.PURL = ""
		var openvex, csaf bytes.Buffer
		if err := errors.Join(vex.WriteOpenVEX(&openvex, r, "shop", time.Time{}), vex.WriteCSAF(&csaf, r, "shop", time.Time{})); err != nil {
			t.Fatal(err)
		}
		type component struct {
			ID            string `json:"@id"`
			Subcomponents []component
		}
		var doc struct {
			Statements []struct{ Products []component }
		}
		if err := json.Unmarshal(openvex.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		for _, s := range doc.Statements {
			p := s.Products[0]
			if !strings.HasPrefix(p.ID, tt.want) {
				t.Errorf("%.100s: %s, want %s", tt.artifact.Name, p.ID, tt.want)
			}
			for _, id := range []string{p.ID, p.Subcomponents[0].ID} {
				if u, err := url.Parse(id); err != nil || u.Scheme == "" {
					t.Errorf("%q is no IRI: %v", id, err)
				}
			}
		}
		if !strings.Contains(csaf.String(), `"product_id": "`+tt.want) {
			t.Errorf("no product %s in\n%.1000s", tt.want, csaf.String())
		}
	}
	nginx := &artifact.Artifact{Kind: artifact.Directory, Name: "nginx"}
	d := read(t, openVEX(`{"vulnerability":"CVE-1","products":["pkg:generic/nginx"],"status":"fixed"}`))
	if s := vex.NewJudge([]*vex.Document{d}, nginx, nil, time.Time{}).Statement(&inventory.Package{PURL: "pkg:npm/a@1"}, &vuln.Vulnerability{ID: "CVE-1"}); s != nil {
		t.Errorf("a statement about the software nginx holds in the directory nginx: %+v", s)
	}
}

// TestAnalysis: what suppressed a match, in CycloneDX's words.
func TestAnalysis(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		x    finding.Suppressed
		want *vex.Analysis
	}{
		{finding.Suppressed{Reason: finding.DistroNotAffected, Detail: "d"}, &vex.Analysis{State: "not_affected", Detail: "d"}},
		{finding.Suppressed{Reason: finding.OwnedByOSPackage, Detail: "d"}, &vex.Analysis{State: "not_affected", Detail: "d"}},
		{finding.Suppressed{Reason: finding.DistroFixed, Detail: "d"}, &vex.Analysis{State: "resolved", Detail: "d"}},
		{finding.Suppressed{Reason: finding.UnderInvestigation, Detail: "d"}, &vex.Analysis{State: "in_triage", Detail: "d"}},
		{finding.Suppressed{Reason: finding.NotShipped, Detail: "d"}, &vex.Analysis{State: "not_affected", Justification: "code_not_present", Detail: "d"}},
		{finding.Suppressed{Reason: finding.OtherModule, Detail: "d"}, &vex.Analysis{State: "false_positive", Detail: "d"}},
		{finding.Suppressed{Reason: finding.RecordRejected, Detail: "d"}, &vex.Analysis{State: "false_positive", Detail: "d"}},
		{finding.Suppressed{Reason: finding.DistroAffected, Detail: "d"}, nil},
		{
			finding.Suppressed{Reason: finding.VEX, Detail: "d", Statement: &finding.Statement{Status: "not_affected", Justification: vex.CodeNotInExecutePath, Impact: "i"}},
			&vex.Analysis{State: "not_affected", Justification: "code_not_reachable", Detail: "i"},
		},
		{
			finding.Suppressed{Reason: finding.VEX, Detail: "d", Statement: &finding.Statement{Status: "not_affected", Justification: vex.CodeNotControllable}},
			&vex.Analysis{State: "not_affected", Detail: "vulnerable code cannot be controlled by adversary: d"},
		},
		{finding.Suppressed{Reason: finding.VEX, Detail: "d", Statement: &finding.Statement{Status: "fixed"}}, &vex.Analysis{State: "resolved", Detail: "d"}},
	} {
		if diff := cmp.Diff(tt.want, vex.AnalysisOf(&tt.x)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.x.Reason, diff)
		}
	}
}

// FuzzRead: whatever is read says of each statement what it is about, and asking it ends.
func FuzzRead(f *testing.F) {
	f.Add([]byte(csaf))
	f.Add([]byte(openVEX(`{"vulnerability":"CVE-1","products":["pkg:npm/a"],"status":"fixed"}`)))
	f.Add([]byte(`{"bomFormat":"CycloneDX","vulnerabilities":[{"id":"a","analysis":{"state":"resolved"},"affects":[{"ref":"b"}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := vex.Read(b, "x")
		if err != nil {
			return
		}
		for _, s := range d.Statements {
			if len(s.Vulnerabilities) == 0 || len(s.Products) == 0 || s.Status == "" {
				t.Fatalf("an empty statement: %+v", s)
			}
		}
		vex.NewJudge([]*vex.Document{d}, &shop, nil, time.Time{}).Statement(&inventory.Package{PURL: "pkg:npm/a@1"}, &vuln.Vulnerability{ID: "CVE-1"})
	})
}
