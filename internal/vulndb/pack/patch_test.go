package pack

import (
	"bytes"
	"fmt"
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

// FuzzPatch makes a patch of any two strings, and applies any bytes as one.
func FuzzPatch(f *testing.F) {
	f.Add([]byte("the quick brown fox jumps over the lazy dog, twice and again"), []byte("the quick brown cat jumps over the lazy dog, twice and again"), []byte(patchMagic))
	for i := range 3 {
		p, err := encodeDelta([]byte(fmt.Sprint(i)), bytes.Repeat([]byte("ab"), 100*i))
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(fmt.Sprint(i)), []byte("x"), p)
	}
	f.Fuzz(func(t *testing.T, old, b, hostile []byte) {
		patch, err := encodeDelta(old, b)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := apply(old, patch); err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%q to %q gives %q, %v", old, b, got, err)
		}
		r, done, err := openDelta(bytes.NewReader(old), int64(len(old)), bytes.NewReader(hostile), int64(len(hostile)))
		if err != nil {
			return
		}
		defer done()
		_, _ = io.CopyN(io.Discard, r, 1<<20)
	})
}
