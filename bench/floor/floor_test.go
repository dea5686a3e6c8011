package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeStream gives its bytes in pieces of one size, as a decoder's buffer does.
type fakeStream struct {
	b     []byte
	piece int
}

func (f *fakeStream) Read(p []byte) error {
	if len(f.b) < len(p) {
		return io.EOF
	}
	copy(p, f.b)
	f.b = f.b[len(p):]
	return nil
}

func (f *fakeStream) Skip(n int64) error { f.b = f.b[n:]; return nil }

func (f *fakeStream) At(int64) io.ReaderAt { return nil }

func (f *fakeStream) Chunks(n int64, see func([]byte)) error {
	if int64(len(f.b)) < n {
		return errors.New("short")
	}
	for c := range slices.Chunk(f.b[:n], f.piece) {
		see(c)
	}
	f.b = f.b[n:]
	return nil
}

// TestBuildInformationIsFoundWhereverAPieceEnds puts the information at all places relative to the ends of pieces, behind
// something that only begins like it.
func TestBuildInformationIsFoundWhereverAPieceEnds(t *testing.T) {
	t.Parallel()
	mod := "0123456789abcdefpath\tx\nmod\texample.com/a\tv1.0.0\t\ndep\texample.com/b\tv2.0.0\th1:x\n0123456789abcdef"
	info := append(bytes.Clone(magic), 8, 2)
	info = append(info, make([]byte, headerSize-len(info))...)
	for _, s := range []string{"go1.26.0", mod} {
		info = append(binary.AppendUvarint(info, uint64(len(s))), s...)
	}
	decoy := append(bytes.Clone(magic), 8, 0)
	decoy = append(decoy, make([]byte, 40)...)
	want := []pkg{{"go", "stdlib", "1.26.0"}, {"go", "example.com/a", "v1.0.0"}, {"go", "example.com/b", "v2.0.0"}}
	for _, piece := range []int{1, 7, 16, 64, 100, 4096} {
		for before := range 130 {
			b := append([]byte("\x7fELF"), bytes.Repeat([]byte{0xff}, before)...)
			b = append(append(append(b, decoy...), info...), make([]byte, 300)...)
			l := newLayer(false)
			if err := l.streamed(&fakeStream{b, piece}, "bin/a", int64(len(b))); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, l.found["bin/a"], cmp.AllowUnexported(pkg{})); diff != "" {
				t.Fatalf("pieces of %d, %d bytes before:\n%s", piece, before, diff)
			}
		}
	}
}

func TestTopStringReadsTheOutermostObject(t *testing.T) {
	t.Parallel()
	b := []byte(`{"a": {"name": "inner"}, "x": "name", "s": "q\"", "name" : "outer", "version":"1.2.3", "n": ["name"]}`)
	if got := module(b); len(got) != 1 || got[0].name != "outer" || got[0].version != "1.2.3" {
		t.Errorf("got %v", got)
	}
	for _, bad := range []string{"", "{", `{"name`, `{"name":`, `{"name":"a`, `{"name": 3, "version": "1"}`, `"\`} {
		if got := module([]byte(bad)); got != nil {
			t.Errorf("%s: got %v", bad, got)
		}
	}
}

func TestMergeHidesWhatIsBelow(t *testing.T) {
	t.Parallel()
	p := func(name string) []pkg { return []pkg{{kind: "npm", name: name}} }
	low := newLayer(false)
	low.found = map[string][]pkg{"a/one": p("one"), "a/two": p("two"), "b/three": p("three"), "c/d/four": p("four"), "e": p("five")}
	high := newLayer(true)
	high.opaque, high.gone = []string{"a"}, []string{"b"}
	high.found = map[string][]pkg{"a/new": p("new")}
	high.links = map[string]string{"f": "e"}
	if err := high.entry(&fakeStream{make([]byte, 1024), 1}, "c/d", '0', "", 5, 0o644); err != nil { // a file over a directory
		t.Fatal(err)
	}
	want := map[pkg]bool{{kind: "npm", name: "new"}: true, {kind: "npm", name: "five"}: true}
	if diff := cmp.Diff(want, merge([]*layer{low, high}), cmp.AllowUnexported(pkg{})); diff != "" {
		t.Error(diff)
	}
}
