package vulndb

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// FormatVersion is the version of the file format which this package reads and writes.
const FormatVersion = 1

// ErrCorrupt is wrapped by errors about a file that is not a database, is cut short, or is damaged.
var ErrCorrupt = errors.New("database is damaged")

// ErrVersion is wrapped by errors about a database of another format version.
var ErrVersion = errors.New("database has another format version")

// DB is an open database.
type DB struct{}

var errTODO = errors.ErrUnsupported

// Open opens the database file at path. Its error wraps fs.ErrNotExist where there is none, [ErrVersion] when the file is of another
// format version, and [ErrCorrupt] when it is not a whole database. Open reads only the front of the file; [DB.Verify] reads everything.
func Open(path string) (*DB, error) { return nil, errTODO }

// OpenBytes opens a database that lies in memory. The bytes must not change while it is in use.
func OpenBytes(b []byte) (*DB, error) { return nil, errTODO }

// Starter opens the small database that is embedded in the binary.
func Starter() (*DB, error) { return nil, errTODO }

// Close frees the file. No other method may run at the same time or later.
func (db *DB) Close() error { return nil }

// Meta says which database this is.
func (db *DB) Meta() vuln.Database { return vuln.Database{} }

// Namespaces lists the namespaces that have packages, sorted.
func (db *DB) Namespaces() []string { return nil }

// HasNamespace says whether the database knows any package of the namespace.
func (db *DB) HasNamespace(ns string) bool { return false }

// Package gives what the database says of a package; false when it says nothing.
func (db *DB) Package(namespace, name string) (*Package, bool, error) { return nil, false, errTODO }

// Vulnerability gives the record of a vulnerability, without Details and References.
func (db *DB) Vulnerability(o Ordinal) (*vuln.Vulnerability, error) { return nil, errTODO }

// Details gives the text and the references of a vulnerability.
func (db *DB) Details(o Ordinal) (details string, refs []vuln.Reference, err error) {
	return "", nil, errTODO
}

// Lookup finds vulnerabilities by any id or alias in any case, in the order of ordinals: several for an advisory that
// covers several, none for an id that is not known.
func (db *DB) Lookup(id string) ([]Ordinal, error) { return nil, errTODO }

// Affected lists the packages that a vulnerability is about, by namespace and name. It stops after the first error.
func (db *DB) Affected(o Ordinal) iter.Seq2[AffectedPackage, error] {
	return func(yield func(AffectedPackage, error) bool) { yield(AffectedPackage{}, errTODO) }
}

// Verify reads the whole file: its checksum, and every record and cross reference.
func (db *DB) Verify(ctx context.Context) error { return errTODO }

// Input is one feed and where its files are.
type Input struct {
	Feed feed.Feed
	Raw  feed.Raw
}

// BuildOptions are the settings of a build.
type BuildOptions struct {
	Starter  bool                         // marks the database as the starter; default false
	AsOf     time.Time                    // overrides the newest feed's own timestamp; default none
	Progress func(feed string, count int) // called now and then, never concurrently, with the advisories read so far; default none
}

// Report says what a build read and wrote.
type Report struct {
	Feeds           []FeedReport
	Vulnerabilities int
	Packages        int // distinct (namespace, package)
	Rows            int
	Bytes           int64
	Checksum        string
}

// FeedReport says what a build read from one feed.
type FeedReport struct {
	Name       string
	AsOf       time.Time
	Advisories int
	Withdrawn  int            // of them, withdrawn: they contribute nothing
	Skipped    int            // records that could not be read
	Examples   []feed.Skipped // the first of the skipped
}

// Build reads all inputs and writes the database file at out. A database that was there stays whole until the new one takes its place.
func Build(ctx context.Context, out string, inputs []Input, opts BuildOptions) (Report, error) {
	return Report{}, errTODO
}

// BuildTo builds like [Build], but writes the bytes of the database to w.
func BuildTo(ctx context.Context, w io.Writer, inputs []Input, opts BuildOptions) (Report, error) {
	return Report{}, errTODO
}

// BuildBytes builds a database from advisories that are at hand, each under its own Feed: the way to make a small
// database for a test, or the starter.
//
//	b, err := vulndb.BuildBytes(ctx, vulndb.BuildOptions{}, advisories...)
//	db, err := vulndb.OpenBytes(b)
func BuildBytes(ctx context.Context, opts BuildOptions, advisories ...vuln.Advisory) ([]byte, error) {
	return nil, errTODO
}
