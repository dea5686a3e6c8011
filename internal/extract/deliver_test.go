package extract_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// reads is an extractor that reads so much of each file, front to back, and says what it saw.
type reads struct {
	name  string
	claim extract.Claim
	most  int64
}

func (r reads) Name() string            { return r.name }
func (r reads) Revision() int           { return 1 }
func (r reads) Claims() []extract.Claim { return []extract.Claim{r.claim} }

func (r reads) Extract(_ context.Context, f *extract.File, facts *extract.Facts) error {
	b, err := io.ReadAll(io.LimitReader(f.Reader(), r.most))
	how := "stream"
	if f.ReaderAt() != nil {
		how = "random"
	}
	facts.Packages = append(facts.Packages, inventory.Package{
		Name: r.name, Version: fmt.Sprintf("%s %d %.4s", how, len(b), b), Ecosystem: purl.Maven,
	})
	return err
}

func TestSeveralExtractorsOfOneFile(t *testing.T) {
	t.Parallel()
	elf := func(head []byte) bool { return bytes.HasPrefix(head, []byte("\x7fELF")) }
	streamed := extract.Claim{Suffix: ".end", Stream: true}
	either := extract.Claim{Suffix: ".end", Stream: true, RandomAccess: true, Head: elf}
	text := extract.Claim{Suffix: ".end", Head: func(h []byte) bool { return len(h) > 0 && h[0] == '#' }}
	content := "\x7fELF" + strings.Repeat("x", 300_000)
	for _, c := range []struct {
		name       string
		extractors []extract.Extractor
		content    string
		limit      int64
		random     bool
		want       []string
		incomplete int
	}{
		{
			name: "each reads a stream from its beginning, as far as it likes", content: content, limit: 1000,
			extractors: []extract.Extractor{reads{"a", streamed, 1 << 30}, reads{"b", streamed, 0}, reads{"c", streamed, 100_000}, reads{"d", either, 1 << 30}},
			want:       []string{"a stream 300004 \x7fELF", "b stream 0 ", "c stream 100000 \x7fELF", "d stream 300004 \x7fELF"},
		},
		{
			name: "one that likes random access has all buffered", content: content, limit: 1 << 20,
			extractors: []extract.Extractor{reads{"a", streamed, 1 << 30}, reads{"d", either, 10}},
			want:       []string{"a random 300004 \x7fELF", "d random 10 \x7fELF"},
		},
		{
			name: "nothing is buffered for one that does not want what the head shows", content: "#!" + content, limit: 1 << 20,
			extractors: []extract.Extractor{reads{"a", streamed, 1 << 30}, reads{"d", either, 10}},
			want:       []string{"a stream 300006 #!\x7fE"},
		},
		{
			name: "one that needs a buffer is left out where it is too large, the others are not", content: "#!" + content, limit: 1000,
			extractors: []extract.Extractor{reads{"a", streamed, 1 << 30}, reads{"t", text, 10}, reads{"b", streamed, 5}},
			want:       []string{"a stream 300006 #!\x7fE", "b stream 5 #!\x7fE"}, incomplete: 1,
		},
		{
			name: "with random access each has its own way", content: content, limit: 1000, random: true,
			extractors: []extract.Extractor{reads{"a", streamed, 1 << 30}, reads{"b", streamed, 7}, reads{"d", either, 10}, reads{"t", text, 10}},
			want:       []string{"a random 300004 \x7fELF", "b random 7 \x7fELF", "d random 10 \x7fELF"},
		},
		{
			name: "an empty file", content: "", limit: 1000,
			extractors: []extract.Extractor{reads{"a", streamed, 1 << 30}, reads{"b", streamed, 7}, reads{"d", either, 10}},
			want:       []string{"a stream 0 ", "b stream 0 "},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var content artifact.Content = stream{iotest.HalfReader(strings.NewReader(c.content))}
			if c.random {
				content = both{strings.NewReader(c.content)}
			}
			inv, err := extract.Run(t.Context(), oneFile{content, int64(len(c.content))}, c.extractors, extract.Options{Limits: artifact.Limits{FileBytes: c.limit}})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range inv.Packages {
				got = append(got, p.Name+" "+p.Version)
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" || len(inv.Incomplete) != c.incomplete {
				t.Errorf("packages (-want +got):\n%s\nincomplete %v", diff, inv.Incomplete)
			}
		})
	}
}

// both offers random access, and a reader that is one for all.
type both struct{ r *strings.Reader }

func (b both) Reader() io.Reader     { return b.r }
func (b both) ReaderAt() io.ReaderAt { return b.r }

// Damage in the middle of a stream reaches all who read it.
func TestDamageReachesAll(t *testing.T) {
	t.Parallel()
	damaged := io.MultiReader(strings.NewReader(strings.Repeat("x", 100_000)), iotest.ErrReader(artifact.ErrCorrupt))
	claim := extract.Claim{Suffix: ".end", Stream: true}
	inv, err := extract.Run(t.Context(), oneFile{stream{damaged}, 1 << 20},
		[]extract.Extractor{reads{"a", claim, 1 << 30}, reads{"b", claim, 1 << 30}, reads{"c", claim, 10}}, extract.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(inv.Packages) != 3 || len(inv.Incomplete) != 2 || inv.Incomplete[0].Reason != artifact.Corrupt {
		t.Errorf("packages %v, incomplete %v", inv.Packages, inv.Incomplete)
	}
}
