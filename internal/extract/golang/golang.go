// Package golang reads the modules of Go binaries from the build information that the linker leaves in them, and those of source trees from
// go.mod and vendor/modules.txt.
//
// It promises to find build information in ELF, PE and Mach-O files (of fat ones the first architecture), stripped or not, with random
// access in a few reads and from a stream in constant memory. The pointer form of Go 1.13 to 1.17 is followed where
// the bytes allow it. A binary that is known to be Go's but says nothing of its modules is reported, and so is one
// packed by UPX. Other executables cost their headers and, in a stream, a search of their writable segments.
//
// What stands in a binary becomes packages so:
//   - each dependency module under its path and version; a replaced one under the path and version of its replacement;
//   - one replaced by a local directory under its own path without a version, for the code that was built has none;
//   - the main module; where the linker wrote "(devel)" or nothing, with the version that a release script gave it, else without;
//   - the standard library as "stdlib", its version spelled as semantic versioning has it: 1.22.1, 1.21.0-rc.2.
//
// All of them share the names of the functions that were linked, which the function table tells of stripped binaries too; where it cannot, why.
package golang

import (
	"context"
	"sync"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/executable"
)

// Extractors are the extractors of this package.
func Extractors() []extract.Extractor {
	return []extract.Extractor{&binaries{buffers: &sync.Pool{New: func() any { return new(buffers) }}}, goMod{}, vendored{}, sums{}}
}

// binaries is the extractor of Go binaries.
type binaries struct {
	buffers *sync.Pool // of *buffers: an image has thousands of executables
}

// buffers are what reading one executable needs.
type buffers struct {
	head   [headSize]byte
	window [windowSize]byte
}

var _ extract.Extractor = (*binaries)(nil)

func (*binaries) Name() string  { return "gobinary" }
func (*binaries) Revision() int { return 3 }

func (*binaries) Claims() []extract.Claim {
	return []extract.Claim{{Executable: true, Stream: true, RandomAccess: true, Head: executable.Magic}}
}

func (b *binaries) Extract(ctx context.Context, file *extract.File, facts *extract.Facts) error {
	buf := b.buffers.Get().(*buffers)
	defer b.buffers.Put(buf)
	in := newInput(ctx, file.Reader(), file.ReaderAt(), file.Size, buf.window[:])
	info, err := readBuild(in, buf.head[:])
	if err != nil {
		return err
	}
	switch {
	case info.packed:
		facts.Report(artifact.Unsupported, "packed with upx: what is inside cannot be read")
		return nil
	case info.problem != "":
		facts.Report(info.reason, info.problem)
	}
	if info.damaged != "" {
		facts.Report(artifact.Corrupt, info.damaged+": what the program says of its parts in sections is not found")
	}
	return addPackages(info, facts)
}
