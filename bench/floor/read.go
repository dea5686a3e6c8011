package main

import (
	"bufio"
	stdgzip "compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func newLayer(wantPlain bool) *layer {
	return &layer{found: map[string][]pkg{}, links: map[string]string{}, plain: map[uint64]bool{}, wantPlain: wantPlain}
}

// stream reads a compressed layer.
type stream struct {
	r    *bufio.Reader
	read *int64
}

func (s *stream) Read(p []byte) error {
	n, err := io.ReadFull(s.r, p)
	*s.read += int64(n)
	return err
}

func (s *stream) Skip(n int64) error {
	*s.read += n
	_, err := s.r.Discard(int(n))
	return err
}

func (s *stream) At(int64) io.ReaderAt { return nil }

func (s *stream) Chunks(n int64, see func([]byte)) error {
	*s.read += n
	for n > 0 {
		b, err := s.r.Peek(int(min(n, int64(max(1, s.r.Buffered())))))
		if err != nil {
			return err
		}
		see(b)
		n -= int64(len(b))
		if _, err := s.r.Discard(len(b)); err != nil {
			return err
		}
	}
	return nil
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// layout reads an OCI layout with one image.
func (s *scanner) layout(dir string) ([]*layer, error) {
	var index struct {
		Manifests []descriptor `json:"manifests"`
	}
	blob := func(digest string) string {
		return filepath.Join(dir, "blobs", strings.ReplaceAll(digest, ":", "/"))
	}
	if err := readJSON(filepath.Join(dir, "index.json"), &index); err != nil {
		return nil, err
	}
	if len(index.Manifests) == 0 {
		return nil, errors.New("no image")
	}
	var manifest struct {
		Layers []descriptor `json:"layers"`
	}
	if err := readJSON(blob(index.Manifests[0].Digest), &manifest); err != nil {
		return nil, err
	}
	sizes := make([]int64, len(manifest.Layers))
	for i, d := range manifest.Layers {
		sizes[i] = d.Size
	}
	return s.each(sizes, func(i int) (*layer, error) {
		d := manifest.Layers[i]
		return s.once(d.Digest, func() (*layer, error) { return s.compressed(blob(d.Digest), d.MediaType, i > 0) })
	})
}

// once reads a layer once, however many images have it.
func (s *scanner) once(digest string, read func() (*layer, error)) (*layer, error) {
	s.mu.Lock()
	get := s.shared[digest]
	if get == nil {
		get = sync.OnceValues(func() (*layer, error) {
			s.slots <- struct{}{}
			defer func() { <-s.slots }()
			return read()
		})
		s.shared[digest] = get
	}
	s.mu.Unlock()
	return get()
}

func (s *scanner) compressed(path, mediaType string, wantPlain bool) (*layer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = f
	if s.digest {
		in = io.TeeReader(f, sha256.New())
	}
	var r io.Reader
	switch {
	case strings.HasSuffix(mediaType, "zstd"):
		d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		r = d
	case s.std:
		r, err = stdgzip.NewReader(bufio.NewReaderSize(in, 256<<10))
	default:
		r, err = gzip.NewReader(bufio.NewReaderSize(in, 256<<10))
	}
	if err != nil {
		return nil, err
	}
	if s.digest {
		r = io.TeeReader(r, sha256.New())
	}
	l := newLayer(wantPlain)
	if err := l.walk(&stream{bufio.NewReaderSize(r, 64<<10), &l.read}); err != nil {
		return nil, err
	}
	s.files.Add(l.headers)
	s.bytes.Add(l.read)
	return l, nil
}

// each runs read for all indexes, the largest first.
func (s *scanner) each(sizes []int64, read func(int) (*layer, error)) ([]*layer, error) {
	order := make([]int, len(sizes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(min(1, max(-1, sizes[b]-sizes[a]))) })
	layers, errs := make([]*layer, len(sizes)), make([]error, len(sizes))
	limit := make(chan struct{}, cap(s.slots))
	var wg sync.WaitGroup
	for _, i := range order {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			layers[i], errs[i] = read(i)
			if errs[i] != nil {
				errs[i] = fmt.Errorf("layer %d: %w", i, errs[i])
			}
		})
	}
	wg.Wait()
	return layers, errors.Join(errs...)
}

// archive reads a docker-archive with plain layers: first where its members lie, then each layer in place.
func (s *scanner) archive(path string) ([]*layer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	type member struct{ off, size int64 }
	members := map[string]member{}
	var h [512]byte
	for off := int64(0); off+512 <= fi.Size(); {
		if _, err := f.ReadAt(h[:], off); err != nil {
			return nil, err
		}
		if h[0] == 0 {
			break
		}
		size := number(h[124:136])
		members[cstring(h[:100])] = member{off + 512, size}
		off += 512 + size + pad(size)
	}
	m, ok := members["manifest.json"]
	if !ok {
		return nil, errors.New("no manifest.json")
	}
	var manifest []struct{ Layers []string }
	if err := json.NewDecoder(io.NewSectionReader(f, m.off, m.size)).Decode(&manifest); err != nil || len(manifest) == 0 {
		return nil, fmt.Errorf("manifest.json: %w", err)
	}
	names := manifest[0].Layers
	sizes := make([]int64, len(names))
	for i, n := range names {
		sizes[i] = members[n].size
	}
	return s.each(sizes, func(i int) (*layer, error) {
		m := members[names[i]]
		l := newLayer(i > 0)
		err := l.walk(&section{f: f, off: m.off, end: m.off + m.size, read: &l.read})
		s.files.Add(l.headers)
		s.bytes.Add(l.read)
		return l, err
	})
}

// root walks an unpacked root, folders side by side, and asks for the metadata of no file that its name rules out.
func (s *scanner) root(dir string) ([]*layer, error) {
	total := newLayer(false)
	var mu sync.Mutex
	var wg sync.WaitGroup
	limit := make(chan struct{}, cap(s.slots))
	var first error
	var walk func(rel string, l *layer)
	walk = func(rel string, l *layer) {
		entries, err := readDir(filepath.Join(dir, rel))
		if err != nil {
			mu.Lock()
			if first == nil {
				first = err
			}
			mu.Unlock()
			return
		}
		for _, e := range entries {
			name := e.Name()
			if rel != "" {
				name = rel + "/" + name
			}
			l.headers++
			if e.IsDir() {
				select {
				case limit <- struct{}{}:
					wg.Go(func() {
						defer func() { <-limit }()
						own := newLayer(false)
						walk(name, own)
						mu.Lock()
						defer mu.Unlock()
						maps.Copy(total.found, own.found)
						total.headers += own.headers
						total.read += own.read
					})
				default:
					walk(name, l)
				}
				continue
			}
			if k := claim(name); k != none && e.Type().IsRegular() {
				l.onDisk(filepath.Join(dir, name), name, k)
			}
		}
	}
	own := newLayer(false)
	walk("", own)
	wg.Wait()
	maps.Copy(total.found, own.found)
	s.files.Add(total.headers + own.headers)
	s.bytes.Add(total.read + own.read)
	return []*layer{total}, first
}

// readDir does not sort.
func readDir(dir string) ([]fs.DirEntry, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

func (l *layer) onDisk(path, name string, k kind) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil || fi.Size() > entryLimit || k == program && (fi.Mode()&0o111 == 0 || fi.Size() < 100_000) {
		return
	}
	l.random(&counted{f, &l.read}, k, name, fi.Size())
}

func readJSON(path string, to any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, to)
}
