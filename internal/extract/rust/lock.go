package rust

import (
	"context"
	"errors"
	"fmt"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/toml"
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

const (
	// maxLock is far above what cargo writes for the largest of projects; read into memory it grows.
	maxLock = 16 << 20
	// maxParts bounds the keys and values. A crate has a dozen, with its dependencies.
	maxParts = 500_000
)

// lockFile is a Cargo.lock. Version 1 had the tree's first crate in a table of its own before cargo 0.18.
type lockFile struct {
	Package []pinned `toml:"package"`
}

type pinned struct {
	Name    string `toml:"name"`
	Version string `toml:"version"`
	Source  string `toml:"source"` // of what is not from this tree
}

func (lock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if file.Size > maxLock {
		return &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("%d bytes; a Cargo.lock is read up to %d", file.Size, maxLock)}
	}
	var l lockFile
	if err := toml.Unmarshal(file.Bytes(), maxParts, &l); err != nil {
		if _, ok := errors.AsType[*toml.TooManyError](err); ok {
			return &artifact.ErrLimit{Reason: artifact.PackagesLimit, Detail: "a Cargo.lock with " + err.Error()}
		}
		return err
	}
	found := crates{facts: facts, seen: map[[2]string]bool{}}
	for _, p := range l.Package {
		if p.Source != "" { // else a crate of the tree itself: its name is not the registry's
			found.add(p.Name, p.Version)
		}
	}
	return nil
}
