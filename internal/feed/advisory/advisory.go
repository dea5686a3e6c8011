// Package advisory reads the repositories in which communities of languages keep their own advisories: RubySec, FriendsOfPHP, the Python Packaging
// Authority, RustSec, the Haskell Security Response Team, and what Kubernetes says of itself. It promises intervals that hold exactly the versions which the repository's own tool
// calls affected, where this package's comments do not say otherwise, and the terms of each in [feed.About].
//
// Osv.dev has the records of PyPA, RustSec and Haskell as they are here: reading both changes no answer and costs the time twice. Those of RubySec and
// FriendsOfPHP it does not have; GitHub's database covers most of the same vulnerabilities with ranges of its own.
package advisory

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Bounds of a record.
const (
	maxRecord     = 4 << 20
	maxReferences = 1000
	maxVersions   = 10_000 // constraints of a record
	maxTitle      = 300    // bytes
)

// repository is an archive of a repository with a file for each record.
type repository struct {
	name    string
	about   feed.About
	url     string
	path    string
	wanted  func(name string) bool
	decoder func(feed string) tarball.Decoder
}

func (r *repository) Name() string      { return r.name }
func (r *repository) About() feed.About { return r.about }

func (r *repository) Resources() []feed.Resource {
	return []feed.Resource{{URL: r.url, Path: r.path, Optional: true}}
}

func (r *repository) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	f, err := raw.Open(r.path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", r.path, err)
	}
	defer f.Close()
	if err := tarball.Parse(ctx, f, r.path, r.wanted, func() tarball.Decoder { return r.decoder(r.name) }, emit, skip); err != nil {
		return fmt.Errorf("reading %s: %w", r.path, err)
	}
	return nil
}

// oneLine makes a title of what may have line breaks.
func oneLine(s string) string {
	if len(s) > maxTitle {
		s = strings.ToValidUTF8(s[:maxTitle], "") + "…"
	}
	return strings.Join(strings.Fields(s), " ")
}

// reference adds a link, each once.
func reference(a *vuln.Advisory, kind, url string) {
	url = strings.TrimSpace(url)
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") || len(a.References) >= maxReferences {
		return
	}
	for _, r := range a.References {
		if r.URL == url {
			return
		}
	}
	a.References = append(a.References, vuln.Reference{Type: kind, URL: url})
}

// day reads a date or a time; anything else is zero.
func day(s string) time.Time {
	for _, layout := range []string{time.DateOnly, time.DateTime, time.RFC3339} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil && t.Year() > 1 {
			return t.UTC()
		}
	}
	return time.Time{}
}
