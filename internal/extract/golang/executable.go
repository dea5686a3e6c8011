package golang

import (
	"bytes"
	"cmp"
	"io"
	"slices"

	"github.com/sightline-sec/sightline/internal/extract/executable"
)

// program is what the headers of an executable say of the places that matter here. Offsets count from the
// beginning of the file.
type program struct {
	*executable.File
	// data are the places where the linker may have put the build information, by ascending offset, without overlap.
	data []place
	// tables are the places where the linker may have put the function table, likewise.
	tables []place
	marked bool // by a Go linker
}

// place is a part of the file to look at.
type place struct {
	addr uint64
	off  int64
	size int64
	// table says that a function table begins where the place does; else it may begin anywhere in it.
	table bool
}

func (p place) end() int64 { return p.off + p.size }

// settle sorts places and cuts what overlaps, so that no header can have a byte searched twice.
func settle(places []place) []place {
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(a.off, b.off) })
	var end int64
	kept := places[:0]
	for _, s := range places {
		if cut := end - s.off; cut > 0 {
			if cut >= s.size {
				continue
			}
			s.addr, s.off, s.size = s.addr+uint64(cut), s.off+cut, s.size-cut
		}
		end = s.end()
		kept = append(kept, s)
	}
	return kept
}

// offset gives the place of n bytes at an address.
func (x *program) offset(addr, n uint64) (int64, bool) {
	for _, s := range x.Segments {
		if addr >= s.Addr && addr-s.Addr < uint64(s.Size) && n <= uint64(s.Size)-(addr-s.Addr) {
			return s.Off + int64(addr-s.Addr), true
		}
	}
	return 0, false
}

// parseProgram reads the headers of an executable in head, which is what follows from offset base of in. It
// returns nil where head is none that is read here.
func parseProgram(in *input, head []byte, base int64) *program {
	var ra io.ReaderAt
	if in.ra != nil {
		ra = io.NewSectionReader(in.ra, base, in.size-base)
	}
	f := executable.Parse(head, ra, in.size-base)
	if f == nil || f.Format == executable.Wasm || !f.Shift(base) {
		return nil
	}
	x := &program{File: f, marked: marked(head)}
	x.data = settle(x.dataPlaces())
	x.tables = settle(x.tablePlaces())
	return x
}

// dataPlaces are where build information can be: in the section of its name, else in ELF in all writable segments (in position-independent
// executables it is not in the first one), in PE and Mach-O at the front of the first one.
func (x *program) dataPlaces() []place {
	var places []place
	for _, s := range x.Sections {
		if s.Name == ".go.buildinfo" || s.Name == "__go_buildinfo" {
			places = append(places, place{addr: s.Addr, off: s.Off, size: s.Size})
		}
	}
	if len(places) > 0 || x.Format == executable.ELF && x.Named {
		return places
	}
	for _, s := range x.Segments {
		if s.Data {
			places = append(places, place{addr: s.Addr, off: s.Off, size: s.Size})
			if x.Format != executable.ELF {
				break
			}
		}
	}
	return places
}

// marked finds what each Go linker since 1.5 writes near the front: the ELF note of type 4 and owner "Go", or the
// build id at the beginning of the text. It may be missing (-buildid=).
func marked(head []byte) bool {
	return bytes.Contains(head, []byte("\xff Go build ID: \"")) ||
		bytes.Contains(head, []byte("\x04\x00\x00\x00Go\x00\x00")) ||
		bytes.Contains(head, []byte("\x00\x00\x00\x04Go\x00\x00"))
}
