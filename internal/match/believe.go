package match

import (
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// group is all rows of one vulnerability for one question. A kernel has eight thousand, so it is small.
type group struct {
	vuln  vulndb.Ordinal
	hit   bool              // it holds for the installed version
	parts [maxSubjects]part // as the question's subjects
}

// part is the rows of one vulnerability in one table, and which of them are believed.
type part struct {
	from, to int32 // the rows are table.rows[from:to]
	best     uint8 // the tier that is believed
	cleared  bool  // it says that the package is not affected
	ranked   bool  // a distribution's: tiers count
}

// of gives the rows of a part.
func (t *table) of(p *part) []vulndb.Row { return t.rows[p.from:p.to] }

// newPart finds out whom to believe.
func (t *table) newPart(from, to int, distribution bool) part {
	p := part{from: int32(from), to: int32(to), ranked: distribution, best: ^uint8(0)}
	if !distribution {
		return p
	}
	rows := t.of(&p)
	for i := range rows {
		if r := &rows[i]; r.Status != vuln.StatusInvestigating {
			tier := tier(r.Feed, r.Bundle)
			if tier < p.best {
				p.best, p.cleared = tier, false
			}
			if tier == p.best && r.Status == vuln.StatusNotAffected {
				p.cleared = true
			}
		}
	}
	return p
}

// tier ranks what is said of one package and vulnerability in one distribution; the lowest is believed.
//
//	0  a record about the vulnerability, in the distribution's own feed
//	1  a record about the vulnerability, in the conversion of that feed to OSV
//	2  a notice that covers the vulnerability, in the distribution's own feed
//	3  a notice that covers the vulnerability, in the conversion
//
// The record comes first because it is kept up to date for each release, while a notice speaks of one day.
func tier(feed string, bundle bool) uint8 {
	t := uint8(1)
	if firstHand(feed) {
		t = 0
	}
	if bundle {
		t += 2
	}
	return t
}

// firstHand lists the feeds that a distribution publishes in its own form, of which another feed is a conversion.
func firstHand(feed string) bool {
	return feed == "alpine-secdb" // converted: osv/Alpine
}

// believes says whether the row is one that counts.
func (p *part) believes(r *vulndb.Row) bool {
	switch r.Status {
	case vuln.StatusAffected, vuln.StatusWontFix:
		return !p.ranked || !p.cleared && (p.to-p.from == 1 || tier(r.Feed, r.Bundle) == p.best)
	}
	return false
}

// holds says whether any row that is believed is about the points.
func (g *group) holds(tables []table, at *[maxSubjects]point) bool {
	for i := range tables {
		p := &g.parts[i]
		rows := tables[i].of(p)
		for k := range rows {
			r := &rows[k]
			if !p.believes(r) {
				continue
			}
			if _, _, ok := tables[i].holds(&at[i], r); ok {
				return true
			}
		}
	}
	return false
}
