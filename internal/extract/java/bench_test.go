package java

import (
	"archive/zip"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// counted counts what is read of a file.
type counted struct {
	*strings.Reader
	n *int64
}

func (c counted) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	*c.n += int64(n)
	return n, err
}

type countedContent struct{ c counted }

func (c countedContent) Reader() io.Reader     { return c.c.Reader }
func (c countedContent) ReaderAt() io.ReaderAt { return c.c }

var _ artifact.Content = countedContent{}

// fatJar is an application with 200 libraries of about 200 KB, 100 classes each.
func fatJar(b testing.TB, stored bool) string {
	random := rand.NewChaCha8([32]byte{})
	noise := make([]byte, 2000)
	members := []member{manifestOf("Start-Class: x"), properties("com.example", "app", "1.0")}
	for i := range 200 {
		lib := []member{
			manifestOf(fmt.Sprintf("Bundle-SymbolicName: com.example.lib%d", i), "Bundle-Version: 1.0"),
			properties("com.example", fmt.Sprintf("lib%d", i), "1.0"),
			{name: fmt.Sprintf("META-INF/maven/com.example/lib%d/pom.xml", i), content: "<project><artifactId>x</artifactId>" + strings.Repeat("<dependency><groupId>g</groupId></dependency>\n", 100) + "</project>"},
		}
		for k := range 100 {
			_, _ = random.Read(noise)
			lib = append(lib, member{name: fmt.Sprintf("com/example/lib%d/Class%d.class", i, k), content: string(noise)})
		}
		members = append(members, member{name: fmt.Sprintf("BOOT-INF/lib/lib%d-1.0.jar", i), content: jarOf(b, lib...), stored: stored})
	}
	return jarOf(b, members...)
}

func BenchmarkFatJar(b *testing.B) {
	for name, stored := range map[string]bool{"stored": true, "compressed": false} {
		jar := fatJar(b, stored)
		b.Run(name, func(b *testing.B) {
			x := newArchives()
			b.ReportAllocs()
			b.SetBytes(int64(len(jar)))
			var read int64
			n := 0
			for b.Loop() {
				var facts extract.Facts
				f := extract.NewStreamFile("app.jar", countedContent{counted{strings.NewReader(jar), &read}}, int64(len(jar)), 0o644)
				if err := x.Extract(b.Context(), f, &facts); err != nil || len(facts.Packages) != 201 || len(facts.Incomplete) > 0 {
					b.Fatal(err, len(facts.Packages), facts.Incomplete)
				}
				n++
			}
			b.ReportMetric(100*float64(read)/float64(n)/float64(len(jar)), "%read")
		})
	}
}

// What opening the archive and its libraries costs with archive/zip, which keeps all entries.
func BenchmarkFatJarArchiveZip(b *testing.B) {
	jar := fatJar(b, true)
	b.ReportAllocs()
	b.SetBytes(int64(len(jar)))
	for b.Loop() {
		z, err := zip.NewReader(strings.NewReader(jar), int64(len(jar)))
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range z.File {
			if !strings.HasSuffix(f.Name, ".jar") {
				continue
			}
			raw, err := f.OpenRaw()
			if err != nil {
				b.Fatal(err)
			}
			if _, err := zip.NewReader(raw.(io.ReaderAt), int64(f.UncompressedSize64)); err != nil {
				b.Fatal(err)
			}
		}
	}
}
