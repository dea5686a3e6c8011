package output

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// What code scanning at GitHub takes; more, and it refuses the whole file:
// https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/troubleshoot-sarif-uploads/results-exceed-limit
// There is at most one rule a result, so that rules stay below their limit, 25,000, too.
const (
	sarifResults   = 25_000
	sarifLocations = 100   // of a result; of more, only 100 are shown
	sarifText      = 1_024 // bytes of a description or message
	sarifNotes     = 1_000 // notifications; of more, the number
)

// writeSARIF writes one rule a vulnerability and one result a finding; with suppressed, one a suppressed match as well, as far as there is room beside the findings.
func writeSARIF(w io.Writer, r *finding.Result, suppressed bool) error {
	findings, left := mostSevere(r.Findings, sarifResults)
	var asides []finding.Suppressed
	if suppressed {
		asides = r.Suppressed[:min(len(r.Suppressed), sarifResults-len(findings))]
	}
	rules, index := sarifRules(findings, asides)
	run := sarifRun{
		Tool: sarifTool{Driver: sarifDriver{
			Name: "sightline", InformationURI: "https://github.com/sightline-sec/sightline",
			Version: r.Run.Scanner, SemanticVersion: semantic(r.Run.Scanner), Rules: rules,
		}},
		// The part before the last slash tells apart the alerts of several scanned things in one repository.
		Automation:  sarifAutomation{ID: "sightline/" + string(r.Artifact.Kind) + "/" + plain(r.Artifact.Name) + "/"},
		Invocations: []sarifInvocation{sarifRunFacts(r, left, suppressed, len(asides))},
		Results:     make([]sarifResult, 0, len(findings)),
		Properties:  sarifArtifactFacts(&r.Artifact),
	}
	for _, f := range findings {
		run.Results = append(run.Results, sarifResultOf(f, index[f.Vulnerability.ID], r))
	}
	for i := range asides {
		run.Results = append(run.Results, sarifAside(&asides[i], index[asides[i].Vulnerability], r))
	}
	if err := encode(w, sarifLog{Version: "2.1.0", Schema: sarifSchema, Runs: []sarifRun{run}}); err != nil {
		return fmt.Errorf("writing SARIF: %w", err)
	}
	return nil
}

// mostSevere keeps at most n findings in their order, the least severe being left out.
func mostSevere(list []finding.Finding, n int) (kept []*finding.Finding, left int) {
	all := make([]*finding.Finding, len(list))
	position := make(map[*finding.Finding]int, len(list))
	for i := range list {
		all[i] = &list[i]
		position[all[i]] = i
	}
	if len(all) <= n {
		return all, 0
	}
	slices.SortStableFunc(all, byUrgency)
	kept = all[:n]
	slices.SortFunc(kept, func(a, b *finding.Finding) int { return cmp.Compare(position[a], position[b]) })
	return kept, len(list) - n
}

func sarifResultOf(f *finding.Finding, rule int, r *finding.Result) sarifResult {
	out := sarifResult{
		RuleID: f.Vulnerability.ID, RuleIndex: rule, Level: sarifLevelOf(f.Severity), Message: sarifMessageOf(f),
		Properties: sarifResultExtra{
			PURL: f.Package.PURL, InstalledVersion: f.Package.Version, FixedVersion: f.FixedVersion,
			Severity: f.Severity.String(), Status: f.Status.String(),
		},
	}
	out.locate(&f.Package, r)
	if l := f.Layer; l != nil {
		out.Properties.LayerIndex, out.Properties.LayerDiffID, out.Properties.LayerDigest = &l.Index, l.DiffID, l.Digest
	}
	return out
}

// sarifAside is a match that does not count. The fingerprint is the one that the finding would have, so that a reader takes it for the same alert.
func sarifAside(s *finding.Suppressed, rule int, r *finding.Result) sarifResult {
	reason := plain(strings.ReplaceAll(s.Reason, "_", " "))
	out := sarifResult{
		RuleID: s.Vulnerability, RuleIndex: rule, Level: sarifLevelOf(s.Severity),
		Message:      sarifMessage{Text: sarifPlain(fmt.Sprintf("%s of %s %s does not count (%s): %s", s.Vulnerability, s.Package.Name, s.Package.Version, reason, s.Detail))},
		Suppressions: []sarifSuppression{{Kind: "external", Status: "accepted", Justification: shorten(strings.TrimSuffix(reason+": "+plain(s.Detail), ": "), sarifText)}},
		Properties: sarifResultExtra{
			PURL: s.Package.PURL, InstalledVersion: s.Package.Version, Severity: s.Severity.String(), Reason: s.Reason,
		},
	}
	out.locate(&s.Package, r)
	return out
}

// locate says where the package of a result is, and by what it is known again.
func (out *sarifResult) locate(p *finding.Package, r *finding.Result) {
	logical := []sarifLogical{{cmp.Or(p.PURL, p.Name), "package"}}
	paths := p.Paths
	if len(paths) == 0 {
		paths = []string{r.Artifact.Name} // a document or a whole image
	}
	for _, path := range paths[:min(len(paths), sarifLocations)] {
		out.Locations = append(out.Locations, sarifLocation{
			Physical: sarifPhysical{Artifact: sarifArtifact{relativeURI(path)}, Region: &sarifRegion{StartLine: 1}}, Logical: logical,
		})
	}
	// The version is left out: an update that does not end the finding is the same alert.
	sum := sha256.Sum256([]byte(strings.Join([]string{out.RuleID, string(p.Ecosystem), p.Name, paths[0]}, "\x00")))
	out.Fingerprints = map[string]string{"sightline/v1": hex.EncodeToString(sum[:16])}
}

func sarifMessageOf(f *finding.Finding) sarifMessage {
	advice := "No fix is published yet."
	switch {
	case f.FixedVersion != "":
		advice = "Update to " + f.FixedVersion + "."
	case f.Status == vuln.StatusWontFix:
		advice = "The distribution will not fix it."
	}
	s := fmt.Sprintf("%s %s is affected by %s (%s).", f.Package.Name, f.Package.Version, f.Vulnerability.ID, f.Severity)
	if f.Vulnerability.Title != "" {
		s += " " + shorten(f.Vulnerability.Title, 300) + "."
	}
	return sarifMessage{Text: sarifPlain(s + " " + advice)}
}

// sarifPlain makes text for a place where SARIF reads [links](...) even in plain text (3.11.6).
func sarifPlain(s string) string {
	s = shorten(plain(s), sarifText*3/4)
	if !strings.ContainsAny(s, `\[]`) {
		return s
	}
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`).Replace(s)
}

// shorten cuts a text to so many bytes, at the end of a character.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n-len("…")], "") + "…"
}

func sarifLevelOf(s vuln.Severity) string {
	switch s {
	case vuln.Critical, vuln.High:
		return "error"
	case vuln.Medium:
		return "warning"
	}
	return "note"
}

// sarifRunFacts tells how the run went, and what is missing from its results.
func sarifRunFacts(r *finding.Result, left int, suppressed bool, asides int) sarifInvocation {
	out := sarifInvocation{Successful: true}
	if t := r.Run.StartedAt; !t.IsZero() {
		out.StartTime = t.UTC().Format(time.RFC3339)
		out.EndTime = t.Add(time.Duration(r.Run.DurationMS) * time.Millisecond).UTC().Format(time.RFC3339)
	}
	note := func(id, text string, at ...sarifLocation) {
		out.Notifications = append(out.Notifications, sarifNotification{
			Level: "warning", Message: sarifMessage{Text: sarifPlain(text)}, Descriptor: sarifDescriptor{id}, Locations: at,
		})
	}
	if left > 0 {
		note("results-cut", fmt.Sprintf("%s, the least severe, left out: this file may hold %d.", count(left, "finding"), sarifResults))
	}
	if n := len(r.Suppressed) - asides; suppressed && n > 0 {
		note("suppressed-cut", fmt.Sprintf("%d more that do not count left out: this file may hold %d results.", n, sarifResults))
	}
	if r.Database.Starter {
		note("starter-database", "Only the starter database answered, which knows a few hundred vulnerabilities. Get all with: sightline db update")
	}
	if r.Run.DatabaseStale {
		note("stale-database", "The vulnerability database is of "+r.Database.AsOf.UTC().Format(time.DateOnly)+". Update it with: sightline db update")
	}
	for n, i := range r.Incomplete {
		if n == sarifNotes {
			note("incomplete", fmt.Sprintf("%s more not taken into account.", thingsWere(len(r.Incomplete)-n)))
			break
		}
		text := reasonWords(i.Reason) + ": " + strings.TrimSuffix(i.Path+": "+i.Detail, ": ")
		if i.Path == "" {
			note("incomplete/"+string(i.Reason), text)
			continue
		}
		note("incomplete/"+string(i.Reason), text, sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{relativeURI(i.Path)}}})
	}
	return out
}

func sarifArtifactFacts(a *artifact.Artifact) map[string]any {
	out := map[string]any{"artifactName": a.Name, "artifactKind": a.Kind}
	for name, value := range map[string]string{"digest": a.Digest, "imageId": a.ImageID, "reference": a.Reference, "platform": a.Platform} {
		if value != "" {
			out[name] = value
		}
	}
	return out
}

// relativeURI writes a path inside the artifact as a relative reference (RFC 3986, section 4.2): its first segment must
// not look like a scheme, nor the whole like an absolute one.
func relativeURI(path string) string {
	var parts []string
	for part := range strings.SplitSeq(path, "/") {
		if part != "" && part != "." && part != ".." {
			parts = append(parts, strings.ReplaceAll(url.PathEscape(part), ":", "%3A"))
		}
	}
	return cmp.Or(strings.Join(parts, "/"), "artifact")
}

var semver = regexp.MustCompile(`^v?((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$`)

// semantic gives the version where it is one of https://semver.org.
func semantic(version string) string {
	if m := semver.FindStringSubmatch(version); m != nil {
		return m[1]
	}
	return ""
}
