package inflate

import (
	"encoding/binary"
	"sync"
)

const (
	maxLitCodes  = 286 // of those which a dynamic block may name; fixed blocks have two more which mean nothing
	maxDistCodes = 30
)

// readBlock reads the header of a block (RFC 1951, section 3.2.3), from its beginning again when more input has come.
func (r *Reader) readBlock() error {
	bits, n := r.peek()
	if n < 3 {
		return errMore
	}
	switch bits >> 1 & 3 {
	case 0:
		return r.readStored()
	case 1:
		r.skip(3)
		r.lits, r.dists = &fixed().lits, &fixed().dists
	case 2:
		at, bit := r.inPos, r.inBit
		if err := r.readDynamic(); err != nil {
			r.inPos, r.inBit = at, bit
			return err
		}
		r.lits, r.dists = &r.ownLits, &r.ownDists
	default:
		return r.corrupt()
	}
	r.final = bits&1 == 1
	r.step = atSymbols
	return nil
}

func (r *Reader) readStored() error {
	at, bit := r.inPos, r.inBit
	bits, _ := r.peek()
	r.skip(3)
	r.align()
	if r.inEnd-r.inPos < 4 {
		r.inPos, r.inBit = at, bit
		return errMore
	}
	length := binary.LittleEndian.Uint16(r.in[r.inPos:])
	if length != ^binary.LittleEndian.Uint16(r.in[r.inPos+2:]) {
		return r.corrupt()
	}
	r.inPos += 4
	r.final, r.left, r.step = bits&1 == 1, int(length), atStored
	return nil
}

// stored copies what is there of a stored block.
func (r *Reader) stored() error {
	n := copy(r.buf[r.pos:outSize], r.in[r.inPos:min(r.inEnd, r.inPos+r.left)])
	r.pos += n
	r.inPos += n
	r.left -= n
	switch {
	case r.left == 0:
		return r.endBlock()
	case r.pos == outSize:
		return errFull
	}
	return errMore
}

// codeOrder is the order in which the lengths of the code length code stand (section 3.2.7).
var codeOrder = [...]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// readDynamic reads the codes of a block and makes its tables. Faults come in the order in which their bits do: an input
// that ends first has ended early, whatever would have been wrong behind.
func (r *Reader) readDynamic() error {
	bits, n := r.peek()
	if n < 3+14 {
		return errMore
	}
	numLits, numDists, numCodes := int(bits>>3&31)+257, int(bits>>8&31)+1, int(bits>>13&15)+4
	if numLits > maxLitCodes || numDists > maxDistCodes {
		return r.corrupt()
	}
	r.skip(3 + 14)
	var codeLengths [len(codeOrder)]uint8
	for _, at := range codeOrder[:numCodes] {
		bits, n = r.peek()
		if n < 3 {
			return errMore
		}
		codeLengths[at] = uint8(bits & 7)
		r.skip(3)
	}
	if !r.codes.build(&codeLengths) {
		return r.corrupt()
	}
	lengths := &r.lengths
	for i, total := 0, numLits+numDists; i < total; {
		bits, n = r.peek()
		e := uint(r.codes[bits&(1<<maxCodeBits-1)])
		used := e & 15
		switch {
		case used > n, used == 0 && n == 0 && r.codes[0] != 0:
			return errMore
		case used == 0:
			return r.corrupt()
		}
		symbol := e >> 4
		if symbol < 16 {
			lengths[i] = uint8(symbol)
			i++
			r.skip(used)
			continue
		}
		value, repeat, extra := uint8(0), 3, uint(3)
		switch symbol {
		case 16:
			if i == 0 {
				return r.corrupt()
			}
			value, extra = lengths[i-1], 2
		case 18:
			repeat, extra = 11, 7
		}
		if used+extra > n {
			return errMore
		}
		repeat += int(bits >> used & (1<<extra - 1))
		if i+repeat > total {
			return r.corrupt()
		}
		for j := range lengths[i : i+repeat] {
			lengths[i+j] = value
		}
		i += repeat
		r.skip(used + extra)
	}
	if !r.ownLits.build(lengths[:numLits]) || !r.ownDists.build(lengths[numLits:numLits+numDists]) {
		return r.corrupt()
	}
	return nil
}

// tables holds the codes of the block at work.
type tables struct {
	lits     *litTable
	dists    *distTable
	ownLits  litTable
	ownDists distTable
	codes    codeTable
	lengths  [maxLitCodes + maxDistCodes]uint8
}

// fixed gives the codes of section 3.2.6.
var fixed = sync.OnceValue(func() *struct {
	lits  litTable
	dists distTable
} {
	f := new(struct {
		lits  litTable
		dists distTable
	})
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	f.lits.build(lengths[:])
	for i := range 32 {
		lengths[i] = 5
	}
	f.dists.build(lengths[:32])
	return f
})
