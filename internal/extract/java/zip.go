package java

import (
	"bufio"
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
	headerSize = 46 // 4.3.12
	localSize  = 30 // 4.3.7

	headerMark = "PK\x01\x02"
	localMark  = "PK\x03\x04"
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
//
// Readers differ on archives that can be read in two ways. What the Java virtual machine loads counts: a directory ends where
// its end record begins, whatever stands at the offset that the record tells. Only where no directory ends there, the offset
// decides, as for other readers.
func openZip(ra io.ReaderAt, size int64) (*zipFile, error) {
	e, err := findEnd(ra, size)
	if err != nil {
		return nil, err
	}
	e = e.zip64(ra)
	if e.directorySize > uint64(e.at) || e.offset > 1<<62 {
		return nil, fmt.Errorf("the central directory is not in the file: %w", artifact.ErrCorrupt)
	}
	z := &zipFile{ra: ra, size: size, records: e.records, directory: e.directory()}
	// Offsets may count from the file's beginning or from the archive's.
	z.base = z.directory - int64(e.offset)
	if z.base > 0 && !hasMark(ra, z.directory, headerMark) && hasMark(ra, int64(e.offset), headerMark) {
		z.directory, z.base = int64(e.offset), 0
	}
	return z, nil
}

// cost is how many bytes reading the directory may take.
func (z *zipFile) cost() int64 { return z.size - z.directory }

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
		if err != nil || string(head[:4]) != headerMark {
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
	if string(local[:4]) != localMark {
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
