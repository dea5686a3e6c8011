// Package extract finds the packages of an artifact in one pass over its files. Extractors claim paths in one table,
// so that the walker does one look-up a file; layers are read side by side; what the layers say is merged into the
// file system that a container would see. It promises bounded memory, that one broken file does not end a scan, and
// that what was not read is reported. The members of its family know the formats of package managers; extract/all
// lists them.
package extract

import (
	"bytes"
	"context"
	"io"
	"io/fs"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// Extractor reads files of one kind. It is stateless and used by many goroutines at once; all it knows of an artifact
// is one file at a time, so that what it says of a layer does not depend on other layers.
type Extractor interface {
	// Name is a short lower-case word: "dpkg", "npm". It stands in evidence.
	Name() string
	// Revision grows by one whenever the same file would give another answer; results are remembered by it.
	Revision() int
	// Claims are the files that Extract wants to see. Called once, when the table is made.
	Claims() []Claim
	// Extract reads one claimed file and adds what it says to facts. It keeps no reference to the file. Damage is told
	// with facts.Report or returned as an error: the file is then reported as Unparsable, what was added so far counts.
	// It must end in time and memory bounded by the file's size, for any bytes, and must not panic.
	Extract(ctx context.Context, file *File, facts *Facts) error
}

// Claim selects files. Exactly one of Path, Base, Suffix, Dir and Executable is set; paths are relative to the root
// without a leading slash.
type Claim struct {
	Path       string // the whole path: "var/lib/dpkg/status". Followed through symbolic links, since its place is what counts
	Base       string // the base name: "package.json"
	Suffix     string // the end of the base name from its last dot on: ".egg-info"
	Dir        string // directly in this directory: "var/lib/dpkg/status.d"
	Executable bool   // regular files with an execute bit, in a directory whose name ends in bin, or named .exe, .so or .dll

	// Match, if set, must also hold for the path. It is called only when the rest does.
	Match func(path string) bool
	// In limits the claim to these kinds of artifact; none means image, root file system and directory.
	In []artifact.Kind
	// NoSymlink says that a name which is a symbolic link is not followed: the file is found under its own name, as that of an Executable always is. To
	// follow a link to a file that nobody claims costs another walk over a layer.
	NoSymlink bool
	// Stream says that Extract reads the file front to back with Reader, in constant memory: it is not buffered and
	// may be larger than Limits.FileBytes.
	Stream bool
	// RandomAccess says that Extract reads only parts of the file, with ReaderAt: where the source has random access it is
	// not buffered and may be larger than Limits.FileBytes. Elsewhere it is buffered, as for other claims. Together with Stream
	// it is a wish: what is too large to be buffered comes as a stream, and ReaderAt is nil.
	RandomAccess bool
	// Head, if set, must also hold for the first bytes of the content, at most HeadBytes. It keeps scripts from being buffered for those who
	// look for machine code.
	Head func(head []byte) bool
}

// HeadBytes is how much of a file Claim.Head sees; fewer where the file is shorter.
const HeadBytes = 16

// File is one claimed file. It is valid during Extract only.
type File struct {
	Path string      // clean, relative to the root
	Size int64       //
	Mode fs.FileMode // permission bits

	content artifact.Content
	bytes   []byte
}

// Bytes is the whole content, at most Limits.FileBytes; not for claims with Stream or RandomAccess. The slice must not be
// kept or changed; strings made from it are copies.
func (f *File) Bytes() []byte { return f.bytes }

// Reader reads the content from its beginning, once. For all claims.
func (f *File) Reader() io.Reader {
	if f.content == nil {
		return newBytesReader(f.bytes)
	}
	return f.content.Reader()
}

// ReaderAt gives random access; nil where the content is a stream (only for claims with Stream). For other claims it is
// never nil.
func (f *File) ReaderAt() io.ReaderAt {
	if f.content == nil {
		return newBytesReader(f.bytes)
	}
	return f.content.ReaderAt()
}

// NewFile makes a file from bytes in memory, for tests and for callers outside a walk.
func NewFile(path string, content []byte, mode fs.FileMode) *File {
	return &File{Path: path, Size: int64(len(content)), Mode: mode, bytes: content}
}

// NewStreamFile makes a file whose content is offered as a stream claim would see it.
func NewStreamFile(path string, content artifact.Content, size int64, mode fs.FileMode) *File {
	return &File{Path: path, Size: size, Mode: mode, content: content}
}

// Facts collect what an extractor read from one file. The zero value is ready.
type Facts struct {
	// Packages found. Name, Version, Ecosystem and what the file tells are set; Evidence (but for Detail: an extractor may set one entry
	// with nothing but that for each place in the file that says so), Layer, RemovedIn, Owner and, for OS
	// packages, PURL and the Debian/Ubuntu part of Ecosystem are filled in by the merge, which knows the distribution:
	// an OS extractor sets Ecosystem to its family's head (Debian for dpkg, Alpine for apk).
	// PURL of a language package is set by the extractor.
	Packages []inventory.Package
	// Distro, from an os-release file.
	Distro *inventory.Distro
	// Owned are files that an OS package brought.
	Owned []Owned
	// Diverted are files that OS packages have under another name than their lists say.
	Diverted []Diversion
	// Alone are reports that count where a container sees no file of a name beside.
	Alone []Alone
	// Licenses of OS packages that stand in another file than the package.
	Licenses []License
	// Incomplete are parts of the file that were not understood; Path and Layer are filled in by the walker where empty.
	Incomplete []artifact.Incomplete
}

// Owned lists files of one OS package.
type Owned struct {
	Package string   // name, as in Packages
	Arch    string   // where the package manager installs one name for several architectures; else empty
	Paths   []string // relative to the root, clean, files only where that is known
}

// Diversion renames a file of all OS packages but one, which has a file of its own under that name. Paths are as in Owned.
type Diversion struct {
	From, To string
	By       string // the package; empty where the administrator did it
}

// Alone is a report about a file that has no companion: an extractor sees one file only.
type Alone struct {
	Without string // path of the companion
	Reason  artifact.Reason
	Detail  string
}

// License gives licences to the OS package of that name.
type License struct {
	Package  string
	Licenses []string
}

// Report notes a part of the file that was not understood.
func (f *Facts) Report(reason artifact.Reason, detail string) {
	f.Incomplete = append(f.Incomplete, artifact.Incomplete{Reason: reason, Detail: detail})
}

// bytesReader is both ways into a slice.
func newBytesReader(b []byte) *bytes.Reader { return bytes.NewReader(b) }
