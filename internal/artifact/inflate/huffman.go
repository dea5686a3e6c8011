package inflate

import "math/bits"

// The first look-up of a code takes litBits, distBits or maxCodeBits bits; a longer code needs a second one. The sizes
// are powers of two above what the worst complete code needs (2342 and 594 entries), so that a masked index needs no check.
const (
	litBits  = 11
	litSize  = 4096
	distBits = 9
	distSize = 1024

	maxCodeBits = 7
	maxBits     = 15
)

// An entry of a litTable. The lowest six bits say how many bits of input it uses, all in all; zero is no code.
//
//	literal:       bit 31, the byte at bits 8-15
//	length:        the extra bits' mask at bits 25-29, the base at bits 16-24, the code's bits at bits 8-11
//	further table: bits 30 and 29, its place at bits 12-27, its width at bits 8-11
//	end of block:  bits 30 and 28
//	no such code:  bit 30
const (
	litFlag     = 1 << 31
	specialFlag = 1 << 30
	tableFlag   = 1 << 29
	endFlag     = 1 << 28

	litAt       = 8
	lenMaskAt   = 25
	lenBaseAt   = 16
	codeBitsAt  = 8
	tableAt     = 12
	usedMask    = 63
	codeMask    = 15
	lenBaseMask = 511
)

// An entry of a distTable: likewise, with the base at bits 16-31 and the extra bits' mask at bits 32-44.
//
//	further table: bits 15 and 14, its place at bits 16-31, its width at bits 8-11
//	no such code:  bit 15
const (
	distSpecial  = 1 << 15
	distTableBit = 1 << 14
	distBaseAt   = 16
	distMaskAt   = 32
)

type litTable struct {
	entries [litSize]uint32
	// atLeast is how many bits must be there before a symbol is decoded. The standard library waits for as many as the end
	// of a block needs; so much of a stream that was cut short is not decoded.
	atLeast uint
}

type distTable struct{ entries [distSize]uint64 }

type codeTable [1 << maxCodeBits]uint16

// code is a set of code lengths, sorted: by length, then by symbol.
type code struct {
	count   [maxBits + 1]uint16
	symbols [288]uint16
	n       int
	longest uint
}

// shape says what a set of lengths makes.
type shape uint8

const (
	invalid shape = iota
	empty
	single
	complete
)

// sort reads the lengths. Like the standard library it takes a complete code, no code at all (which is a fault where it
// is used) and one code of a single bit.
func (c *code) sort(lengths []uint8) shape {
	c.count = [maxBits + 1]uint16{}
	for _, l := range lengths {
		c.count[l&15]++
	}
	c.count[0] = 0
	var starts [maxBits + 2]uint16
	space := 0
	c.longest = 0
	for l := 1; l <= maxBits; l++ {
		starts[l+1] = starts[l] + c.count[l]
		space = space<<1 + int(c.count[l])
		if c.count[l] > 0 {
			c.longest = uint(l)
		}
	}
	c.n = int(starts[maxBits+1])
	for s, l := range lengths {
		if l != 0 {
			at := &starts[l&15]
			c.symbols[*at] = uint16(s)
			*at++
		}
	}
	switch {
	case c.longest == 0:
		return empty
	case space == 1<<maxBits:
		return complete
	case c.n == 1 && c.longest == 1:
		return single
	}
	return invalid
}

func (c *code) shortest() uint {
	for l, n := range c.count {
		if n > 0 {
			return uint(l)
		}
	}
	return 0
}

// next gives the code word that follows w among those of l bits; bits being sent highest first, it counts from the top.
func next(w, l uint) uint {
	top := uint(bits.Len(^w & (1<<l - 1)))
	if top == 0 {
		return 0
	}
	return w&(1<<(top-1)-1) | 1<<(top-1)
}

// entry is one of the kinds of entries.
type entry interface{ uint16 | uint32 | uint64 }

// spread fills table, whose first look-up takes width bits, with the entry of each symbol and code length.
// A code that does not fit gets its entry from further, with the place of the further table and its width.
func spread[E entry](table []E, width uint, c *code, of func(symbol, length uint) E, further func(at, width uint) E) {
	var (
		word   uint
		symbol int
		size   = uint(1)
	)
	short := min(width, c.longest)
	for l := uint(1); l <= short; l++ {
		// What stands for the codes so far stands for them with either bit behind.
		copy(table[size:2*size], table[:size])
		size <<= 1
		for range c.count[l] {
			table[word] = of(uint(c.symbols[symbol]), l)
			symbol++
			word = next(word, l)
		}
	}
	for ; size < 1<<width; size <<= 1 {
		copy(table[size:2*size], table[:size])
	}
	var (
		prefix = ^uint(0)
		place  = size
		wide   uint
	)
	for l := width + 1; l <= c.longest; l++ {
		for left := c.count[l]; left > 0; left-- {
			if p := word & (1<<width - 1); p != prefix {
				prefix = p
				if wide > 0 {
					place += 1 << wide
				}
				wide = l - width
				for space := uint(left); space < 1<<wide; {
					wide++
					space = space<<1 + uint(c.count[width+wide])
				}
				table[prefix] = further(place, wide)
			}
			e := of(uint(c.symbols[symbol]), l-width)
			for at := word >> width; at < 1<<wide; at += 1 << (l - width) {
				table[place+at] = e
			}
			symbol++
			word = next(word, l)
		}
	}
}

func (t *codeTable) build(lengths *[len(codeOrder)]uint8) bool {
	var c code
	switch c.sort(lengths[:]) {
	case invalid:
		return false
	case empty:
		*t = codeTable{}
		return true
	case single:
		for i := range t {
			t[i] = (1 - uint16(i&1)) * (c.symbols[0]<<4 | 1)
		}
		return true
	}
	spread(t[:], maxCodeBits, &c, func(symbol, length uint) uint16 { return uint16(symbol<<4 | length) }, nil)
	return true
}

func (t *litTable) build(lengths []uint8) bool {
	var c code
	kind := c.sort(lengths)
	switch kind {
	case invalid:
		return false
	case empty, single:
		for i := range t.entries[:1<<litBits] {
			t.entries[i] = specialFlag
			if kind == single && i&1 == 0 {
				t.entries[i] = litEntry(uint(c.symbols[0]), 1)
			}
		}
	case complete:
		spread(t.entries[:], litBits, &c, litEntry, func(at, width uint) uint32 {
			return uint32(specialFlag | tableFlag | at<<tableAt | width<<codeBitsAt | litBits)
		})
	}
	t.atLeast = c.shortest()
	if t.atLeast > 0 {
		t.atLeast = max(t.atLeast, uint(lengths[endOfBlock]))
	}
	return true
}

const endOfBlock = 256

var (
	lenBase  = [...]uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 255}
	lenExtra = [...]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
)

func litEntry(symbol, length uint) uint32 {
	switch {
	case symbol < endOfBlock:
		return uint32(litFlag | symbol<<litAt | length)
	case symbol == endOfBlock:
		return uint32(specialFlag | endFlag | length)
	case symbol >= maxLitCodes:
		return uint32(specialFlag | length)
	}
	base, extra := uint(lenBase[symbol-257])+3, uint(lenExtra[symbol-257])
	return uint32((1<<extra-1)<<lenMaskAt | base<<lenBaseAt | length<<codeBitsAt | (length + extra))
}

func distEntry(symbol, length uint) uint64 {
	if symbol >= maxDistCodes {
		return uint64(distSpecial | length)
	}
	base, extra := symbol+1, uint(0)
	if symbol >= 4 {
		extra = symbol>>1 - 1
		base = (2+symbol&1)<<extra + 1
	}
	return uint64((1<<extra-1)<<distMaskAt | base<<distBaseAt | length<<codeBitsAt | (length + extra))
}

func (t *distTable) build(lengths []uint8) bool {
	var c code
	kind := c.sort(lengths)
	switch kind {
	case invalid:
		return false
	case empty, single:
		for i := range t.entries[:1<<distBits] {
			t.entries[i] = distSpecial
			if kind == single && i&1 == 0 {
				t.entries[i] = distEntry(uint(c.symbols[0]), 1)
			}
		}
	case complete:
		spread(t.entries[:], distBits, &c, distEntry, func(at, width uint) uint64 {
			return uint64(distSpecial | distTableBit | at<<distBaseAt | width<<codeBitsAt | distBits)
		})
	}
	return true
}
