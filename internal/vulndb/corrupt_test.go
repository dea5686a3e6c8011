package vulndb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// small makes a database with something in every section, and texts that fill two blocks.
func small(tb testing.TB) []byte {
	tb.Helper()
	at := time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC)
	b, err := BuildBytes(tb.Context(), BuildOptions{},
		vuln.Advisory{
			Feed: "osv/npm", ID: "GHSA-aaaa-bbbb-cccc", Aliases: []string{"CVE-2024-0001"}, Title: "a title", Published: at,
			Details: strings.Repeat("words ", textBlock/6+10), References: []vuln.Reference{{Type: "web", URL: "https://example.org"}},
			Ratings: []vuln.Rating{{Feed: "osv/npm", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}, Weaknesses: []string{"CWE-1"},
			Affected: []vuln.Affected{
				{Namespace: "npm", Package: "a", Ranges: []vuln.Range{{Introduced: "1", Fixed: "2"}}, Versions: []string{"7", "8", "10"}, FixedAt: at},
				{
					Namespace: "Go", Package: "m", Binary: true, Module: "nodejs:18", Versions: []string{"1"},
					Imports: []vuln.Import{{Path: "m/x", Symbols: []string{"F", "T.M"}, GOOS: []string{"linux"}}, {Path: "m/y", GOARCH: []string{"arm"}}},
				},
				{Namespace: "npm", Package: "b", Ranges: []vuln.Range{{LastAffected: "3"}, {Limit: "4"}}},
			},
		},
		vuln.Advisory{
			Feed: "osv/Debian", ID: "DSA-1-1", Covers: []string{"CVE-2024-0001", "CVE-2024-0002"}, Details: "more", Published: at,
			Affected: []vuln.Affected{{Namespace: "Debian:12", Package: "a", Ranges: []vuln.Range{{Fixed: "1-1"}}}},
		},
		vuln.Advisory{Feed: "cisa-kev", ID: "CVE-2024-0001", KEV: &vuln.KEV{Added: at, Name: "A"}},
		vuln.Advisory{Feed: "epss", ID: "CVE-2024-0001", EPSS: &vuln.EPSS{Score: 0.5, Percentile: 0.5, At: at}},
		vuln.Advisory{Feed: "exploit-db", ID: "CVE-2024-0002", Exploits: []vuln.Exploit{{ID: "EDB-1", Published: at}}},
		vuln.Advisory{
			Feed: "cisa-vulnrichment", ID: "CVE-2024-0002", State: vuln.Disputed,
			SSVC: &vuln.SSVC{Exploitation: "poc", Automatable: "no", Impact: "partial", At: at}, Sightings: []vuln.Sighting{{At: at, URL: "https://example.org"}},
		},
		vuln.Advisory{
			Feed: "osv/npm", ID: "MAL-2024-1", Affected: []vuln.Affected{{Namespace: "npm", Package: "b", Module: vuln.AnyModule}},
		},
		vuln.Advisory{Feed: "osv/npm", ID: "GHSA-dddd-eeee-ffff", Withdrawn: at, Title: "gone"},
	)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// useAll asks everything, and gives the first error. Whatever is wrong with the file, it is ErrCorrupt.
func useAll(tb testing.TB, b []byte) (first error) {
	tb.Helper()
	note := func(err error) {
		if err != nil && first == nil {
			first = err
		}
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			tb.Errorf("an error that is not ErrCorrupt: %v", err)
		}
	}
	db, err := OpenBytes(b)
	if err != nil {
		note(err)
		return first
	}
	for i := range min(db.packages, 1000) {
		ns, name, err := db.packageAt(i)
		note(err)
		_, _, err = db.Package(ns, name)
		note(err)
	}
	for o := range min(db.Len(), 1000) {
		_, err := db.Vulnerability(Ordinal(o))
		note(err)
		_, _, err = db.Details(Ordinal(o))
		note(err)
		for _, err := range db.Affected(Ordinal(o)) {
			note(err)
		}
	}
	_, err = db.Rows("Go", "m", 0)
	note(err)
	for _, id := range []string{"CVE-2024-0001", "GHSA-aaaa-bbbb-cccc", "DSA-1-1", "EDB-1", "MAL-2024-1", "GHSA-dddd-eeee-ffff", "", "zzz"} {
		_, err := db.Lookup(id)
		note(err)
	}
	note(db.Verify(tb.Context()))
	return first
}

// reseal makes the checksums fit again, so that damage is met behind them.
func reseal(b []byte) {
	if len(b) < headerSize {
		return
	}
	binary.LittleEndian.PutUint64(b[16:], uint64(len(b)))
	if n := uint64(binary.LittleEndian.Uint32(b[12:])); n <= uint64(len(b)-headerSize) {
		if sums := pageSums([][]byte{b[headerSize+n:]}); uint64(len(sums)) <= n {
			copy(b[headerSize+n-uint64(len(sums)):], sums)
		}
		binary.LittleEndian.PutUint32(b[crcAt:], headerCRC(b, b[headerSize:headerSize+n]))
	}
}

func TestEveryFlippedByteIsFound(t *testing.T) {
	t.Parallel()
	whole := small(t)
	if err := useAll(t, whole); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for at := range whole {
		b := bytes.Clone(whole)
		b[at] ^= byte(1 + r.IntN(255))
		if err := useAll(t, b); err == nil {
			t.Errorf("byte %d changed, and nobody saw it", at)
		}
		// Behind good checksums of the front, bytes may mean something else, but must not end in a panic.
		reseal(b)
		_ = useAll(t, b)
	}
}

// TestDamageIsSeenWhereItIsRead changes each byte behind the front and asks everything but Verify: what is answered is what the whole database
// answers, or ErrCorrupt.
func TestDamageIsSeenWhereItIsRead(t *testing.T) {
	t.Parallel()
	whole := small(t)
	front := headerSize + int(binary.LittleEndian.Uint32(whole[12:]))
	answers := func(b []byte) (string, error) {
		db, err := OpenBytes(b)
		if err != nil {
			return "", err
		}
		var said strings.Builder
		for _, ns := range db.spaces {
			for i := ns.first; i < ns.first+ns.count; i++ {
				_, name, err := db.packageAt(i)
				if err != nil {
					return "", err
				}
				p, found, err := db.Package(ns.name, name)
				if err != nil || !found {
					return "", err
				}
				fmt.Fprintf(&said, "%+v\n", p)
			}
		}
		for o := range db.Len() {
			v, err := db.Vulnerability(Ordinal(o))
			if err != nil {
				return "", err
			}
			text, refs, err := db.Details(Ordinal(o))
			if err != nil {
				return "", err
			}
			found, err := db.Lookup(v.ID)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&said, "%+v %+v %s %v %v\n", v, v.EPSS, text, refs, found)
		}
		return said.String(), nil
	}
	want, err := answers(whole)
	if err != nil {
		t.Fatal(err)
	}
	for at := front; at < len(whole); at++ {
		b := bytes.Clone(whole)
		b[at] ^= 0x55
		if got, err := answers(b); err == nil && got != want || err != nil && !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d changed: %v, and another answer", at, err)
		}
	}
}

func TestEveryTruncationIsFoundAtOpen(t *testing.T) {
	t.Parallel()
	whole := small(t)
	for n := range len(whole) {
		if _, err := OpenBytes(whole[:n]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// FuzzOpen changes bytes behind good checksums. Whatever they say, every answer is an answer or ErrCorrupt, and Verify, which also
// compares the SHA-256, is never content with changed bytes.
func FuzzOpen(f *testing.F) {
	whole := small(f)
	f.Add(uint32(100), []byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add(uint32(headerSize), []byte{0})
	f.Add(uint32(len(whole)-10), []byte("\x28\xb5\x2f\xfd"))
	f.Add(uint32(len(whole)), []byte{1})
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		b := bytes.Clone(whole)
		from := int(at) % (len(b) + 1)
		b = append(b[:from], append(bytes.Clone(patch), b[min(len(b), from+len(patch)):]...)...)
		same := bytes.Equal(b, whole)
		reseal(b)
		err := useAll(t, b)
		if !same && !bytes.Equal(b, whole) && err == nil {
			t.Error("changed bytes pass Verify")
		}
		if same && err != nil {
			t.Error(err)
		}
	})
}

func TestFileCutWhileOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	var many []vuln.Advisory
	for i := range 2000 {
		many = append(many, vuln.Advisory{
			Feed: "f", ID: "X-" + strings.Repeat("y", i%50) + string(rune('a'+i%26)), Title: strings.Repeat("t", i),
			Affected: []vuln.Affected{{Namespace: "npm", Package: strings.Repeat("p", i%200+1), Ranges: []vuln.Range{{}}}},
		})
	}
	b, err := BuildBytes(t.Context(), BuildOptions{}, many...)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if !db.mapped {
		t.Skip("the file is not mapped here")
	}
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	if err := db.Verify(t.Context()); !errors.Is(err, errFault) || !errors.Is(err, ErrCorrupt) {
		t.Errorf("Verify: %v", err)
	}
	if _, err := db.Vulnerability(Ordinal(db.Len() - 1)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Vulnerability: %v", err)
	}
	if _, _, err := db.Package("npm", "ppp"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Package: %v", err)
	}
	if _, _, err := db.Details(0); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Details: %v", err)
	}
}

func nowhere() *vuln.Rating { return nil }

func TestGuardLetsOtherPanicsPass(t *testing.T) {
	t.Parallel()
	db := &DB{front: &front{}, data: []byte{1}, mapped: true}
	for name, f := range map[string]func(){
		"a panic":          func() { panic("mine") },
		"an index outside": func() { _ = db.sections[0][db.Len()] },
		"a nil pointer":    func() { nowhere().Score = 1 },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was swallowed", name)
				}
			}()
			var err error
			defer db.guard(&err)()
			f()
		}()
	}
}
