package pack

import (
	"encoding/binary"
	"io"
	"math/bits"
)

// A delta describes new bytes as ranges of old ones that are nearly the same, with the differences, and bytes that are new: the
// scheme of bsdiff (Percival, 2003). Here a hash table of the old bytes stands for its suffix array: it takes a fifth of the
// memory, and finds what is 32 bytes long, which is short enough for records.
//
// One operation is three numbers: by how much the place in the old bytes moves, how many bytes are the old ones plus a
// difference each, and how many come from the new ones.
type delta struct {
	ops   io.Writer // varints: zigzag move, length of differences, length of new bytes
	diffs io.Writer // new minus old, byte by byte: mostly zero
	fresh io.Writer
}

const (
	seed      = 32 // bytes that must be the same for two places to be taken for related
	seedStep  = 8  // every so many bytes of the old are in the table
	giveUp    = 64 // by how much a nearly equal range may get worse before it ends
	hashPrime = 0x9e3779b185ebca87
	rollPrime = 0x100000001b3
)

// rolling is a hash over a window of seed bytes.
type rolling struct{ sum, out uint64 }

func newRolling(b []byte) rolling {
	r := rolling{out: 1}
	for _, c := range b[:seed] {
		r.sum = r.sum*rollPrime + uint64(c)
	}
	for range seed - 1 {
		r.out *= rollPrime
	}
	return r
}

func (r *rolling) roll(gone, come byte) { r.sum = (r.sum-uint64(gone)*r.out)*rollPrime + uint64(come) }

// places finds where the old bytes have a seed.
type places struct {
	old   []byte
	table []uint32 // place/seedStep + 1; 0: none
	shift int
}

func newPlaces(old []byte) *places {
	n := len(old)/seedStep + 1
	width := max(8, bits.Len(uint(n))) // at most one place an entry, on the average
	p := &places{old: old, table: make([]uint32, 1<<width), shift: 64 - width}
	if len(old) < seed {
		return p
	}
	r := newRolling(old)
	for at := 0; ; at++ {
		if at%seedStep == 0 {
			if e := &p.table[p.slot(r.sum)]; *e == 0 { // of equal seeds the first: long runs of one byte are found from their start
				*e = uint32(at/seedStep) + 1
			}
		}
		if at+seed >= len(old) {
			return p
		}
		r.roll(old[at], old[at+seed])
	}
}

func (p *places) slot(sum uint64) uint64 { return sum * hashPrime >> p.shift }

// find gives a place in the old bytes that begins like b.
func (p *places) find(sum uint64, b []byte) (int, bool) {
	e := p.table[p.slot(sum)]
	if e == 0 {
		return 0, false
	}
	at := int(e-1) * seedStep
	return at, string(p.old[at:at+seed]) == string(b[:seed])
}

// nearlyEqual is how long a and b stay more alike than not.
func nearlyEqual(a, b []byte) int {
	n := min(len(a), len(b))
	best, bestAt, score := 0, 0, 0
	for i := range n {
		if a[i] == b[i] {
			if score++; score > best {
				best, bestAt = score, i+1
			}
		} else if score--; score < best-giveUp {
			break
		}
	}
	return bestAt
}

// op writes one operation.
func (d delta) op(move int, from, to, fresh []byte) error {
	var b []byte
	b = binary.AppendVarint(b, int64(move))
	b = binary.AppendUvarint(b, uint64(len(to)))
	b = binary.AppendUvarint(b, uint64(len(fresh)))
	if _, err := d.ops.Write(b); err != nil {
		return err
	}
	var change [4096]byte
	for len(to) > 0 {
		n := min(len(to), len(change))
		for i := range n {
			change[i] = to[i] - from[i]
		}
		if _, err := d.diffs.Write(change[:n]); err != nil {
			return err
		}
		from, to = from[n:], to[n:]
	}
	_, err := d.fresh.Write(fresh)
	return err
}

// write describes b as a change of old. Both are below 4 GiB.
func (d delta) write(old, b []byte) error {
	p := newPlaces(old)
	at, place, here := 0, 0, 0 // in b; in old, where b[at:] is to be found; in old, after the last operation
	for at < len(b) {
		alike := nearlyEqual(old[place:], b[at:])
		end := at + alike
		next, nextPlace := p.next(b, end, at, place)
		if next > at {
			if err := d.op(place-here, old[place:place+alike], b[at:end], b[end:next]); err != nil {
				return err
			}
			here = place + alike
		}
		at, place = next, nextPlace
	}
	return nil
}

// next finds the first place at or after end from where b is in old again, elsewhere than where it was in step with place.
func (p *places) next(b []byte, end, at, place int) (int, int) {
	if end+seed > len(b) {
		return len(b), 0
	}
	r := newRolling(b[end:])
	for i := end; ; i++ {
		if found, ok := p.find(r.sum, b[i:]); ok && found-i != place-at {
			for i > end && found > 0 && b[i-1] == p.old[found-1] {
				i--
				found--
			}
			return i, found
		}
		if i+seed >= len(b) {
			return len(b), 0
		}
		r.roll(b[i], b[i+seed])
	}
}
