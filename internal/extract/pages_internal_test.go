package extract

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/sync/semaphore"

	"github.com/sightline-sec/sightline/internal/artifact"
)

func newRun(limit int64) *run {
	return &run{
		limits:  artifact.Limits{FileBytes: limit, BufferBytes: limit},
		buffers: semaphore.NewWeighted(limit + bytes.MinRead),
	}
}

// idle says whether all that the buffers allow can be had.
func (r *run) idle() bool {
	n := r.limits.BufferBytes
	ok := r.buffers.TryAcquire(n)
	if ok {
		r.buffers.Release(n)
	}
	return ok
}

func TestPages(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, pageSize - 1, pageSize, pageSize + 1, 3*pageSize + 17} {
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(random.Uint32())
		}
		r := newRun(1 << 20)
		r.free.put([][]byte{bytes.Repeat([]byte{0xee}, pageSize)}) // what was there before must not show
		held, err := r.paged(t.Context(), newLayerIndex(nil, r.seed), "x", &artifact.Entry{Size: int64(size), Content: stream{iotest.HalfReader(bytes.NewReader(want))}})
		if err != nil || held == nil || held.size != int64(size) {
			t.Fatalf("%d bytes: %+v, %v", size, held, err)
		}
		if err := iotest.TestReader(io.NewSectionReader(held, 0, held.size), want); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		for range 100 {
			off, n := random.Int64N(int64(size)+10), random.IntN(2*pageSize)
			got, exp := make([]byte, n), make([]byte, n)
			m, err := held.ReadAt(got, off)
			k, expErr := bytes.NewReader(want).ReadAt(exp, off)
			if n > 0 && (m != k || !errors.Is(err, expErr)) || !bytes.Equal(got, exp) {
				t.Fatalf("%d bytes at %d of %d: %d %v, want %d %v", n, off, size, m, err, k, expErr)
			}
		}
		r.giveBack(held)
		if !r.idle() {
			t.Errorf("%d bytes: not all was given back", size)
		}
	}
}

func TestPagesWithinLimits(t *testing.T) {
	t.Parallel()
	const limit = pageSize + 100
	for _, c := range []struct {
		name     string
		says     int64
		content  io.Reader
		read     bool
		reported artifact.Reason
	}{
		{"what fits is read", limit, strings.NewReader(strings.Repeat("x", limit)), true, ""},
		{"what says that it is larger is not", limit + 1, iotest.ErrReader(errors.New("touched")), false, artifact.FileTooLarge},
		{"nor what turns out to be", 5, strings.NewReader(strings.Repeat("x", limit+1)), false, artifact.FileTooLarge},
		{"damage is reported", 5, iotest.ErrReader(artifact.ErrCorrupt), false, artifact.Corrupt},
	} {
		r := newRun(limit)
		l := newLayerIndex(nil, r.seed)
		held, err := r.paged(t.Context(), l, "x", &artifact.Entry{Size: c.says, Content: stream{c.content}})
		if err != nil || (held != nil) != c.read {
			t.Errorf("%s: %v, %v", c.name, held, err)
		}
		if c.reported == "" && len(l.incomplete) > 0 || c.reported != "" && (len(l.incomplete) != 1 || l.incomplete[0].Reason != c.reported) {
			t.Errorf("%s: reported %v", c.name, l.incomplete)
		}
		if held != nil {
			r.giveBack(held)
		}
		if !r.idle() {
			t.Errorf("%s: not all was given back", c.name)
		}
		if n := len(r.free.list); n > limit/pageSize+1 {
			t.Errorf("%s: %d pages are kept", c.name, n)
		}
	}
}

func BenchmarkPaged(b *testing.B) {
	r := newRun(128 << 20)
	l, content := newLayerIndex(nil, r.seed), make([]byte, 30<<20)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		held, err := r.paged(b.Context(), l, "x", &artifact.Entry{Size: int64(len(content)), Content: stream{bytes.NewReader(content)}})
		if err != nil {
			b.Fatal(err)
		}
		r.giveBack(held)
	}
}
