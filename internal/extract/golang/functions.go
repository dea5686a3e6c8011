package golang

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/sightline-sec/sightline/internal/extract/executable"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// The function table (pclntab) is what the Go runtime prints stack traces from, so it is there in stripped binaries too. Since Go 1.16 it begins
// with a header that tells where the names stand, one after another, each ended by a NUL: those of all functions that were linked, and of those that
// were inlined into them. See generateFuncnametab in cmd/link/internal/ld and debug/gosym.
const (
	tableGo12  = 0xfffffffb // names among the code's tables, those of inlined functions not told apart from other data
	tableGo116 = 0xfffffffa
	tableGo118 = 0xfffffff0
	tableGo120 = 0xfffffff1

	tableHeader = 8 + 8*8
	maxNames    = 64 << 20 // bytes; a binary of 72 MB has 9 MB
)

// functions is what was read of function tables.
type functions struct {
	set   *inventory.Symbols
	found int
	why   string // why there is nothing to say, where a table was found
}

// table is a function table: where in it the names begin and end.
type table struct{ names, end uint64 }

// tablePlaces are where the function table can begin: at the section of its name; where sections have no names at each of them; where there
// are no sections, or their names do not tell (PE), somewhere in what is mapped.
func (x *program) tablePlaces() []place {
	var places []place
	for _, s := range x.Sections {
		p := place{addr: s.Addr, off: s.Off, size: s.Size, table: true}
		switch s.Name {
		case ".gopclntab", ".data.rel.ro.gopclntab", "__gopclntab":
			return []place{p}
		}
		if s.Mapped {
			places = append(places, p)
		}
	}
	if x.Format == executable.ELF && len(places) > 0 && !x.Named {
		return places
	}
	places = nil
	for _, s := range x.Segments {
		// Without names the segments with data are searched for build information, in the same pass if there is but one.
		if !s.Data || x.Named {
			places = append(places, place{addr: s.Addr, off: s.Off, size: s.Size})
		}
	}
	return places
}

// look looks for a function table in one place, and reads its names.
func (f *functions) look(in *input, x *program, p place, seen *recorder) error {
	if ok, err := in.seek(p.off, seen); !ok {
		return err
	}
	if p.table {
		b, err := in.peek(tableHeader)
		if err != nil {
			return err
		}
		return f.at(in, b, p)
	}
	for in.pos < p.end() {
		w, err := in.peek(int(min(windowSize, p.end()-in.pos)))
		if err != nil {
			return err
		}
		more := !in.eof && in.pos+int64(len(w)) < p.end()
		i := tableMagic(w, x.Order)
		switch {
		case i < 0:
			i = len(w)
			if more {
				i -= 5 // the beginning of a magic
			}
		case len(w)-i < tableHeader && more && i > 0: // look again with all of it in the window
		default:
			start := in.pos + int64(i)
			rest := place{off: start, size: p.end() - start}
			header := bytes.Clone(w[i:min(len(w), i+tableHeader)])
			in.take(i)
			if err := f.at(in, header, rest); err != nil {
				return err
			}
			if in.pos > start {
				continue // past its names
			}
			w, i = w[i:], 1
			if len(w) == 0 {
				return nil
			}
		}
		if seen != nil {
			seen.show(w[:i], in.pos)
		}
		in.take(i)
		if !more && len(in.window) == 0 {
			return nil
		}
	}
	return nil
}

// tableMagic gives where in w the magic of a function table and the two zeros after it stand first, or -1.
func tableMagic(w []byte, order binary.ByteOrder) int {
	if order == binary.LittleEndian {
		for at := 1; at < len(w); {
			i := bytes.Index(w[at:], []byte("\xff\xff\xff\x00\x00"))
			if i < 0 {
				return -1
			}
			at += i
			if _, ok := tableWords(binary.LittleEndian.Uint32(w[at-1:])); ok {
				return at - 1
			}
			at++
		}
		return -1
	}
	first := -1
	for _, magic := range []uint32{tableGo12, tableGo116, tableGo118, tableGo120} {
		if i := bytes.Index(w, append(binary.BigEndian.AppendUint32(nil, magic), 0, 0)); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	return first
}

// tableWords gives the index of the header's word that tells where the names begin.
func tableWords(magic uint32) (uint64, bool) {
	switch magic {
	case tableGo116:
		return 2, true // after the numbers of functions and files
	case tableGo118, tableGo120:
		return 3, true // and the beginning of the code
	case tableGo12:
		return 0, true
	}
	return 0, false
}

// at reads the table whose header is h, if it is one. p begins with it.
func (f *functions) at(in *input, h []byte, p place) error {
	t, ok, why := parseTable(h, uint64(p.size))
	switch {
	case !ok:
		return nil
	case why != "":
		f.found, f.why = f.found+1, why
		return nil
	}
	f.found++
	if f.found > 1 {
		f.why = "it holds more than one function table" // a Go binary inside a Go binary: which one is whose cannot be told
		return nil
	}
	if ok, err := in.seek(p.off+int64(t.names), nil); !ok {
		return err
	}
	var whole bool
	var err error
	f.set = inventory.NewSymbols(func(yield func([]byte) bool) {
		whole, err = in.names(int64(t.end-t.names), yield)
	})
	if !whole {
		f.why = "its function table is cut off"
	}
	return err
}

// parseTable reads the header of a function table in size bytes. why says what keeps it from being read.
func parseTable(h []byte, size uint64) (t table, ok bool, why string) {
	if len(h) < 8 || h[4] != 0 || h[5] != 0 {
		return t, false, ""
	}
	f := executable.Fields{Bytes: h, Order: binary.LittleEndian}
	if h[0] == 0xff {
		f.Order = binary.BigEndian
	}
	first, ok := tableWords(f.U32(0))
	quantum, word := h[6], uint64(h[7])
	if !ok || quantum != 1 && quantum != 2 && quantum != 4 || word != 4 && word != 8 {
		return t, false, ""
	}
	if first == 0 {
		// This header has nothing else that could be checked but the number of functions, each of which has an entry of two words.
		if n := f.Word(8, word == 8); n == 0 || n > size/(2*word) {
			return t, false, ""
		}
		return t, true, "it was built with Go 1.15 or older, whose function table does not list inlined functions"
	}
	// Names, compilation units, files, program counters, functions: one after another, and after the header.
	header := 8 + (first+5)*word
	last := header
	offsets := [5]uint64{}
	for i := range offsets {
		offsets[i] = f.Word(8+(first+uint64(i))*word, word == 8)
		if offsets[i] < last || offsets[i] > size {
			return t, false, ""
		}
		last = offsets[i]
	}
	if uint64(len(h)) < header || f.Word(8, word == 8) == 0 || offsets[1] == offsets[0] {
		return t, false, ""
	}
	if offsets[1]-offsets[0] > maxNames {
		return t, true, fmt.Sprintf("the names of its functions take more than %d MiB", maxNames>>20)
	}
	return table{names: offsets[0], end: offsets[1]}, true, ""
}

// names yields the next n bytes name by name; false where the file ends before. What is longer than a window is no name.
func (in *input) names(n int64, yield func([]byte) bool) (whole bool, err error) {
	for n > 0 {
		w, err := in.peek(int(min(n, windowSize)))
		if err != nil || len(w) == 0 {
			return false, err
		}
		end := bytes.LastIndexByte(w, 0) + 1
		if end == 0 {
			end = len(w)
		}
		for names := w[:end]; len(names) > 0; {
			name, rest, _ := bytes.Cut(names, []byte{0})
			if len(name) > 0 && !yield(name) {
				return false, nil
			}
			names = rest
		}
		in.take(end)
		n -= int64(end)
	}
	return true, nil
}

// symbols are the functions of a binary with these modules. A set that cannot be true of the binary is none: without the runtime the table was not
// the binary's own, or is cut off, or the rest stands in a shared library; without most of the modules the names were changed.
func (f *functions) symbols(mainPackage string, modules []string) *inventory.Symbols {
	switch {
	case f.why != "":
		return inventory.NoSymbols(f.why)
	case f.found == 0:
		return inventory.NoSymbols("its function table was not found")
	case !f.set.Has("runtime.main"):
		return inventory.NoSymbols("its function table is not whole, or its names were changed")
	}
	linked := 0
	for _, m := range modules {
		if f.set.HasModule(m) {
			linked++
		}
	}
	if 2*linked < len(modules) {
		return inventory.NoSymbols("the names of its functions were changed")
	}
	return f.set.WithMain(mainPackage)
}
