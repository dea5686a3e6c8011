package vulndb_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/sightline-sec/sightline/internal/vulndb"
)

func TestContractGivesBackTheFile(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{"small": build(t, sample()...), "empty": empty(t)} {
		db, err := vulndb.OpenBytes(b)
		if err != nil {
			t.Fatal(err)
		}
		var expanded, back bytes.Buffer
		if err := db.Expand(&expanded); err != nil {
			t.Fatal(err)
		}
		if err := vulndb.Contract(&back, bytes.NewReader(expanded.Bytes())); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back.Bytes(), b) {
			t.Errorf("%s: the contracted file differs from the file", name)
		}
		for _, n := range []int{0, 1, expanded.Len() / 2, expanded.Len() - 1} {
			if err := vulndb.Contract(io.Discard, bytes.NewReader(expanded.Bytes()[:n])); err == nil {
				t.Errorf("%s: an expanded form cut at %d was taken", name, n)
			}
		}
		if err := vulndb.Contract(io.Discard, io.MultiReader(bytes.NewReader(expanded.Bytes()), bytes.NewReader([]byte{0}))); !errors.Is(err, vulndb.ErrCorrupt) {
			t.Errorf("%s: a byte too many: %v", name, err)
		}
	}
}

func empty(t testing.TB) []byte {
	t.Helper()
	return build(t)
}

func TestInstallReplacesWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "a.db")
	good, other := build(t, sample()...), empty(t)
	write := func(b []byte, err error) func(io.Writer) error {
		return func(w io.Writer) error { _, werr := w.Write(b); return errors.Join(werr, err) }
	}
	if err := vulndb.Install(t.Context(), out, write(good, nil), nil); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	flipped := bytes.Clone(other)
	flipped[len(flipped)-1] ^= 1
	for name, err := range map[string]error{
		"a source that breaks":   vulndb.Install(t.Context(), out, write(other, broken), nil),
		"a file that is no file": vulndb.Install(t.Context(), out, write([]byte("hello"), nil), nil),
		"a flipped bit":          vulndb.Install(t.Context(), out, write(flipped, nil), nil),
		"a check that says no":   vulndb.Install(t.Context(), out, write(other, nil), func(*vulndb.DB) error { return broken }),
	} {
		if err == nil {
			t.Errorf("%s: installed", name)
		}
		if b, _ := os.ReadFile(out); !bytes.Equal(b, good) {
			t.Fatalf("%s: the old file is gone", name)
		}
	}
	if err := vulndb.Install(t.Context(), out, write(other, nil), nil); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(out); !bytes.Equal(b, other) {
		t.Error("not replaced")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(out), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func FuzzContract(f *testing.F) {
	for _, b := range [][]byte{build(f, sample()...), empty(f)} {
		db, err := vulndb.OpenBytes(b)
		if err != nil {
			f.Fatal(err)
		}
		var expanded bytes.Buffer
		if err := db.Expand(&expanded); err != nil {
			f.Fatal(err)
		}
		f.Add(expanded.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		if vulndb.Contract(&out, bytes.NewReader(b)) != nil {
			return
		}
		// Everything before the texts is copied, and texts are compressed: nothing can grow beyond its frame headers.
		if out.Len() > 16*len(b)+64 {
			t.Fatalf("%d bytes became %d", len(b), out.Len())
		}
		db, err := vulndb.OpenBytes(out.Bytes())
		if err != nil || db.Verify(t.Context()) != nil {
			return
		}
		var again, twice bytes.Buffer
		if err := errors.Join(db.Expand(&again), vulndb.Contract(&twice, &again)); err != nil {
			t.Fatalf("a good database cannot be expanded and contracted: %v", err)
		}
	})
}
