package inflate

const (
	history  = 32 << 10
	outSize  = 256 << 10
	outMask  = outSize - 1
	outSlack = 544
	// outLimit is the last place at which a symbol may be decoded without asking for space: behind it there is space for
	// a run of literals and the longest match, with the overrun of word-wise copies.
	outLimit = outSize - 320
)

// window is the decoded side. Matches may refer to what lies between base and pos; what lies between out and pos is not
// yet handed out.
type window struct {
	base, out, pos int
	buf            [outSize + outSlack]byte // more, so that words can be written everywhere
}

func (w *window) reset() { w.base, w.out, w.pos = 0, 0, 0 }

// slide makes space where there is too little; all must have been handed out.
func (w *window) slide() {
	if w.pos <= outLimit {
		return
	}
	keep := min(w.pos-w.base, history)
	copy(w.buf[:], w.buf[w.pos-keep:w.pos])
	w.base, w.out, w.pos = 0, keep, keep
}
