package inflate

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// The flags of a gzip header.
const (
	flagHeaderSum = 1 << (iota + 1)
	flagExtra
	flagName
	flagComment
)

// maxHeaderText is how long a name or a comment may be, with the zero at its end.
const maxHeaderText = 512

// readHeader reads the header of a member (RFC 1952, section 2.3), or gives io.EOF where the file ends before it.
// What follows the last member must be another: like the standard library, this refuses padding.
func (r *Reader) readHeader() error {
	if r.inPos == r.inEnd {
		if err := r.fill(); err != nil {
			if errors.Is(r.srcErr, io.EOF) {
				return io.EOF
			}
			return err
		}
	}
	b, err := r.take(10)
	if err != nil {
		return err
	}
	if b[0] != 0x1f || b[1] != 0x8b || b[2] != 8 {
		return ErrHeader
	}
	flags, sum := b[3], crc32.ChecksumIEEE(b)
	if flags&flagExtra != 0 {
		if b, err = r.take(2); err != nil {
			return err
		}
		sum = crc32.Update(sum, crc32.IEEETable, b)
		for left := int(binary.LittleEndian.Uint16(b)); left > 0; left -= len(b) {
			if b, err = r.take(min(left, 512)); err != nil {
				return err
			}
			sum = crc32.Update(sum, crc32.IEEETable, b)
		}
	}
	for _, flag := range []byte{flagName, flagComment} {
		if flags&flag == 0 {
			continue
		}
		if sum, err = r.skipText(sum); err != nil {
			return err
		}
	}
	if flags&flagHeaderSum != 0 {
		if b, err = r.take(2); err != nil {
			return err
		}
		if binary.LittleEndian.Uint16(b) != uint16(sum) {
			return ErrHeader
		}
	}
	r.step, r.base, r.sum, r.size = atBlock, r.pos, 0, 0
	return nil
}

// skipText goes to the end of a text that ends with a zero.
func (r *Reader) skipText(sum uint32) (uint32, error) {
	for range maxHeaderText {
		b, err := r.take(1)
		if err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, crc32.IEEETable, b)
		if b[0] == 0 {
			return sum, nil
		}
	}
	return 0, ErrHeader
}

// readTrailer checks what was decoded against the sum and the size at the end of a member.
func (r *Reader) readTrailer() error {
	r.align()
	if r.inEnd-r.inPos < 8 {
		return errMore
	}
	b := r.in[r.inPos:][:8]
	r.inPos += 8
	if binary.LittleEndian.Uint32(b) != r.sum || binary.LittleEndian.Uint32(b[4:]) != r.size {
		return ErrChecksum
	}
	r.step = atMember
	return nil
}
