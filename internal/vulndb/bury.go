package vulndb

import (
	"cmp"
	"slices"
	"strings"
)

// bury places the withdrawn records, and puts the groups and their joins into order. Groups come in by id.
func bury(records []identity, groups []group) []group {
	bears := map[string][]int{} // folded name -> groups
	for at := range groups {
		g := &groups[at]
		for _, n := range slices.Concat([]string{g.id}, g.aliases, g.also) {
			if key := foldID(n); len(bears[key]) == 0 || bears[key][len(bears[key])-1] != at {
				bears[key] = append(bears[key], at)
			}
		}
	}
	dead := map[string]*group{}
	for i := range records {
		r := &records[i]
		if !r.withdrawn || r.exploit {
			continue
		}
		about := bears[foldID(r.id)]
		if len(about) == 0 {
			about = named(r, bears)
		}
		for _, at := range about {
			g := &groups[at]
			g.out = append(g.out, i)
			g.also = append(g.also, r.id)
			g.joins = append(g.joins, join{r.id, r.feed, why{kind: becauseWithdrawn}})
		}
		if len(about) == 0 {
			inter(dead, i, r)
		}
	}
	for _, g := range dead {
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(a, b group) int { return compareIDs(a.id, b.id) })
	for at := range groups {
		g := &groups[at]
		if g.dead {
			finish(records, g)
		}
		sortNames(&g.also)
		g.also = slices.DeleteFunc(g.also, func(n string) bool { return foldID(n) == foldID(g.id) || slices.Contains(g.aliases, n) })
		slices.SortFunc(g.joins, func(a, b join) int {
			return cmp.Or(compareIDs(a.id, b.id), strings.Compare(a.feed, b.feed), cmp.Compare(a.why.kind, b.why.kind),
				compareIDs(a.why.name, b.why.name), cmp.Compare(a.why.others, b.why.others))
		})
		g.joins = slices.Compact(g.joins)
	}
	return groups
}

// named gives the groups that a withdrawn record names: of a record about one CVE, that one only.
func named(r *identity, bears map[string][]int) []int {
	if cve, ok := ownCVE(r.id); ok {
		return bears[cve]
	}
	var about []int
	for _, n := range slices.Concat(r.aliases, r.covers) {
		if cve, ok := ownCVE(n); ok {
			n = cve
		}
		about = append(about, bears[foldID(n)]...)
	}
	slices.Sort(about)
	if about = slices.Compact(about); len(about) > maxInherited {
		return nil
	}
	return about
}

// inter puts a withdrawn record of which no other speaks into the group of its CVE, where it names just one, else into that of its id.
func inter(dead map[string]*group, i int, r *identity) {
	id, ok := ownCVE(r.id)
	if !ok {
		id = r.id
		var cves []string
		for _, a := range r.aliases {
			if cve, ok := ownCVE(a); ok && !slices.Contains(cves, cve) {
				cves = append(cves, cve)
			}
		}
		if len(cves) == 1 && !r.notice() && !isMAL(r.id) {
			id = cves[0]
		}
	}
	g, ok := dead[foldID(id)]
	if !ok {
		g = &group{id: id, dead: true}
		dead[foldID(id)] = g
	}
	g.id = min(g.id, id)
	g.malware = g.malware || r.malware
	g.members = append(g.members, member{advisory: i})
}

// finish names a group of withdrawn records.
func finish(records []identity, g *group) {
	slices.SortFunc(g.members, func(a, b member) int {
		ra, rb := &records[a.advisory], &records[b.advisory]
		return cmp.Or(strings.Compare(ra.feed, rb.feed), compareIDs(ra.id, rb.id), cmp.Compare(a.advisory, b.advisory))
	})
	for _, m := range g.members {
		r := &records[m.advisory]
		g.aliases = append(g.aliases, r.id)
		g.also = append(g.also, r.aliases...)
		g.joins = append(g.joins, join{r.id, r.feed, why{kind: becauseAllWithdrawn}})
	}
	slices.SortFunc(g.aliases, compareIDs)
	g.aliases = slices.CompactFunc(g.aliases, func(a, b string) bool { return foldID(a) == foldID(b) })
	g.aliases = slices.DeleteFunc(g.aliases, func(n string) bool { return foldID(n) == foldID(g.id) })
}
