package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"os"
	"path"
	"strings"
	"sync"
	"sync/atomic"
)

// scanner holds what is shared by all artifacts of a run.
type scanner struct {
	std, digest  bool
	slots        chan struct{}
	mu           sync.Mutex
	shared       map[string]func() (*layer, error) // by digest
	files, bytes atomic.Int64
}

// layer is what one layer says.
type layer struct {
	found        map[string][]pkg
	links        map[string]string // of claimed names
	gone, opaque []string
	plain        map[uint64]bool // hashes of what is not a directory: it hides a directory of that name below
	wantPlain    bool
	read         int64
	headers      int64
	buffer       []byte
}

var seed = maphash.MakeSeed()

// bytesOf is where a layer's tar comes from: a stream that can only be passed over, or a file in which one may seek.
type bytesOf interface {
	// Read fills p or fails.
	Read(p []byte) error
	Skip(n int64) error
	// At gives n bytes from here at random, or nil where this is a stream. The place does not move.
	At(n int64) io.ReaderAt
	// Chunks calls see with the next n bytes in pieces.
	Chunks(n int64, see func([]byte)) error
}

// entryLimit bounds what is held of one file.
const entryLimit = 512 << 20

// walk reads a tar.
func (l *layer) walk(b bytesOf) error {
	var h [512]byte
	var long, longLink string
	var paxSize int64 = -1
	for {
		if err := b.Read(h[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if h[0] == 0 {
			return nil
		}
		size := number(h[124:136])
		typ := h[156]
		switch typ {
		case 'x', 'g', 'L', 'K':
			if size > 1<<20 {
				return errors.New("tar: long header")
			}
			data := make([]byte, size)
			if err := errors.Join(b.Read(data), b.Skip(pad(size))); err != nil {
				return err
			}
			switch typ {
			case 'L':
				long = cstring(data)
			case 'K':
				longLink = cstring(data)
			case 'x':
				p, link, n := pax(data)
				if p != "" {
					long = p
				}
				if link != "" {
					longLink = link
				}
				if n >= 0 {
					paxSize = n
				}
			}
			continue
		}
		name := long
		if name == "" {
			name = cstring(h[:100])
			if prefix := cstring(h[345:500]); prefix != "" && string(h[257:262]) == "ustar" {
				name = prefix + "/" + name
			}
		}
		if paxSize >= 0 {
			size = paxSize
		}
		link := longLink
		if link == "" && typ == '1' {
			link = cstring(h[157:257])
		}
		long, longLink, paxSize = "", "", -1
		l.headers++
		if typ != '0' && typ != 0 {
			size = 0
		}
		if err := l.entry(b, strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/"), typ, link, size, number(h[100:108])); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

func (l *layer) entry(b bytesOf, name string, typ byte, link string, size, mode int64) error {
	if typ == '5' {
		return nil
	}
	base := name[strings.LastIndexByte(name, '/')+1:]
	if strings.HasPrefix(base, ".wh.") {
		if base == ".wh..wh..opq" {
			l.opaque = append(l.opaque, path.Dir(name))
		} else {
			l.gone = append(l.gone, path.Join(path.Dir(name), base[4:]))
		}
		return b.Skip(size + pad(size))
	}
	if l.wantPlain {
		l.plain[maphash.String(seed, name)] = true
	}
	k := claim(name)
	if k != none && typ == '1' {
		l.links[name] = path.Clean(link)
		return nil
	}
	if k == none || typ != '0' && typ != 0 || k == program && (mode&0o111 == 0 || size < 100_000) || size > entryLimit {
		return b.Skip(size + pad(size))
	}
	if random := b.At(size); random != nil {
		l.random(random, k, name, size)
		return b.Skip(size + pad(size))
	}
	if k == program {
		if err := l.streamed(b, name, size); err != nil {
			return err
		}
		return b.Skip(pad(size))
	}
	if int64(cap(l.buffer)) < size {
		l.buffer = make([]byte, size)
	}
	data := l.buffer[:size]
	if err := errors.Join(b.Read(data), b.Skip(pad(size))); err != nil {
		return err
	}
	l.add(name, parse(k, name, data))
	return nil
}

func (l *layer) add(name string, p []pkg) {
	l.found[name] = p // also when it says nothing: it may replace what said something
}

// random reads a claimed file where its bytes can be had in any order.
func (l *layer) random(r io.ReaderAt, k kind, name string, size int64) {
	switch k {
	case program:
		var m [4]byte
		if _, err := r.ReadAt(m[:], 0); err == nil && string(m[:]) == "\x7fELF" {
			l.add(name, goProgram(r))
		}
	case jar:
		l.add(name, archive(name, r, size))
	default:
		data := make([]byte, size)
		if _, err := r.ReadAt(data, 0); err != nil && !errors.Is(err, io.EOF) {
			return
		}
		l.add(name, parse(k, name, data))
	}
}

// streamed looks for build information in a program that passes by, holding no more than the information.
func (l *layer) streamed(b bytesOf, name string, size int64) error {
	var m [4]byte
	if err := b.Read(m[:]); err != nil {
		return err
	}
	if string(m[:]) != "\x7fELF" {
		return b.Skip(size - 4)
	}
	var in search
	err := b.Chunks(size-4, in.feed)
	l.add(name, in.found)
	return err
}

// merge lays layers over one another.
func merge(layers []*layer) map[pkg]bool {
	state := map[string][]pkg{}
	for _, l := range layers {
		for _, dir := range l.opaque {
			for p := range state {
				if strings.HasPrefix(p, dir+"/") {
					delete(state, p)
				}
			}
		}
		for _, gone := range l.gone {
			for p := range state {
				if p == gone || strings.HasPrefix(p, gone+"/") {
					delete(state, p)
				}
			}
		}
		if len(l.plain) > 0 {
			for p := range state {
				for d := p; ; {
					i := strings.LastIndexByte(d, '/')
					if i < 0 {
						break
					}
					d = d[:i]
					if l.plain[maphash.String(seed, d)] {
						delete(state, p)
						break
					}
				}
			}
		}
		maps.Copy(state, l.found)
		for p, target := range l.links {
			state[p] = state[target]
		}
	}
	out := map[pkg]bool{}
	for _, found := range state {
		for _, p := range found {
			out[p] = true
		}
	}
	return out
}

// number reads a field of a tar header: octal, or base 256.
func number(b []byte) (n int64) {
	if b[0]&0x80 != 0 {
		for _, c := range b[1:] {
			n = n<<8 | int64(c)
		}
		return n
	}
	for _, c := range b {
		if c >= '0' && c <= '7' {
			n = n<<3 | int64(c-'0')
		}
	}
	return n
}

func pad(size int64) int64 { return -size & 511 }

func cstring(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// pax reads the records that matter.
func pax(b []byte) (name, link string, size int64) {
	size = -1
	for len(b) > 0 {
		sp := bytes.IndexByte(b, ' ')
		if sp < 0 {
			break
		}
		n := 0
		for _, c := range b[:sp] {
			n = n*10 + int(c-'0')
		}
		if n <= sp || n > len(b) {
			break
		}
		k, v, _ := strings.Cut(string(b[sp+1:n-1]), "=")
		switch k {
		case "path":
			name = v
		case "linkpath":
			link = v
		case "size":
			size = 0
			for _, c := range v {
				size = size*10 + int64(c-'0')
			}
		}
		b = b[n:]
	}
	return name, link, size
}

// random access to a part of a file.
type section struct {
	f        *os.File
	off, end int64
	read     *int64
}

func (s *section) Read(p []byte) error {
	if s.off+int64(len(p)) > s.end {
		return io.EOF
	}
	n, err := s.f.ReadAt(p, s.off)
	s.off += int64(n)
	*s.read += int64(n)
	if n == len(p) {
		return nil
	}
	return err
}

func (s *section) Skip(n int64) error { s.off += n; return nil }

func (s *section) At(n int64) io.ReaderAt {
	return io.NewSectionReader(&counted{s.f, s.read}, s.off, n)
}

func (s *section) Chunks(int64, func([]byte)) error { return errors.ErrUnsupported }

type counted struct {
	r io.ReaderAt
	n *int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	*c.n += int64(n)
	return n, err
}
