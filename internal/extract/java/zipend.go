package java

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/sightline-sec/sightline/internal/artifact"
)

const (
	endSize       = 22 // 4.3.16, without the comment
	end64Size     = 56 // 4.3.14
	locator64Size = 20 // 4.3.15

	endMark       = "PK\x05\x06"
	end64Mark     = "PK\x06\x06"
	locator64Mark = "PK\x06\x07"
)

// zipEnd is an end of central directory record, plain or of zip64.
type zipEnd struct {
	at                             int64 // offset in the file
	records, directorySize, offset uint64
}

// directory is where the central directory begins if it ends at the record.
func (e zipEnd) directory() int64 { return e.at - int64(e.directorySize) }

func hasMark(ra io.ReaderAt, at int64, mark string) bool {
	var b [4]byte
	if at < 0 {
		return false
	}
	n, _ := ra.ReadAt(b[:], at)
	return n == len(b) && string(b[:]) == mark
}

// findEnd finds the end of central directory record, behind which a comment of up to 64 KiB may stand. A comment may hold what
// looks like a record, and bytes may be appended to a file: like java.util.zip it takes the last record whose comment ends the
// file, or before which a directory and an archive stand where it says. Without one, the last is taken whose comment is in the
// file.
func findEnd(ra io.ReaderAt, size int64) (zipEnd, error) {
	le := binary.LittleEndian
	var last *zipEnd
	for _, back := range []int64{1 << 10, endSize + 0xffff} {
		back = min(back, size)
		buf := make([]byte, back)
		if n, err := ra.ReadAt(buf, size-back); n < len(buf) {
			if err == nil || errors.Is(err, io.EOF) {
				err = artifact.ErrCorrupt
			}
			return zipEnd{}, fmt.Errorf("reading the end: %w", err)
		}
		for i := len(buf) - endSize; i >= 0; i-- {
			if string(buf[i:i+4]) != endMark {
				continue
			}
			b := buf[i : i+endSize]
			e := zipEnd{
				at: size - back + int64(i), records: uint64(le.Uint16(b[10:])),
				directorySize: uint64(le.Uint32(b[12:])), offset: uint64(le.Uint32(b[16:])),
			}
			after := len(buf) - i - endSize - int(le.Uint16(b[20:]))
			if after == 0 || hasMark(ra, e.directory(), headerMark) && hasMark(ra, e.directory()-int64(e.offset), localMark) {
				return e, nil
			}
			if after > 0 && last == nil {
				last = &e
			}
		}
		if back == size {
			break
		}
	}
	if last == nil {
		return zipEnd{}, errNotZip
	}
	return *last, nil
}

// zip64 gives the end record of zip64 that belongs to a plain one, if there is one, else the plain one. Which of them counts is
// the order of java.util.zip; what it does not read at all comes behind.
func (e zipEnd) zip64(ra io.ReaderAt) zipEnd {
	le := binary.LittleEndian
	var locator [locator64Size]byte
	before := e.at - locator64Size
	if before < 0 {
		return e
	}
	if n, _ := ra.ReadAt(locator[:], before); n < len(locator) || string(locator[:4]) != locator64Mark {
		return e
	}
	told, isTold := e.read64(ra, le.Uint64(locator[8:]))
	if isTold && e.agrees(told) {
		return told
	}
	if e.offset != 0xffffffff && hasMark(ra, e.directory(), headerMark) {
		return e
	}
	if isTold {
		return told
	}
	// Something stands before the archive, from which the locator counts.
	if found, ok := e.read64(ra, uint64(max(before-end64Size, 0))); ok {
		return found
	}
	return e
}

// read64 reads an end record of zip64.
func (e zipEnd) read64(ra io.ReaderAt, at uint64) (zipEnd, bool) {
	le := binary.LittleEndian
	var b [end64Size]byte
	if at > uint64(e.at) {
		return zipEnd{}, false
	}
	if n, _ := ra.ReadAt(b[:], int64(at)); n < len(b) || string(b[:4]) != end64Mark {
		return zipEnd{}, false
	}
	return zipEnd{at: int64(at), records: le.Uint64(b[32:]), directorySize: le.Uint64(b[40:]), offset: le.Uint64(b[48:])}, true
}

// agrees says whether the record of zip64 tells the same where the plain one tells something.
func (e zipEnd) agrees(with zipEnd) bool {
	return (e.records == with.records || e.records == 0xffff) &&
		(e.directorySize == with.directorySize || e.directorySize == 0xffffffff) &&
		(e.offset == with.offset || e.offset == 0xffffffff)
}
