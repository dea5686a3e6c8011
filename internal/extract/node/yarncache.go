package node

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// yarnCache reads the archives of yarn's Plug'n'Play, .yarn/cache/NAME-npm-VERSION-HASH.zip: node runs packages out of
// them, no node_modules is made. Each holds one package, with what that bundles.
type yarnCache struct{}

var _ extract.Extractor = yarnCache{}

func (yarnCache) Name() string  { return "yarn-cache" }
func (yarnCache) Revision() int { return 1 }

func (yarnCache) Claims() []extract.Claim {
	return []extract.Claim{{Suffix: ".zip", Match: func(p string) bool {
		dir := path.Dir(p)
		return path.Base(dir) == "cache" && strings.HasPrefix(path.Base(path.Dir(dir)), ".yarn") || strings.HasSuffix(dir, ".yarn/berry/cache")
	}}}
}

// Bounds of what is read of one archive.
const (
	maxDirectory = 8 << 20  // its directory: 80,000 files
	maxManifest  = 4 << 20  // one package.json
	maxManifests = 64 << 20 // all of them
)

func (yarnCache) Extract(ctx context.Context, file *extract.File, facts *extract.Facts) error {
	in := &bounded{r: file.ReaderAt(), left: maxDirectory}
	archive, err := zip.NewReader(in, file.Size)
	if err != nil {
		if in.passed {
			return &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("a directory of more than %d MiB", maxDirectory>>20)}
		}
		return fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	in.left = -1
	total := int64(maxManifests)
	found := newPins(facts)
	defer found.done()
	var problem error
	for _, entry := range archive.File {
		if path.Base(entry.Name) != "package.json" {
			continue
		}
		folder, inside, ok := place(entry.Name)
		if !ok || !inside {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := readEntry(entry, min(total, maxManifest))
		total -= int64(len(b))
		var m manifest
		if err == nil {
			m, err = scanManifest(b)
		}
		if err != nil {
			problem = errors.Join(problem, fmt.Errorf("%.200q: %w", entry.Name, err))
			if total <= 0 {
				break
			}
		}
		if m.name == "" && err == nil {
			m.name = folder
		}
		if m.version != "" || err == nil {
			found.add(m.name, m.version, m.licenses)
		}
	}
	if problem == nil && len(facts.Packages) == 0 {
		facts.Report(artifact.Unsupported, "an archive without a package.json")
	}
	return problem
}

// readEntry inflates one file of an archive, if it is no larger than most.
func readEntry(entry *zip.File, most int64) ([]byte, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		err = &artifact.ErrLimit{Reason: artifact.BytesLimit, Detail: fmt.Sprintf("more than %d bytes", most)}
	}
	return b, errors.Join(err, r.Close())
}

// bounded lets a number of bytes be read. The zip reader of the standard library makes an object of each entry of the
// directory that it reads, however many there are; this is what bounds it.
type bounded struct {
	r      io.ReaderAt
	left   int64 // negative: no bound
	passed bool
}

func (b *bounded) ReadAt(p []byte, at int64) (int, error) {
	if b.left >= 0 {
		if b.left -= int64(len(p)); b.left < 0 {
			b.left, b.passed = 0, true
			return 0, io.ErrUnexpectedEOF
		}
	}
	return b.r.ReadAt(p, at)
}
