package golang

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract/executable"
)

// The layout of build information, see debug/buildinfo of the standard library: a header of 32 bytes, aligned to 16,
// that begins with the magic; then pointer size and flags. Since Go 1.18 two strings follow, each after its length as
// a varint: the version of Go and the module information. Before, the header held pointers to two Go strings.
const (
	magic        = "\xff Go buildinf:"
	alignment    = 16
	headerSize   = 32
	flagInline   = 2
	flagBigEnd   = 1
	maxVersion   = 1 << 10  // bytes; real ones have 8 to 60
	maxModules   = 16 << 20 // bytes; 2,000 modules have 200 KiB
	candidate    = headerSize + 2*binary.MaxVarintLen64 + maxVersion
	modulesBegin = "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6" // around the module information,
	modulesEnd   = "\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2" // see cmd/go/internal/modload
)

// build is what a binary says of its making.
type build struct {
	goVersion string // as the linker wrote it: "go1.22.1"; empty where the file is no Go binary
	modules   string // the module information without its frame; empty where there is none
	functions *functions

	packed  bool
	reason  artifact.Reason
	problem string // what could not be read, for a person
	damaged string // of an executable of any language: what is wrong with its table of sections
}

// readBuild finds the build information of an executable. A file that is none, or not Go's, gives a zero build.
func readBuild(in *input, headBuf []byte) (*build, error) {
	none := &build{}
	// Most files with an execute bit are scripts or libraries: a few bytes tell.
	first, err := in.peek(8)
	if err != nil || !executable.Magic(first) {
		return none, err
	}
	head, err := readHead(in, headBuf)
	if err != nil {
		return none, err
	}
	var base int64
	if off, fat := executable.Fat(head); fat {
		if ok, err := in.seek(off, nil); !ok {
			return none, err
		}
		base = off
		if head, err = readHead(in, headBuf); err != nil {
			return none, err
		}
	}
	x := parseProgram(in, head, base)
	switch {
	case x == nil:
		return none, nil
	case x.Packed:
		return &build{packed: true}, nil
	}
	info, err := x.pass(in)
	switch {
	case err != nil:
		return info, err
	case info == nil && x.marked:
		info = &build{reason: artifact.Unsupported, problem: "a Go binary without build information: its modules are not known"}
	case info == nil:
		info = none
	}
	info.damaged = x.Damaged
	return info, nil
}

// pass looks at all places that matter: of a stream front to back, for each byte passes once; with random access first for the
// build information, for without it nothing else matters. It gives nil where there is none.
func (x *program) pass(in *input) (*build, error) {
	// The pointer form has its strings before its header, where a stream has passed when the header is met.
	var seen *recorder
	if x.marked && in.ra == nil {
		seen = &recorder{}
	}
	tables := x.tables
	var f functions
	var info *build
	for _, p := range x.data {
		for in.ra == nil && len(tables) > 0 && tables[0].off < p.off {
			if x.marked || tables[0].table { // else it may be a program of any language: there is nothing to search all of it for
				if err := f.look(in, x, tables[0], seen); err != nil {
					return nil, err
				}
			}
			tables = tables[1:]
		}
		var err error
		if info, err = search(in, x, p, seen); err != nil {
			return nil, err
		}
		if info != nil {
			break
		}
	}
	if info == nil || info.goVersion == "" {
		return info, nil
	}
	for _, p := range tables {
		if in.ra == nil && f.found > 0 {
			break
		}
		if err := f.look(in, x, p, nil); err != nil {
			return nil, err
		}
	}
	info.functions = &f
	return info, nil
}

// readHead copies the next bytes and does not take them.
func readHead(in *input, buf []byte) ([]byte, error) {
	w, err := in.peek(len(buf))
	return buf[:copy(buf, w)], err
}

// search looks for build information in one place. It gives nil if there is none.
func search(in *input, x *program, place place, seen *recorder) (*build, error) {
	if ok, err := in.seek(place.off, seen); !ok {
		return nil, err
	}
	end := place.off + place.size
	for in.pos < end {
		w, err := in.peek(int(min(windowSize, end-in.pos)))
		if err != nil {
			return nil, err
		}
		more := !in.eof && in.pos+int64(len(w)) < end
		at := 0
		for {
			i := bytes.Index(w[at:], []byte(magic))
			if i < 0 {
				at = max(at, len(w)-len(magic)+1)
				break
			}
			at += i
			if len(w)-at < candidate && more && at > 0 {
				break // look again with all of it in the window
			}
			if addr := place.addr + uint64(in.pos-place.off) + uint64(at); addr%alignment == 0 {
				if info, err := decode(in, x, w, at, end, seen); info != nil || err != nil {
					return info, err
				}
			}
			at++
		}
		if !more {
			return nil, nil
		}
		if seen != nil {
			seen.show(w[:at], in.pos)
		}
		in.take(at)
	}
	return nil, nil
}

// decode reads the build information at w[at:], w being the window. It gives nil where these bytes are none: the
// magic alone also stands in the code of programs that read build information.
func decode(in *input, x *program, w []byte, at int, end int64, seen *recorder) (*build, error) {
	b := w[at:]
	if len(b) < headerSize {
		return nil, nil
	}
	flags := b[15]
	if flags&flagInline == 0 {
		return decodePointers(in, x, b[:headerSize], at, seen)
	}
	b = b[headerSize:]
	n, vn := binary.Uvarint(b)
	if vn <= 0 || n > maxVersion || n > uint64(len(b)-vn) {
		return nil, nil
	}
	version := string(b[vn : vn+int(n)])
	if !plausible(version) {
		return nil, nil
	}
	info := &build{goVersion: version}
	b = b[vn+int(n):]
	n, mn := binary.Uvarint(b)
	body := in.pos + int64(len(w)-len(b)) + int64(mn)
	switch {
	case mn <= 0 || n > math.MaxInt64 || int64(n) > end-body:
		return nil, nil
	case n <= uint64(len(modulesBegin)+len(modulesEnd)):
		return info, nil // built without modules
	case n > maxModules:
		info.reason, info.problem = artifact.Unparsable, fmt.Sprintf("module information of %d bytes is larger than %d", n, maxModules)
		return info, nil
	}
	in.take(len(w) - len(b) + mn)
	framed, err := in.read(int64(n))
	if err != nil {
		if errors.Is(err, artifact.ErrCorrupt) {
			info.reason, info.problem = artifact.Corrupt, "module information is cut off"
			return info, nil
		}
		return nil, err
	}
	info.setModules(string(framed))
	return info, nil
}

// setModules takes the frame off the module information. As debug/buildinfo does it looks at the place of the frame and
// not at its bytes.
func (info *build) setModules(framed string) {
	if n := len(framed); n > len(modulesBegin)+len(modulesEnd) && framed[n-len(modulesEnd)-1] == '\n' {
		info.modules = framed[len(modulesBegin) : n-len(modulesEnd)]
	}
}

// plausible says whether a string may be the version of a Go toolchain.
func plausible(version string) bool {
	if !strings.HasPrefix(version, "go") && !strings.HasPrefix(version, "devel") {
		return false
	}
	for i := range len(version) {
		if version[i] < ' ' || version[i] == 0x7f {
			return false
		}
	}
	return true
}
