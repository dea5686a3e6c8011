package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/match"
	"github.com/sightline-sec/sightline/internal/sbom"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// maxSaved bounds a saved result or SBOM that is read whole.
const maxSaved = 1 << 30

// explainPackage tells the way of the decision about one vulnerability in one package.
func (e *env) explainPackage(ctx context.Context, purl, from, id, format string) error {
	if err := checkID(id); err != nil {
		return err
	}
	p, inv, saved, err := e.packageOf(ctx, purl, from)
	if err != nil {
		return err
	}
	db, _, err := e.openDB(e.db)
	if err != nil {
		return err
	}
	defer db.Close()
	ordinals, err := db.Lookup(strings.TrimSpace(id))
	if err != nil {
		return fmt.Errorf("looking up %s: %w", id, err)
	}
	if len(ordinals) == 0 {
		return e.unknownID(db, id)
	}
	tr, err := match.Explain(ctx, db, inv, p, ordinals)
	if err != nil {
		return fmt.Errorf("explaining %s in %s: %w", id, purl, err)
	}
	if saved != nil {
		recall(tr, saved)
	}
	if format == "json" {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(tr)
	}
	pg := &page{w: e.stdout, width: e.width(e.stdout), color: e.colored(e.stdout)}
	pg.trace(tr, id, db.Meta())
	if note := otherDatabase(saved, db.Meta()); note != "" {
		pg.line("")
		pg.text(note, "! ")
	}
	pg.starter(db)
	return pg.err
}

// packageOf finds the package: in a saved result or SBOM, else by what the purl says. The result is given where it is one.
func (e *env) packageOf(ctx context.Context, purl, from string) (inventory.Package, *inventory.Inventory, *finding.Result, error) {
	p, d, err := sbom.PackageOf(purl)
	if from == "" {
		if err != nil {
			return p, nil, nil, usage("--package: %w", err)
		}
		if p.OS() && d == nil {
			return p, nil, nil, &Exit{
				Code: ExitUsage, Err: fmt.Errorf("--package %s: the purl does not say which release it is of", purl),
				Hint: "add the qualifier distro, as in " + withQualifier(purl, "distro=debian-12") + "; or name a saved result: --from result.json",
			}
		}
		return p, &inventory.Inventory{Distro: d, Packages: []inventory.Package{p}}, nil, nil
	}
	b, err := readSaved(from)
	if err != nil {
		return p, nil, nil, fmt.Errorf("--from: %w", err)
	}
	inv := &inventory.Inventory{}
	var saved *finding.Result
	if finding.IsResult(b) {
		r, err := finding.Decode(b)
		if err != nil {
			return p, nil, nil, fmt.Errorf("reading %s: %w", from, err)
		}
		inv.Distro, inv.Packages, saved = r.Distro, r.Packages, r
	} else {
		doc, err := sbom.Read(ctx, b, artifact.Limits{})
		if err != nil {
			return p, nil, nil, &Exit{Code: ExitScan, Err: fmt.Errorf("--from: reading %s: %w", from, err), Hint: "it wants a saved result or an SBOM; make one with: sightline scan TARGET --format json=result.json"}
		}
		inv = &doc.Inventory
	}
	i := slices.IndexFunc(inv.Packages, func(q inventory.Package) bool { return q.PURL == purl })
	if i < 0 { // without its qualifiers, if that is one package's
		bare, _, _ := strings.Cut(purl, "?")
		i = slices.IndexFunc(inv.Packages, func(q inventory.Package) bool {
			have, _, _ := strings.Cut(q.PURL, "?")
			return have == bare || q.PURL == bare || strings.HasPrefix(have, bare+"@")
		})
	}
	if i < 0 {
		return p, nil, nil, &Exit{Code: ExitScan, Err: fmt.Errorf("%s is not in %s", purl, from), Hint: "the purls of a result are in its list of packages: jq -r '.packages[].purl'"}
	}
	return inv.Packages[i], inv, saved, nil
}

func withQualifier(purl, q string) string {
	sep := "?"
	if strings.Contains(purl, "?") {
		sep = "&"
	}
	return purl + sep + q
}

// readSaved reads a file, or standard input as "-".
func readSaved(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSaved+1))
	if err == nil && len(b) > maxSaved {
		err = errors.New("larger than 1 GiB")
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return b, nil
}

// trace writes a decision from its end to its reasons.
func (p *page) trace(tr *match.Trace, id string, meta vuln.Database) {
	pkg := &tr.Package
	p.text(oneLine(fmt.Sprintf("%s in %s %s (%s): %s", id, pkg.Name, pkg.Version, pkg.Ecosystem, strings.ReplaceAll(string(tr.Outcome), "_", " "))), "")
	p.text(oneLine("because "+tr.Rule), "  ")
	for i := range tr.Findings {
		f := &tr.Findings[i]
		if len(tr.Findings) > 1 {
			p.line("  %s", f.Vulnerability.ID)
		}
		if f.Kind == finding.Malicious {
			p.entry("kind", "malicious package: remove it, there is nothing to update to")
			continue
		}
		p.entry("severity", f.Severity.String()+by(f.SeveritySource))
		p.entry("fixed in", first(f.FixedVersion, "no version that is known"))
		if f.Linked != nil {
			p.entry("in Go", strings.ReplaceAll(string(f.Linked.State), "_", " ")+": "+f.Linked.Detail)
		}
	}
	for i := range tr.Suppressed {
		if i > 0 || tr.Outcome != match.TraceSuppressed {
			p.text("not counted: "+tr.Suppressed[i].Detail, "  ")
		}
	}
	if pkg.Owner != nil {
		p.line("  brought by %s, whose distribution judges it", pkg.Owner.Name)
	}
	if len(tr.Looked) > 0 {
		p.head("What was looked up")
		for _, l := range tr.Looked {
			known := counted(l.Rows, "row") + " about any vulnerability"
			if !l.Known {
				known = "nothing known"
			}
			p.line("  %-14s %s in %s, version %s: %s", l.Kind, l.Name, l.Namespace, first(l.Version, "none"), known)
		}
		if pkg.OS() && pkg.Source == nil && tr.Outcome == match.TraceUnlisted {
			p.text("The purl does not name the source package, which most distributions' advisories are about: add the qualifier upstream=NAME, or --from with a saved result.", "  ")
		}
	}
	p.head(fmt.Sprintf("What advisories say of it: %d", len(tr.Rows)))
	for _, r := range tr.Rows {
		what := strings.ReplaceAll(r.Status.String(), "_", " ")
		mark := "counts"
		if !r.Believed {
			mark = "does not count: " + first(r.Unbelieve, "no verdict")
		}
		name := r.Name
		if r.Module != "" {
			name += " of " + r.Module
		}
		p.line("  %s of %s%s, about %s: %s", r.Advisory, r.Feed, asOf(meta, r.Feed), name, what)
		var spans []string
		for _, s := range r.Ranges {
			spans = append(spans, span(s))
		}
		if r.Listed > 0 {
			spans = append(spans, counted(r.Listed, "version")+" by name")
		}
		if len(spans) > 0 {
			p.text(strings.Join(spans, "; "), "      ")
		}
		for _, c := range r.Compared {
			p.line("      %s", c)
		}
		covers := "covers the version"
		if !r.Holds {
			covers = "does not cover the version"
		}
		if r.Status == vuln.StatusNotAffected {
			covers = "clears the package"
		}
		p.line("      %s; %s", covers, mark)
	}
	if tr.Fix != nil && slices.ContainsFunc(tr.Findings, func(f finding.Finding) bool { return f.FixedVersion != "" }) {
		p.head("What to do")
		p.line("  update to %s, which ends %s of the package and leaves %d", tr.Fix.SuggestedVersion, counted(tr.Fix.Clears.Total(), "finding"), tr.Fix.Remains.Total())
	}
}

// asOf says how old a feed is.
func asOf(meta vuln.Database, feed string) string {
	for _, f := range meta.Feeds {
		if f.Name == feed && !f.AsOf.IsZero() {
			return " (as of " + day(f.AsOf) + ")"
		}
	}
	return ""
}

// unknownID says that the database does not know an id, and what to try.
func (e *env) unknownID(db *vulndb.DB, id string) error {
	hint := "it may be newer than the database (sightline db status says how old that is), or withdrawn"
	if db.Meta().Starter {
		hint = "the starter database knows only a few hundred; fetch the full one with: sightline db update"
	}
	return &Exit{Code: ExitScan, Err: fmt.Errorf("%s is not in the database", id), Hint: hint}
}
