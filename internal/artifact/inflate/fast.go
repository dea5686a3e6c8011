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
			bits >>= e & 63
			have -= uint64(e & 63)
			binary.LittleEndian.PutUint16(out[pos&outMask:][:2], uint16(e>>litAt))
			pos += int(e >> litCountAt & 3)
			e = lits[bits&(1<<litBits-1)]
			if e >= litFlag {
				bits >>= e & 63
				have -= uint64(e & 63)
				binary.LittleEndian.PutUint16(out[pos&outMask:][:2], uint16(e>>litAt))
				pos += int(e >> litCountAt & 3)
				e = lits[bits&(1<<litBits-1)]
				if e >= litFlag {
					bits >>= e & 63
					have -= uint64(e & 63)
					binary.LittleEndian.PutUint16(out[pos&outMask:][:2], uint16(e>>litAt))
					pos += int(e >> litCountAt & 3)
					bits |= binary.LittleEndian.Uint64(in[inPos&inMask:][:8]) << (have & 63)
					inPos += int((63 - have) >> 3 & 7)
					have |= 56
					e = lits[bits&(1<<litBits-1)]
					continue
				}
			}
			bits |= binary.LittleEndian.Uint64(in[inPos&inMask:][:8]) << (have & 63)
			inPos += int((63 - have) >> 3 & 7)
			have |= 56
		}
		if e >= specialFlag {
			if e&tableFlag == 0 {
				if e&endFlag == 0 {
					result = blockCorrupt
				} else {
					result = blockEnded
					have -= uint64(e & 63)
				}
				break
			}
			bits >>= litBits
			have -= litBits
			at := uint64(e >> tableAt & (litSize - 1))
			e = lits[(at+bits&(1<<(e>>codeBitsAt&codeMask)-1))&(litSize-1)]
			if e >= litFlag {
				bits >>= e & 63
				have -= uint64(e & 63)
				out[pos&outMask] = byte(e >> litAt)
				pos++
				bits |= binary.LittleEndian.Uint64(in[inPos&inMask:][:8]) << (have & 63)
				inPos += int((63 - have) >> 3 & 7)
				have |= 56
				e = lits[bits&(1<<litBits-1)]
				continue
			}
			if e >= specialFlag {
				if e&endFlag == 0 {
					result = blockCorrupt
				} else {
					result = blockEnded
					have -= uint64(e & 63)
				}
				break
			}
		}
		length := int(e>>lenBaseAt&lenBaseMask) + int(bits>>(e>>codeBitsAt&codeMask)&uint64(e>>lenMaskAt))
		bits >>= e & 63
		have -= uint64(e & 63)

		d := dists[bits&(1<<distBits-1)]
		if d&distSpecial != 0 {
			if d&distTableBit == 0 {
				result = blockCorrupt
				break
			}
			bits >>= distBits
			have -= distBits
			d = dists[(d>>distBaseAt+bits&(1<<(d>>codeBitsAt&codeMask)-1))&(distSize-1)]
			if d&distSpecial != 0 {
				result = blockCorrupt
				break
			}
		}
		dist := int(d>>distBaseAt&0xffff) + int(bits>>(d>>codeBitsAt&codeMask)&(d>>distMaskAt))
		bits >>= d & 63
		have -= d & 63
		if dist > pos-base {
			result = blockCorrupt
			break
		}
		bits |= binary.LittleEndian.Uint64(in[inPos&inMask:][:8]) << (have & 63)
		inPos += int((63 - have) >> 3 & 7)
		have |= 56
		e = lits[bits&(1<<litBits-1)] // on its way while bytes are copied

		from, to := pos-dist, pos
		pos += length
		if dist >= 8 {
			for to < pos {
				binary.LittleEndian.PutUint64(out[to&outMask:][:8], binary.LittleEndian.Uint64(out[from&outMask:][:8]))
				to += 8
				from += 8
			}
		} else {
			for to < pos {
				out[to&outMask] = out[from&outMask]
				to++
				from++
			}
		}
	}
	r.pos = pos
	at := inPos*8 - int(have&63)
	r.inPos, r.inBit = at>>3, uint(at&7)
	return result
}
