package osv

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Archive is a tar archive of records in the OSV format, one in each file, as repositories of advisories are published.
type Archive struct {
	Name     string // of the feed
	About    feed.About
	Resource feed.Resource
	Prefix   string // of the names of files that hold records: "GHSA-"; empty: all with the suffix
	Suffix   string // of those names; empty: ".json"
	// JSON makes OSV's JSON of the text of a file, for repositories that write the same members in another form; nil where they are JSON already.
	JSON func(text []byte) ([]byte, error)
}

// NewArchive gives the feed of an archive.
func NewArchive(a Archive) feed.Feed { return &archive{a} }

// GitHub gives GitHub's database of advisories from its own repository. OSV's ecosystems hold the same reviewed advisories, mostly within the hour, so it is an
// alternative to them for who may not reach osv.dev, and no addition. Advisories that GitHub did not review repeat NVD and name no packages: they are left out.
func GitHub() feed.Feed {
	return NewArchive(Archive{
		Name:  "ghsa",
		About: feed.About{Publisher: "GitHub Advisory Database", License: "CC-BY-4.0", URL: "https://github.com/github/advisory-database"},
		Resource: feed.Resource{
			URL:      "https://github.com/github/advisory-database/archive/main.tar.gz",
			Path:     "github/github/advisory-database/main.tar.gz",
			Optional: true,
		},
		Prefix: "GHSA-",
	})
}

type archive struct{ Archive }

func (a *archive) Name() string               { return a.Archive.Name }
func (a *archive) About() feed.About          { return a.Archive.About }
func (a *archive) Resources() []feed.Resource { return []feed.Resource{a.Resource} }

func (a *archive) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	at := a.Resource.Path
	f, err := raw.Open(at)
	if err != nil {
		return fmt.Errorf("reading %s: %w", at, err)
	}
	defer f.Close()
	suffix := cmp.Or(a.Suffix, ".json")
	wanted := func(name string) bool {
		name = path.Base(name)
		return strings.HasSuffix(name, suffix) && strings.HasPrefix(name, a.Prefix)
	}
	err = tarball.Parse(ctx, f, at, wanted, func() tarball.Decoder { return single{newDecoder(a.Name()), a.JSON} }, emit, skip)
	if err != nil {
		return fmt.Errorf("reading %s: %w", at, err)
	}
	return nil
}

// single is a decoder of files that hold one record.
type single struct {
	*decoder
	json func([]byte) ([]byte, error)
}

func (d single) Decode(_ string, b []byte) ([]*vuln.Advisory, error) {
	if len(b) > feed.MaxRecord {
		return nil, fmt.Errorf("more than %d bytes", feed.MaxRecord)
	}
	if len(b) == 0 {
		return nil, errEmpty
	}
	if d.json != nil {
		var err error
		if b, err = d.json(b); err != nil {
			return nil, err
		}
	}
	a, err := d.advisory(b)
	if err != nil || a == nil || d.rec.Specific.Reviewed == "false" {
		return nil, err
	}
	return []*vuln.Advisory{a}, nil
}
