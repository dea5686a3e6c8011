package inflate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sightline-sec/sightline/internal/artifact/inflate"
)

// verdict compares on one stream, with one Reader for all, as a test of many streams must be quick.
type verdict struct{ r *inflate.Reader }

func newVerdict() verdict { return verdict{inflate.NewRawReader(bytes.NewReader(nil))} }

func (v verdict) gzip(t *testing.T, what string, gz []byte) error {
	t.Helper()
	want, wantErr := standard(gz)
	var got []byte
	err := v.r.Reset(bytes.NewReader(gz))
	if err == nil {
		got, err = pieces(v.r)
	}
	same(t, what, got, err, want, wantErr)
	return err
}

func (v verdict) raw(t *testing.T, what string, b []byte) error {
	t.Helper()
	want, wantErr := standardRaw(b)
	v.r.ResetRaw(bytes.NewReader(b))
	got, err := pieces(v.r)
	same(t, what, got, err, want, wantErr)
	v.r.ResetRaw(iotest.HalfReader(bytes.NewReader(b)))
	got, err = pieces(v.r)
	same(t, what+", by halves", got, err, want, wantErr)
	return err
}

// smallStreams are short enough for every damage there is.
func smallStreams(t *testing.T) map[string][]byte {
	text := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog; ", 3) + "THE END\x00\xff")
	return map[string][]byte{
		"dynamic": compress(t, sample(700, 9), 9),
		"fixed":   compress(t, text, 9),
		"stored":  compress(t, text, 0),
		"kinds":   everyBlock(text[:20]),
		"headers": gzipOf(compress(t, text, 6), withHeader(flagSum|flagExtra|flagName|flagComment)),
		"members": bytes.Join([][]byte{compress(t, text, 6), compress(t, nil, 6), compress(t, text, 6)}, nil),
	}
}

func TestCutAtEveryByte(t *testing.T) {
	t.Parallel()
	for name, gz := range smallStreams(t) {
		v := newVerdict()
		for i := range len(gz) + 1 {
			if t.Failed() {
				return
			}
			_ = v.gzip(t, fmt.Sprintf("%s cut at %d of %d", name, i, len(gz)), gz[:i])
		}
	}
}

func TestEveryBitFlipped(t *testing.T) {
	t.Parallel()
	for name, gz := range smallStreams(t) {
		v := newVerdict()
		for i := range len(gz) * 8 {
			if t.Failed() {
				return
			}
			bad := bytes.Clone(gz)
			bad[i/8] ^= 1 << (i % 8)
			_ = v.gzip(t, fmt.Sprintf("%s with bit %d flipped", name, i), bad)
		}
	}
}

// TestFlipsInTheFastLoop damages a stream long enough that most of it is decoded without asking.
func TestFlipsInTheFastLoop(t *testing.T) {
	t.Parallel()
	gz := compress(t, sample(60_000, 10), 6)
	rnd := rand.New(rand.NewPCG(1, 2))
	v := newVerdict()
	for range 400 {
		if t.Failed() {
			return
		}
		bad := bytes.Clone(gz)
		at := rnd.IntN(len(bad) * 8)
		bad[at/8] ^= 1 << (at % 8)
		_ = v.gzip(t, fmt.Sprintf("bit %d flipped", at), bad)
	}
}

// lengthsOf gives n symbols a code: a complete one of up to longest bits over some of them, then fewer or more if spoil says.
func lengthsOf(rnd *rand.Rand, n, used int, longest uint8) []uint8 {
	lengths := make([]uint8, n)
	leaves := []uint8{0}
	for len(leaves) < used {
		i := rnd.IntN(len(leaves))
		if rnd.IntN(3) == 0 {
			i = len(leaves) - 1 // deep ones
		}
		if leaves[i] == longest {
			if rnd.IntN(50) == 0 {
				break
			}
			continue
		}
		leaves[i]++
		leaves = append(leaves, leaves[i])
	}
	for i, at := range rnd.Perm(n)[:len(leaves)] {
		lengths[at] = leaves[i]
	}
	return lengths
}

// TestRandomCodes decodes noise by random codes: short and long, complete, with too few or too many words, of one word
// or none. Most of such a stream is short, for noise soon names a distance too far; literals are made likely.
func TestRandomCodes(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 7))
	v := newVerdict()
	ends := map[string]int{}
	for i := range 2000 {
		if t.Failed() {
			return
		}
		var w bitWriter
		for range 1 + rnd.IntN(3) {
			lits := lengthsOf(rnd, 257+rnd.IntN(30), 2+rnd.IntN(256), uint8(9+rnd.IntN(7)))
			dists := lengthsOf(rnd, 1+rnd.IntN(30), 1, 1)
			if len(dists) > 1 {
				dists = lengthsOf(rnd, len(dists), 2+rnd.IntN(len(dists)-1), uint8(5+rnd.IntN(11)))
			}
			switch rnd.IntN(40) {
			case 0:
				lits[rnd.IntN(len(lits))] ^= 1
			case 1:
				dists[rnd.IntN(len(dists))] ^= 1
			case 2:
				clear(lits)
			case 3:
				clear(dists)
			case 4:
				clear(dists)
				dists[rnd.IntN(len(dists))] = 1
			case 5:
				clear(lits)
				lits[rnd.IntN(len(lits))] = 1
			case 6:
				clear(lits)
				lits[rnd.IntN(len(lits))] = 2
			}
			if rnd.IntN(2) == 0 { // something to go back to
				w.stored(noise(rnd.IntN(5000)), 0)
			}
			w.dynamic(lits, dists, 0)
			for range rnd.IntN(300) {
				w.put(rnd.Uint64(), 64)
			}
		}
		ends[kind(v.raw(t, fmt.Sprint("code ", i), w.bytes()))]++
	}
	if ends["corrupt"] < 100 || ends["unexpected EOF"] < 100 {
		t.Errorf("the streams are all alike: %v", ends)
	}
	t.Log(ends)
}

// TestSymbolsThatMeanNothing: codes 286, 287 of fixed blocks, distances 30 and 31, block type 3, and counts too high.
func TestSymbolsThatMeanNothing(t *testing.T) {
	t.Parallel()
	lead := sample(200, 1)
	made := map[string]func(w *bitWriter){
		"length 286":    func(w *bitWriter) { w.put(3, 3); w.code(198, 8) },
		"length 287":    func(w *bitWriter) { w.put(3, 3); w.code(199, 8) },
		"distance 30":   func(w *bitWriter) { w.put(3, 3); w.code(1, 7); w.code(30, 5) },
		"distance 31":   func(w *bitWriter) { w.put(3, 3); w.code(1, 7); w.code(31, 5) },
		"block 3":       func(w *bitWriter) { w.put(7, 3) },
		"287 lengths":   func(w *bitWriter) { w.put(5|30<<3, 17) },
		"31 distances":  func(w *bitWriter) { w.put(5|30<<8, 17) },
		"stored length": func(w *bitWriter) { w.put(1, 3); w.align(); w.put(5|5<<16, 32) },
	}
	for name, write := range made {
		for i, tail := range []int{0, 1, 5, 100, 0, 0, 0, 0} {
			var w bitWriter
			w.stored(lead, 0)
			for range i { // ten bits each: the fault comes at every place in a byte
				w.fixed(nil, 0)
			}
			write(&w)
			if tail > 0 {
				for range tail {
					w.put(0, 8)
				}
			}
			v := newVerdict()
			for cut := len(lead); cut <= len(w.bytes()); cut++ {
				err := v.raw(t, fmt.Sprintf("%s, cut at %d", name, cut), w.bytes()[:cut])
				if cut == len(w.bytes()) && tail > 0 && kind(err) != "corrupt" {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// TestCodesOfOneLength: the code of the code lengths itself may be a single word, or none.
func TestCodesOfOneLength(t *testing.T) {
	t.Parallel()
	v := newVerdict()
	for one := range 20 {
		for bit := range uint64(2) {
			for _, size := range []int{0, 1, 2, 3, 100} {
				var w bitWriter
				w.put(5|15<<13, 17)
				for _, symbol := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15} {
					if symbol == one {
						w.put(1, 3)
					} else {
						w.put(0, 3)
					}
				}
				for range size * 8 {
					w.put(bit, 1)
				}
				_ = v.raw(t, fmt.Sprintf("only length %d, bits %d", one, bit), w.bytes())
			}
		}
	}
}

// TestHeaders tries the bounds of the fields of a header.
func TestHeaders(t *testing.T) {
	t.Parallel()
	gz := compress(t, []byte("text"), 6)
	v := newVerdict()
	for _, flag := range []byte{flagName, flagComment} {
		for _, n := range []int{0, 1, 510, 511, 512, 513, 100_000} {
			_ = v.gzip(t, fmt.Sprint("text of ", n), gzipOf(gz, func(old []byte) []byte {
				h := append([]byte{}, old...)
				h[3] = flag
				return append(append(h, strings.Repeat("n", n)...), 0)
			}))
		}
	}
	good := gzipOf(gz, withHeader(flagSum|flagExtra|flagName|flagComment))
	for i := range len(good) - len(gz) + 10 {
		_ = v.gzip(t, fmt.Sprint("header cut at ", i), good[:i])
		_ = v.gzip(t, fmt.Sprint("second header cut at ", i), append(bytes.Clone(gz), good[:i]...))
	}
}

// TestWindowEdges puts matches of every length over the end of the window, at all distances that are copied differently.
func TestWindowEdges(t *testing.T) {
	t.Parallel()
	v := newVerdict()
	for _, dist := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 257, 258, 259, 4096, 32767, 32768} {
		data := noise(dist)
		for len(data) < 700_000 {
			data = append(data, data[len(data)-dist:]...)
		}
		_ = v.gzip(t, fmt.Sprint("distance ", dist), compress(t, data, 6))
	}
}
