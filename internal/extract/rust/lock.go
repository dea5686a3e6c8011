package rust

import (
	"context"
	"fmt"

	"github.com/pelletier/go-toml/v2"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// lock reads Cargo.lock, versions 1 to 4, in source trees. The crates of the tree itself, which have no source, count too: an advisory may be
// about the very program. What a git source holds counts under the version that it says of itself.
type lock struct{}

var _ extract.Extractor = lock{}

func (lock) Name() string  { return "cargo-lock" }
func (lock) Revision() int { return 1 }

func (lock) Claims() []extract.Claim {
	return []extract.Claim{{Base: "Cargo.lock", In: []artifact.Kind{artifact.Directory}}}
}

// maxLock is far above what cargo writes for the largest of projects; read into memory it grows.
const maxLock = 16 << 20

// lockFile is a Cargo.lock. Version 1 had the tree's first crate in a table of its own before cargo 0.18.
type lockFile struct {
	Root    *pinned  `toml:"root"`
	Package []pinned `toml:"package"`
}

type pinned struct {
	Name    string `toml:"name"`
	Version string `toml:"version"`
}

func (lock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if file.Size > maxLock {
		return &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("%d bytes; a Cargo.lock is read up to %d", file.Size, maxLock)}
	}
	var l lockFile
	if err := toml.Unmarshal(file.Bytes(), &l); err != nil {
		return err
	}
	found := crates{facts: facts, seen: map[[2]string]bool{}}
	if l.Root != nil {
		found.add(l.Root.Name, l.Root.Version)
	}
	for _, p := range l.Package {
		found.add(p.Name, p.Version)
	}
	return nil
}
