package inflate

import "encoding/binary"

// fastInput is how much input fast asks for before each turn: what a turn reads and what it loads at once.
const fastInput = 32

type outcome uint8

const (
	atEdge outcome = iota // too little input or space for another turn
	blockEnded
	blockCorrupt
)

// fast decodes symbols while there is input and space for a turn of any kind, so that a turn need not ask.
//
// Bits beyond have are those of the input that follows, or zero; eight bytes loaded over them change nothing. All
// indices are masked to the size of their array: it proves to the compiler, and to us, that nothing is touched outside.
func (r *Reader) fast() outcome {
	var (
		in      = &r.in
		out     = &r.buf
		lits    = &r.lits.entries
		dists   = &r.dists.entries
		inPos   = r.inPos + 7
		inLimit = r.inEnd - fastInput
		pos     = r.pos
		base    = r.base
		have    = uint64(56 - r.inBit)
		bits    = binary.LittleEndian.Uint64(in[r.inPos&inMask:][:8]) >> (r.inBit & 63)
		result  = atEdge
	)
	e := lits[bits&(1<<litBits-1)]
	for inPos <= inLimit && pos <= outLimit {
		// There are at least 56 bits, and e is the entry of the first.
		if e >= litFlag {
			to := (*[4]byte)(out[pos&outMask:])
			bits >>= e & 63
			have -= uint64(e)
			to[0] = byte(e >> litAt)
			e = lits[bits&(1<<litBits-1)]
			if e >= litFlag {
				bits >>= e & 63
				have -= uint64(e)
				to[1] = byte(e >> litAt)
				e = lits[bits&(1<<litBits-1)]
				if e >= litFlag {
					bits >>= e & 63
					have -= uint64(e)
					to[2] = byte(e >> litAt)
					e = lits[bits&(1<<litBits-1)]
					if e >= litFlag {
						bits >>= e & 63
						have -= uint64(e)
						to[3] = byte(e >> litAt)
						pos += 4
						bits |= binary.LittleEndian.Uint64(in[inPos&inMask:][:8]) << (have & 63)
						inPos += int(^have >> 3 & 7)
						have |= 56
						e = lits[bits&(1<<litBits-1)]
						continue
					}
					pos++
				}
				pos++
			}
			pos++
			bits |= binary.LittleEndian.Uint64(in[inPos&inMask:][:8]) << (have & 63)
			inPos += int(^have >> 3 & 7)
			have |= 56
		}
		if e >= specialFlag {
			if e&tableFlag == 0 {
				if e&endFlag == 0 {
					result = blockCorrupt
				} else {
					result = blockEnded
					have -= uint64(e)
				}
				break
			}
			bits >>= litBits
			have -= litBits
			at := uint64(e >> tableAt & (litSize - 1))
			e = lits[(at+bits&(1<<(e>>codeBitsAt&codeMask)-1))&(litSize-1)]
			if e >= litFlag {
				bits >>= e & 63
				have -= uint64(e)
				out[pos&outMask] = byte(e >> litAt)
				pos++
				bits |= binary.LittleEndian.Uint64(in[inPos&inMask:][:8]) << (have & 63)
				inPos += int(^have >> 3 & 7)
				have |= 56
				e = lits[bits&(1<<litBits-1)]
				continue
			}
			if e >= specialFlag {
				result = blockEnded // further tables are those of complete codes: they lack nothing
				have -= uint64(e)
				break
			}
		}
		length := int(e>>lenBaseAt&lenBaseMask) + int(bits>>(e>>codeBitsAt&codeMask)&uint64(e>>lenMaskAt))
		bits >>= e & 63
		have -= uint64(e)

		d := dists[bits&(1<<distBits-1)]
		if d&distSpecial != 0 {
			if d&distTableBit == 0 {
				result = blockCorrupt
				break
			}
			bits >>= distBits
			have -= distBits
			d = dists[(d>>distBaseAt+bits&(1<<(d>>codeBitsAt&codeMask)-1))&(distSize-1)]
		}
		dist := int(d>>distBaseAt&0xffff) + int(bits>>(d>>codeBitsAt&codeMask)&(d>>distMaskAt))
		bits >>= d & 63
		have -= d
		if dist > pos-base {
			result = blockCorrupt
			break
		}
		bits |= binary.LittleEndian.Uint64(in[inPos&inMask:][:8]) << (have & 63)
		inPos += int(^have >> 3 & 7)
		have |= 56
		e = lits[bits&(1<<litBits-1)] // on its way while bytes are copied

		to, from := (*[outSlack]byte)(out[pos&outMask:]), (*[outSlack]byte)(out[(pos-dist)&outMask:])
		pos += length
		switch {
		case dist >= 16:
			*(*[16]byte)(to[0:16]) = *(*[16]byte)(from[0:16])
			*(*[16]byte)(to[16:32]) = *(*[16]byte)(from[16:32])
			for i := 32; i < length; i += 16 {
				*(*[16]byte)(to[i&511:]) = *(*[16]byte)(from[i&511:])
			}
		case dist >= 8:
			binary.LittleEndian.PutUint64(to[0:8], binary.LittleEndian.Uint64(from[0:8]))
			binary.LittleEndian.PutUint64(to[8:16], binary.LittleEndian.Uint64(from[8:16]))
			for i := 16; i < length; i += 8 {
				binary.LittleEndian.PutUint64(to[i&511:][:8], binary.LittleEndian.Uint64(from[i&511:][:8]))
			}
		default:
			// The last dist bytes, over and over, make a word of which a multiple of dist is used.
			k := small[dist&7]
			word := binary.LittleEndian.Uint64(from[0:8]) & k.mask * k.times
			for i := 0; i < length; i += k.step {
				binary.LittleEndian.PutUint64(to[i&511:][:8], word)
			}
		}
	}
	r.pos = pos
	at := inPos*8 - int(have&63)
	r.inPos, r.inBit = at>>3, uint(at&7)
	return result
}

// small tells for distances below eight how a word is made of as many bytes, and how many of its bytes repeat.
var small = [8]struct {
	mask, times uint64
	step        int
}{
	{0, 0, 8},
	{0xff, 0x0101010101010101, 8},
	{0xffff, 0x0001000100010001, 8},
	{0xffffff, 0x0001000001000001, 6},
	{0xffffffff, 0x0000000100000001, 8},
	{0xffffffffff, 0x0000010000000001, 5},
	{0xffffffffffff, 0x0001000000000001, 6},
	{0xffffffffffffff, 0x0100000000000001, 7},
}
