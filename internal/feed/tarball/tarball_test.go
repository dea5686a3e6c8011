package tarball_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// echo makes an advisory of each record, whose id is the record's text.
type echo struct{}

func (echo) Decode(name string, text []byte) ([]*vuln.Advisory, error) {
	if len(text) > 0 && text[0] == '!' {
		return nil, errors.New("is broken")
	}
	return []*vuln.Advisory{{ID: name + "=" + string(text[:min(len(text), 20)])}}, nil
}

func archive(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		text := h.Linkname
		if h.Typeflag == tar.TypeReg {
			h.Linkname, h.Size = "", int64(len(text))
		}
		h.Mode = 0o644
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := io.WriteString(w, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func record(name, text string) tar.Header {
	return tar.Header{Name: name, Linkname: text, Typeflag: tar.TypeReg}
}

func parse(t testing.TB, b []byte) (ids []string, skipped []feed.Skipped, err error) {
	t.Helper()
	err = tarball.Parse(t.Context(), bytes.NewReader(b), "x.tar", func(name string) bool { return strings.HasSuffix(name, ".json") },
		func() tarball.Decoder { return echo{} },
		func(a *vuln.Advisory) error { ids = append(ids, a.ID); return nil }, func(s feed.Skipped) { skipped = append(skipped, s) })
	return ids, skipped, err
}

func TestOrderAndSkipped(t *testing.T) {
	t.Parallel()
	var headers []tar.Header
	var want []string
	for i := range 5000 {
		name := fmt.Sprintf("r%d.json", i)
		text := fmt.Sprintf("%d", i) + strings.Repeat(" ", i%977)
		headers = append(headers, record("dir/"+name, text), record("dir/readme.txt", "no record"))
		want = append(want, name+"="+text[:min(len(text), 20)])
	}
	headers = append(headers, record("bad.json", "!"), tar.Header{Name: "link.json", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink})
	plain := archive(t, headers...)
	var gz, zst bytes.Buffer
	g := gzip.NewWriter(&gz)
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{g, z} {
		if _, err := w.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range map[string][]byte{"plain": plain, "gzip": gz.Bytes(), "zstd": zst.Bytes()} {
		got, skipped, err := parse(t, b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff([]feed.Skipped{{Path: "x.tar", Record: "bad.json", Reason: "is broken"}}, skipped); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestHostile(t *testing.T) {
	t.Parallel()
	lie := archive(t, record("a.json", "short"))
	copy(lie[124:136], "77777777777\x00") // claims 8 GiB; the checksum is then wrong
	for name, b := range map[string][]byte{
		"a size that lies": lie,
		"cut short":        archive(t, record("a.json", strings.Repeat("x", 2000)))[:1500],
		"no archive":       bytes.Repeat([]byte("x"), 2000),
		"half a gzip":      {0x1f, 0x8b, 8, 0},
		"half a zstd":      {0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0},
		"half a bzip2":     []byte("BZh91AY&SY"),
	} {
		if _, _, err := parse(t, b); !errors.Is(err, artifact.ErrCorrupt) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, _, err := parse(t, archive(t, record("a.json", "!"))); !errors.Is(err, artifact.ErrCorrupt) {
		t.Errorf("nothing but broken records: %v", err)
	}
	if ids, _, err := parse(t, nil); err != nil || len(ids) > 0 {
		t.Errorf("an empty file: %v, %v", ids, err)
	}
	stop := errors.New("enough")
	err := tarball.Parse(t.Context(), bytes.NewReader(archive(t, record("a.json", "a"), record("b.json", "b"))), "x", func(string) bool { return true },
		func() tarball.Decoder { return echo{} }, func(*vuln.Advisory) error { return stop }, func(feed.Skipped) {})
	if !errors.Is(err, stop) {
		t.Errorf("an error of emit: %v", err)
	}
}

// FuzzParse: whatever the archive, what is read is the same each time.
func FuzzParse(f *testing.F) {
	f.Add(archive(f, record("a.json", "a"), record("b.json", "!")))
	f.Fuzz(func(t *testing.T, b []byte) {
		one, skippedOne, err1 := parse(t, b)
		two, skippedTwo, err2 := parse(t, b)
		if (err1 == nil) != (err2 == nil) {
			t.Fatalf("errors %v and %v", err1, err2)
		}
		if err1 == nil && (!cmp.Equal(one, two) || !cmp.Equal(skippedOne, skippedTwo)) {
			t.Errorf("not the same: %v %v, %v %v", one, two, skippedOne, skippedTwo)
		}
	})
}
