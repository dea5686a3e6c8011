package vex

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// stated is one statement of a result: a vulnerability of one package, and what is known of it.
type stated struct {
	id            string
	aliases       []string
	record        *vuln.Vulnerability // nil where only the id is known
	pkg           finding.Package
	status        Status
	justification string
	impact        string
	action        string
	mistaken      bool // the match itself was none
	fixable       bool
	wontFix       bool
}

// statements says what a result states, in a stable order: findings are affected (malware too), suppressed ones are what
// their reason means.
func statements(r *finding.Result) []stated {
	records := map[string]*vuln.Vulnerability{}
	var list []stated
	for i := range r.Findings {
		f := &r.Findings[i]
		records[f.Vulnerability.ID] = f.Vulnerability
		s := stated{id: f.Vulnerability.ID, aliases: f.Vulnerability.Aliases, record: f.Vulnerability, pkg: f.Package, status: Affected, action: action(f), fixable: f.FixedVersion != "", wontFix: f.Status == vuln.StatusWontFix}
		if f.Linked != nil && f.Linked.State == finding.NotLinked {
			s.status, s.justification, s.impact, s.action = NotAffected, CodeNotPresent, f.Linked.Detail, ""
		}
		list = append(list, s)
	}
	for i := range r.Suppressed {
		if s, ok := ofSuppressed(&r.Suppressed[i]); ok {
			if s.record = records[s.id]; s.record != nil {
				s.aliases = s.record.Aliases
			}
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b stated) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.pkg.PURL, b.pkg.PURL), cmp.Compare(a.status, b.status))
	})
	return slices.CompactFunc(list, func(a, b stated) bool {
		return a.id == b.id && a.pkg.PURL == b.pkg.PURL && a.status == b.status && a.impact == b.impact
	})
}

// ofSuppressed is what a suppressed match states; false where that is stated of another package.
func ofSuppressed(x *finding.Suppressed) (stated, bool) {
	s := stated{id: x.Vulnerability, pkg: x.Package, status: NotAffected, impact: x.Detail}
	switch x.Reason {
	case finding.DistroAffected:
		return s, false // stated of the package that it is counted on
	case finding.DistroFixed:
		s.status = Fixed
	case finding.UnderInvestigation:
		s.status = UnderInvestigation
	case finding.NotShipped, finding.CodeNotLinked:
		s.justification = CodeNotPresent
	case finding.OtherModule, finding.RecordRejected:
		s.mistaken = true
	case finding.VEX:
		if st := x.Statement; st != nil {
			s.status, s.justification = Status(st.Status), st.Justification
			s.impact = cmp.Or(st.Impact, x.Detail)
		}
	}
	return s, true
}

func action(f *finding.Finding) string {
	switch {
	case f.Kind == finding.Malicious:
		return fmt.Sprintf("Remove %s %s: it is malware.", f.Package.Name, f.Package.Version)
	case f.FixedVersion != "":
		return fmt.Sprintf("Update %s %s to %s.", f.Package.Name, f.Package.Version, f.FixedVersion)
	}
	return "No fixed version is known."
}

// WriteOpenVEX writes what a result states as an OpenVEX document (spec v0.2.0) of the given author, which says what the scanner found: a
// person who knows more edits it. The document's id is made of its content.
func WriteOpenVEX(w io.Writer, r *finding.Result, author string, at time.Time) error {
	type component struct {
		ID            string            `json:"@id"`
		Hashes        map[string]string `json:"hashes,omitempty"`
		Subcomponents []component       `json:"subcomponents,omitempty"`
	}
	type vulnerability struct {
		Name    string   `json:"name"`
		Aliases []string `json:"aliases,omitempty"`
	}
	type statement struct {
		Vulnerability vulnerability `json:"vulnerability"`
		Products      []component   `json:"products"`
		Status        Status        `json:"status"`
		Justification string        `json:"justification,omitempty"`
		Impact        string        `json:"impact_statement,omitempty"`
		Action        string        `json:"action_statement,omitempty"`
	}
	doc := struct {
		Context    string      `json:"@context"`
		ID         string      `json:"@id"`
		Author     string      `json:"author"`
		Timestamp  string      `json:"timestamp"`
		Version    int         `json:"version"`
		Tooling    string      `json:"tooling"`
		Statements []statement `json:"statements"`
	}{
		Context: "https://openvex.dev/ns/v0.2.0", Author: author, Timestamp: at.UTC().Format(time.RFC3339), Version: 1,
		Tooling: "sightline " + r.Run.Scanner, Statements: []statement{},
	}
	id, hashes := nameOf(&r.Artifact)
	for _, s := range statements(r) {
		st := statement{
			Vulnerability: vulnerability{s.id, s.aliases}, Status: s.status, Action: s.action,
			Products: []component{{ID: id, Hashes: hashes, Subcomponents: []component{{ID: packageName(s.pkg.PURL, s.pkg.Name, s.pkg.Version)}}}},
		}
		if s.status == NotAffected {
			st.Justification, st.Impact = s.justification, s.impact
		}
		doc.Statements = append(doc.Statements, st)
	}
	b, err := json.Marshal(doc.Statements)
	if err != nil {
		return fmt.Errorf("writing OpenVEX: %w", err)
	}
	sum := sha256.Sum256(b)
	doc.ID = "https://openvex.dev/docs/sightline/vex-" + hex.EncodeToString(sum[:])
	return encode(w, doc, "OpenVEX")
}

// WriteCSAF writes what a result states as a CSAF 2.0 document of category csaf_vex (section 4.5).
func WriteCSAF(w io.Writer, r *finding.Result, author string, at time.Time) error {
	type object = map[string]any
	whole, _ := nameOf(&r.Artifact)
	list := statements(r)
	ids := map[string]string{} // of a package -> of it in the artifact
	var packages, relations []object
	of := func(p finding.Package) string {
		part := packageName(p.PURL, p.Name, p.Version)
		if got, ok := ids[part]; ok {
			return got
		}
		name := object{"product_id": part, "name": strings.TrimSpace(p.Name + " " + p.Version)}
		if p.PURL != "" {
			name["product_identification_helper"] = object{"purl": p.PURL}
		}
		packages = append(packages, name)
		ids[part] = "artifact:" + part
		relations = append(relations, object{
			"category": "default_component_of", "product_reference": part, "relates_to_product_reference": whole,
			"full_product_name": object{"product_id": ids[part], "name": strings.TrimSpace(p.Name+" "+p.Version) + " in " + cmp.Or(r.Artifact.Name, "an artifact")},
		})
		return ids[part]
	}
	var vulnerabilities []object
	for i := 0; i < len(list); {
		first := list[i]
		v := object{"notes": []object{{"category": "summary", "text": "What a scan found of " + first.id + "."}}}
		if strings.HasPrefix(first.id, "CVE-") {
			v["cve"] = first.id
		} else {
			v["ids"] = []object{{"system_name": systemOf(first.id), "text": first.id}}
		}
		maps.Copy(v, csafRecord(&first))
		status := map[string][]string{}
		var flags, threats, fixes []object
		for ; i < len(list) && list[i].id == first.id; i++ {
			s := list[i]
			p := of(s.pkg)
			key := map[Status]string{NotAffected: "known_not_affected", Fixed: "fixed", Affected: "known_affected", UnderInvestigation: "under_investigation"}[s.status]
			if !slices.Contains(status[key], p) {
				status[key] = append(status[key], p)
			}
			switch {
			case s.status == NotAffected && s.justification != "":
				flags = append(flags, object{"label": s.justification, "product_ids": []string{p}})
			case s.status == NotAffected:
				threats = append(threats, object{"category": "impact", "details": s.impact, "product_ids": []string{p}})
			case s.status == Affected:
				category := "vendor_fix"
				if strings.HasPrefix(s.action, "No ") {
					category = "none_available"
				}
				fixes = append(fixes, object{"category": category, "details": s.action, "product_ids": []string{p}})
			}
		}
		v["product_status"] = status
		if scores := csafScores(first.record, slices.Concat(status["known_affected"], status["fixed"], status["under_investigation"])); len(scores) > 0 {
			v["scores"] = scores
		}
		for name, l := range map[string][]object{"flags": flags, "threats": threats, "remediations": fixes} {
			if len(l) > 0 {
				v[name] = l
			}
		}
		vulnerabilities = append(vulnerabilities, v)
	}
	b, err := json.Marshal(vulnerabilities)
	if err != nil {
		return fmt.Errorf("writing CSAF: %w", err)
	}
	sum := sha256.Sum256(b)
	now := at.UTC().Format(time.RFC3339)
	helper := object{"x_generic_uris": []object{{"namespace": namespace, "uri": whole}}}
	if strings.HasPrefix(whole, "pkg:") {
		helper = object{"purl": whole}
	}
	names := []object{{"product_id": whole, "name": cmp.Or(r.Artifact.Name, "an artifact"), "product_identification_helper": helper}}
	category := "csaf_vex"
	if len(vulnerabilities) == 0 {
		category = "csaf_base" // the VEX profile demands statements
	}
	doc := object{
		"document": object{
			"category": category, "csaf_version": "2.0", "lang": "en", "title": "What a scan found in " + cmp.Or(r.Artifact.Name, "an artifact"),
			"publisher": object{"category": "other", "name": author, "namespace": "https://github.com/sightline-sec/sightline"},
			"tracking": object{
				"generator": object{"engine": object{"name": "sightline", "version": cmp.Or(r.Run.Scanner, "unknown")}},
				"id":        "sightline-" + hex.EncodeToString(sum[:8]), "version": "1", "status": "draft", "initial_release_date": now, "current_release_date": now,
				"revision_history": []object{{"date": now, "number": "1", "summary": "Written by sightline " + r.Run.Scanner}},
			},
		},
		"product_tree": object{"full_product_names": append(names, packages...)},
	}
	if len(relations) > 0 {
		doc["product_tree"].(object)["relationships"] = relations
	}
	if len(vulnerabilities) > 0 {
		doc["vulnerabilities"] = vulnerabilities
	}
	return encode(w, doc, "CSAF")
}

func encode(w io.Writer, doc any, format string) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(doc); err != nil {
		return fmt.Errorf("writing %s: %w", format, err)
	}
	return nil
}
