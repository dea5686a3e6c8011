// Package executable reads the headers of executables: ELF, PE, Mach-O and WebAssembly. It promises the parts of the
// file that are mapped to memory and the sections by name, in time and memory bounded by the headers, for any bytes;
// what is damaged is left out, and of ELF's sections that is said. Compressed sections (SHF_COMPRESSED) are not told apart: only such as are not
// mapped to memory may be, in practice those for debuggers, which nobody looks for. It leaves what stands in the parts to the extractors that look for it.
package executable

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
)

// HeadBytes is how much of the beginning of a file Parse likes to see: real headers, without the sections of ELF and WebAssembly,
// fit into it.
const HeadBytes = 32 << 10

// Format is a form of executable.
type Format uint8

// The formats.
const (
	ELF Format = iota + 1
	PE
	MachO
	Wasm
)

// File is what the headers say. Offsets count from where the headers begin.
type File struct {
	Format Format
	Order  binary.ByteOrder
	Is64   bool
	Packed bool // by UPX: the rest of the headers says little
	// Segments are the parts that are mapped to memory, as the headers list them.
	Segments []Segment
	// Sections are as the headers list them, without empty ones and those that have no bytes in the file. Those of ELF have no
	// names where Named is false.
	Sections []Section
	Named    bool
	// Damaged says what of the table of sections cannot be read although the headers promise it; empty where all is well. What stands in sections
	// is then not found.
	Damaged string
}

// Segment is a part of the file that is mapped to memory.
type Segment struct {
	Addr uint64
	Off  int64
	Size int64
	Data bool // initialised data that can be written, and not executed
}

// Section is a named part of the file.
type Section struct {
	Name   string
	Addr   uint64
	Off    int64
	Size   int64
	Mapped bool // into memory
}

// limit is the largest number of segments or sections that is looked at; real executables have dozens.
const limit = 4096

// Magic says whether a file with these first bytes, of which it needs five, can be an executable.
func Magic(head []byte) bool {
	if _, fat := Fat(head); fat {
		return true
	}
	return bytes.HasPrefix(head, []byte("\x7fELF")) || bytes.HasPrefix(head, []byte("MZ")) || isMachO(head) ||
		bytes.HasPrefix(head, []byte("\x00asm"))
}

// Parse reads the headers of an executable whose first bytes are head. With random access, which may be nil, it reads more of it where
// the headers say that more of them is there. It gives nil where the bytes are no executable.
func Parse(head []byte, ra io.ReaderAt, size int64) *File {
	switch {
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return parseELF(head, ra, size)
	case bytes.HasPrefix(head, []byte("MZ")):
		return parsePE(head)
	case isMachO(head):
		return parseMachO(head)
	case bytes.HasPrefix(head, []byte("\x00asm\x01\x00\x00\x00")) && ra != nil:
		return parseWasm(ra, size)
	}
	return nil
}

// Open reads the headers of a file with random access; of a fat Mach-O file those of its first architecture. Offsets then count from the
// beginning of the file. It gives nil where the file is no executable.
func Open(ra io.ReaderAt, size int64) *File {
	head := readHead(ra, size)
	base, fat := Fat(head)
	if !fat {
		return Parse(head, ra, size)
	}
	if base < 0 || base >= size {
		return nil
	}
	inner := io.NewSectionReader(ra, base, size-base)
	f := Parse(readHead(inner, size-base), inner, size-base)
	if f == nil || !f.Shift(base) {
		return nil
	}
	return f
}

// readHead reads little of what is most, ELF files, and all of the headers of others.
func readHead(ra io.ReaderAt, size int64) []byte {
	head := make([]byte, min(4<<10, max(size, 0)))
	n, _ := ra.ReadAt(head, 0)
	head = head[:n]
	if bytes.HasPrefix(head, []byte("MZ")) || isMachO(head) {
		head = make([]byte, min(HeadBytes, size))
		n, _ = ra.ReadAt(head, 0)
		head = head[:n]
	}
	return head
}

// Shift moves all offsets by a base; false where they would not fit.
func (x *File) Shift(base int64) bool {
	for i := range x.Segments {
		s := &x.Segments[i]
		if s.Off > math.MaxInt64-base-s.Size {
			return false
		}
		s.Off += base
	}
	for i := range x.Sections {
		s := &x.Sections[i]
		if s.Off > math.MaxInt64-base-s.Size {
			return false
		}
		s.Off += base
	}
	return true
}

// Section gives the first section of a name.
func (x *File) Section(name string) (Section, bool) {
	for _, s := range x.Sections {
		if s.Name == name {
			return s, true
		}
	}
	return Section{}, false
}

func (x *File) addSegment(addr, off, size uint64, data bool) {
	if inFile(addr, off, size) {
		x.Segments = append(x.Segments, Segment{Addr: addr, Off: int64(off), Size: int64(size), Data: data})
	}
}

func (x *File) addSection(name string, addr, off, size uint64, mapped bool) {
	if inFile(addr, off, size) {
		x.Sections = append(x.Sections, Section{Name: name, Addr: addr, Off: int64(off), Size: int64(size), Mapped: mapped})
	}
}

// inFile says whether these bytes can be in a file and in memory.
func inFile(addr, off, size uint64) bool {
	return size > 0 && off <= math.MaxInt64 && size <= math.MaxInt64-off && addr <= math.MaxUint64-size
}
