package vulndb

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// FormatVersion is the version of the file format which this package reads and writes.
const FormatVersion = 2

// The file is a header, a front and the sections, one after the other. Numbers of fixed size are little-endian.
//
//	header  0  magic
//	        8  uint32 format version
//	       12  uint32 length of the front
//	       16  uint64 length of the file
//	       24  uint32 CRC-32C of bytes 0-23, bytes 28-63 and the front
//	       28  uint32 0
//	       32  SHA-256 of everything after the header
//	front  64  as-of date, feeds, namespaces, counts, lengths of the sections, CRC-32C of each page of the sections
//
// The front is all that Open reads, and the CRC covers it, so that Open can trust it. The lengths must add up to the
// length of the file, which shows truncation at once. Everything behind the front is read with bounds checked.
const (
	magic      = "\x89SLVDB\r\n" // not text, and broken by a transfer that changes line ends, as in PNG
	headerSize = 64
	crcAt      = 24
	sumAt      = 32
)

// The sections.
const (
	secPackages  = iota // for each package and one more: uint32 end of names before it, uint32 end of blocks before it
	secNames            // names of packages, by namespace, then name
	secBlocks           // see block.go
	secStrings          // length and bytes of shared strings; a reference is the offset
	secVulnIndex        // for each vulnerability and one more: uint32 offset
	secVulns            // see record.go
	secEPSS             // for each vulnerability: uint32 score, uint32 percentile, in billionths; uint32 day since 1970, 0: none
	secIDs              // sorted by folded id: uint32 string, uint32 ordinal
	secReach            // for each vulnerability and one more: uint32 offset into the next
	secReached          // numbers of packages, as differences
	secTextIndex        // for each block of texts and one more: uint32 first ordinal, uint32 offset
	secTexts            // see texts.go
	sections
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// front is what Open reads.
type front struct {
	meta     vuln.Database
	feeds    []string
	spaces   []namespace // by name
	vulns    int
	packages int
	sections [sections][]byte
	starts   [sections]int64 // of the sections in the body
	body     []byte          // all sections
	pageSums []byte
}

// namespace is a run of packages.
type namespace struct {
	name  string
	first int
	count int
}

func headerCRC(header, front []byte) uint32 {
	c := crc32.Update(0, castagnoli, header[:crcAt])
	c = crc32.Update(c, castagnoli, header[crcAt+4:headerSize])
	return crc32.Update(c, castagnoli, front)
}

func parseFront(b []byte) (*front, error) {
	if len(b) < headerSize || string(b[:8]) != magic {
		return nil, corrupt("not a vulnerability database")
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != FormatVersion {
		return nil, fmt.Errorf("%w: it is %d, this program reads %d", ErrVersion, v, FormatVersion)
	}
	if size := binary.LittleEndian.Uint64(b[16:]); size != uint64(len(b)) {
		return nil, corrupt("its length is %d, it was written with %d", len(b), size)
	}
	if binary.LittleEndian.Uint32(b[28:]) != 0 {
		return nil, corrupt("the header is broken")
	}
	n := int64(binary.LittleEndian.Uint32(b[12:]))
	if n > int64(len(b)-headerSize) {
		return nil, corrupt("the front is cut short")
	}
	rest := b[headerSize+n:]
	if headerCRC(b, b[headerSize:headerSize+n]) != binary.LittleEndian.Uint32(b[crcAt:]) {
		return nil, corrupt("the checksum of the front does not hold")
	}
	f := &front{meta: vuln.Database{
		Version:  FormatVersion,
		Checksum: "sha256:" + hex.EncodeToString(b[sumAt:headerSize]),
	}}
	c := cursor{b: b[headerSize : headerSize+n]}
	f.meta.AsOf = c.time()
	f.meta.Starter = c.bool()
	for range c.count(6) {
		i := vuln.FeedInfo{
			Name: c.string(), AsOf: c.time(), Advisories: c.below(math.MaxInt32), License: c.string(),
			URL: c.string(), Skipped: c.below(math.MaxInt32),
		}
		f.meta.Feeds = append(f.meta.Feeds, i)
		f.feeds = append(f.feeds, i.Name)
	}
	f.vulns = c.below(math.MaxInt32)
	for range c.count(2) {
		s := namespace{name: c.string(), first: f.packages, count: c.below(math.MaxInt32 - f.packages)}
		if k := len(f.spaces); k > 0 && f.spaces[k-1].name >= s.name {
			c.fail()
		}
		f.packages += s.count
		f.spaces = append(f.spaces, s)
	}
	f.body = rest
	for i := range f.sections {
		l := c.uvarint()
		if l > uint64(len(rest)) {
			c.fail()
			break
		}
		f.starts[i] = int64(len(f.body) - len(rest))
		f.sections[i], rest = rest[:l:l], rest[l:]
	}
	f.pageSums = c.bytes(4 * pageCount(len(f.body)))
	sized := func(sec, n, size int) bool { return int64(len(f.sections[sec])) == int64(n)*int64(size) }
	switch {
	case c.bad || c.left() != 0 || len(rest) != 0:
		return nil, corrupt("the front does not describe the file")
	case !sized(secPackages, f.packages+1, 8), !sized(secVulnIndex, f.vulns+1, 4), !sized(secEPSS, f.vulns, 12),
		!sized(secReach, f.vulns+1, 4), len(f.sections[secIDs])%8 != 0,
		len(f.sections[secTextIndex])%8 != 0, len(f.sections[secTextIndex]) == 0:
		return nil, corrupt("its sections do not fit its counts")
	}
	return f, nil
}

// write fills in the checksum of f.meta and writes the file.
func (f *front) write(w io.Writer) (size int64, err error) {
	var b []byte
	b = appendTime(b, f.meta.AsOf)
	b = appendBool(b, f.meta.Starter)
	b = appendInt(b, len(f.meta.Feeds))
	for _, i := range f.meta.Feeds {
		b = appendString(b, i.Name)
		b = appendTime(b, i.AsOf)
		b = appendInt(b, i.Advisories)
		b = appendString(b, i.License)
		b = appendString(b, i.URL)
		b = appendInt(b, i.Skipped)
	}
	b = appendInt(b, f.vulns)
	b = appendInt(b, len(f.spaces))
	for _, s := range f.spaces {
		b = appendString(b, s.name)
		b = appendInt(b, s.count)
	}
	for i, s := range f.sections {
		if int64(len(s)) > math.MaxUint32 {
			return 0, fmt.Errorf("section %d of the database is larger than 4 GiB", i)
		}
		b = appendInt(b, len(s))
		size += int64(len(s))
	}
	b = append(b, pageSums(f.sections[:])...)
	size += headerSize + int64(len(b))

	sum := sha256.New()
	sum.Write(b)
	for _, s := range f.sections {
		sum.Write(s)
	}
	h := make([]byte, 0, headerSize)
	h = append(h, magic...)
	h = binary.LittleEndian.AppendUint32(h, FormatVersion)
	h = binary.LittleEndian.AppendUint32(h, uint32(len(b)))
	h = binary.LittleEndian.AppendUint64(h, uint64(size))
	h = binary.LittleEndian.AppendUint64(h, 0)
	h = sum.Sum(h)
	binary.LittleEndian.PutUint32(h[crcAt:], headerCRC(h, b))
	f.meta.Version = FormatVersion
	f.meta.Checksum = "sha256:" + hex.EncodeToString(h[sumAt:])

	for _, part := range append([][]byte{h, b}, f.sections[:]...) {
		if _, err := w.Write(part); err != nil {
			return 0, err
		}
	}
	return size, nil
}

const epssUnit = 1e9

func dayOf(t time.Time) uint32 { return uint32(max(0, t.Unix()/86400)) }
