package java

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// archive/zip keeps every entry of an archive in memory, some hundred bytes for 46 in the file: a hostile archive of nothing but
// entries would cost gigabytes. Here the central directory is read as a stream, and only what is wanted is kept.
// APPNOTE.TXT, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, numbers the parts.

const (
	endSize       = 22 // 4.3.16, without the comment
	end64Size     = 56 // 4.3.14
	locator64Size = 20 // 4.3.15
	headerSize    = 46 // 4.3.12
	localSize     = 30 // 4.3.7
)

// errNotZip is an archive without an end of central directory.
var errNotZip = errors.New("not a zip archive")

// zipFile is an archive whose central directory was found.
type zipFile struct {
	ra   io.ReaderAt
	size int64
	// base is what stands before the archive: the launch script of an executable jar. Offsets count from there. It is less than
	// zero where the front of the file is missing.
	base      int64
	directory int64  // offset of the central directory in ra
	records   uint64 // modulo 65536, unless it is a zip64 archive
}

// zipEntry is one record of the central directory.
type zipEntry struct {
	name       string
	flags      uint16
	method     uint16
	crc        uint32
	compressed int64
	size       int64 // inflated, as the archive says
	header     int64 // offset of the local header in ra
}

// openZip finds the central directory. Damage is [artifact.ErrCorrupt] or errNotZip.
func openZip(ra io.ReaderAt, size int64) (*zipFile, error) {
	end, at, err := findEnd(ra, size)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	z := &zipFile{ra: ra, size: size, records: uint64(le.Uint16(end[10:]))}
	directorySize, offset := uint64(le.Uint32(end[12:])), uint64(le.Uint32(end[16:]))
	if z.records == 0xffff || directorySize == 0xffffffff || offset == 0xffffffff {
		if e64, at64, ok := findEnd64(ra, at); ok {
			z.records, directorySize, offset, at = le.Uint64(e64[32:]), le.Uint64(e64[40:]), le.Uint64(e64[48:]), at64
		}
	}
	if directorySize > uint64(at) || offset > 1<<62 {
		return nil, fmt.Errorf("the central directory is not in the file: %w", artifact.ErrCorrupt)
	}
	// The directory ends where its end record begins; offsets may count from the file's beginning or from the archive's.
	z.directory = at - int64(directorySize)
	z.base = z.directory - int64(offset)
	if z.base > 0 && z.startsHeader(int64(offset)) {
		z.directory, z.base = int64(offset), 0
	}
	return z, nil
}

// cost is how many bytes reading the directory may take.
func (z *zipFile) cost() int64 { return z.size - z.directory }

func (z *zipFile) startsHeader(at int64) bool {
	var b [4]byte
	n, _ := z.ra.ReadAt(b[:], at)
	return n == 4 && string(b[:]) == "PK\x01\x02"
}

// findEnd finds the end of central directory record, behind which a comment of up to 64 KiB may stand.
func findEnd(ra io.ReaderAt, size int64) (end []byte, at int64, err error) {
	for _, back := range []int64{1 << 10, endSize + 0xffff} {
		back = min(back, size)
		buf := make([]byte, back)
		if n, err := ra.ReadAt(buf, size-back); n < len(buf) {
			if err == nil || errors.Is(err, io.EOF) {
				err = artifact.ErrCorrupt
			}
			return nil, 0, fmt.Errorf("reading the end: %w", err)
		}
		for i := len(buf) - endSize; i >= 0; i-- {
			if string(buf[i:i+4]) != "PK\x05\x06" {
				continue
			}
			if comment := int(binary.LittleEndian.Uint16(buf[i+20:])); i+endSize+comment <= len(buf) {
				return buf[i : i+endSize], size - back + int64(i), nil
			}
		}
		if back == size {
			break
		}
	}
	return nil, 0, errNotZip
}

// findEnd64 finds the end record of a zip64 archive by the locator before the plain one.
func findEnd64(ra io.ReaderAt, end int64) (record []byte, at int64, ok bool) {
	if end < locator64Size {
		return nil, 0, false
	}
	var locator [locator64Size]byte
	if n, _ := ra.ReadAt(locator[:], end-locator64Size); n < len(locator) || string(locator[:4]) != "PK\x06\x07" {
		return nil, 0, false
	}
	record = make([]byte, end64Size)
	// Where it should be, and where it is when something stands before the archive.
	for _, at := range []uint64{binary.LittleEndian.Uint64(locator[8:]), uint64(max(end-locator64Size-end64Size, 0))} {
		if at > uint64(end) {
			continue
		}
		if n, _ := ra.ReadAt(record, int64(at)); n == len(record) && string(record[:4]) == "PK\x06\x06" {
			return record, int64(at), true
		}
	}
	return nil, 0, false
}

// record is one record of the central directory as it stands in the file, valid until the next is read.
type record struct {
	z     *zipFile
	fixed []byte
	name  []byte
	extra []byte
}

// each calls visit for the records of the central directory, in order, until it returns an error.
func (z *zipFile) each(in *bufio.Reader, visit func(record) error) error {
	le := binary.LittleEndian
	in.Reset(io.NewSectionReader(z.ra, z.directory, z.cost()))
	// The count is a hint: it is cut to 16 bits by tools that know no zip64, and hostile where it is larger than the directory.
	for i := uint64(0); ; i++ {
		head, err := in.Peek(headerSize)
		if err != nil || string(head[:4]) != "PK\x01\x02" {
			if uint16(i) == uint16(z.records) && (err == nil || errors.Is(err, io.EOF)) {
				return nil
			}
			return fmt.Errorf("the central directory ends after %d of %d entries: %w", i, z.records, cause(err))
		}
		nameLen, extraLen, commentLen := int(le.Uint16(head[28:])), int(le.Uint16(head[30:])), int(le.Uint16(head[32:]))
		all, err := in.Peek(headerSize + nameLen + extraLen)
		if err != nil {
			return fmt.Errorf("the central directory ends in entry %d of %d: %w", i, z.records, cause(err))
		}
		r := record{z: z, fixed: all[:headerSize], name: all[headerSize : headerSize+nameLen], extra: all[headerSize+nameLen:]}
		if err := visit(r); err != nil {
			return err
		}
		if _, err := in.Discard(headerSize + nameLen + extraLen + commentLen); err != nil {
			return fmt.Errorf("the central directory ends in entry %d of %d: %w", i, z.records, cause(err))
		}
	}
}

// cause is why something ends early: damage, unless reading itself went wrong.
func cause(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return artifact.ErrCorrupt
	}
	return err
}

// entry decodes the record.
func (r record) entry() (zipEntry, error) {
	le := binary.LittleEndian
	e := zipEntry{name: string(r.name), flags: le.Uint16(r.fixed[8:]), method: le.Uint16(r.fixed[10:]), crc: le.Uint32(r.fixed[16:])}
	compressed, size, header := uint64(le.Uint32(r.fixed[20:])), uint64(le.Uint32(r.fixed[24:])), uint64(le.Uint32(r.fixed[42:]))
	// 4.5.3: in this order, each only where the plain field is full.
	e64 := extra64(r.extra)
	for _, field := range []*uint64{&size, &compressed, &header} {
		if *field == 0xffffffff && len(e64) >= 8 {
			*field, e64 = le.Uint64(e64), e64[8:]
		}
	}
	if header > 1<<62 || compressed > 1<<62 || size > 1<<62 || r.z.base+int64(header) < 0 {
		return e, fmt.Errorf("%s is not in the file: %w", clip(e.name), artifact.ErrCorrupt)
	}
	e.compressed, e.size, e.header = int64(compressed), int64(size), r.z.base+int64(header)
	return e, nil
}

// extra64 finds the zip64 field among a record's extra fields.
func extra64(extra []byte) []byte {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return nil
		}
		if id == 1 {
			return extra[:n]
		}
		extra = extra[n:]
	}
	return nil
}

// raw gives the bytes of an entry as they are stored.
func (z *zipFile) raw(e zipEntry) (*io.SectionReader, error) {
	var local [localSize]byte
	if n, err := z.ra.ReadAt(local[:], e.header); n < len(local) {
		return nil, fmt.Errorf("reading the header of %s: %w", clip(e.name), cause(err))
	}
	if !bytes.Equal(local[:4], []byte("PK\x03\x04")) {
		return nil, fmt.Errorf("%s is not where the central directory says: %w", clip(e.name), artifact.ErrCorrupt)
	}
	le := binary.LittleEndian
	at := e.header + localSize + int64(le.Uint16(local[26:])) + int64(le.Uint16(local[28:]))
	if at > z.size || e.method == 0 && e.compressed > z.size-at {
		return nil, fmt.Errorf("%s is cut off: %w", clip(e.name), artifact.ErrCorrupt)
	}
	switch {
	case e.flags&1 != 0:
		return nil, fmt.Errorf("%s is encrypted: %w", clip(e.name), artifact.ErrUnsupported)
	case e.method == 0 && e.compressed != e.size:
		return nil, fmt.Errorf("%s is stored, in two sizes: %w", clip(e.name), artifact.ErrCorrupt)
	case e.method != 0 && e.method != 8:
		return nil, fmt.Errorf("%s is compressed by method %d: %w", clip(e.name), e.method, artifact.ErrUnsupported)
	}
	return io.NewSectionReader(z.ra, at, min(e.compressed, z.size-at)), nil // where it is cut off, inflating tells
}
