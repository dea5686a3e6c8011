package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/scan"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func (e *env) diffCommand() *cobra.Command {
	o := &scanFlags{}
	var format, failOn string
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Say which packages and findings two images, SBOMs or saved results do not share",
		Long: `Compare two results: packages and findings that were added, are gone, or changed.

Each side is a target as of 'sightline scan', or a file that 'sightline scan --format json' wrote: that is taken as it is, and nothing is
scanned. Findings are compared by vulnerability and package, whatever the version, so that an update which
did not fix anything shows as nothing.
` + exitHelp,
		Example: `  sightline diff app:1.4 app:1.5
  sightline diff before.json after.json --format json
  sightline diff main.json ./image.tar --fail-on-new high`,
		Args: exactly(2, "two targets or saved results"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q: write text or json", format)
			}
			return e.diff(cmd.Context(), args[0], args[1], o, format, failOn)
		},
	}
	f := cmd.Flags()
	f.StringVar(&e.db, "db", "", "database file for what is scanned (default: the one that 'db update' made, else the starter)")
	f.StringVarP(&format, "format", "f", "text", "text or json")
	f.StringVar(&failOn, "fail-on-new", "", "exit with status 1 when a finding of this severity or worse was added: critical, high, medium, low, negligible, unknown (any)")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "list everything")
	f.StringVar(&o.platform, "platform", "", "of a multi-platform image: os/architecture[/variant]")
	return cmd
}

func (e *env) diff(ctx context.Context, before, after string, o *scanFlags, format, failOn string) error {
	threshold := vuln.Unknown
	if failOn != "" {
		var ok bool
		if threshold, ok = vuln.ParseSeverity(failOn); !ok {
			return usage("--fail-on-new %q: write critical, high, medium, low, negligible or unknown", failOn)
		}
	}
	var results [2]*finding.Result
	for i, target := range []string{before, after} {
		r, err := e.resultOf(ctx, target, o)
		if err != nil {
			return err
		}
		results[i] = r
	}
	d := finding.Compare(results[0], results[1])
	if format == "json" {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(d); err != nil {
			return err
		}
	} else {
		p := &page{w: e.stdout, width: e.width(e.stdout), color: e.colored(e.stdout)}
		p.difference(d, o.verbose)
		if p.err != nil {
			return p.err
		}
	}
	for _, r := range results {
		if err := verdict(r, false, vuln.Unknown); err != nil {
			return err
		}
	}
	if failOn == "" {
		return nil
	}
	n := 0
	for _, f := range d.Findings.Added {
		if f.Severity >= threshold {
			n++
		}
	}
	if n > 0 {
		return &Exit{Code: ExitPolicy, Err: fmt.Errorf("policy failed: %s of severity %s or worse", counted(n, "new finding"), threshold)}
	}
	return nil
}

// resultOf reads a saved result, or scans.
func (e *env) resultOf(ctx context.Context, target string, o *scanFlags) (*finding.Result, error) {
	if info, err := os.Stat(target); err == nil && info.Mode().IsRegular() {
		head := make([]byte, 512)
		f, err := os.Open(target)
		if err != nil {
			return nil, err
		}
		n, _ := f.Read(head)
		f.Close()
		if finding.IsResult(head[:n]) {
			b, err := readSaved(target)
			if err != nil {
				return nil, err
			}
			r, err := finding.Decode(b)
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", target, err)
			}
			return r, nil
		}
	}
	opts, err := e.scanOptions(o)
	if err != nil {
		return nil, err
	}
	db, path, err := e.openDB(e.db)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	opts.DBPath, opts.MaxDBAge = path, e.settings.Feeds.MaxAge
	line := e.progress()
	defer line.done()
	line.say("opening %s", target)
	t, err := e.openTarget(ctx, target, opts)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	opts.Progress = func(p scan.Progress) {
		line.say("scanning %s: %d of %d layers, %d files", t.Artifact.Name, p.LayersDone, p.Layers, p.Entries)
	}
	return scan.Run(ctx, t, db, opts)
}

// difference writes what changed, what is worst first.
func (p *page) difference(d *finding.Difference, verbose bool) {
	p.line("before  %s", comparedLine(d.Before))
	p.line("after   %s", comparedLine(d.After))
	if d.Before.Database.Checksum != d.After.Database.Checksum {
		p.text("The two were judged by different databases: what changed may be what is known, not what is there.", "! ")
	}
	f, k := d.Findings, d.Packages
	p.head(fmt.Sprintf("Findings: %d added, %d gone, %d changed, %d as before", len(f.Added), len(f.Gone), len(f.Changed), f.Unchanged))
	p.findings("+", f.Added, verbose)
	p.findings("-", f.Gone, verbose)
	p.findings("~", f.Changed, verbose)
	p.head(fmt.Sprintf("Packages: %d added, %d gone, %d changed, %d as before", len(k.Added), len(k.Gone), len(k.Changed), k.Unchanged))
	for _, part := range []struct {
		sign string
		list []finding.ComparedPackage
	}{{"+", k.Added}, {"-", k.Gone}, {"~", k.Changed}} {
		for i, x := range part.list {
			if i == few*2 && !verbose {
				p.line("  %s ... and %d more (--verbose)", part.sign, len(part.list)-i)
				break
			}
			version := first(x.Before, x.After)
			if x.Before != "" && x.After != "" {
				version = x.Before + " -> " + x.After
			}
			p.line("  %s %-12s %-34s %s", part.sign, x.Ecosystem, x.Name, version)
		}
	}
}

func comparedLine(c finding.Compared) string {
	parts := []string{c.Name}
	if c.Distro != "" {
		parts = append(parts, c.Distro)
	}
	parts = append(parts, counted(c.Packages, "package"), fmt.Sprintf("%s: %d critical, %d high", counted(c.Total.Total(), "finding"), c.Total.Critical, c.Total.High))
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

func (p *page) findings(sign string, list []finding.ComparedFinding, verbose bool) {
	for i, f := range list {
		if i == few*2 && !verbose {
			p.line("  %s ... and %d more (--verbose)", sign, len(list)-i)
			return
		}
		tail := ""
		if f.FixedVersion != "" {
			tail = "  fixed in " + f.FixedVersion
		}
		if f.Exploited {
			tail += "  exploit"
		}
		p.line("  %s %-10s %-20s %s %s%s", sign, f.Severity, f.Vulnerability, f.Package, f.Version, tail)
		for _, c := range f.Changes {
			p.line("      %s", c)
		}
	}
}
