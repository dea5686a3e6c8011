package image

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"testing/iotest"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

func TestAStreamIsKeptWithoutALeftover(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	long := bytes.Repeat([]byte("0123456789abcdef"), spoolMemory/16+1000)
	for _, c := range []struct {
		name   string
		bytes  []byte
		onDisk bool
	}{{"short", []byte("short"), false}, {"empty", nil, false}, {"as long as memory", long[:spoolMemory], false}, {"longer", long, true}} {
		k, err := Keep(t.Context(), iotest.HalfReader(bytes.NewReader(c.bytes)), artifact.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(k, 0, k.Size()+10))
		if err != nil || !bytes.Equal(got, c.bytes) || k.Size() != int64(len(c.bytes)) {
			t.Errorf("%s: %d of %d bytes, %v", c.name, len(got), len(c.bytes), err)
		}
		if _, is := k.backing.(*unlinked); is != c.onDisk {
			t.Errorf("%s: kept as %T", c.name, k.backing)
		}
		if left, err := os.ReadDir(tmp); len(left) > 0 || err != nil {
			t.Errorf("%s: the file has a name: %v %v", c.name, left, err)
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	}

	// Limits and errors of reading.
	for _, limit := range []int64{10, spoolMemory + 5} {
		_, err := Keep(t.Context(), bytes.NewReader(long), artifact.Limits{TotalBytes: limit})
		if lim, is := errors.AsType[*artifact.ErrLimit](err); !is || lim.Reason != artifact.BytesLimit {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
	broken := errors.New("broken")
	for _, head := range [][]byte{nil, long} {
		if _, err := Keep(t.Context(), io.MultiReader(bytes.NewReader(head), iotest.ErrReader(broken)), artifact.Limits{}); !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
	}
	t.Setenv("TMPDIR", tmp+"/none")
	if _, err := Keep(t.Context(), bytes.NewReader(long), artifact.Limits{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no room for a file: %v", err)
	}
}

func TestAFileIsUsedInPlaceFromItsOffset(t *testing.T) {
	t.Parallel()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.WriteString("0123456789"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(4, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	k, err := Keep(t.Context(), f, artifact.Limits{TotalBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(io.NewSectionReader(k, 0, k.Size()))
	if string(b) != "456789" || err != nil || k.Close() != nil {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := f.Stat(); err != nil {
		t.Errorf("the file is its owner's to close: %v", err)
	}
}

func TestAPipeThatNobodyWritesToIsGivenUp(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	if _, err := w.WriteString("the beginning"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := Keep(ctx, r, artifact.Limits{}); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(start))
	}
}
