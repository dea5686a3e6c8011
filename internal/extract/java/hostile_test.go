package java

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// overlapping makes an archive whose central directory lists one stored entry many times, under names that name gives.
func overlapping(times int, content string, name func(i int) string) string {
	var out, directory bytes.Buffer
	le := binary.LittleEndian
	local := make([]byte, localSize)
	copy(local, "PK\x03\x04")
	out.Write(local)
	out.WriteString(content)
	for i := range times {
		n := name(i)
		head := make([]byte, headerSize)
		copy(head, "PK\x01\x02")
		le.PutUint32(head[20:], uint32(len(content)))
		le.PutUint32(head[24:], uint32(len(content)))
		le.PutUint16(head[28:], uint16(len(n)))
		directory.Write(head)
		directory.WriteString(n)
	}
	end := make([]byte, endSize)
	copy(end, "PK\x05\x06")
	le.PutUint16(end[10:], uint16(min(times, 0xffff)))
	le.PutUint32(end[12:], uint32(directory.Len()))
	le.PutUint32(end[16:], uint32(out.Len()))
	if times >= 0xffff { // zip64
		record := make([]byte, end64Size)
		copy(record, "PK\x06\x06")
		le.PutUint64(record[32:], uint64(times))
		le.PutUint64(record[40:], uint64(directory.Len()))
		le.PutUint64(record[48:], uint64(out.Len()))
		locator := make([]byte, locator64Size)
		copy(locator, "PK\x06\x07")
		le.PutUint64(locator[8:], uint64(out.Len()+directory.Len()))
		directory.Write(record)
		directory.Write(locator)
	}
	out.Write(directory.Bytes())
	out.Write(end)
	return out.String()
}

func TestHostileArchives(t *testing.T) { // not parallel: it measures memory
	deep := func(stored bool) string {
		jar := jarOf(t, properties("g", "innermost", "1"))
		for i := range 12 {
			jar = jarOf(t, properties("g", fmt.Sprintf("level%d", i), "1"), member{name: "x.jar", content: jar, stored: stored})
		}
		return jar
	}
	zeros := strings.Repeat("\x00", 100<<20)
	bomb := jarOf(t, member{name: "a.jar", content: zeros})
	liar := func(size uint32) string {
		b := []byte(jarOf(t, member{name: "a.jar", content: strings.Repeat("\x00", 20<<20)}, properties("g", "a", "1")))
		binary.LittleEndian.PutUint32(b[bytes.Index(b, []byte("PK\x01\x02"))+24:], size)
		return string(b)
	}
	big := jarOf(t, properties("g", "big", "1"), member{name: "x", content: strings.Repeat("0123456789abcdef", 4<<10), stored: true})
	itself := func() string { // each entry is the whole archive, as far as its directory
		jar := overlapping(50, strings.Repeat("x", 100), func(i int) string { return fmt.Sprintf("%d.jar", i) })
		return overlapping(50, jar, func(i int) string { return fmt.Sprintf("%d.jar", i) })
	}
	for _, c := range []struct {
		name, jar string
		reason    artifact.Reason // "" is none
		packages  int             // at least
		memory    uint64          // allocated at most, MiB
	}{
		{"stored archives in archives", deep(true), artifact.NestingLimit, 9, 8},
		{"compressed archives in archives", deep(false), artifact.NestingLimit, 9, 8},
		{"an archive of zeros", bomb, artifact.BytesLimit, 0, 8},
		{"many archives of zeros", jarOf(t, slices.Repeat([]member{{name: "a.jar", content: zeros[:9<<20]}}, 20)...), artifact.BytesLimit, 0, 80},
		{"more bytes than it says", liar(10), artifact.Corrupt, 1, 8},
		{"fewer bytes than it says", liar(120 << 20), artifact.BytesLimit, 1, 8},
		{"too many bytes to inflate", liar(3 << 30), artifact.FileTooLarge, 1, 8},
		{"a million entries", overlapping(1_000_000, "version=1", func(int) string { return "META-INF/maven/g/a/pom.properties" }), artifact.FilesLimit, 1, 32},
		{"a million entries of other names", overlapping(1_000_000, "version=1", func(i int) string { return fmt.Sprintf("%d", i) }), "", 0, 8},
		{"one archive a hundred thousand times", overlapping(40_000, big, func(i int) string { return fmt.Sprintf("%d.jar", i) }), artifact.FilesLimit, 20_000, 512},
		{"archives that overlap", itself(), artifact.Unparsable, 0, 64},
		{"a name that leaves the archive", jarOf(t, member{name: "../../lib.jar", content: big}, member{name: "/META-INF/maven/../../pom.properties"}), "", 1, 8},
		{"duplicates", jarOf(t, properties("g", "a", "1"), properties("g", "a", "1"), class), "", 1, 8},
		{"a manifest without end", jarOf(t, member{name: "META-INF/MANIFEST.MF", content: "A: " + strings.Repeat("x\n y", 10<<20)}, class), artifact.FileTooLarge, 1, 32},
		{"a pom of entities and depth", jarOf(t, class, member{name: "META-INF/maven/g/a/pom.xml", content: `<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>` + strings.Repeat("<a>", 1_000_000)}), artifact.Unparsable, 1, 32},
		{"a pom of too many bytes", jarOf(t, class, member{name: "META-INF/maven/g/a/pom.xml", content: strings.Repeat("<a></a>", 1<<20)}), artifact.FileTooLarge, 1, 32},
		{
			"a pom whose properties grow", jarOf(t, class, member{name: "META-INF/maven/g/a/pom.xml", content: "<project><groupId>g</groupId><artifactId>a</artifactId><version>${a}</version><properties><a>${b}${b}</a><b>${c}${c}</b><c>${d}${d}</c><d>${a}${a}</d></properties></project>"}),
			"", 1, 8,
		},
		{"a comment that holds an end record", jarOf(t, properties("g", "a", "1")) + "PK\x05\x06", "", 0, 8},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		var facts extract.Facts
		err := newArchives().Extract(t.Context(), extract.NewFile("a-1.jar", []byte(c.jar), 0o644), &facts)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		mb := (after.TotalAlloc - before.TotalAlloc - uint64(len(c.jar))) >> 20
		t.Logf("%s: %d bytes, %d packages, %d problems, %v, %d MiB", c.name, len(c.jar), len(facts.Packages), len(facts.Incomplete), took, mb)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		has := false
		for _, i := range facts.Incomplete {
			has = has || i.Reason == c.reason
		}
		if has != (c.reason != "") {
			t.Errorf("%s: want %q, incomplete is %+v", c.name, c.reason, facts.Incomplete[:min(3, len(facts.Incomplete))])
		}
		if len(facts.Packages) < c.packages || mb > c.memory || took > time.Minute {
			t.Errorf("%s: %d packages, %d MiB, %v", c.name, len(facts.Packages), mb, took)
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var facts extract.Facts
	jar := jarOf(t, properties("g", "a", "1"))
	if err := newArchives().Extract(ctx, extract.NewFile("a.jar", []byte(jar), 0o644), &facts); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// errReader fails from an offset on.
type errReader struct {
	*strings.Reader
	at  int64
	err error
}

func (r errReader) ReadAt(p []byte, off int64) (int, error) {
	if off < r.at {
		return 0, r.err
	}
	return r.Reader.ReadAt(p, off)
}

func TestErrorsOfReadingAreToldFromDamage(t *testing.T) {
	t.Parallel()
	jar := jarOf(t, properties("g", "a", "1"))
	for _, c := range []struct {
		err  error
		want artifact.Reason
	}{{errors.New("input/output error"), artifact.Unreadable}, {&artifact.ErrLimit{Reason: artifact.TimeLimit}, artifact.TimeLimit}} {
		r := &reading{alive: func() error { return nil }, facts: &extract.Facts{}, work: 1 << 20, scratch: newArchives().scratch.Get().(*scratch)}
		err := r.archive(t.Context(), errReader{strings.NewReader(jar), 40, c.err}, int64(len(jar)), location{outer: "a.jar"})
		if err != nil || len(r.facts.Incomplete) != 1 || r.facts.Incomplete[0].Reason != c.want {
			t.Errorf("%v: %v, %+v", c.err, err, r.facts.Incomplete)
		}
	}
}
