package artifact

import (
	"context"
	"io"
	"io/fs"
	"time"
)

// Source is an opened artifact. It is not changed by reading; its layers may be read side by side and more than once.
// Close releases files and connections and may be called once, after all reads have ended.
type Source interface {
	// Artifact describes what was opened.
	Artifact() Artifact
	// Layers are the readable layers, lowest first, aligned with Artifact().Layers. A root file system has one.
	Layers() []LayerReader
	Close() error
}

// LayerReader reads one layer.
type LayerReader interface {
	// Walk calls visit for each entry, in the order of the archive (or of the tree), on the calling goroutine, and
	// stops at the first error that visit returns. [fs.SkipAll] ends the walk without an error.
	//
	// An Entry and its contents are valid only during the call of visit. Damage in the middle of a layer is returned
	// as an error after the entries before it were visited; errors wrap [ErrCorrupt], [ErrLimit] or the cause, and
	// are told apart by [AsIncomplete].
	//
	// Walk may be called again, also at the same time from other goroutines; a remote layer is then fetched again.
	Walk(ctx context.Context, visit func(*Entry) error) error
}

// Reporter is an optional ability of a [Source]: what was left out or found odd when the artifact was opened, such as
// layers past Limits.Layers. What is met while reading a layer is returned by Walk instead.
type Reporter interface {
	Incomplete() []Incomplete
}

// Ordered is an optional ability of a [Source] whose layers lie one behind the other in one stream: they can be read one at a
// time only, and cost a single pass when they are read in this order.
type Ordered interface {
	Order() []int // indexes into Layers
}

// Type is the type of an entry.
type Type uint8

// The types of entry that matter to a merged file system.
const (
	File     Type = iota + 1
	Dir           // a directory
	Symlink       // Link holds the target as written
	Hardlink      // Link holds the path of the target inside the archive, clean
	Whiteout      // Path names what is deleted from the layers below (the prefix .wh. is taken off)
	Opaque        // Path names a directory whose contents in the layers below are hidden
	Other         // device, FIFO, socket
)

// Entry is one entry of a layer.
type Entry struct {
	Path    string      // slash-separated, clean, relative to the root, never starting with / or .. ; "." is the root
	Type    Type        //
	Link    string      // for Symlink and Hardlink
	Size    int64       // bytes of content, for File
	Mode    fs.FileMode // permission bits
	Escaped string      // the name as written, where it left the root and was brought inside; else empty

	// Content is set for File only.
	Content Content

	// Err is set when the entry is known but could not be read (permission, I/O, vanished meanwhile); Type may then be
	// zero. It is for the result's incomplete list: see [AsIncomplete].
	Err error
}

// Content is a file's bytes. Exactly one of the two ways is offered by a source; both are valid during visit only.
type Content interface {
	// Reader reads the content once, from its beginning. Further calls continue where the last left off.
	Reader() io.Reader
	// ReaderAt gives random access, or nil where the bytes come from a stream.
	ReaderAt() io.ReaderAt
}

// Limits bound what a hostile or huge artifact may cost. Zero fields mean the default, a negative one no limit.
type Limits struct {
	FileBytes   int64         // largest file that is buffered in memory for an extractor; default 128 MiB
	BufferBytes int64         // all buffered files at one time; default 128 MiB
	TotalBytes  int64         // decompressed bytes of an artifact; default 64 GiB
	Ratio       int64         // decompressed : compressed of a layer, looked at past 256 MiB; default 200
	Files       int64         // entries of an artifact; default 5,000,000
	Layers      int           // default 1,000
	Nesting     int           // archives in archives, indexes in indexes, directories in directories count as documented; default 8
	Time        time.Duration // of reading one artifact; default 10 minutes
}

// WithDefaults fills the zero fields and turns negative ones into the largest value.
func (l Limits) WithDefaults() Limits {
	fill := func(p *int64, d int64) {
		switch {
		case *p == 0:
			*p = d
		case *p < 0:
			*p = 1<<63 - 1
		}
	}
	fill(&l.FileBytes, 128<<20)
	fill(&l.BufferBytes, 128<<20)
	fill(&l.TotalBytes, 64<<30)
	fill(&l.Ratio, 200)
	fill(&l.Files, 5_000_000)
	layers, nesting, d := int64(l.Layers), int64(l.Nesting), int64(l.Time)
	fill(&layers, 1000)
	fill(&nesting, 8)
	fill(&d, int64(10*time.Minute))
	l.Layers, l.Nesting, l.Time = int(layers), int(nesting), time.Duration(d)
	return l
}
