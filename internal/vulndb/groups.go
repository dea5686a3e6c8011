package vulndb

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// groups gathers the members, names and reasons of each group.
func (j *joiner) groups() []group {
	index := map[string]int{} // folded id
	var groups []group
	for i := range j.records {
		for _, id := range j.to[i].groups {
			at, ok := index[foldID(id)]
			if !ok {
				at = len(groups)
				index[foldID(id)] = at
				groups = append(groups, group{id: id})
			}
			groups[at].id = min(groups[at].id, id) // of two spellings, always the same
			groups[at].members = append(groups[at].members, member{i, j.to[i].bundle})
		}
	}
	for at := range groups {
		g := &groups[at]
		j.name(g)
		slices.SortFunc(g.members, func(a, b member) int {
			ra, rb := j.records[a.advisory], j.records[b.advisory]
			return cmp.Or(compareBool(a.bundle, b.bundle), strings.Compare(ra.feed, rb.feed),
				compareIDs(ra.id, rb.id), cmp.Compare(a.advisory, b.advisory))
		})
		g.malware = j.records[g.members[0].advisory].malware
	}
	return groups
}

// name fills in a group's other names, and why each record is in it.
func (j *joiner) name(g *group) {
	aliases := map[string]string{} // folded
	add := func(n string) {
		key := foldID(n)
		if old, ok := aliases[key]; key != foldID(g.id) && (!ok || n < old) {
			aliases[key] = n
		}
	}
	for _, m := range g.members {
		r, to := j.records[m.advisory], &j.to[m.advisory]
		switch {
		case r.exploit:
			g.also = append(g.also, r.id)
			continue
		case r.notice():
			g.also = append(g.also, r.id)
		default:
			add(r.id)
		}
		for _, a := range r.aliases {
			if isNotice(a) {
				continue
			}
			if !isCVE(a) && len(to.groups) <= maxInherited && slices.Contains(j.of(a), g.id) {
				add(a)
			}
		}
		if foldID(r.id) == foldID(g.id) {
			continue
		}
		w := why{kind: to.kind, name: g.id, others: len(to.groups) - 1}
		if to.kind == becausePartner {
			w.name = to.name
		}
		g.joins = append(g.joins, join{r.id, r.feed, w})
	}
	g.aliases = slices.SortedFunc(maps.Values(aliases), compareIDs)
	sortNames(&g.also)
}

func sortNames(list *[]string) {
	slices.Sort(*list)
	*list = slices.Compact(*list)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
