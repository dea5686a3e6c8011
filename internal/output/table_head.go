package output

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// writeHead says what was scanned and what answered, and warns where the answer is worth less than it looks.
func writeHead(p *page, r *finding.Result, o Options) {
	a := &r.Artifact
	about := []string{kindWords(a)}
	if a.Platform != "" {
		about = append(about, plain(a.Platform))
	}
	if d := cmp.Or(a.Digest, a.ImageID); d != "" {
		about = append(about, shortDigest(plain(d)))
	}
	p.line(piece{plain(a.Name), strong}, piece{"  " + strings.Join(about, ", "), faint})

	system := "no distribution"
	if d := r.Distro; d != nil {
		system = plain(cmp.Or(d.PrettyName, strings.TrimSpace(d.ID+" "+d.VersionID)))
	}
	p.line(piece{system + ", " + count(len(r.Packages), "package"), normal})
	writeEndOfLife(p, r, o)
	writeMalware(p, r)

	db := &r.Database
	switch {
	case db.Starter:
		p.line(piece{"! Only the starter database answered.", alarm},
			piece{" It knows a few hundred vulnerabilities; get all with ", normal}, piece{"sightline db update", command})
	case db.AsOf.IsZero():
		p.line(piece{"Vulnerability database without a date", normal})
	default:
		p.line(piece{fmt.Sprintf("Vulnerabilities as of %s (%s), %s", db.AsOf.UTC().Format(time.DateOnly), age(o.Now.Sub(db.AsOf)), count(answering(db.Feeds), "feed")), normal})
		if r.Run.DatabaseFeed != "" && r.Run.DatabaseStale {
			p.line(piece{fmt.Sprintf("  of these, %s is %s old", plain(r.Run.DatabaseFeed), plain(r.Run.DatabaseAge)), normal})
		}
	}
	if r.Run.DatabaseStale && !db.Starter {
		p.line(piece{"! The database is old: newer vulnerabilities are not in it.", caution},
			piece{" Update it with ", normal}, piece{"sightline db update", command})
	}
	if n := r.Summary.Unjudged; n > 0 {
		p.line(piece{fmt.Sprintf("! Nothing is known of the distribution's %s: they were not judged.", count(n, "package")), alarm})
	}
	if n := len(r.Incomplete); n > 0 {
		p.line(piece{fmt.Sprintf("! Incomplete: %s not taken into account, see below.", thingsWere(n)), caution})
	}
}

// answering counts the feeds that say anything: of others no copy was at hand when the database was built.
func answering(list []vuln.FeedInfo) int {
	n := 0
	for i := range list {
		if list[i].Advisories > 0 {
			n++
		}
	}
	return n
}

// writeEndOfLife warns of a release that gets no more fixes, or soon none.
func writeEndOfLife(p *page, r *finding.Result, o Options) {
	if r.Distro == nil || r.Distro.EndOfLife == nil {
		return
	}
	e := r.Distro.EndOfLife
	day := func(t time.Time) string { return t.UTC().Format(time.DateOnly) }
	extended := ""
	if e.Extended.After(o.Now) {
		extended = fmt.Sprintf("; %s until %s", plain(cmp.Or(e.Program, "extended support")), day(e.Extended))
	}
	switch {
	case e.Ended(o.Now):
		p.line(piece{"! End of life: the regular support of this release ended on " + day(e.Standard), alarm}, piece{extended, normal})
	case !e.Standard.IsZero() && e.Standard.Sub(o.Now) < 180*24*time.Hour:
		p.line(piece{"! This release reaches its end of life on " + day(e.Standard), caution}, piece{extended, normal})
	}
}

// writeMalware puts malicious packages before everything else.
func writeMalware(p *page, r *finding.Result) {
	var names []string
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Kind == finding.Malicious {
			if name := plain(f.Package.Name + " " + f.Package.Version); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) > 0 {
		p.line(piece{"! Malware: remove " + strings.Join(names, ", "), alarm})
	}
}

func kindWords(a *artifact.Artifact) string {
	words := map[artifact.Kind]string{
		artifact.Image: "image", artifact.RootFS: "root file system", artifact.Directory: "directory", artifact.SBOM: "SBOM",
	}
	return cmp.Or(words[a.Kind], plain(string(a.Kind)))
}

// shortDigest keeps of a digest what people compare.
func shortDigest(d string) string {
	if algorithm, hex, ok := strings.Cut(d, ":"); ok && len(hex) > 12 {
		return algorithm + ":" + hex[:12]
	}
	return d
}

// age is a time span as a person says it.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "from the future"
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour") + " old"
	}
	return count(int(d.Hours()/24), "day") + " old"
}

func thingsWere(n int) string {
	if n == 1 {
		return "1 thing was"
	}
	return fmt.Sprintf("%d things were", n)
}

// writeIncomplete says what was not read: by reason with an example, or all of it.
func writeIncomplete(p *page, r *finding.Result, o Options) {
	if len(r.Incomplete) == 0 {
		return
	}
	p.line()
	p.line(piece{fmt.Sprintf("Incomplete (%d)", len(r.Incomplete)), strong}, piece{": this was not read, or not as it was written", normal})
	if o.Verbose {
		rows := make([][]cell, 0, len(r.Incomplete))
		for _, i := range r.Incomplete {
			layer := cell{{}}
			if i.Layer != nil {
				layer = cell{{fmt.Sprint(i.Layer.Index + 1), normal}}
			}
			rows = append(rows, []cell{plainCell(reasonWords(i.Reason)), layer, plainCell(cmp.Or(i.Path, "-")), {{plain(i.Detail), faint}}})
		}
		p.rows([]column{{head: "REASON"}, {head: "LAYER", right: true}, {head: "PATH", min: 10, keep: true}, {head: "DETAIL", min: 10}}, rows)
		if p.cut {
			p.line(piece{"  Cut (…) to the width of the page; whole in ", faint}, piece{"--format json", command})
		}
		return
	}
	type kind struct {
		reason artifact.Reason
		n      int
		first  string
	}
	var kinds []kind
	for _, i := range r.Incomplete {
		at := slices.IndexFunc(kinds, func(k kind) bool { return k.reason == i.Reason })
		if at < 0 {
			at = len(kinds)
			kinds = append(kinds, kind{reason: i.Reason, first: plain(strings.TrimPrefix(i.Path+": "+i.Detail, ": "))})
		}
		kinds[at].n++
	}
	slices.SortStableFunc(kinds, func(a, b kind) int { return cmp.Compare(b.n, a.n) })
	hidden, other := len(r.Incomplete)-len(kinds), 0
	for i, k := range kinds {
		if i >= pageReasons {
			hidden++
			other += k.n
			continue
		}
		example := strings.TrimSuffix(k.first, ": ")
		if k.n > 1 {
			example = strings.TrimSpace(fmt.Sprintf("%s (+%d more)", example, k.n-1))
		}
		p.line(piece{fmt.Sprintf("  %d %s", k.n, plain(reasonWords(k.reason))), normal}, piece{"  " + example, faint})
	}
	if other > 0 {
		p.line(piece{fmt.Sprintf("  %d of other kinds", other), normal})
	}
	if hidden > 0 {
		p.line(piece{fmt.Sprintf("  All %d one by one: ", len(r.Incomplete)), faint}, piece{"--verbose", command})
	}
}

func reasonWords(r artifact.Reason) string { return strings.ReplaceAll(string(r), "_", " ") }
