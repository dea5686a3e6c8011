package vulndb

import (
	"cmp"
	"encoding/binary"
	"iter"
	"slices"
	"strings"
)

// Lookup finds vulnerabilities by any id or alias in any case, in the order of ordinals: several for an advisory that
// covers several, none for an id that is not known.
func (db *DB) Lookup(id string) (found []Ordinal, err error) {
	if err := db.closed(); err != nil {
		return nil, err
	}
	defer db.guard(&err)()
	id = strings.TrimSpace(id)
	sec := db.sections[secIDs]
	lo, hi := 0, len(sec)/8
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		name, _, err := db.id(mid)
		if err != nil {
			return nil, err
		}
		if compareFold(name, id) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for ; lo < len(sec)/8; lo++ {
		name, o, err := db.id(lo)
		if err != nil {
			return nil, err
		}
		if compareFold(name, id) != 0 {
			break
		}
		found = append(found, o)
	}
	return found, nil
}

// id gives the i-th entry of the index of ids.
func (db *DB) id(i int) ([]byte, Ordinal, error) {
	ref, o, ok := db.pair(secIDs, i)
	if !ok {
		return nil, 0, corrupt("entry %d of the index of ids is broken", i)
	}
	name, ok := db.text(ref)
	if !ok || int64(o) >= int64(db.vulns) {
		return nil, 0, corrupt("entry %d of the index of ids is broken", i)
	}
	return name, Ordinal(o), nil
}

func upper[T byte | rune](c T) T {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// compareFold compares as if both had ASCII capitals only.
func compareFold[A, B []byte | string](a A, b B) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(upper(a[i]), upper(b[i])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func foldID(s string) string { return strings.Map(upper[rune], s) }

type idEntry struct {
	id string
	o  Ordinal
}

// appendIDs writes the index of ids.
func appendIDs(b []byte, h *heap, entries []idEntry) []byte {
	slices.SortFunc(entries, func(x, y idEntry) int {
		return cmp.Or(compareFold(x.id, y.id), cmp.Compare(x.o, y.o), strings.Compare(x.id, y.id))
	})
	entries = slices.CompactFunc(entries, func(x, y idEntry) bool { return x.o == y.o && compareFold(x.id, y.id) == 0 })
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint32(b, h.ref(e.id))
		b = binary.LittleEndian.AppendUint32(b, uint32(e.o))
	}
	return b
}

// Affected lists the packages that a vulnerability is about, by namespace and name. It stops after the first error.
func (db *DB) Affected(o Ordinal) iter.Seq2[AffectedPackage, error] {
	return func(yield func(AffectedPackage, error) bool) {
		packages, err := db.reach(o)
		if err != nil {
			yield(AffectedPackage{}, err)
			return
		}
		for _, i := range packages {
			rows, err := db.rowsOf(i, o)
			if err != nil {
				yield(AffectedPackage{}, err)
				return
			}
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// reach gives the numbers of the packages which have rows of a vulnerability, ascending.
func (db *DB) reach(o Ordinal) (packages []int, err error) {
	if err := db.closed(); err != nil {
		return nil, err
	}
	defer db.guard(&err)()
	b, ok := db.between(secReach, secReached, int(o))
	if !ok {
		return nil, corrupt("there is no vulnerability %d", o)
	}
	c := cursor{b: b}
	next := 0
	for c.left() > 0 {
		next += c.below(db.packages - next)
		packages = append(packages, next)
		next++
	}
	if c.bad {
		return nil, corrupt("vulnerability %d has a broken list of packages", o)
	}
	return packages, nil
}

// appendReach writes what reach reads.
func appendReach(b []byte, packages []int) []byte {
	next := 0
	for _, p := range packages {
		b = appendInt(b, p-next)
		next = p + 1
	}
	return b
}

func (db *DB) rowsOf(i int, o Ordinal) (rows []AffectedPackage, err error) {
	defer db.guard(&err)()
	ns, name, err := db.packageAt(i)
	if err != nil {
		return nil, err
	}
	p, err := db.block(i)
	if err != nil {
		return nil, err
	}
	return p.rowsOf(ns, name, o), nil
}

// Rows lists what is said of one vulnerability in one package, in the order of [Package.Rows]; nothing where nobody speaks of it there.
func (db *DB) Rows(namespace, name string, o Ordinal) ([]AffectedPackage, error) {
	p, found, err := db.Package(namespace, name)
	if err != nil || !found {
		return nil, err
	}
	return p.rowsOf(namespace, name, o), nil
}

func (p *Package) rowsOf(ns, name string, o Ordinal) (rows []AffectedPackage) {
	from, _ := slices.BinarySearchFunc(p.Rows, o, func(r Row, o Ordinal) int { return cmp.Compare(r.Vuln, o) })
	for _, r := range p.Rows[from:] {
		if r.Vuln != o {
			break
		}
		a := AffectedPackage{
			Namespace: ns, Name: name, Advisory: r.Advisory, Feed: r.Feed, Bundle: r.Bundle, Binary: r.Binary, Module: r.Module,
			Status: r.Status, Severity: r.Severity, FixedAt: r.FixedAt, Imports: r.Imports,
		}
		for _, in := range r.Intervals {
			a.Ranges = append(a.Ranges, p.Range(in))
		}
		for _, l := range r.Listed {
			a.Versions = append(a.Versions, p.Versions[l])
		}
		rows = append(rows, a)
	}
	return rows
}
