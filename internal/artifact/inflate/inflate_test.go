package inflate_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/sightline-sec/sightline/internal/artifact/inflate"
)

// standard decodes with the standard library: what it gives is right, and so is how it ends.
func standard(gz []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(gz))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func standardRaw(b []byte) ([]byte, error) {
	return io.ReadAll(flate.NewReader(bytes.NewReader(b)))
}

func pieces(r *inflate.Reader) ([]byte, error) {
	var all []byte
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		if len(p) == 0 {
			return all, errors.New("an empty piece")
		}
		all = append(all, p...)
	}
}

func ours(src io.Reader) ([]byte, error) {
	r, err := inflate.NewReader(src)
	if err != nil {
		return nil, err
	}
	return pieces(r)
}

// kind says how a stream ended; where in the stream a fault was noticed may differ.
func kind(err error) string {
	if _, ok := errors.AsType[flate.CorruptInputError](err); ok {
		return "corrupt"
	}
	if err == nil {
		return "whole"
	}
	return err.Error()
}

// same fails the test if ours and the standard library's answers differ.
func same(t *testing.T, what string, got []byte, gotErr error, want []byte, wantErr error) {
	t.Helper()
	if kind(gotErr) != kind(wantErr) {
		t.Errorf("%s: ended with %v, the standard library with %v", what, gotErr, wantErr)
	}
	if !bytes.Equal(got, want) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Errorf("%s: %d bytes, the standard library has %d, and they differ at %d (it ended with %v)", what, len(got), len(want), at, wantErr)
	}
}

func compress(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sample gives n bytes in which literals, near and far matches and runs alternate.
func sample(n int, seed uint64) []byte {
	rnd := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, 0, n+300)
	for len(b) < n {
		switch k := rnd.IntN(10); {
		case k < 3:
			for range rnd.IntN(20) {
				b = append(b, "etaoin shrdlu\n"[rnd.IntN(14)])
			}
		case k < 5:
			for range rnd.IntN(30) {
				b = append(b, byte(rnd.Uint32()))
			}
		case k < 6:
			b = append(b, bytes.Repeat([]byte{byte(rnd.Uint32())}, rnd.IntN(300))...)
		case len(b) > 0:
			dist := 1 + rnd.IntN(min(len(b), 1<<(1+rnd.IntN(15))))
			for range 3 + rnd.IntN(1<<(1+rnd.IntN(8))) {
				b = append(b, b[len(b)-dist])
			}
		}
	}
	return b[:n]
}

// streams are gzip files of all kinds; each is whole.
func streams(t testing.TB) map[string][]byte {
	small, big := sample(3000, 1), sample(900_000, 2)
	all := map[string][]byte{
		"no member":          {},
		"empty":              compress(t, nil, 6),
		"one byte":           compress(t, []byte{7}, 6),
		"stored":             compress(t, small, 0),
		"stored, big":        compress(t, big, 0),
		"Huffman only":       compress(t, big, gzip.HuffmanOnly),
		"fastest":            compress(t, big, 1),
		"default":            compress(t, big, 6),
		"best":               compress(t, big, 9),
		"small":              compress(t, small, 9),
		"a run":              compress(t, make([]byte, 5_000_000), 9),
		"noise":              compress(t, noise(500_000), 6),
		"two letters":        compress(t, bytes.Map(func(r rune) rune { return 'a' + r&1 }, bytes.ToValidUTF8(big, []byte("x"))), 6),
		"sum in the header":  gzipOf(compress(t, small, 6), withHeader(flagSum)),
		"all header fields":  gzipOf(compress(t, small, 6), withHeader(flagSum|flagExtra|flagName|flagComment)),
		"extra of 64 KiB":    gzipOf(compress(t, small, 6), bigExtra),
		"unknown flag":       gzipOf(compress(t, small, 6), func([]byte) []byte { return []byte{31, 139, 8, 0xe1, 0, 0, 0, 0, 0, 0} }),
		"every block kind":   everyBlock(small),
		"a fixed block":      wrap(fixedBlock([]byte("abracadabra")), []byte("abracadabra")),
		"thousand of blocks": flushes(t, big[:100_000]),
	}
	all["members"] = bytes.Join([][]byte{all["small"], all["empty"], all["default"], all["stored"], all["empty"], all["empty"], all["a run"]}, nil)
	return all
}

func noise(n int) []byte {
	rnd := rand.New(rand.NewPCG(3, 3))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

func flushes(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for len(data) > 0 {
		n := min(100, len(data))
		if _, err := z.Write(data[:n]); err != nil {
			t.Fatal(err)
		}
		data = data[n:]
		if err := z.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAllStreamsInAllWays(t *testing.T) {
	t.Parallel()
	ways := map[string]func(gz []byte) ([]byte, error){
		"pieces":            func(gz []byte) ([]byte, error) { return ours(bytes.NewReader(gz)) },
		"input by bytes":    func(gz []byte) ([]byte, error) { return ours(iotest.OneByteReader(bytes.NewReader(gz))) },
		"input by halves":   func(gz []byte) ([]byte, error) { return ours(iotest.HalfReader(bytes.NewReader(gz))) },
		"end with the data": func(gz []byte) ([]byte, error) { return ours(iotest.DataErrReader(bytes.NewReader(gz))) },
		"read": func(gz []byte) ([]byte, error) {
			r, err := inflate.NewReader(bytes.NewReader(gz))
			if err != nil {
				return nil, err
			}
			return io.ReadAll(struct{ io.Reader }{r})
		},
		"read by bytes": func(gz []byte) ([]byte, error) {
			r, err := inflate.NewReader(bytes.NewReader(gz))
			if err != nil {
				return nil, err
			}
			return io.ReadAll(iotest.OneByteReader(r))
		},
		"copy": func(gz []byte) ([]byte, error) {
			r, err := inflate.NewReader(bytes.NewReader(gz))
			if err != nil {
				return nil, err
			}
			var b bytes.Buffer
			n, err := r.WriteTo(&b)
			if n != int64(b.Len()) {
				t.Errorf("WriteTo says %d, wrote %d", n, b.Len())
			}
			return b.Bytes(), err
		},
	}
	for name, gz := range streams(t) {
		want, wantErr := standard(gz)
		if name != "no member" && wantErr != nil {
			t.Fatalf("%s: the stream of the test is not whole: %v", name, wantErr)
		}
		for way, decode := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				got, err := decode(gz)
				same(t, name, got, err, want, wantErr)
			})
		}
	}
}

// TestOneReaderForAll sees that nothing of a stream stays behind in a Reader that is used again.
func TestOneReaderForAll(t *testing.T) {
	t.Parallel()
	r := inflate.NewRawReader(bytes.NewReader(nil))
	for name, gz := range streams(t) {
		want, wantErr := standard(gz)
		for _, cut := range []int{len(gz), len(gz) / 2, len(gz) * 9 / 10} {
			if cut < len(gz) {
				want, wantErr = standard(gz[:cut])
			}
			var got []byte
			err := r.Reset(bytes.NewReader(gz[:cut]))
			if err == nil {
				got, err = pieces(r)
			}
			same(t, name, got, err, want, wantErr)
		}
	}
}

func TestRaw(t *testing.T) {
	t.Parallel()
	data := sample(600_000, 5)
	for level := -2; level <= 9; level++ {
		var b bytes.Buffer
		z, err := flate.NewWriter(&b, level)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := z.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		b.WriteString("what follows is not read as data")
		got, err := pieces(inflate.NewRawReader(&b))
		same(t, "raw", got, err, data, nil)
	}
}

func TestEndsWhereTheStandardLibraryEnds(t *testing.T) {
	t.Parallel()
	whole := compress(t, sample(2000, 8), 6)
	for _, tail := range [][]byte{{0}, make([]byte, 9), make([]byte, 10), make([]byte, 512), []byte("garbage"), []byte("more garbage than a header"), {31, 139}, whole[:10], whole[:11]} {
		gz := append(bytes.Clone(whole), tail...)
		want, wantErr := standard(gz)
		got, err := ours(bytes.NewReader(gz))
		same(t, "tail", got, err, want, wantErr)
		if err == nil {
			t.Errorf("tail %q was taken", tail)
		}
	}
	for i := range 8 {
		gz := bytes.Clone(whole)
		gz[len(gz)-1-i] ^= 1
		if _, err := ours(bytes.NewReader(gz)); !errors.Is(err, gzip.ErrChecksum) {
			t.Errorf("a damaged trailer (%d): %v", i, err)
		}
	}
}

// TestMembersDoNotShareHistory: a match may not reach into the member before.
func TestMembersDoNotShareHistory(t *testing.T) {
	t.Parallel()
	var w bitWriter
	w.put(1|1<<1, 3)
	w.code(48+'x', 8) // a literal
	w.code(1, 7)      // a match of 3
	w.code(1, 5)      // two back: one too far
	w.code(0, 7)
	bad := wrap(w.bytes(), []byte("xxxx"))
	gz := append(compress(t, []byte("before"), 6), bad...)
	want, wantErr := standard(gz)
	got, err := ours(bytes.NewReader(gz))
	same(t, "reaching back", got, err, want, wantErr)
	if kind(err) != "corrupt" || string(got) != "beforex" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestErrorsOfTheSourceArePassedOn(t *testing.T) {
	t.Parallel()
	gz := compress(t, sample(300_000, 4), 6)
	broken := errors.New("broken pipe")
	for _, cut := range []int{0, 1, 5, 10, 11, 100, len(gz) / 2, len(gz) - 9, len(gz) - 8, len(gz) - 1, len(gz)} {
		src := func() io.Reader { return io.MultiReader(bytes.NewReader(gz[:cut]), iotest.ErrReader(broken)) }
		var want []byte
		z, wantErr := gzip.NewReader(src())
		if wantErr == nil {
			want, wantErr = io.ReadAll(z)
		}
		got, err := ours(src())
		same(t, "broken source", got, err, want, wantErr)
		if !errors.Is(err, broken) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	if _, err := ours(bytes.NewReader(gz[:len(gz)-1])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut short: %v", err)
	}
}

type oddReader struct{ n int }

func (o oddReader) Read([]byte) (int, error) { return o.n, nil }

func TestOddSources(t *testing.T) {
	t.Parallel()
	if _, err := inflate.NewReader(oddReader{0}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a source that gives nothing: %v", err)
	}
	for _, n := range []int{-1, 1 << 30} {
		if _, err := inflate.NewReader(oddReader{n}); err == nil {
			t.Errorf("a source that says it gave %d bytes was believed", n)
		}
	}
}

func TestErrorsStay(t *testing.T) {
	t.Parallel()
	gz := compress(t, []byte("text"), 6)
	for _, b := range [][]byte{gz, gz[:len(gz)-1]} {
		r, err := inflate.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		_, first := io.Copy(io.Discard, r)
		_, again := r.Read(make([]byte, 1))
		if first == nil {
			first = io.EOF
		}
		if !errors.Is(again, first) {
			t.Errorf("%v, then %v", first, again)
		}
	}
}

// TestHandsOutBeforeItAsks: what was flushed into a pipe comes out at its end while the pipe is open.
func TestHandsOutBeforeItAsks(t *testing.T) {
	t.Parallel()
	pr, pw := io.Pipe()
	go func() {
		z := gzip.NewWriter(pw)
		_, _ = z.Write([]byte("the first line"))
		_ = z.Flush() // and no more ever comes
	}()
	r, err := inflate.NewReader(pr)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 14)
	if _, err := io.ReadFull(r, b); err != nil || string(b) != "the first line" {
		t.Errorf("%q, %v", b, err)
	}
}

type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestReadsAheadAsDocumented(t *testing.T) {
	t.Parallel()
	raw := fixedBlock([]byte("some bytes"))
	src := &counted{Reader: io.MultiReader(bytes.NewReader(raw), bytes.NewReader(make([]byte, 1<<20)))}
	if _, err := pieces(inflate.NewRawReader(src)); err != nil {
		t.Fatal(err)
	}
	if src.n > len(raw)+64<<10 {
		t.Errorf("read %d bytes of the source", src.n)
	}
}

// TestMemoryIsConstant: a Reader that is used again allocates nothing, whatever the stream: no tables, no fields of headers.
func TestMemoryIsConstant(t *testing.T) {
	all := streams(t)
	r := inflate.NewRawReader(bytes.NewReader(nil))
	src := new(bytes.Reader)
	for name, gz := range all {
		if n := testing.AllocsPerRun(3, func() {
			src.Reset(gz)
			if r.Reset(src) == nil {
				_, _ = r.WriteTo(io.Discard)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestWriteToStopsAtErrorsOfTheWriter(t *testing.T) {
	t.Parallel()
	r, err := inflate.NewReader(bytes.NewReader(compress(t, sample(1000, 1), 6)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.WriteTo(iotest.TruncateWriter(io.Discard, 10)); err != nil {
		t.Errorf("a writer that claims all: %v", err)
	}
	pr, pw := io.Pipe()
	_ = pr.Close()
	if err := r.Reset(bytes.NewReader(compress(t, sample(1000, 1), 6))); err != nil {
		t.Fatal(err)
	}
	if _, err := r.WriteTo(pw); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a closed pipe: %v", err)
	}
}

type meanWriter struct{}

func (meanWriter) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestWriterThatTakesLess(t *testing.T) {
	t.Parallel()
	r, err := inflate.NewReader(bytes.NewReader(compress(t, []byte("text"), 6)))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.WriteTo(meanWriter{}); !errors.Is(err, io.ErrShortWrite) || n != 3 {
		t.Errorf("%d, %v", n, err)
	}
}

func TestReadOfNothing(t *testing.T) {
	t.Parallel()
	r, err := inflate.NewReader(bytes.NewReader(compress(t, []byte("text"), 6)))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.Read(nil); n != 0 || err != nil {
		t.Errorf("before: %d, %v", n, err)
	}
	if b, err := io.ReadAll(r); string(b) != "text" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if n, err := r.Read(nil); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("behind: %d, %v", n, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
