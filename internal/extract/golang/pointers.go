package golang

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract/executable"
)

// goString is a string header of the Go runtime, found by a pointer.
type goString struct {
	header int64 // offset in the file
	off    int64 // of the bytes
	size   uint64
	ok     bool
}

// decodePointers reads the form of Go 1.13 to 1.17. The header's two pointers lead to string headers in the data,
// those to bytes in the read-only data.
func decodePointers(in *input, x *program, header []byte, at int, seen *recorder) (*build, error) {
	wordSize := uint64(header[14])
	if wordSize != 4 && wordSize != 8 {
		return nil, nil
	}
	f := executable.Fields{Bytes: bytes.Clone(header), Order: binary.LittleEndian}
	if header[15]&flagBigEnd != 0 {
		f.Order = binary.BigEndian
	}
	is64 := wordSize == 8
	var list [2]goString // version, modules
	for i := range list {
		off, ok := x.offset(f.Word(16+uint64(i)*wordSize, is64), 2*wordSize)
		list[i] = goString{header: off, ok: ok}
	}
	if !list[0].ok {
		return nil, nil // not a header, or its pointers are left to the dynamic linker
	}
	unread := &build{reason: artifact.Unsupported, problem: "build information of Go 1.17 or older cannot be followed here: its modules are not known"}
	in.take(at)
	order := []*goString{&list[0], &list[1]}
	slices.SortFunc(order, func(a, b *goString) int { return cmp.Compare(a.header, b.header) })
	for _, s := range order {
		if !s.ok {
			continue
		}
		if ok, err := in.seek(s.header, nil); !ok {
			return unread, err
		}
		b, err := in.peek(int(2 * wordSize))
		if err != nil {
			return nil, err
		}
		h := executable.Fields{Bytes: b, Order: f.Order}
		s.size = h.Word(wordSize, is64)
		s.off, s.ok = x.offset(h.Word(0, is64), s.size)
	}
	if s := list[0]; !s.ok || s.size > maxVersion {
		return unread, nil
	}
	version, ok, err := in.bytesAt(list[0], seen)
	if err != nil || !ok || !plausible(version) {
		return unread, err
	}
	info := &build{goVersion: version}
	s := list[1]
	if !s.ok || s.size <= uint64(len(modulesBegin)+len(modulesEnd)) {
		return info, nil
	}
	if s.size > maxModules {
		info.reason, info.problem = artifact.Unparsable, fmt.Sprintf("module information of %d bytes is larger than %d", s.size, maxModules)
		return info, nil
	}
	modules, ok, err := in.bytesAt(s, seen)
	if err != nil {
		return nil, err
	}
	if !ok {
		info.reason, info.problem = unread.reason, unread.problem
		return info, nil
	}
	info.setModules(modules)
	return info, nil
}

// bytesAt gives a string's bytes: from the file, or from what was remembered of the stream.
func (in *input) bytesAt(s goString, seen *recorder) (string, bool, error) {
	if in.ra == nil {
		text, ok := seen.at(s.off, s.size)
		return text, ok, nil
	}
	if ok, err := in.seek(s.off, nil); !ok {
		return "", false, err
	}
	b, err := in.read(int64(s.size))
	return string(b), err == nil, err
}

// recorder remembers, of a stream that passes by, what may turn out to be a version of Go or module information.
// It keeps at most some hundred KiB and one piece of module information.
type recorder struct {
	versions map[int64]string // by offset in the file
	shown    int64            // all before this offset was looked at for module information
	blob     []byte           // module information, from its begin marker on
	blobOff  int64
	open     bool // blob's end was not met yet
}

const (
	overlap     = 64   // shown twice, so that nothing is missed between two pieces; the longest version that is kept
	maxVersions = 4096 // distinct places that begin like a version of Go
)

// show looks at the bytes at an offset.
func (r *recorder) show(w []byte, off int64) {
	for _, prefix := range []string{"go1.", "devel "} {
		for at := 0; len(r.versions) < maxVersions; {
			i := bytes.Index(w[at:], []byte(prefix))
			if i < 0 {
				break
			}
			at += i
			if r.versions == nil {
				r.versions = map[int64]string{}
			}
			if kept := string(w[at:min(len(w), at+overlap)]); len(kept) > len(r.versions[off+int64(at)]) {
				r.versions[off+int64(at)] = kept
			}
			at++
		}
	}
	r.showModules(w, off)
	r.shown = max(r.shown, off+int64(len(w)))
}

func (r *recorder) showModules(w []byte, off int64) {
	if r.open {
		if fresh := r.shown - off; fresh < int64(len(w)) {
			r.grow(w[max(fresh, 0):])
		}
		return
	}
	if r.blob != nil {
		return
	}
	if i := bytes.Index(w, []byte(modulesBegin)); i >= 0 {
		r.open, r.blobOff = true, off+int64(i)
		r.grow(w[i:])
	}
}

// grow adds to the blob until its end marker.
func (r *recorder) grow(b []byte) {
	from := max(0, len(r.blob)-len(modulesEnd)+1)
	r.blob = append(r.blob, b...)
	if i := bytes.Index(r.blob[from:], []byte(modulesEnd)); i >= 0 {
		r.blob, r.open = bytes.Clone(r.blob[:from+i+len(modulesEnd)]), false
	} else if len(r.blob) > maxModules {
		r.blob, r.open = []byte{}, false
	}
}

// at gives the n bytes at an offset, if they were remembered.
func (r *recorder) at(off int64, n uint64) (string, bool) {
	if r == nil {
		return "", false
	}
	if v, ok := r.versions[off]; ok && n <= uint64(len(v)) {
		return v[:n], true
	}
	if off == r.blobOff && n <= uint64(len(r.blob)) {
		return string(r.blob[:n]), true
	}
	return "", false
}
