package vex_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/vex"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// TestCSAFSaysWhatTheRecordSays: titles, scores, other ids, weaknesses and links stand in the document where they are known.
func TestCSAFSaysWhatTheRecordSays(t *testing.T) {
	t.Parallel()
	const v3, v2 = "CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H", "AV:N/AC:L/Au:S/C:P/I:P/A:P"
	r := &finding.Result{Artifact: artifact.Artifact{Kind: artifact.Directory, Name: "shop"}, Findings: []finding.Finding{{
		Package: finding.Package{Name: "lodash", Version: "4.17.15", PURL: "pkg:npm/lodash@4.17.15"},
		Vulnerability: &vuln.Vulnerability{
			ID: "CVE-2021-23337", Aliases: []string{"GHSA-35jh-r3h4-6jhm"}, Title: "Command injection in lodash", Weaknesses: []string{"CWE-94"},
			Ratings: []vuln.Rating{{Version: "4.0", Vector: "CVSS:4.0/AV:N", Score: 9}, {Vector: "broken", Score: 1}, {Vector: v3, Score: 7.2}, {Vector: v2, Score: 6.5}, {Vector: v3, Score: 7.3}},
		},
	}}}
	var b bytes.Buffer
	if err := vex.WriteCSAF(&b, r, "shop", time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Document struct {
			Category, Lang string
			Tracking       struct {
				Version  string
				Revision []struct{ Number string } `json:"revision_history"`
			}
		}
		Vulnerabilities []map[string]any
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Document.Category != "csaf_vex" || doc.Document.Lang != "en" || doc.Document.Tracking.Revision[0].Number != doc.Document.Tracking.Version {
		t.Errorf("%+v", doc.Document)
	}
	type object = map[string]any
	const product = "artifact:pkg:npm/lodash@4.17.15"
	want := []object{{
		"cve": "CVE-2021-23337", "title": "Command injection in lodash", "ids": []any{object{"system_name": "GHSA", "text": "GHSA-35jh-r3h4-6jhm"}},
		"notes": []any{
			object{"category": "summary", "text": "What a scan found of CVE-2021-23337."},
			object{"category": "description", "text": "Command injection in lodash"},
			object{"category": "other", "title": "Weaknesses", "text": "CWE-94"},
		},
		"product_status": object{"known_affected": []any{product}},
		"remediations":   []any{object{"category": "none_available", "details": "No fixed version is known.", "product_ids": []any{product}}},
		"scores": []any{object{
			"products": []any{product},
			"cvss_v3":  object{"version": "3.1", "vectorString": v3, "baseScore": 7.2, "baseSeverity": "HIGH"},
			"cvss_v2":  object{"version": "2.0", "vectorString": v2, "baseScore": 6.5},
		}},
		"references": []any{
			object{"category": "external", "summary": "CVE-2021-23337 at the CVE Program", "url": "https://www.cve.org/CVERecord?id=CVE-2021-23337"},
			object{"category": "external", "summary": "GHSA-35jh-r3h4-6jhm at GitHub", "url": "https://github.com/advisories/GHSA-35jh-r3h4-6jhm"},
		},
	}}
	if diff := cmp.Diff(want, doc.Vulnerabilities); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if d := read(t, b.String()); len(d.Statements) != 1 || len(d.Statements[0].Vulnerabilities) != 2 {
		t.Errorf("read back: %+v", d.Statements)
	}
	b.Reset()
	if err := vex.WriteCSAF(&b, &finding.Result{}, "shop", time.Time{}); err != nil || !bytes.Contains(b.Bytes(), []byte(`"csaf_base"`)) {
		t.Errorf("without statements it is of the VEX profile (%v): %s", err, b.String())
	}
}
