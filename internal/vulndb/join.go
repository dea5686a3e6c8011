package vulndb

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// identity is what joining looks at in an advisory. Its names went through cleanID.
type identity struct {
	feed      string
	id        string
	aliases   []string
	covers    []string
	withdrawn bool
	malware   bool // it says that packages were published to do harm
	// exploit is set for a record that lists exploits and says nothing else: its id is the name of an exploit.
	exploit bool
}

// notice says whether the record speaks of others' vulnerabilities: its id is then no name of them.
func (r *identity) notice() bool {
	_, own := ownCVE(r.id)
	return !own && (len(r.covers) > 0 || isNotice(r.id))
}

// group is one vulnerability: the advisories that speak of it.
type group struct {
	id      string
	aliases []string // sorted
	also    []string // ids that find it but are not its names: those of notices
	members []member // records about it first, then notices
	joins   []join

	out       []int // withdrawn records that bear on it
	dead      bool  // its members are withdrawn records only
	malware   bool
	rejecters []rejecter // found out by the encoder
}

// member is an advisory's part in a group.
type member struct {
	advisory int  // index into what was joined
	bundle   bool // it is a notice, and not a record about this vulnerability
}

// maxInherited bounds how many vulnerabilities an advisory takes over from those that it shares a name with.
const maxInherited = 64

// joinAll puts advisories into groups, ordered by id. See docs/concepts/joining-advisories.md for the rules and the
// reasons; in short:
//
//  1. A record whose own id is a CVE id, or holds one, is about that CVE and no other.
//  2. Any other record is about the CVEs that it names as aliases and covers. When they are several, or only covered,
//     it is a notice.
//  3. A record that names no CVE goes where the nearest records go that share a name with it.
//  4. What is left are groups without a CVE: records connected by id and alias.
//  5. A record that only covers names which are not CVEs is a notice of the groups of those names.
//  6. Records of malware are joined among themselves by rule 4, and names that they share with others join nothing.
//  7. A withdrawn record is listed with the groups that it names, and changes nothing there. Those that name none are groups of their
//     own: one for each CVE that they are about, else for each id.
//
// No rule puts two CVEs into one group. The result does not depend on the order of the advisories, but for the
// numbers in it. Exploits of nothing are in no group.
func joinAll(records []identity) []group {
	ordinary, malware := apart(records)
	groups := append(join1(ordinary), join1(malware)...)
	slices.SortFunc(groups, func(a, b group) int { return compareIDs(a.id, b.id) })
	groups = bury(records, groups)
	nameMalware(records, groups)
	return groups
}

// join1 applies rules 1 to 5 to the records that are not nil.
func join1(records []*identity) []group {
	j := &joiner{
		records: records, to: make([]route, len(records)),
		own: map[string][]int{}, named: map[string][]int{},
	}
	for i, r := range records {
		if r != nil {
			j.direct(i, r)
		}
	}
	j.inherit()
	j.connect()
	j.cover()
	return j.groups()
}

// route says in which groups a record is, and why.
type route struct {
	groups []string // ids; none: not known yet
	bundle bool
	kind   reason
	name   string // the shared name, for becausePartner
}

type joiner struct {
	records []*identity // nil: not of this joining
	to      []route
	own     map[string][]int    // folded id -> records with a route and that id
	named   map[string][]int    // folded alias, no CVE -> records with a route that name it
	known   map[string][]string // answers of of, until the next record is settled
}

func (j *joiner) settle(i int, r route) {
	j.to[i] = r
	j.known = nil
	key := foldID(j.records[i].id)
	j.own[key] = append(j.own[key], i)
	for _, a := range j.records[i].aliases {
		if !isCVE(a) {
			j.named[foldID(a)] = append(j.named[foldID(a)], i)
		}
	}
}

// direct applies rules 1 and 2.
func (j *joiner) direct(i int, r *identity) {
	if cve, ok := ownCVE(r.id); ok {
		j.settle(i, route{groups: []string{cve}, kind: becauseNamed})
		return
	}
	var cves []string
	for _, a := range r.aliases {
		if isCVE(a) {
			cves = append(cves, a)
		} else if cve, ok := ownCVE(a); ok {
			cves = append(cves, cve)
		}
	}
	kind, bundle := becauseAlias, false
	if len(cves) == 0 || isNotice(r.id) {
		kind, bundle = becauseCovers, true
	}
	for _, c := range r.covers {
		if cve, ok := ownCVE(c); ok {
			cves = append(cves, cve)
		}
	}
	slices.SortFunc(cves, compareIDs)
	cves = slices.Compact(cves)
	if len(cves) > 0 {
		j.settle(i, route{groups: cves, bundle: bundle || len(cves) > 1, kind: kind})
	}
}

// of gives the groups of a name: those of the records with that id; where there is none, those of the records that
// give it as an alias, first of those about one vulnerability only.
func (j *joiner) of(name string) []string {
	key := foldID(name)
	if groups, ok := j.known[key]; ok {
		return groups
	}
	var groups []string
	for _, i := range j.own[key] {
		groups = append(groups, j.to[i].groups...)
	}
	for _, bundles := range [...]bool{false, true} {
		if len(groups) > 0 {
			break
		}
		for _, i := range j.named[key] {
			if r := &j.to[i]; r.bundle == bundles && len(r.groups) <= maxInherited {
				groups = append(groups, r.groups...)
			}
		}
	}
	slices.SortFunc(groups, compareIDs)
	groups = slices.Compact(groups)
	if j.known == nil {
		j.known = map[string][]string{}
	}
	j.known[key] = groups
	return groups
}

// names gives the names by which a record is connected to others.
func (j *joiner) names(i int) []string {
	return append([]string{j.records[i].id}, j.records[i].aliases...)
}

func (j *joiner) open(i int) bool {
	return j.records[i] != nil && len(j.to[i].groups) == 0
}

// inherit applies rule 3, from the records that have a route outwards.
func (j *joiner) inherit() {
	waiting := map[string][]int{} // folded name -> records without a route that bear it
	for i := range j.records {
		if j.open(i) {
			for _, n := range j.names(i) {
				waiting[foldID(n)] = append(waiting[foldID(n)], i)
			}
		}
	}
	var reached []string
	for n := range waiting {
		if len(j.own[n]) > 0 || len(j.named[n]) > 0 {
			reached = append(reached, n)
		}
	}
	for len(reached) > 0 {
		next := map[int]route{}
		for _, n := range reached {
			for _, i := range waiting[n] {
				if _, done := next[i]; done || !j.open(i) {
					continue
				}
				if r := j.partners(i); len(r.groups) > 0 {
					next[i] = r
				}
			}
			delete(waiting, n)
		}
		reached = reached[:0]
		for _, i := range slices.Sorted(maps.Keys(next)) {
			j.settle(i, next[i])
			for _, n := range j.names(i) {
				if _, ok := waiting[foldID(n)]; ok {
					reached = append(reached, foldID(n))
				}
			}
		}
	}
}

// partners gives the route that a record takes over from those that share a name with it.
func (j *joiner) partners(i int) route {
	r := route{kind: becausePartner}
	for _, n := range j.names(i) {
		g := j.of(n)
		if len(g) > maxInherited {
			return route{}
		}
		if len(g) > 0 {
			r.groups = append(r.groups, g...)
			if r.name == "" || compareIDs(n, r.name) < 0 {
				r.name = n
			}
		}
	}
	slices.SortFunc(r.groups, compareIDs)
	r.groups = slices.Compact(r.groups)
	if len(r.groups) > maxInherited {
		return route{}
	}
	r.bundle = len(r.groups) > 1 || isNotice(j.records[i].id)
	return r
}

// connect applies rule 4 to records that do not cover others.
func (j *joiner) connect() {
	parent := map[string]string{}
	find := func(n string) string {
		for parent[n] != n {
			parent[n] = parent[parent[n]]
			n = parent[n]
		}
		return n
	}
	spelled := map[string]string{} // folded name -> best spelling, by what it is
	rank := func(n string, own bool) int {
		switch {
		case isMAL(n) && own:
			return 0
		case isGHSA(n) && own:
			return 1
		case isGHSA(n):
			return 2
		case own:
			return 3
		}
		return 4
	}
	ranks := map[string]int{}
	var rest []int
	for i, r := range j.records {
		if !j.open(i) || r.notice() || r.exploit {
			continue
		}
		rest = append(rest, i)
		for k, n := range j.names(i) {
			key := foldID(n)
			if _, ok := parent[key]; !ok {
				parent[key], spelled[key], ranks[key] = key, n, rank(n, k == 0)
			}
			if s := rank(n, k == 0); s < ranks[key] || s == ranks[key] && n < spelled[key] {
				spelled[key], ranks[key] = n, s
			}
			a, b := find(foldID(r.id)), find(key)
			parent[max(a, b)] = min(a, b)
		}
	}
	best := map[string]string{} // root -> folded name of the group
	for key := range parent {
		root := find(key)
		old, ok := best[root]
		if !ok || cmp.Or(cmp.Compare(ranks[key], ranks[old]), strings.Compare(key, old)) < 0 {
			best[root] = key
		}
	}
	for _, i := range rest {
		id := spelled[best[find(foldID(j.records[i].id))]]
		j.settle(i, route{groups: []string{id}, kind: becauseAlias})
	}
}

// cover applies rule 5, also to the other names that a notice covers.
func (j *joiner) cover() {
	type found struct {
		i      int
		groups []string
	}
	var all []found
	for i, r := range j.records {
		if r == nil || !r.notice() {
			continue
		}
		names := r.covers
		if isNotice(r.id) {
			names = slices.Concat(names, r.aliases)
		}
		var groups []string
		for _, c := range names {
			if _, ok := ownCVE(c); !ok {
				groups = append(groups, j.of(c)...)
			}
		}
		all = append(all, found{i, groups})
	}
	for _, f := range all {
		r := &j.to[f.i]
		known := len(r.groups) > 0
		groups := slices.Concat(r.groups, f.groups)
		slices.SortFunc(groups, compareIDs)
		groups = slices.Compact(groups)
		switch {
		case known:
			r.groups, r.bundle = groups, r.bundle || len(groups) > 1
		case len(groups) > 0:
			j.settle(f.i, route{groups: groups, bundle: true, kind: becauseCovers})
		case !j.records[f.i].exploit:
			j.settle(f.i, route{groups: []string{j.records[f.i].id}, kind: becauseAlias})
		}
	}
}
