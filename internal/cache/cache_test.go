package cache_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/cache"
)

func open(t testing.TB, dir string, o cache.Options) *cache.Cache {
	t.Helper()
	c, err := cache.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func put(t testing.TB, c *cache.Cache, k cache.Key, b []byte) {
	t.Helper()
	if err := c.Put(k, b); err != nil {
		t.Fatal(err)
	}
}

// files lists the entries, and temporary files, of a cache.
func files(t testing.TB, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != "secret" {
			list = append(list, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatWasPutIsGot(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	c := open(t, dir, cache.Options{})
	for _, data := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("layer"), 1<<16)} {
		k := cache.NewKey("kind", strconv.Itoa(len(data)))
		if _, ok := c.Get(k); ok {
			t.Fatal("got what nobody put")
		}
		put(t, c, k, data)
		for _, c := range []*cache.Cache{c, open(t, dir, cache.Options{})} {
			if got, ok := c.Get(k); !ok || !bytes.Equal(got, data) {
				t.Errorf("got %d bytes, %v; put %d", len(got), ok, len(data))
			}
		}
	}
	if info, err := c.Info(); err != nil || info.Entries != 3 || info.Bytes < 5<<16 || info.Max != cache.DefaultMaxBytes || info.Oldest.IsZero() {
		t.Errorf("info %+v, %v", info, err)
	}
}

func TestKeysOfOtherPartsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[cache.Key][]string{}
	for _, parts := range [][]string{{}, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"b", "a"}, {"a", "", "b"}, {"ab", ""}, {"", "ab"}} {
		k := cache.NewKey(parts...)
		if other, is := seen[k]; is {
			t.Errorf("%q and %q have one key", parts, other)
		}
		seen[k] = parts
	}
}

// Entries of one folder say nothing in another: what they hold may be keyed by the folder's secret.
func TestAnEntryIsBoundToItsFolderAndKey(t *testing.T) {
	t.Parallel()
	a, b := t.TempDir(), t.TempDir()
	k, other := cache.NewKey("k"), cache.NewKey("other")
	ca := open(t, a, cache.Options{})
	put(t, ca, k, []byte("data"))
	put(t, ca, other, []byte("else"))
	for _, f := range files(t, a) {
		if err := os.MkdirAll(filepath.Join(b, filepath.Base(filepath.Dir(f))), 0o700); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(f)
		if err == nil {
			err = os.WriteFile(filepath.Join(b, filepath.Base(filepath.Dir(f)), filepath.Base(f)), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := open(t, b, cache.Options{}).Get(k); ok {
		t.Error("an entry of another folder was taken")
	}
	list := files(t, a)
	data, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list[1], data, 0o600); err != nil {
		t.Fatal(err)
	}
	x, okX := ca.Get(k)
	y, okY := ca.Get(other)
	if okX && string(x) != "data" || okY && string(y) != "else" || okX && okY {
		t.Errorf("got %q %v, %q %v after one entry was put in the place of the other", x, okX, y, okY)
	}
}

func TestADamagedEntryIsAMissAndGoes(t *testing.T) {
	t.Parallel()
	data := []byte("some bytes that a crash may tear")
	damage := map[string]func(b []byte) []byte{
		"empty": func([]byte) []byte { return nil },
		"zeros": func(b []byte) []byte { return make([]byte, len(b)) },
		"longer": func(b []byte) []byte {
			return append(bytes.Clone(b), 0)
		},
	}
	for i := range len(data) + 20 {
		damage[fmt.Sprintf("cut %d", i)] = func(b []byte) []byte { return b[:i] }
		damage[fmt.Sprintf("flip %d", i)] = func(b []byte) []byte { b = bytes.Clone(b); b[i] ^= 1 << (i % 8); return b }
	}
	dir := t.TempDir()
	c := open(t, dir, cache.Options{})
	k := cache.NewKey("k")
	for name, change := range damage {
		put(t, c, k, data)
		f := files(t, dir)[0]
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, change(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := c.Get(k); ok {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestTheCacheStaysWithinItsSize(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	const most = 4 << 20
	c := open(t, dir, cache.Options{MaxBytes: most, Now: func() time.Time { return now }})
	used := cache.NewKey("used again and again")
	put(t, c, used, make([]byte, 10_000))
	for i := range 300 {
		now = now.Add(2 * time.Hour)
		if _, ok := c.Get(used); !ok {
			t.Fatalf("what was used last was dropped after %d entries", i)
		}
		put(t, c, cache.NewKey(strconv.Itoa(i)), make([]byte, 20_000+rand.IntN(40_000)))
		// The times of new entries are the machine's: bring them to the test's.
		for _, f := range files(t, dir) {
			if info, err := os.Stat(f); err == nil && info.ModTime().After(now.Add(24*time.Hour)) || err == nil && time.Since(info.ModTime()) < time.Minute {
				if err := os.Chtimes(f, now, now); err != nil {
					t.Fatal(err)
				}
			}
		}
		if i%100 != 99 {
			continue
		}
		info, err := c.Info()
		if err != nil || info.Bytes > most {
			t.Fatalf("%d bytes of %d, %v", info.Bytes, most, err)
		}
		if i == 299 && info.Bytes < most/2 {
			t.Errorf("only %d bytes of %d are used", info.Bytes, most)
		}
	}
	put(t, c, cache.NewKey("huge"), make([]byte, most/8))
	if _, ok := c.Get(cache.NewKey("huge")); ok {
		t.Error("an entry that is larger than its part of the cache was kept")
	}
	p, err := c.Prune(0)
	if err != nil || p.Entries == 0 || p.Bytes == 0 || len(files(t, dir)) != 0 {
		t.Errorf("pruned %+v, %v; left %d", p, err, len(files(t, dir)))
	}
}

func TestWhatKilledWritersLeftGoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, dir, cache.Options{})
	k := cache.NewKey("k")
	put(t, c, k, []byte("data"))
	shard := filepath.Dir(files(t, dir)[0])
	old, young := filepath.Join(shard, ".tmp-1"), filepath.Join(shard, ".tmp-2")
	for _, f := range []string{old, young} {
		if err := os.WriteFile(f, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	put(t, c, k, []byte("data"))
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that was abandoned stays: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("a file that may be being written went: %v", err)
	}
}

func TestAFolderOfOthersIsRefused(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("permissions are Unix's")
	}
	dir := t.TempDir()
	for _, mode := range []fs.FileMode{0o777, 0o770, 0o722, 0o777 | fs.ModeSticky} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := cache.Open(dir, cache.Options{}); !errors.Is(err, cache.ErrUnsafe) {
			t.Errorf("mode %s: %v", mode, err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	open(t, dir, cache.Options{})
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Open(file, cache.Options{}); err == nil {
		t.Error("a file was taken for a folder")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	if err := os.Chown(dir, 1234, 1234); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Open(dir, cache.Options{}); !errors.Is(err, cache.ErrUnsafe) {
		t.Errorf("a folder of another user: %v", err)
	}
}

func TestManyOpenersShareOneSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var secrets sync.Map
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			c, err := cache.Open(dir, cache.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			k0, k1 := c.Secret()
			secrets.Store([2]uint64{k0, k1}, true)
		})
	}
	wg.Wait()
	n := 0
	secrets.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d secrets", n)
	}
	for _, f := range files(t, dir) {
		t.Errorf("left %s", f)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir, cache.Options{})
	if b, err := os.ReadFile(filepath.Join(dir, "secret")); err != nil || len(b) != 16 {
		t.Errorf("a torn secret stays: %q, %v", b, err)
	}
}

// FuzzEntry puts any bytes in the place of an entry: only the very bytes of an entry are one.
func FuzzEntry(f *testing.F) {
	dir := f.TempDir()
	c := open(f, dir, cache.Options{})
	k := cache.NewKey("k")
	put(f, c, k, []byte("data"))
	name := files(f, dir)[0]
	whole, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte(strings.Repeat("\x00", 64)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		got, ok := c.Get(k)
		if ok && len(got) != len(b)-20 {
			t.Fatalf("got %d bytes of %d", len(got), len(b))
		}
		if ok && len(got) == 4 && string(got) != "data" {
			t.Fatalf("got %q", got) // a CRC tells all errors of up to 32 bits in a row
		}
		if !ok && bytes.Equal(b, whole) {
			t.Fatal("an entry was not taken")
		}
	})
}

func BenchmarkGet(b *testing.B) {
	c := open(b, b.TempDir(), cache.Options{})
	k := cache.NewKey("k")
	put(b, c, k, make([]byte, 1<<20))
	b.SetBytes(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := c.Get(k); !ok {
			b.Fatal("missed")
		}
	}
}

func BenchmarkPut(b *testing.B) {
	c := open(b, b.TempDir(), cache.Options{})
	data, i := make([]byte, 64<<10), 0
	b.SetBytes(64 << 10)
	b.ReportAllocs()
	for b.Loop() {
		put(b, c, cache.NewKey(strconv.Itoa(i%1000)), data)
		i++
	}
}
