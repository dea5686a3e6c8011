package extract_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// ends reads the last three bytes of a file.
type ends struct{}

func (ends) Name() string            { return "ends" }
func (ends) Revision() int           { return 1 }
func (ends) Claims() []extract.Claim { return []extract.Claim{{Suffix: ".end", RandomAccess: true}} }

func (ends) Extract(_ context.Context, f *extract.File, facts *extract.Facts) error {
	var last [3]byte
	if _, err := f.ReaderAt().ReadAt(last[:], f.Size-3); err != nil {
		return err
	}
	facts.Packages = append(facts.Packages, inventory.Package{Name: "a", Version: string(last[:]), Ecosystem: purl.Maven})
	return nil
}

// oneFile is an artifact of one file.
type oneFile struct {
	content artifact.Content
	size    int64
}

func (o oneFile) Artifact() artifact.Artifact    { return artifact.Artifact{Kind: artifact.RootFS} }
func (o oneFile) Layers() []artifact.LayerReader { return []artifact.LayerReader{o} }
func (o oneFile) Close() error                   { return nil }
func (o oneFile) Walk(_ context.Context, visit func(*artifact.Entry) error) error {
	return visit(&artifact.Entry{Path: "x.end", Type: artifact.File, Size: o.size, Content: o.content})
}

type randomly struct{ r *strings.Reader }

func (randomly) Reader() io.Reader       { panic("read from front to back") }
func (p randomly) ReaderAt() io.ReaderAt { return p.r }

func TestRandomAccess(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("x", 5000) + "1.0"
	options := extract.Options{Limits: artifact.Limits{FileBytes: 4096}}
	for _, c := range []struct {
		name    string
		content artifact.Content
		want    int
	}{
		{"where there is random access nothing is buffered, and the limit of buffers does not count", randomly{strings.NewReader(content)}, 1},
		{"a stream is buffered within the limit", stream{strings.NewReader(content)}, 0},
	} {
		inv, err := extract.Run(t.Context(), oneFile{c.content, int64(len(content))}, []extract.Extractor{ends{}}, options)
		if err != nil {
			t.Fatal(err)
		}
		if len(inv.Packages) != c.want || len(inv.Incomplete) != 1-c.want {
			t.Errorf("%s: packages %+v, incomplete %+v", c.name, inv.Packages, inv.Incomplete)
		}
	}
	inv, err := extract.Run(t.Context(), oneFile{stream{strings.NewReader("1.0")}, 3}, []extract.Extractor{ends{}}, options)
	if err != nil || len(inv.Packages) != 1 || inv.Packages[0].Version != "1.0" {
		t.Errorf("a small stream: %+v, %v", inv, err)
	}
}
