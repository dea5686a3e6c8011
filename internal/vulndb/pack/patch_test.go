package pack

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
)

func apply(old, patch []byte) ([]byte, error) {
	r, done, err := openDelta(bytes.NewReader(old), int64(len(old)), bytes.NewReader(patch), int64(len(patch)))
	if err != nil {
		return nil, err
	}
	defer done()
	return io.ReadAll(r)
}

func TestPatchMakesTheNewBytes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	old := random(100_000)
	inserted := bytes.Join([][]byte{old[:50_000], random(100), old[50_000:]}, nil)
	shifted := bytes.Clone(old)
	for i := 1000; i < len(shifted); i += 40 {
		shifted[i] += 3
	}
	for name, c := range map[string]struct {
		old, b []byte
		limit  int // of the patch; 0: none
	}{
		"the same":              {old, old, 200},
		"both empty":            {nil, nil, 0},
		"from nothing":          {nil, old, 0},
		"to nothing":            {old, nil, 200},
		"shorter than a seed":   {old[:10], old[:12], 0},
		"an insertion":          {old, inserted, 400},
		"a deletion":            {inserted, old, 300},
		"many small changes":    {old, shifted, 2000},
		"halves exchanged":      {old, append(bytes.Clone(old[50_000:]), old[:50_000]...), 300},
		"a run of zeros":        {make([]byte, 5000), make([]byte, 70_000), 0},
		"nothing in common":     {old, random(5000), 0},
		"repeated with changes": {bytes.Repeat(old[:500], 20), bytes.Repeat(shifted[:500], 30), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patch, err := encodeDelta(c.old, c.b)
			if err != nil {
				t.Fatal(err)
			}
			got, err := apply(c.old, patch)
			if err != nil || !bytes.Equal(got, c.b) {
				t.Fatalf("%d bytes instead of %d, %v", len(got), len(c.b), err)
			}
			if c.limit > 0 && len(patch) > c.limit {
				t.Errorf("the patch takes %d bytes, more than %d", len(patch), c.limit)
			}
			for n := range len(patch) {
				if n > 300 && n < len(patch)-300 {
					continue
				}
				if got, err := apply(c.old, patch[:n]); err == nil {
					t.Fatalf("cut at %d of %d it gives %d bytes and no error", n, len(patch), len(got))
				}
			}
		})
	}
}

// FuzzDelta describes any string as a change of any other, and applies any bytes as such a description. The frames of zstd around
// it, whose tables would take all the time, are left to TestPatchMakesTheNewBytes.
func FuzzDelta(f *testing.F) {
	f.Add([]byte("the quick brown fox jumps over the lazy dog, twice and again"), []byte("the quick brown cat jumps over the lazy dog, twice and again"), []byte{0, 1, 1}, []byte("a"), []byte("b"))
	f.Add(bytes.Repeat([]byte("0123456789abcdef"), 20), bytes.Repeat([]byte("0123456789abcdef"), 30), []byte{3, 200, 1, 0}, make([]byte, 200), []byte{})
	f.Fuzz(func(t *testing.T, old, b, ops, diffs, fresh []byte) {
		var o, d, n bytes.Buffer
		if err := (delta{&o, &d, &n}).write(old, b); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(newDeltaReader(bytes.NewReader(old), int64(len(old)), &o, &d, &n))
		if err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%q to %q gives %q, %v", old, b, got, err)
		}
		made, err := io.ReadAll(newDeltaReader(bytes.NewReader(old), int64(len(old)), bytes.NewReader(ops), bytes.NewReader(diffs), bytes.NewReader(fresh)))
		if len(made) > len(diffs)+len(fresh) {
			t.Fatalf("%d differences and %d new bytes make %d, %v", len(diffs), len(fresh), len(made), err)
		}
	})
}
