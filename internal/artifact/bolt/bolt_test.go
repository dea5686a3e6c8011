package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/sightline-sec/sightline/internal/artifact/bolt"
)

// create makes a database with bbolt itself.
func create(t testing.TB, pageSize int) (*bbolt.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "meta.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, PageSize: pageSize})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, path
}

func open(t testing.TB, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// flat lists all that is in a bucket: the path of keys, with the value.
func flat(b *bolt.Bucket, prefix string, into map[string]string) error {
	return b.Each(func(key string, value []byte, sub *bolt.Bucket) error {
		if sub != nil {
			into[prefix+key+"/"] = "bucket"
			return flat(sub, prefix+key+"/", into)
		}
		into[prefix+key] = string(value)
		if got, err := b.Value(key); err != nil || !bytes.Equal(got, value) {
			return fmt.Errorf("looking up %q: %q, %w", key, got, err)
		}
		return nil
	})
}

// oracle lists the same with bbolt.
func oracle(b *bbolt.Bucket, prefix string, into map[string]string) error {
	return b.ForEach(func(k, v []byte) error {
		if v == nil {
			into[prefix+string(k)+"/"] = "bucket"
			return oracle(b.Bucket(k), prefix+string(k)+"/", into)
		}
		into[prefix+string(k)] = string(v)
		return nil
	})
}

func both(t testing.TB, db *bbolt.DB, path string) (got, want map[string]string) {
	t.Helper()
	got, want = map[string]string{}, map[string]string{}
	if err := bolt.View(t.Context(), open(t, path), func(b *bolt.Bucket) error { clear(got); return flat(b, "", got) }); err != nil {
		t.Fatal(err)
	}
	if err := db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			want[string(name)+"/"] = "bucket"
			return oracle(b, string(name)+"/", want)
		})
	}); err != nil {
		t.Fatal(err)
	}
	return got, want
}

// grow applies operations that the bytes choose: puts, deletes, buckets in buckets, values longer than pages.
func grow(db *bbolt.DB, ops []byte) error {
	for len(ops) > 0 {
		chunk := ops[:min(64, len(ops))]
		ops = ops[len(chunk):]
		err := db.Update(func(tx *bbolt.Tx) error {
			at, err := tx.CreateBucketIfNotExists([]byte("v1"))
			if err != nil {
				return err
			}
			for i, op := range chunk {
				key := fmt.Appendf(nil, "key-%d-%d", op>>3, i%7)
				switch op % 6 {
				case 0:
					_ = at.Delete(key)
				case 1:
					if sub, err := at.CreateBucketIfNotExists(append([]byte("b"), key...)); err == nil {
						at = sub
					}
				case 2:
					err = at.Put(key, bytes.Repeat([]byte{op}, int(op)*97))
				default:
					err = at.Put(key, bytes.Repeat([]byte{op}, int(op)))
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func TestReadsWhatBboltReads(t *testing.T) {
	t.Parallel()
	for _, pageSize := range []int{4096, 16384} {
		t.Run(fmt.Sprint(pageSize), func(t *testing.T) {
			t.Parallel()
			db, path := create(t, pageSize)
			rnd := rand.New(rand.NewPCG(1, 2))
			ops := make([]byte, 20_000)
			for i := range ops {
				ops[i] = byte(rnd.Uint32())
			}
			if err := grow(db, ops); err != nil {
				t.Fatal(err)
			}
			if err := db.Update(func(tx *bbolt.Tx) error { // enough for branches over branches
				b, err := tx.CreateBucket([]byte("wide"))
				for i := range 20_000 {
					err = errors.Join(err, b.Put(fmt.Appendf(nil, "%s%06d", strings.Repeat("k", 90), i*7919%20_000), []byte{byte(i)}))
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			got, want := both(t, db, path)
			if diff := cmp.Diff(want, got); diff != "" || len(got) < 20_000 {
				t.Errorf("%d entries %.2000s", len(got), diff)
			}
			err := bolt.View(t.Context(), open(t, path), func(b *bolt.Bucket) error {
				if v, err := b.Value("wide"); v != nil || err != nil {
					t.Errorf("a bucket is no value: %q, %v", v, err)
				}
				none, err := b.Bucket("wide", "none")
				if none != nil || err != nil {
					t.Errorf("%v, %v", none, err)
				}
				wide, err := b.Bucket("wide")
				if err != nil || wide == nil {
					return fmt.Errorf("wide: %w", err)
				}
				for _, absent := range []string{"", "a", "zzz", strings.Repeat("k", 90) + "000001x"} {
					if v, err := wide.Value(absent); v != nil || err != nil {
						t.Errorf("%q: %q, %v", absent, v, err)
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAViewIsOfOneCommit has a writer that keeps two counters equal and moves pages about, holding the lock all along.
func TestAViewIsOfOneCommit(t *testing.T) {
	t.Parallel()
	db, path := create(t, 4096)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	write := func(n int) error {
		return db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("v1"))
			if err != nil {
				return err
			}
			value := fmt.Appendf(nil, "%d", n)
			for i := range 200 { // over several pages, all of them rewritten
				err = errors.Join(err, b.Put(fmt.Appendf(nil, "counter%03d", i), append(value, bytes.Repeat([]byte{' '}, n%200)...)))
			}
			return err
		})
	}
	if err := write(0); err != nil {
		t.Fatal(err)
	}
	go func() {
		for n := 1; ctx.Err() == nil; n++ {
			if err := write(n); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	f := open(t, path)
	seen, busy := map[string]bool{}, 0
	for range 2000 {
		values := map[string]bool{}
		n := 0
		err := bolt.View(ctx, f, func(b *bolt.Bucket) error {
			clear(values)
			n = 0
			b, err := b.Bucket("v1")
			if err != nil || b == nil {
				return fmt.Errorf("no bucket: %w", err)
			}
			return b.Each(func(_ string, v []byte, _ *bolt.Bucket) error {
				values[strings.TrimSpace(string(v))] = true
				n++
				return nil
			})
		})
		if errors.Is(err, bolt.ErrBusy) {
			busy++
			continue
		}
		if err != nil || n != 200 || len(values) != 1 {
			t.Fatalf("%d counters with the values %v, %v", n, values, err)
		}
		for v := range values {
			seen[v] = true
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d states seen, %d of 2000 views found the file too busy", len(seen), busy)
	if len(seen) < 2 {
		t.Errorf("the writer did not write: %d states", len(seen))
	}
}

func TestWhatIsNoDatabaseIsAnError(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"empty": nil, "short": []byte("bolt"), "zeros": make([]byte, 65536), "text": bytes.Repeat([]byte("text "), 10_000),
	} {
		err := bolt.View(t.Context(), bytes.NewReader(b), func(*bolt.Bucket) error { return nil })
		if !errors.Is(err, bolt.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheOlderMetaPageServesWhereTheNewerIsBroken(t *testing.T) {
	t.Parallel()
	db, path := create(t, 4096)
	if err := grow(db, []byte{3, 4, 5}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 4096} {
		b := bytes.Clone(whole)
		b[at+16+60] ^= 0xff
		if err := bolt.View(t.Context(), bytes.NewReader(b), func(b *bolt.Bucket) error { return flat(b, "", map[string]string{}) }); err != nil {
			t.Errorf("the meta page at %d is broken: %v", at, err)
		}
	}
	b := bytes.Clone(whole)
	b[16+60] ^= 0xff
	b[4096+16+60] ^= 0xff
	if err := bolt.View(t.Context(), bytes.NewReader(b), func(*bolt.Bucket) error { return nil }); !errors.Is(err, bolt.ErrCorrupt) {
		t.Errorf("both are broken: %v", err)
	}
}

// counted counts what is read of a file.
type counted struct {
	r *bytes.Reader
	n int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

// FuzzView builds a database from the input with bbolt and compares; then damages it, which must end in an error or an
// answer after a bounded number of bytes.
func FuzzView(f *testing.F) {
	f.Add([]byte("some operations"), uint32(5000), byte(0x55))
	f.Add([]byte{1, 1, 1, 2, 250, 3, 3, 0, 9}, uint32(8192+10), byte(1))
	f.Add(bytes.Repeat([]byte{1, 250, 99, 7}, 50), uint32(4096*3+20), byte(0x80))
	f.Fuzz(func(t *testing.T, ops []byte, at uint32, flip byte) {
		if len(ops) > 2000 {
			return
		}
		db, path := create(t, 4096)
		if err := grow(db, ops); err != nil {
			t.Fatal(err)
		}
		got, want := both(t, db, path)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range uint32(8) {
			b[(at+i*4099)%uint32(len(b))] ^= flip
		}
		in := &counted{r: bytes.NewReader(b)}
		err = bolt.View(t.Context(), in, func(b *bolt.Bucket) error { return flat(b, "", map[string]string{}) })
		if err != nil && !errors.Is(err, bolt.ErrCorrupt) && !strings.HasPrefix(err.Error(), "looking up") {
			t.Errorf("an error of another kind: %v", err)
		}
		// Buckets may be made to share pages, but each page is read once.
		if most := int64(len(b)) * 130; in.n > most {
			t.Errorf("%d bytes were read of a file of %d", in.n, len(b))
		}
	})
}
