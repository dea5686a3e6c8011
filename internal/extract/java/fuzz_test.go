package java

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/extract"
)

// Whatever archive/zip reads has for us the same entries with the same bytes.
func FuzzZip(f *testing.F) {
	small := jarOf(f, manifestOf("A: b"), properties("g", "a", "1"), member{name: "x.txt", content: "hello", stored: true})
	f.Add([]byte(small))
	f.Add([]byte("#!/bin/sh\n" + small))
	f.Add([]byte(overlapping(3, "abc", func(i int) string { return fmt.Sprint(i) })))
	f.Add([]byte(jarOf(f, member{name: "a.jar", content: small}, member{name: "b.jar", content: small, stored: true})))
	s := newArchives().scratch.Get().(*scratch)
	f.Fuzz(func(t *testing.T, b []byte) {
		theirs, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		z, ours := openZip(bytes.NewReader(b), int64(len(b)))
		if err != nil || len(theirs.File) == 0 {
			return
		}
		if ours != nil {
			t.Fatalf("archive/zip opens it: %v", ours)
		}
		if twoWays(z, b) {
			return
		}
		r := &reading{alive: func() error { return nil }, scratch: s, facts: &extract.Facts{}, work: 1 << 30}
		i := 0
		_ = z.each(s.directory, func(rec record) error {
			if i >= len(theirs.File) {
				return io.EOF
			}
			g := theirs.File[i]
			i++
			if string(rec.name) != g.Name {
				t.Fatalf("entry %d is %q, archive/zip says %q", i, rec.name, g.Name)
			}
			e, err := rec.entry()
			want, ok := theirBytes(g)
			if !ok {
				return nil
			}
			if err != nil {
				t.Fatalf("%q: %v, archive/zip reads %d bytes", g.Name, err, len(want))
			}
			raw, err := z.raw(e)
			if err != nil {
				t.Fatalf("%q: %v, archive/zip reads %d bytes", g.Name, err, len(want))
			}
			got, err := r.inflate(raw, e, nil, 1<<20)
			if !bytes.Equal(got, want) || err != nil && g.CRC32 != 0 {
				t.Fatalf("%q: %d bytes, %v; archive/zip reads %d", g.Name, len(got), err, len(want))
			}
			return nil
		})
		if i < len(theirs.File) {
			t.Fatalf("%d entries, archive/zip has %d", i, len(theirs.File))
		}
	})
}

// twoWays says whether an archive can be read in two ways, of which archive/zip may take another than java.util.zip does:
// TestJarsThatCanBeReadInTwoWays has the JDK's word on them.
func twoWays(z *zipFile, b []byte) bool {
	end, err := findEnd(bytes.NewReader(b), int64(len(b)))
	if err != nil || end.at != int64(bytes.LastIndex(b[:len(b)-endSize+len(endMark)], []byte(endMark))) {
		return true
	}
	if before := b[:end.at]; len(before) >= locator64Size {
		locator := before[len(before)-locator64Size:]
		oneDisk := string(locator[4:8]) == "\x00\x00\x00\x00" && string(locator[16:]) == "\x01\x00\x00\x00"
		if string(locator[:4]) == locator64Mark && (end.offset != 0xffffffff || !oneDisk) {
			return true
		}
	}
	return z.base > 0 && hasMark(z.ra, z.directory, headerMark) && hasMark(z.ra, z.directory-z.base, headerMark)
}

// theirBytes is an entry's content as archive/zip reads it. ok is false where it reads none, and where it does not look: whether
// an entry is encrypted, or where one of nothing lies.
func theirBytes(f *zip.File) (content []byte, ok bool) {
	r, err := f.Open()
	if err != nil {
		return nil, false
	}
	content, err = io.ReadAll(io.LimitReader(r, 1<<20))
	return content, err == nil && len(content) > 0 && len(content) < 1<<20 && f.Flags&1 == 0
}

// An archive of any bytes ends soon, says no more than its size allows, and says the same twice; in another archive it says the
// same once more.
func FuzzArchive(f *testing.F) {
	lib := jarOf(f, manifestOf("Bundle-SymbolicName: a.b", "Bundle-Version: 1"), properties("g", "lib", "1.2"), class)
	f.Add([]byte(lib))
	f.Add([]byte(jarOf(f, member{name: "WEB-INF/lib/lib-1.2.jar", content: lib}, member{name: "lib/lib.jar", content: lib, stored: true},
		member{name: "META-INF/maven/g/a/pom.xml", content: "<project><artifactId>a</artifactId></project>"})))
	f.Add([]byte(overlapping(9, lib, func(i int) string { return fmt.Sprintf("%d.jar", i) })))
	x := newArchives()
	f.Fuzz(func(t *testing.T, b []byte) {
		read := func(b []byte) (list []string) {
			var facts extract.Facts
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if err := x.Extract(ctx, extract.NewFile("x-1.jar", b, 0o644), &facts); err != nil {
				t.Fatalf("after %v: %v", time.Since(start), err)
			}
			for _, p := range facts.Packages {
				if p.Name == "" || p.PURL == "" || len(p.Evidence) != 1 || strings.HasSuffix(p.Name, ":") || strings.HasPrefix(p.Name, ":") {
					t.Fatalf("package %+v", p)
				}
				list = append(list, p.Name+"@"+p.Version)
			}
			if len(list) > 60_000+len(b) {
				t.Fatalf("%d packages of %d bytes", len(list), len(b))
			}
			return list
		}
		once := read(b)
		if twice := read(b); !slices.Equal(once, twice) {
			t.Fatalf("%q, then %q", once, twice)
		}
		if deep := func() bool { return bytes.Count(b, []byte("PK\x05\x06")) > 1 }; deep() {
			return // depth and work are counted from the outermost
		}
		wrapped := read([]byte(jarOf(t, member{name: "x-1.jar", content: string(b), stored: true})))
		outer := 0
		if len(wrapped) > len(once) {
			outer = 1 // the archive around it
		}
		if !slices.Equal(once, wrapped[outer:]) {
			t.Fatalf("%q, in another archive %q", once, wrapped)
		}
	})
}

// What a manifest says stays when its lines are broken as the specification allows.
func FuzzManifest(f *testing.F) {
	f.Add([]byte("Manifest-Version: 1.0\r\nBundle-SymbolicName: a.b;x:=\"y\"\r\n c\r\n\r\nName: x\r\n"), uint8(9))
	f.Add([]byte("A: b\nA: c\rB:d"), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, width uint8) {
		m, _ := parseManifest(b)
		_, _, _ = m.bundle(), m.versions(), m.licenses()
		var again strings.Builder
		for _, name := range slices.Sorted(func(yield func(string) bool) {
			for name := range m {
				if !yield(name) {
					return
				}
			}
		}) {
			line := name + ": " + m[name]
			if strings.ContainsAny(name, " \t\r\n\x00") || name != strings.ToLower(strings.ToValidUTF8(name, "?")) || strings.TrimSpace(name) != name {
				return
			}
			first := max(len(name)+2, int(width))
			for len(line) > first {
				again.WriteString(line[:first] + "\r\n ")
				line, first = line[first:], max(1, int(width))
			}
			again.WriteString(line + "\r\n")
		}
		n, ended := parseManifest([]byte(again.String() + "\r\nX: y\r\n"))
		if !ended {
			t.Fatal("no end")
		}
		if fmt.Sprint(m) != fmt.Sprint(n) {
			t.Fatalf("%q\nbecame %q\nby %q", m, n, again.String())
		}
	})
}

// A properties file written by the book says what was put into it.
func FuzzProperties(f *testing.F) {
	f.Add("groupId", "com.example", "version", "1.0")
	f.Add("a b", " =:#\\\n", "\u00e9", "\U0001f600")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		write := func(s string) string {
			var b strings.Builder
			for _, r := range s {
				switch {
				case r == '\n':
					b.WriteString(`\n`)
				case strings.ContainsRune("=: \t\f#!\\", r):
					b.WriteString(`\` + string(r))
				case r == '\r':
					b.WriteString(`\r`)
				case r > 0xffff:
					r -= 0x10000
					fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
				case r > 126 || r < 32:
					fmt.Fprintf(&b, `\u%04X`, r)
				default:
					b.WriteRune(r)
				}
			}
			return b.String()
		}
		want := []string{strings.ToValidUTF8(k1, "x"), strings.ToValidUTF8(v1, "x"), strings.ToValidUTF8(k2, "x"), strings.ToValidUTF8(v2, "x")}
		for _, w := range want {
			if strings.ContainsRune(w, '\ufffd') {
				return
			}
		}
		var got []string
		parseProperties("# comment \\\n"+write(want[0])+" =\t"+write(want[1])+"\r\n! x\n\n  "+write(want[2])+"\\\n   :"+write(want[3]), func(k, v string) { got = append(got, k, v) })
		if !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		// And any bytes at all end.
		parseProperties(v1, func(string, string) {})
		parseProperties(k2, func(string, string) {})
	})
}

// The streaming reader of poms and encoding/xml's decoder see the same project.
func FuzzPom(f *testing.F) {
	f.Add([]byte(`<project xmlns="x"><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version><properties><v>1</v></properties>
		<licenses><license><name>MIT</name></license></licenses><dependencies><dependency><groupId>g</groupId><artifactId>b</artifactId></dependency></dependencies></project>`))
	f.Add([]byte(`<project><parent><groupId>p</groupId></parent><!-- c --><a:groupId>x</a:groupId></project>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePom(b)
		for _, c := range []coordinates{p.coordinates(), {version: p.resolve(p.own.version)}} {
			if len(c.group)+len(c.artifact)+len(c.version) > 4*maxExpanded+len(b) {
				t.Fatalf("coordinates of %d bytes", len(c.group)+len(c.artifact)+len(c.version))
			}
		}
		for _, d := range p.dependencies {
			_, _ = p.exact(d.version)
		}
		var facts extract.Facts
		_ = (project{}).Extract(t.Context(), extract.NewFile("pom.xml", b, 0o644), &facts)
		if len(facts.Packages) > len(p.dependencies) {
			t.Fatal("more packages than dependencies")
		}
		if err != nil || bytes.Contains(b, []byte("<!")) || bytes.Contains(b, []byte("<?")) || bytes.Contains(b, []byte("&")) {
			return
		}
		var want struct {
			XMLName      xml.Name
			GroupID      string   `xml:"groupId"`
			ArtifactID   string   `xml:"artifactId"`
			Licenses     []string `xml:"licenses>license>name"`
			Dependencies []struct {
				GroupID string `xml:"groupId"`
			} `xml:"dependencies>dependency"`
		}
		if xml.Unmarshal(b, &want) != nil || want.XMLName.Local != "project" || bytes.Count(b, []byte("project")) > 2 {
			return
		}
		if len(want.Dependencies) != len(p.dependencies) {
			t.Fatalf("%d dependencies, encoding/xml finds %d", len(p.dependencies), len(want.Dependencies))
		}
		if bytes.Count(b, []byte("groupId>")) == 2 && bytes.Count(b, []byte("<groupId>")) == 1 && want.GroupID != "" && p.own.group != strings.TrimSpace(want.GroupID) &&
			!strings.Contains(want.GroupID, "\ufffd") {
			t.Fatalf("group %q, encoding/xml finds %q", p.own.group, want.GroupID)
		}
	})
}

// A file name is its artifact, version and classifier with hyphens between.
func FuzzFileName(f *testing.F) {
	for _, s := range []string{"log4j-1.2-api-2.17.1.jar", "a_1.2.3.jar", "x-1.0-SNAPSHOT-sources.war", "-", "a-1-b-2.0-", "v1-r2-3.jar"} {
		f.Add(s, "1.2")
	}
	f.Fuzz(func(t *testing.T, base, version string) {
		n := splitFileName(base, []string{version})
		if !strings.HasPrefix(base, n.stem) {
			t.Fatalf("stem %q of %q", n.stem, base)
		}
		whole := n.artifact
		if n.version != "" {
			whole += n.stem[len(whole):len(whole)+1] + n.version
		}
		if n.classifier != "" {
			whole += "-" + n.classifier
		}
		if whole != n.stem {
			t.Fatalf("%q is %q, %q and %q", n.stem, n.artifact, n.version, n.classifier)
		}
	})
}

func FuzzGradleLock(f *testing.F) {
	f.Add("# c\na.b:c:1.0=x,y\nempty=\n")
	f.Fuzz(func(t *testing.T, text string) {
		var facts extract.Facts
		err := (gradleLock{}).Extract(t.Context(), extract.NewFile("gradle.lockfile", []byte(text), 0o644), &facts)
		var again strings.Builder
		for _, p := range facts.Packages {
			again.WriteString(p.Name + ":" + p.Version + "=\n")
		}
		var twice extract.Facts
		if e := (gradleLock{}).Extract(t.Context(), extract.NewFile("gradle.lockfile", []byte(again.String()), 0o644), &twice); e != nil || len(twice.Packages) != len(facts.Packages) {
			t.Fatalf("%v: %q (%v) became %q", e, text, err, again.String())
		}
	})
}
