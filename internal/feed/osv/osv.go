// Package osv reads vulnerability records in the OSV format (https://ossf.github.io/osv-schema/) from the all.zip which
// osv.dev publishes for each ecosystem. It promises that the intervals it emits hold exactly the versions that the schema's evaluation calls
// affected, that the same records give the same advisories in the same order however the archive is ordered, and memory bounded for any bytes.
// Joining names of the same vulnerability is vulndb's work.
//
// What it leaves out of the records: ranges of commits (GIT), and packages for which nothing else is said; credits; names of
// binaries beside those of source packages; names that are merely "related", except in a distribution's notice, where they are what the notice is about;
// bug-fix and enhancement notices that name no vulnerability; listed versions which the ranges of the same record hold anyway.
package osv

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Bounds of an archive. The biggest of today hold 300,000 records and a few GiB.
const (
	maxRecords = 4 << 20
	maxTotal   = 64 << 30
	workers    = 2
	batchBytes = 256 << 10
)

// New gives the feed of an OSV ecosystem: "Debian", "npm", "Rocky Linux".
func New(ecosystem string) feed.Feed { return &source{ecosystem: ecosystem} }

// The ecosystems that are read unless somebody asks for others. Left out are those of which the publisher itself is a feed (Red Hat, SUSE, Azure Linux: twice
// the size for the same facts), whose terms do not allow to ship them (Wolfi, Chainguard), of which no image holds packages (GitHub Actions, GHC, OSS-Fuzz, Android),
// and which have no records (ConanCenter).
var (
	distributions = []string{"Debian", "Ubuntu", "Alpine", "AlmaLinux", "Rocky Linux"}
	languages     = []string{"npm", "PyPI", "Go", "Maven", "RubyGems", "crates.io", "Packagist", "NuGet"}
	small         = []string{"openSUSE", "Hex", "Pub", "CRAN", "SwiftURL", "Hackage", "Bitnami"} // a mirror may lack them
)

// Default lists the feeds of the ecosystems that are read unless somebody asks for others: distributions first.
func Default() []feed.Feed {
	var out []feed.Feed
	for _, e := range slices.Concat(distributions, languages, small) {
		out = append(out, New(e))
	}
	return out
}

type source struct{ ecosystem string }

func (s *source) Name() string { return "osv/" + s.ecosystem }

func (s *source) About() feed.About {
	a := feed.About{Publisher: "OSV", License: "as stated by the database of each record", URL: "https://osv.dev/list?ecosystem=" + url.QueryEscape(s.ecosystem)}
	switch s.ecosystem {
	case "npm":
		a.Publisher, a.License = "GitHub Advisory Database (CC-BY-4.0) and OpenSSF Malicious Packages (Apache-2.0), through OSV", "CC-BY-4.0 AND Apache-2.0"
	case "Maven", "RubyGems", "Packagist", "NuGet", "Pub", "SwiftURL", "GitHub Actions":
		a.Publisher, a.License = "GitHub Advisory Database, through OSV", "CC-BY-4.0"
	case "Hex":
		a.Publisher, a.License = "GitHub Advisory Database and Erlang Ecosystem Foundation, through OSV", "CC-BY-4.0"
	case "CRAN":
		a.Publisher, a.License = "R Consortium Advisory Database, through OSV", "Apache-2.0"
	case "Hackage", "GHC":
		a.Publisher, a.License = "Haskell Security Response Team, through OSV", "CC0-1.0"
	case "Bitnami":
		a.Publisher, a.License = "Bitnami Vulnerability Database, through OSV", "Apache-2.0"
	case "openSUSE", "SUSE":
		a.Publisher, a.License = "SUSE, through OSV", "CC-BY-4.0"
	case "PyPI":
		a.Publisher, a.License = "Python Packaging Advisory Database and GitHub Advisory Database, through OSV", "CC-BY-4.0"
	case "Go":
		a.Publisher, a.License = "Go Vulnerability Database and GitHub Advisory Database, through OSV", "CC-BY-4.0"
	case "crates.io":
		a.Publisher, a.License = "RustSec (CC0-1.0) and GitHub Advisory Database, through OSV", "CC0-1.0 AND CC-BY-4.0"
	case "Ubuntu":
		a.Publisher, a.License = "Ubuntu Security Team, through OSV", "CC-BY-SA-4.0"
	case "AlmaLinux":
		a.Publisher, a.License = "AlmaLinux, through OSV", "MIT"
	case "Rocky Linux":
		a.Publisher, a.License = "Rocky Enterprise Software Foundation, through OSV", "BSD-3-Clause"
	case "Debian":
		a.Publisher, a.License = "Debian Security Tracker, through OSV", "no licence stated"
	case "Alpine":
		a.Publisher, a.License = "Alpine Linux, through OSV", "no licence stated"
	}
	return a
}

func (s *source) Resources() []feed.Resource {
	return []feed.Resource{{
		Optional: slices.Contains(small, s.ecosystem),

		URL:  "https://osv-vulnerabilities.storage.googleapis.com/" + url.PathEscape(s.ecosystem) + "/all.zip",
		Path: "osv/" + s.ecosystem + "/all.zip",
	}}
}

func (s *source) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	path := s.Resources()[0].Path
	f, err := raw.Open(path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	defer f.Close()
	files, err := records(f)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	p := &parse{feed: s.Name(), path: path, skip: skip, emit: emit}
	if err := p.run(ctx, batches(files)); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	if p.skipped > 0 && p.read == 0 {
		return fmt.Errorf("reading %s: %w: none of %d records could be understood", path, artifact.ErrCorrupt, p.skipped)
	}
	return nil
}

// records lists the archive's records by name.
func records(f feed.File) ([]*zip.File, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, st.Size())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	files := slices.DeleteFunc(z.File, func(f *zip.File) bool {
		return f.FileInfo().IsDir() || !strings.HasSuffix(f.Name, ".json")
	})
	if len(files) > maxRecords {
		return nil, &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("more than %d records", maxRecords)}
	}
	// Entries that share the same compressed bytes are how small archives become endless.
	var packed uint64
	for _, f := range files {
		if packed += f.CompressedSize64; f.CompressedSize64 > uint64(st.Size()) || packed > uint64(st.Size()) {
			return nil, &artifact.ErrLimit{Reason: artifact.RatioLimit, Detail: "entries of the archive overlap"}
		}
	}
	slices.SortStableFunc(files, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	return files, nil
}

// batches cuts the list so that handing over costs little beside decoding. A batch is at least one record.
func batches(files []*zip.File) [][]*zip.File {
	var out [][]*zip.File
	start, size := 0, uint64(0)
	for i, f := range files {
		if i > start && size+f.UncompressedSize64 > batchBytes {
			out = append(out, files[start:i])
			start, size = i, 0
		}
		size += min(f.UncompressedSize64, feed.MaxRecord)
	}
	if start < len(files) {
		out = append(out, files[start:])
	}
	return out
}

var errEmpty = errors.New("is empty")

// text decompresses one record into buf.
func text(f *zip.File, buf []byte) ([]byte, error) {
	if f.UncompressedSize64 > feed.MaxRecord {
		return buf, fmt.Errorf("more than %d bytes", feed.MaxRecord)
	}
	r, err := f.Open()
	if err != nil {
		return buf, err
	}
	defer r.Close()
	// The declared size is only a hint for the buffer until the bytes are there; archive/zip ends at it or fails.
	buf = slices.Grow(buf[:0], min(int(f.UncompressedSize64), 1<<20)+1)
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, len(buf))
		}
		n, err := r.Read(buf[len(buf):min(cap(buf), feed.MaxRecord+1)])
		buf = buf[:len(buf)+n]
		if len(buf) > feed.MaxRecord {
			return buf, fmt.Errorf("more than %d bytes", feed.MaxRecord)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return buf, err
		}
	}
	if len(buf) == 0 {
		return buf, errEmpty
	}
	return buf, nil
}

// idOf is the name of a record that could not be read: its file's name.
func idOf(f *zip.File) string { return strings.TrimSuffix(f.Name, ".json") }
