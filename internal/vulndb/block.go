package vulndb

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// A block holds the rows of one package. Many rows say the same (every kernel fix of one day, every vulnerability that
// one notice covers), so rows refer to claims, and claims to versions:
//
//	versions    count, count of bounds, length of each, their text
//	claims      count; severity and marks, fixed at, intervals (count; mask, versions), list (count of runs; gap, length),
//	            and where a mark says that there is more: module, imports (see imports.go)
//	rows        count; difference of ordinals, feed*2 + bundle, advisory (difference of strings), claim
//
// The limits keep what a damaged or hostile file can make Package allocate to some hundred MiB.
const (
	maxRows   = 1 << 20 // in a block
	maxListed = 1 << 23 // entries of lists in a block
)

// The first byte of a claim: severity in the low bits, then the status, then marks.
const (
	severityBits = 7
	statusShift  = 3
	statusBits   = 7
	isBinary     = 1 << 6
	hasMore      = 1 << 7
)

// The bits of an interval's mask.
const (
	hasIntroduced = 1 << iota
	hasFixed
	hasLastAffected
	hasLimit
)

// Package gives what the database says of a package; false when it says nothing.
func (db *DB) Package(namespace, name string) (_ *Package, found bool, err error) {
	if err := db.closed(); err != nil {
		return nil, false, err
	}
	defer db.guard(&err)()
	i, found, err := db.find(namespace, name)
	if err != nil || !found {
		return nil, false, err
	}
	p, err := db.block(i)
	if err != nil {
		return nil, false, fmt.Errorf("reading %s package %s: %w", namespace, name, err)
	}
	return p, true, nil
}

// find gives the number of a package.
func (db *DB) find(namespace, name string) (int, bool, error) {
	ns, ok := db.namespace(namespace)
	if !ok {
		return 0, false, nil
	}
	lo, hi := ns.first, ns.first+ns.count
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		b, err := db.packageName(mid)
		if err != nil {
			return 0, false, err
		}
		switch { // these conversions do not allocate
		case string(b) == name:
			return mid, true, nil
		case string(b) < name:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0, false, nil
}

func (db *DB) packageName(i int) ([]byte, error) {
	from, _, ok := db.pair(secPackages, i)
	to, _, ok2 := db.pair(secPackages, i+1)
	if ok && ok2 {
		if b, ok := db.span(secNames, int64(from), int64(to)); ok {
			return b, nil
		}
	}
	return nil, corrupt("package %d has no name", i)
}

// packageAt gives the names of the i-th package.
func (db *DB) packageAt(i int) (ns, name string, err error) {
	b, err := db.packageName(i)
	if err != nil {
		return "", "", err
	}
	at, exact := slices.BinarySearchFunc(db.spaces, i, func(s namespace, i int) int { return cmp.Compare(s.first, i) })
	if !exact {
		at--
	} else {
		for at+1 < len(db.spaces) && db.spaces[at].count == 0 {
			at++
		}
	}
	if at < 0 {
		return "", "", corrupt("package %d has no namespace", i)
	}
	return db.spaces[at].name, string(b), nil
}

func (db *DB) block(i int) (*Package, error) {
	_, from, ok := db.pair(secPackages, i)
	_, to, ok2 := db.pair(secPackages, i+1)
	if !ok || !ok2 {
		return nil, corrupt("package %d has no block", i)
	}
	b, ok := db.span(secBlocks, int64(from), int64(to))
	if !ok {
		return nil, corrupt("package %d has no block", i)
	}
	c := cursor{b: b}
	p := &Package{}
	db.readVersions(&c, p)
	claims := readClaims(&c, len(p.Versions))
	db.readRows(&c, p, claims)
	if c.bad || c.left() != 0 {
		return nil, corrupt("package %d has a broken block", i)
	}
	return p, nil
}

// readRows reads the rows, and copies the ids of all their advisories in one piece: a kernel has ten thousand.
func (db *DB) readRows(c *cursor, p *Package, claims []claim) {
	n := c.count(4)
	if n > maxRows {
		c.fail()
		return
	}
	p.Rows = make([]Row, n)
	var ids strings.Builder
	ids.Grow(14 * n)           // CVE-2024-12345
	lengths := make([]byte, n) // of ids: see maxName
	ordinal, ref := uint64(0), int64(0)
	for i := range p.Rows {
		ordinal += c.uvarint()
		from := c.below(2 * len(db.feeds))
		ref += unzigzag(c.uvarint())
		k := c.below(len(claims))
		if c.bad || ordinal >= uint64(db.vulns) || ref < 0 || ref > math.MaxUint32 {
			c.fail()
			return
		}
		id, ok := db.text(uint32(ref))
		if !ok || len(id) > maxName {
			c.fail()
			return
		}
		ids.Write(id)
		lengths[i] = byte(len(id))
		r, claim := &p.Rows[i], &claims[k]
		r.Vuln, r.Feed, r.Bundle = Ordinal(ordinal), db.feeds[from/2], from%2 == 1
		r.Status, r.Severity, r.FixedAt, r.Binary = claim.status, claim.severity, claim.fixedAt, claim.binary
		r.Intervals, r.Listed = claim.intervals, claim.listed
		r.Module, r.Imports = claim.module, claim.imports
	}
	text := ids.String()
	for i := range p.Rows {
		p.Rows[i].Advisory, text = text[:lengths[i]], text[lengths[i]:]
	}
}

func (db *DB) readVersions(c *cursor, p *Package) {
	n := c.count(1)
	p.Bounds = c.below(n + 1)
	if n == 0 {
		return
	}
	lengths := *c
	total := 0
	for range n {
		total += c.below(1 << 30)
		if total > c.left() {
			c.fail()
		}
		if c.bad {
			return
		}
	}
	text := string(c.bytes(total))
	p.Versions = make([]string, n)
	for i := range p.Versions {
		l := int(lengths.uvarint())
		p.Versions[i], text = text[:l], text[l:]
	}
}

// claim is what an advisory says of a package's versions.
type claim struct {
	status    vuln.Status
	severity  vuln.Severity
	fixedAt   time.Time
	intervals []Interval
	listed    []int32 // ascending
	binary    bool
	module    string
	imports   []vuln.Import
}

func readClaims(c *cursor, versions int) []claim {
	claims := make([]claim, c.count(4))
	intervals := make([]Interval, 0, len(claims)) // shared by all claims; most have one
	total := 0
	texts := &importTexts{left: maxSymbols}
	for i := range claims {
		k := &claims[i]
		b := c.byte()
		k.status, k.severity, k.binary = vuln.Status(b>>statusShift&statusBits), vuln.Severity(b&severityBits), b&isBinary != 0
		k.fixedAt = c.time()
		from := len(intervals)
		for range c.count(1) {
			mask := c.byte()
			at := func(bit byte) int32 {
				if mask&bit == 0 {
					return -1
				}
				return int32(c.below(versions))
			}
			intervals = append(intervals, Interval{
				Introduced: at(hasIntroduced), Fixed: at(hasFixed), LastAffected: at(hasLastAffected), Limit: at(hasLimit),
			})
		}
		k.intervals = intervals[from:len(intervals):len(intervals)]
		next := 0
		for range c.count(2) {
			next += c.below(versions - next + 1)
			run := c.below(versions - next + 1)
			if total += run; total > maxListed {
				c.fail()
			}
			if c.bad {
				return nil
			}
			for range run {
				k.listed = append(k.listed, int32(next))
				next++
			}
		}
		if b&hasMore != 0 {
			k.module = c.string()
			k.imports = readImports(c, texts)
		}
		if c.bad {
			return nil
		}
	}
	return claims
}
