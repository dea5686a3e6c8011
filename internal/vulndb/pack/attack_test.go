package pack_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact/image"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
	"github.com/sightline-sec/sightline/internal/vulndb/pack"
)

// TestASecondSignatureDoesNotEndTheFirst signs the same artifact again for a short while, and with another key.
func TestASecondSignatureDoesNotEndTheFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := w.file(10, 0)
	now := time.Now()
	w.push(file, pack.PushOptions{Now: now.Add(-time.Hour)})
	w.push(file, pack.PushOptions{Now: now.Add(-time.Hour), Lifetime: time.Second})
	p, err := w.pull(pack.PullOptions{})
	if err != nil || time.Until(p.Signature.Expires) < 13*24*time.Hour {
		t.Fatal(p.Signature, err)
	}
	next, public := newKey(t)
	w.push(file, pack.PushOptions{Key: next})
	for _, key := range []pack.Trust{{}, {Keys: append(pack.Trust{}.Keys, public)}} {
		if _, err := w.pull(pack.PullOptions{Trust: key}); err != nil {
			t.Error(err)
		}
	}
	// However often it is signed, no more than can be read are kept, and the last is among them.
	for i := range 12 {
		key, public := newKey(t)
		w.push(file, pack.PushOptions{Key: key, Lifetime: time.Duration(i+1) * time.Hour})
		if _, err := w.pull(pack.PullOptions{Trust: pack.Trust{Keys: append(pack.Trust{}.Keys, public)}}); err != nil {
			t.Fatal(i, err)
		}
	}
}

// TestAnotherDatabaseOfTheSameDate is told from a newer one by when it was signed.
func TestAnotherDatabaseOfTheSameDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.file(10, 0), w.file(20, 0)
	now := time.Now()
	w.push(two, pack.PushOptions{Now: now})
	if _, err := w.pull(pack.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	w.push(one, pack.PushOptions{Now: now.Add(-time.Hour)})
	if _, err := w.pull(pack.PullOptions{}); !errors.Is(err, pack.ErrOlder) {
		t.Fatal(err)
	}
	w.is(two)
	if _, err := w.pull(pack.PullOptions{AllowOlder: true}); err != nil {
		t.Fatal(err)
	}
	w.is(one)
	w.push(two, pack.PushOptions{Now: now})
	if _, err := w.pull(pack.PullOptions{}); err != nil { // signed later, and of the same date
		t.Fatal(err)
	}
	w.is(two)
}

// TestWhereADatabaseCameFrom is noted beside it, for the very file only.
func TestWhereADatabaseCameFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.file(10, 0), w.file(20, 1)
	origin := func() (pack.Origin, bool) {
		db, err := vulndb.Open(w.out)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		return pack.OriginOf(w.out, db.Meta().Checksum)
	}
	w.push(one, pack.PushOptions{})
	if _, err := w.pull(pack.PullOptions{Trust: pack.Trust{Insecure: true}}); err != nil {
		t.Fatal(err)
	}
	if o, ok := origin(); !ok || o.Verified {
		t.Fatal(o, ok)
	}
	if _, err := w.pull(pack.PullOptions{}); err != nil { // the same file, and now checked
		t.Fatal(err)
	}
	if o, ok := origin(); !ok || !o.Verified || o.KeyID != pack.KeyID(w.public) {
		t.Fatal(o, ok)
	}
	if _, err := w.pull(pack.PullOptions{Trust: pack.Trust{Insecure: true}}); err != nil { // which it stays
		t.Fatal(err)
	}
	if o, ok := origin(); !ok || !o.Verified {
		t.Fatal(o, ok)
	}
	b, err := os.ReadFile(two)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.out, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if o, ok := origin(); ok {
		t.Error("another file has the origin of the former one: ", o)
	}
	w.push(two, pack.PushOptions{})
	if _, err := w.pull(pack.PullOptions{Trust: pack.Trust{Insecure: true}}); err != nil {
		t.Fatal(err)
	}
	if o, ok := origin(); ok {
		t.Error("a file that was not taken from there has its origin: ", o)
	}
}

func TestALinkStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.file(10, 0), w.file(20, 1)
	w.push(one, pack.PushOptions{})
	if _, err := w.pull(pack.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	real, link := w.out, filepath.Join(w.dir, "link.db")
	if err := os.Symlink(filepath.Join("in", filepath.Base(real)), link); err != nil {
		t.Fatal(err)
	}
	w.push(two, pack.PushOptions{})
	w.out = link
	if _, err := w.pull(pack.PullOptions{}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is gone: ", info.Mode(), err)
	}
	w.out = real
	w.is(two)
	if names, _ := filepath.Glob(filepath.Join(w.dir, ".*")); names != nil {
		t.Error("left beside the link: ", names)
	}
}

func TestWhatHasNoDateIsNotPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, err := vulndb.BuildBytes(t.Context(), vulndb.BuildOptions{}, vuln.Advisory{Feed: "osv/npm", ID: "GHSA-1", Title: "x"})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(w.dir, "undated.db")
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := image.OpenRepositoryToWrite(w.host+"/db:1", image.RegistryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := pack.Push(t.Context(), repository{r}, name, pack.PushOptions{Key: w.key}); !errors.Is(err, pack.ErrUndated) {
		t.Fatal(err)
	}
}

func TestABundleOfTooManyFiles(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "many.tar")
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range 1001 {
		if err := w.WriteHeader(&tar.Header{Name: fmt.Sprint(i), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), os.WriteFile(name, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := pack.OpenBundle(name); !errors.Is(err, pack.ErrMalformed) || !strings.HasSuffix(err.Error(), "more than 1000 files") {
		t.Error(err)
	}
}
