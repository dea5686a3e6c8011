package inflate

// symbols decodes the symbols of a block: most in fast, and one by one those for which the input or the space is short.
func (r *Reader) symbols() error {
	if r.pos <= outLimit && r.inEnd-r.inPos >= fastInput {
		switch r.fast() {
		case blockEnded:
			return r.endBlock()
		case blockCorrupt:
			return r.corrupt()
		}
	}
	for r.pos <= outLimit {
		ended, err := r.symbol()
		if err != nil {
			return err
		}
		if ended {
			return r.endBlock()
		}
	}
	return errFull
}

// symbol decodes one symbol, if all its bits are there: up to 48 of them.
func (r *Reader) symbol() (ended bool, err error) {
	bits, n := r.peek()
	if n < r.lits.atLeast {
		return false, errMore
	}
	e := r.lits.entries[bits&(1<<litBits-1)]
	used := uint(0) // by first look-ups
	if e&(litFlag|specialFlag|tableFlag) == specialFlag|tableFlag {
		used = litBits
		at := uint64(e >> tableAt & (litSize - 1))
		e = r.lits.entries[(at+bits>>used&(1<<(e>>codeBitsAt&codeMask)-1))&(litSize-1)]
	}
	switch {
	case e >= litFlag:
		if used += uint(e & usedMask); used > n {
			return false, errMore
		}
		r.buf[r.pos] = byte(e >> litAt)
		r.pos++
		r.skip(used)
		return false, nil
	case e >= specialFlag:
		if used += uint(e & usedMask); used > n {
			return false, errMore
		}
		if e&endFlag == 0 {
			return false, r.corrupt()
		}
		r.skip(used)
		return true, nil
	}
	if used+uint(e&usedMask) > n {
		return false, errMore
	}
	length := int(e>>lenBaseAt&lenBaseMask) + int(bits>>(used+uint(e>>codeBitsAt&codeMask))&uint64(e>>lenMaskAt))
	used += uint(e & usedMask)

	d := r.dists.entries[bits>>used&(1<<distBits-1)]
	if d&(distSpecial|distTableBit) == distSpecial|distTableBit {
		used += distBits
		at := d >> distBaseAt & (distSize - 1)
		d = r.dists.entries[(at+bits>>used&(1<<(d>>codeBitsAt&codeMask)-1))&(distSize-1)]
	}
	total := used + uint(d&usedMask)
	switch {
	case d&distSpecial != 0 && total <= n:
		return false, r.corrupt()
	case total > n:
		return false, errMore
	}
	dist := int(d>>distBaseAt&0xffff) + int(bits>>(used+uint(d>>codeBitsAt&codeMask))&(d>>distMaskAt))
	if dist > r.pos-r.base {
		return false, r.corrupt()
	}
	for i := range length {
		r.buf[r.pos+i] = r.buf[r.pos+i-dist]
	}
	r.pos += length
	r.skip(total)
	return false, nil
}
