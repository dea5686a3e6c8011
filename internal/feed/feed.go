// Package feed holds the contract of vulnerability feeds and the store of raw files as upstream publishes them (the
// mirror). It promises that each feed reads the upstream's own format from its own URL, that a mirror folder laid out by
// those URLs gives the same answer, and that a broken record is counted and named but does not sink a feed. The members of its
// family know the formats; feed/all lists them. Joining records is vulndb's work.
package feed

import (
	"context"
	"io"
	"io/fs"
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// Feed reads one upstream.
type Feed interface {
	// Name is short and stable: "osv/Debian", "nvd", "cisa-kev", "epss", "exploit-db", "alpine-secdb".
	Name() string
	// About says who publishes the feed and under which terms.
	About() About
	// Resources lists the upstream files, in a stable order. Those of a year or release that is not there upstream are Optional.
	Resources() []Resource
	// Parse reads the files of the feed from raw, in the order of Resources, and calls emit for each record. It stops at the first error that emit
	// returns. Records that cannot be understood are told to skip, and Parse goes on; it returns an error only when a file as a
	// whole cannot be read, or when all of its records were skipped. It works in memory bounded by its largest record, or file where
	// the format allows no better, for any bytes.
	Parse(ctx context.Context, raw Raw, emit func(*vuln.Advisory) error, skip func(Skipped)) error
}

// About describes a feed.
type About struct {
	Publisher string
	License   string // SPDX id or the upstream's own words
	URL       string // where a person reads about it
}

// Resource is one upstream file.
type Resource struct {
	URL      string // https URL of the upstream: of the file, or of the first Index
	Path     string // the file's place in a mirror, slash-separated: "osv/Debian/all.zip"
	Optional bool   // may be missing
	// Index leads from URL to the file, step by step, where upstream's name for it changes. A mirror has the file at its Path and no index.
	Index []Step
	// MirrorOnly says that upstream publishes what is in the file, at URL, but no such file: only mirrors have it.
	MirrorOnly bool
	// Sum is the name of the checksum file which upstream puts beside this one, in the same folder; empty where there is none.
	// What ends in ".meta" is NVD's kind, with the SHA-256 of the contents before gzip; else it is sha256sum's.
	Sum string
}

// Dated is a feed whose files carry a timestamp of their own.
type Dated interface {
	Feed
	// AsOf gives the newest timestamp of the feed's files; zero when there is none. It reads no more than their heads.
	AsOf(raw Raw) (time.Time, error)
}

// Raw gives a feed its files.
type Raw interface {
	// Open opens the file at a Resource's Path. The file also implements io.ReaderAt where it is on disk.
	// A missing file is an error that wraps fs.ErrNotExist.
	Open(path string) (File, error)
}

// File is an opened raw file.
type File interface {
	io.ReadCloser
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// Skipped is a record that could not be understood.
type Skipped struct {
	Path   string // of the resource
	Record string // id or position
	Reason string
}
