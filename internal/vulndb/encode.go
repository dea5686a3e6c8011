package vulndb

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// An encoder turns what was collected into the sections of a file.
type encoder struct {
	*front
	c      *collector
	heap   heap
	groups []group
	rows   int

	targets [][]Ordinal // of each record
	bundle  []bool      // of each record
	reach   [][2]uint32 // ordinal, package
	heard   map[heardKey]heardOf
}

func (e *encoder) encode(ctx context.Context) error {
	c := e.c
	// From here on the records are in an order that does not depend on that of the inputs.
	order := c.order()
	ids, records := make([]identity, len(order)), make([]record, len(order))
	for to, from := range order {
		ids[to], records[to] = c.ids[from], c.records[from]
	}
	c.ids, c.records = ids, records

	e.groups = joinAll(c.ids)
	e.vulns = len(e.groups)
	e.targets, e.bundle = make([][]Ordinal, len(records)), make([]bool, len(records))
	for o, g := range e.groups {
		for _, m := range g.members {
			e.targets[m.advisory] = append(e.targets[m.advisory], Ordinal(o))
			e.bundle[m.advisory] = m.bundle
		}
	}
	// Ids first, and in order: the ids of one feed's records then lie side by side.
	for _, g := range e.groups {
		e.heap.ref(g.id)
	}
	for i := range ids {
		if len(e.targets[i]) > 0 {
			e.heap.ref(ids[i].id)
		}
	}
	for _, step := range []func(context.Context) error{e.encodePackages, e.encodeVulns, e.encodeTexts} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	e.encodeReach()
	e.encodeIDs()
	e.sections[secStrings] = e.heap.b
	if int64(len(e.heap.b)) > math.MaxUint32 {
		return fmt.Errorf("shared strings are larger than 4 GiB")
	}
	return nil
}

// part is what one record says of one package.
type part struct {
	pkg, record, affected int32
}

// parts lists what is said of packages, by package, and gives the packages in their order in the file.
func (e *encoder) parts() ([]part, []packageName) {
	used := map[packageName]bool{}
	var parts []part
	for i, r := range e.c.records {
		if len(e.targets[i]) == 0 {
			continue
		}
		for k, a := range r.affected {
			parts = append(parts, part{a.pkg, int32(i), int32(k)})
			used[e.c.names[a.pkg]] = true
		}
	}
	names := slices.SortedFunc(maps.Keys(used), func(a, b packageName) int {
		return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.name, b.name))
	})
	rank := make([]int32, len(e.c.names))
	for i, n := range names {
		rank[e.c.packages[n]] = int32(i)
	}
	for i := range parts {
		parts[i].pkg = rank[parts[i].pkg]
	}
	slices.SortFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.pkg, b.pkg), cmp.Compare(a.record, b.record), cmp.Compare(a.affected, b.affected))
	})
	return parts, names
}

func (e *encoder) encodePackages(ctx context.Context) error {
	parts, names := e.parts()
	e.packages = len(names)
	e.heard = map[heardKey]heardOf{}
	w := newBlockWriter()
	var index, text, blocks []byte
	mark := func() {
		index = binary.LittleEndian.AppendUint32(index, uint32(len(text)))
		index = binary.LittleEndian.AppendUint32(index, uint32(len(blocks)))
	}
	for i, n := range names {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if k := len(e.spaces); k == 0 || e.spaces[k-1].name != n.namespace {
			e.spaces = append(e.spaces, namespace{name: n.namespace, first: i})
		}
		e.spaces[len(e.spaces)-1].count++
		mark()
		text = append(text, n.name...)
		end := 0
		for end < len(parts) && parts[end].pkg == int32(i) {
			end++
		}
		var err error
		if blocks, err = e.encodeBlock(w, blocks, parts[:end], uint32(i)); err != nil {
			return fmt.Errorf("%s package %s: %w", n.namespace, n.name, err)
		}
		parts = parts[end:]
		if int64(len(blocks)) > math.MaxUint32 {
			return fmt.Errorf("packages take more than 4 GiB")
		}
	}
	mark()
	e.sections[secPackages], e.sections[secNames], e.sections[secBlocks] = index, text, blocks
	return nil
}

// maxAllRows bounds what hostile notices can multiply to. All public feeds together have some ten million rows.
const maxAllRows = 1 << 27

// planned is a row before it is written.
type planned struct {
	o      Ordinal
	record int32
	claim  int
}

func (e *encoder) encodeBlock(w *blockWriter, blocks []byte, parts []part, pkg uint32) ([]byte, error) {
	w.reset()
	said := make([]vuln.Affected, len(parts))
	var buf []byte
	for i, p := range parts {
		var err error
		if said[i], buf, err = e.c.readAffected(e.c.records[p.record].affected[p.affected].at, buf); err != nil {
			return nil, err
		}
		w.bound(said[i].Ranges)
	}
	var rows []planned
	for i, p := range parts {
		r, a := &e.c.records[p.record], &said[i]
		fixedAt := a.FixedAt
		if fixedAt.IsZero() && r.affected[p.affected].fixed && e.c.ids[p.record].notice() {
			fixedAt = r.published // a notice comes with the fix
		}
		if len(rows)+len(e.targets[p.record]) > 4*maxRows {
			return nil, fmt.Errorf("more than %d rows", 4*maxRows)
		}
		claim := w.claim(a, fixedAt)
		for _, o := range e.targets[p.record] {
			rows = append(rows, planned{o, p.record, claim})
			e.hear(o, r.feed, a, fixedAt, e.bundle[p.record], pkg)
		}
	}
	slices.SortFunc(rows, func(a, b planned) int {
		return cmp.Or(cmp.Compare(a.o, b.o), cmp.Compare(a.record, b.record), cmp.Compare(a.claim, b.claim))
	})
	rows = slices.Compact(rows)
	for i, r := range rows {
		if i == 0 || r.o != rows[i-1].o {
			e.reach = append(e.reach, [2]uint32{uint32(r.o), pkg})
		}
		w.row(r.o, e.c.records[r.record].feed, e.heap.ref(e.c.ids[r.record].id), e.bundle[r.record], r.claim)
	}
	if e.rows += len(rows); e.rows > maxAllRows {
		return nil, fmt.Errorf("more than %d rows in the database", maxAllRows)
	}
	return w.append(blocks)
}

func (e *encoder) encodeVulns(ctx context.Context) error {
	heard := e.heardBy()
	feeds := map[string]int{}
	for i, f := range e.feeds {
		feeds[f] = i
	}
	var index, body, scores, buf []byte
	for o := range e.groups {
		if o%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		g := &e.groups[o]
		voices := make([]voice, 0, len(g.members))
		for _, i := range g.out {
			e.reject(g, i)
		}
		for _, m := range g.members {
			e.reject(g, m.advisory)
			a, b, err := e.c.body(m.advisory, buf)
			if err != nil {
				return err
			}
			buf = b
			voices = append(voices, voice{a, m.bundle})
		}
		g.rejecters = sortRejecters(g.rejecters)
		v := merge(g, voices, heard[Ordinal(o)])
		index = binary.LittleEndian.AppendUint32(index, uint32(len(body)))
		for _, x := range v.Exploits {
			g.also = append(g.also, x.ID)
		}
		body = appendRecord(body, &e.heap, feeds, v, g.joins)
		var score *vuln.EPSS
		if s, ok := e.c.scores[g.id]; ok {
			score = &s
		}
		scores = appendEPSS(scores, score)
	}
	index = binary.LittleEndian.AppendUint32(index, uint32(len(body)))
	e.sections[secVulnIndex], e.sections[secVulns], e.sections[secEPSS] = index, body, scores
	return nil
}

// reject notes when a record takes back the CVE of a group.
func (e *encoder) reject(g *group, i int) {
	r := &e.c.ids[i]
	if cve, own := ownCVE(r.id); own && cve == g.id && rejects(r, e.c.records[i].state) {
		g.rejecters = append(g.rejecters, rejecter{r.feed, e.c.records[i].withdrawn})
	}
}

func (e *encoder) encodeTexts(ctx context.Context) error {
	w, err := newTextWriter()
	if err != nil {
		return err
	}
	var buf []byte
	for o := range e.groups {
		if o%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var texts []text
		for _, m := range e.groups[o].members {
			id := &e.c.ids[m.advisory]
			t := text{voice: voice{&vuln.Advisory{Feed: id.feed, ID: id.id}, m.bundle}}
			if t.details, t.refs, buf, err = e.c.text(m.advisory, buf); err != nil {
				return err
			}
			texts = append(texts, t)
		}
		w.add(mergeText(texts))
	}
	e.sections[secTextIndex], e.sections[secTexts] = w.finish()
	return nil
}

func (e *encoder) encodeReach() {
	slices.SortFunc(e.reach, func(a, b [2]uint32) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	var index, body []byte
	list := e.reach
	for o := range e.groups {
		index = binary.LittleEndian.AppendUint32(index, uint32(len(body)))
		var packages []int
		for len(list) > 0 && list[0][0] == uint32(o) {
			packages = append(packages, int(list[0][1]))
			list = list[1:]
		}
		body = appendReach(body, packages)
	}
	index = binary.LittleEndian.AppendUint32(index, uint32(len(body)))
	e.sections[secReach], e.sections[secReached] = index, body
}

func (e *encoder) encodeIDs() {
	var entries []idEntry
	for o, g := range e.groups {
		for _, n := range slices.Concat([]string{g.id}, g.aliases, g.also) {
			entries = append(entries, idEntry{n, Ordinal(o)})
		}
	}
	e.sections[secIDs] = appendIDs(nil, &e.heap, entries)
}
