// Package scan is the pipeline of a scan: a target is opened, its packages are extracted, matched against a vulnerability
// database, and put together as a finding.Result. It promises the same result for the same bytes and database but
// for finding.Run, whatever way the bytes came in. It decides nothing: reading is artifact's and extract's work,
// judging match's, and showing output's.
package scan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/image"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/match"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vex"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// Options set how a target is opened and read.
type Options struct {
	Platform string        // of a multi-platform image: os/architecture[/variant]; default linux and this machine's
	Registry image.Options // registry settings; Platform and Limits are filled in from here
	Limits   artifact.Limits
	Stdin    io.Reader // read for the target "-"; default os.Stdin
	Workers  int       // layers read side by side; default GOMAXPROCS
	// Extractors that look at files; usually extract/all's.
	Extractors []extract.Extractor
	// Progress, if set, is told how far reading is; it may be called from many goroutines.
	Progress func(Progress)

	VEX        []*vex.Document // statements of those who know better
	Stated     func([]vex.Use) // if set, is told after matching what came of them
	OnlyLinked bool            // leave out findings whose vulnerable functions are not linked into their Go binary

	Scanner  string           // name and version for the result's run block
	Now      func() time.Time // default time.Now
	DBPath   string           // of the database, for the run block
	MaxDBAge time.Duration    // a database older than this is stale; default DefaultMaxDBAge
}

// Progress says how far reading an artifact is.
type Progress struct {
	Layers, LayersDone int
	Entries            int64 // files and directories seen so far
}

// Run scans an opened target. The caller closes the target.
func Run(ctx context.Context, t *Target, db *vulndb.DB, o Options) (*finding.Result, error) {
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	start := now()
	inv, err := t.inventory(ctx, o)
	if err != nil {
		return nil, err
	}
	var judge *vex.Judge
	if len(o.VEX) > 0 {
		judge = vex.NewJudge(o.VEX, &t.Artifact, inv.Distro, start)
	}
	out, err := match.Match(ctx, db, inv, o.judging(judge))
	if err != nil {
		return nil, fmt.Errorf("matching packages: %w", err)
	}
	if judge != nil && o.Stated != nil {
		for i := range out.Suppressed { // what another rule took back was no question, and a statement about it is not idle for that
			p := &out.Suppressed[i].Package
			judge.Statement(&inventory.Package{Name: p.Name, Version: p.Version, PURL: p.PURL}, &vuln.Vulnerability{ID: out.Suppressed[i].Vulnerability})
		}
		o.Stated(judge.Uses())
	}
	r := &finding.Result{
		SchemaVersion:   finding.SchemaVersion,
		Artifact:        t.Artifact,
		Distro:          inv.Distro,
		Database:        db.Meta(),
		Findings:        notNil(out.Findings),
		Fixes:           notNil(out.Fixes),
		Suppressed:      out.Suppressed,
		Packages:        notNil(inv.Packages),
		RemovedPackages: inv.Removed,
		Incomplete:      append(inv.Incomplete, out.Incomplete...),
	}
	artifact.SortIncomplete(r.Incomplete)
	r.Summary.Unjudged = out.Unjudged
	r.Summarize()
	maxAge := cmp.Or(o.MaxDBAge, DefaultMaxDBAge)
	answered := oldestFeed(r)
	age := ""
	if !answered.AsOf.IsZero() {
		age = Age(start.Sub(answered.AsOf))
	}
	r.Run = finding.Run{
		StartedAt:     start.UTC().Truncate(time.Millisecond),
		DurationMS:    now().Sub(start).Milliseconds(),
		Scanner:       o.Scanner,
		DatabasePath:  o.DBPath,
		DatabaseAge:   age,
		DatabaseFeed:  answered.Name,
		DatabaseStale: start.Sub(answered.AsOf) > maxAge, // as is what has no date
	}
	return r, nil
}

// judging says what besides the database counts.
func (o Options) judging(judge *vex.Judge) match.Options {
	m := match.Options{OnlyLinked: o.OnlyLinked}
	if judge == nil {
		return m
	}
	m.State = func(p *inventory.Package, v *vuln.Vulnerability) *finding.Suppressed {
		s := judge.Statement(p, v)
		if !vex.Suppresses(s) {
			return nil
		}
		detail := s.Document + " states " + strings.ReplaceAll(s.Status, "_", " ")
		if why := cmp.Or(s.Impact, strings.ReplaceAll(s.Justification, "_", " ")); why != "" {
			detail += ": " + why
		}
		return &finding.Suppressed{Reason: finding.VEX, Detail: detail, Statement: s}
	}
	return m
}

// oldestFeed gives the oldest of the feeds that answered for the packages of the result: the database is as old as that. A database that does
// not keep its feeds apart by ecosystem (the starter) is as old as it says.
func oldestFeed(r *finding.Result) vuln.FeedInfo {
	here := map[string]bool{}
	for i := range r.Packages {
		e := r.Packages[i].Ecosystem
		here["osv/"+string(e)] = true
		if name := firstHand[e]; name != "" {
			here[name] = true
		}
	}
	oldest := vuln.FeedInfo{AsOf: r.Database.AsOf}
	for _, f := range r.Database.Feeds {
		if here[f.Name] && !f.AsOf.IsZero() && f.AsOf.Before(oldest.AsOf) {
			oldest = f
		}
	}
	return oldest
}

// firstHand names the feeds of publishers who speak of their packages in a form of their own.
var firstHand = map[purl.Ecosystem]string{
	purl.Alpine: "alpine-secdb", purl.RedHat: "redhat", purl.SUSE: "suse", purl.OpenSUSE: "suse", purl.Amazon: "amazon", purl.Fedora: "fedora",
	purl.Oracle: "oracle", purl.AzureLinux: "azure-linux", purl.Photon: "photon", purl.Upstream: "nvd",
}

// DefaultMaxDBAge is how old a database may be before results call it stale.
const DefaultMaxDBAge = 48 * time.Hour

// notNil makes an empty list of a missing one, since JSON readers should meet [] and not null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Age writes a duration as people say it: "3h", "12d".
func Age(d time.Duration) string {
	switch {
	case d < 0:
		return "0h"
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// ErrPartial is for callers that must not take a partial result for a whole one: a layer could not be read to its end.
var ErrPartial = errors.New("the result is partial")

// Partial lists what makes a result partial: whole layers that are missing, or parts of them; a package database that could not be read, or not
// wholly; packages past the limit. Other files that were not understood do not make a result partial.
func Partial(r *finding.Result) (lost []artifact.Incomplete) {
	for _, inc := range r.Incomplete {
		switch {
		case inc.Reason == artifact.UnknownRelease, inc.Reason == artifact.UnorderedVersion, inc.Reason == artifact.PathEscape:
		case r.Artifact.Kind == artifact.SBOM && inc.Reason == artifact.Unsupported:
			// A component that nothing can be matched with: documents of other tools have many, as headings of groups.
		case inc.Path == "", inc.Reason == artifact.PackagesLimit, packageDatabases[inc.Path]:
			lost = append(lost, inc)
		}
	}
	return lost
}

// packageDatabases are the files without which the OS packages of an image are not known.
var packageDatabases = map[string]bool{
	"var/lib/dpkg/status": true, "lib/apk/db/installed": true, "usr/lib/apk/db/installed": true,
	"usr/lib/sysimage/dpkg/status": true, "usr/share/dpkg/database/status": true,
	"var/lib/rpm/rpmdb.sqlite": true, "var/lib/rpm/Packages": true, "var/lib/rpm/Packages.db": true,
	"usr/lib/sysimage/rpm/rpmdb.sqlite": true, "usr/lib/sysimage/rpm/Packages": true, "usr/lib/sysimage/rpm/Packages.db": true,
	"usr/share/rpm/rpmdb.sqlite": true, "usr/share/rpm/Packages": true, "usr/share/rpm/Packages.db": true,
}

// inventory reads the packages of the target.
func (t *Target) inventory(ctx context.Context, o Options) (*inventory.Inventory, error) {
	if t.stated != nil {
		return t.stated, nil
	}
	src := t.source
	if o.Progress != nil {
		src = watch(src, o.Progress)
	}
	inv, err := extract.Run(ctx, src, o.Extractors, extract.Options{Limits: o.Limits, Workers: o.Workers})
	if err != nil {
		return nil, fmt.Errorf("scanning %s: %w", t.Artifact.Name, err)
	}
	if odd, ok := t.source.(artifact.Reporter); ok {
		inv.Incomplete = append(inv.Incomplete, odd.Incomplete()...)
		artifact.SortIncomplete(inv.Incomplete)
	}
	return inv, nil
}
