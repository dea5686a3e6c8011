package golang

import (
	"context"
	"path"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// sums says that a go.sum which has no go.mod beside it is not read: it lists each version that resolving ever looked at, most of which are
// not built, and the module file that would tell is missing.
type sums struct{}

var _ extract.Extractor = sums{}

func (sums) Name() string  { return "gosum" }
func (sums) Revision() int { return 1 }

func (sums) Claims() []extract.Claim {
	return []extract.Claim{{Base: "go.sum", In: []artifact.Kind{artifact.Directory}, Match: built, Stream: true}}
}

// Extract reads nothing.
func (sums) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if file.Size != 0 {
		facts.Alone = append(facts.Alone, extract.Alone{
			Without: path.Join(path.Dir(file.Path), "go.mod"), Reason: artifact.Unsupported,
			Detail: "a go.sum without a go.mod lists more modules than are built: it is not read",
		})
	}
	return nil
}
