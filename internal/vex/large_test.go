package vex_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/vex"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// largeOpenVEX is a document of n statements, each about a package inside an image, over so many vulnerabilities and packages.
func largeOpenVEX(n, vulnerabilities, packages int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://example.com/vex-1","author":"shop","timestamp":"2026-01-02T03:04:05Z","version":1,"statements":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"vulnerability":{"name":"CVE-2024-%06d"},"products":[{"@id":"pkg:oci/api@sha256%%3A%064d","subcomponents":[{"@id":"pkg:deb/debian/lib-%d@1.%d-1"}]}],"status":"fixed"}`,
			i%vulnerabilities, i%2, i%packages, i)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// ask asks a judge for so many pairs of a package and a vulnerability.
func ask(j *vex.Judge, n, vulnerabilities, packages int) (held int) {
	for i := range n {
		p := &inventory.Package{Name: "lib", Version: "1", PURL: fmt.Sprintf("pkg:deb/debian/lib-%d@1.%d-1?arch=amd64&distro=debian-12", i%packages, i)}
		if j.Statement(p, &vuln.Vulnerability{ID: fmt.Sprintf("CVE-2024-%06d", i%vulnerabilities)}) != nil {
			held++
		}
	}
	return held
}

// BenchmarkLargeDocument reads a document of 200,000 statements and asks 20,000 times, about many vulnerabilities and about one.
func BenchmarkLargeDocument(b *testing.B) {
	for _, shape := range []struct {
		name                      string
		vulnerabilities, packages int
	}{{"many vulnerabilities", 100_000, 1000}, {"few vulnerabilities", 100, 1000}, {"one package", 100, 1}} {
		doc := largeOpenVEX(200_000, shape.vulnerabilities, shape.packages)
		image := shop
		image.Digest = "sha256:" + strings.Repeat("0", 63) + "1"
		b.Run(shape.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				d, err := vex.Read(doc, "large.json")
				if err != nil {
					b.Fatal(err)
				}
				if held := ask(vex.NewJudge([]*vex.Document{d}, &image, nil, time.Time{}), 2_000, shape.vulnerabilities, shape.packages); held == 0 {
					b.Fatal("nothing holds")
				}
			}
		})
	}
}

// TestHostileDocumentsTakeLinearTime: documents in which every part speaks of every other one are read and asked in a time that goes with their size; what goes
// with its square would take minutes.
func TestHostileDocumentsTakeLinearTime(t *testing.T) {
	t.Parallel()
	const n = 20_000
	list := func(format string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.ReplaceAll(format, "%d", strconv.Itoa(i)))
		}
		return b.String()
	}
	ids := list(`"p%d"`)
	for name, doc := range map[string]string{
		"OpenVEX: all components in all products": openVEX(`{"vulnerability":"CVE-1","products":[` + list(`"pkg:oci/api@sha256:%d"`) + `],"subcomponents":[` + list(`"pkg:npm/a%d"`) + `],"status":"fixed"}`),
		"OpenVEX: many names, many products":      openVEX(`{"vulnerability":{"name":"CVE-1","aliases":[` + list(`"A-%d"`) + `]},"products":[` + list(`"pkg:npm/a%d"`) + `],"status":"fixed"}`),
		"OpenVEX: one package, many statements":   openVEX(list(`{"vulnerability":"CVE-1","products":["pkg:npm/a0?x=%d"],"status":"fixed"}`)),
		"CycloneDX: many references":              `{"bomFormat":"CycloneDX","vulnerabilities":[{"id":"CVE-1","references":[` + list(`{"id":"A-%d"}`) + `],"analysis":{"state":"resolved"},"affects":[{"ref":"pkg:npm/a0"}]}]}`,
		"CSAF: flags of all products": `{"document":{"csaf_version":"2.0"},"product_tree":{"full_product_names":[` + list(`{"product_id":"p%d","name":"x","product_identification_helper":{"purl":"pkg:npm/a%d@1"}}`) +
			`],"product_groups":[{"group_id":"g","product_ids":[` + ids + `]}]},"vulnerabilities":[{"cve":"CVE-1","product_status":{"fixed":[` + ids + `]},"flags":[` + list(`{"label":"l%d","group_ids":["g"],"product_ids":["p%d"]}`) + `]}]}`,
		"CSAF: components of components": `{"document":{"csaf_version":"2.0"},"product_tree":{"full_product_names":[{"product_id":"p0","name":"x","product_identification_helper":{"purl":"pkg:npm/a0@1"}}],"relationships":[` +
			list(`{"product_reference":"p%d","relates_to_product_reference":"p0","full_product_name":{"product_id":"q%d"}},{"product_reference":"q%d","relates_to_product_reference":"p0","full_product_name":{"product_id":"p%d1"}}`) + `]},"vulnerabilities":[{"cve":"CVE-1","product_status":{"fixed":[` + ids + `]}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			d := read(t, doc)
			j := vex.NewJudge([]*vex.Document{d}, &shop, nil, time.Time{})
			for i := range 1000 {
				j.Statement(&inventory.Package{Version: "1", PURL: fmt.Sprintf("pkg:npm/a%d@1", i)}, &vuln.Vulnerability{ID: "CVE-1"})
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("%s for %d bytes", took, len(doc))
			}
		})
	}
}

// naive answers as [vex.Judge] promises to, by looking at every statement.
func naive(d *vex.Document, image string, p *inventory.Package, id string) (status vex.Status) {
	fits := func(names []string) bool {
		return slices.ContainsFunc(names, func(n string) bool {
			return n == image || n == p.PURL || n == strings.Split(p.PURL, "@")[0] || n == strings.Split(p.PURL, "?")[0]
		})
	}
	var at time.Time
	for _, s := range d.Statements {
		if !slices.Contains(s.Vulnerabilities, id) || s.At.Before(at) {
			continue
		}
		for _, product := range s.Products {
			if fits(product.Names) && (len(product.Components) == 0 || slices.ContainsFunc(product.Components, func(c vex.Product) bool { return fits(c.Names) })) {
				status, at = s.Status, s.At
			}
		}
	}
	return status
}

// TestTheIndexFindsWhatLookingFinds compares the judge with looking at each statement, on documents made at random.
func TestTheIndexFindsWhatLookingFinds(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	name := func() string {
		return pick("pkg:npm/a", "pkg:npm/a@1", "pkg:npm/a@1?arch=x", "pkg:npm/a@2", "pkg:npm/b", "pkg:npm/b@1", "image", "other")
	}
	held := 0
	for range 2000 {
		d := &vex.Document{}
		for range r.IntN(6) {
			s := vex.Statement{
				Vulnerabilities: []string{pick("CVE-1", "CVE-2"), pick("CVE-2", "CVE-3")}, Status: vex.Status(pick("fixed", "affected", "not_affected", "under_investigation")),
				At: time.Unix(int64(r.IntN(3)), 0),
			}
			for range 1 + r.IntN(3) {
				p := vex.Product{Names: []string{name(), name()}}
				for range r.IntN(3) {
					p.Components = append(p.Components, vex.Product{Names: []string{name()}})
				}
				s.Products = append(s.Products, p)
			}
			d.Statements = append(d.Statements, s)
		}
		j := vex.NewJudge([]*vex.Document{d}, &artifact.Artifact{Name: "image"}, nil, time.Time{})
		for _, u := range []string{"pkg:npm/a@1?arch=x", "pkg:npm/a@2", "pkg:npm/b@1", "pkg:npm/c@1"} {
			for _, id := range []string{"CVE-1", "CVE-2", "CVE-3"} {
				p := &inventory.Package{PURL: u}
				want, got := naive(d, "image", p, id), vex.Status("")
				if s := j.Statement(p, &vuln.Vulnerability{ID: id}); s != nil {
					got = vex.Status(s.Status)
					held++
				}
				if got != want {
					t.Fatalf("%s %s: %q, want %q of %+v", u, id, got, want, d.Statements)
				}
			}
		}
	}
	if held < 1000 {
		t.Errorf("only %d statements held", held)
	}
}
