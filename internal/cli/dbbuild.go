package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// broken is a feed whose files are there and cannot be read.
type broken struct {
	feed string
	err  error
}

// guarded is a feed that can be left out of a build: it tells which of the build's errors are its own.
type guarded struct {
	feed.Feed
	leftOut error // why it is; nil: it is read
	failed  error // why it could not be read
}

// guardedDated is the same of a feed that has a date of its own.
type guardedDated struct {
	*guarded
	dated feed.Dated
}

// AsOf is the feed's own.
func (g guardedDated) AsOf(raw feed.Raw) (time.Time, error) {
	t, err := g.dated.AsOf(raw)
	if err != nil {
		g.failed = err
	}
	return t, err
}

// Parse reads the feed, or says that it is not there when it is left out.
func (g *guarded) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	if g.leftOut != nil {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, g.leftOut)
	}
	var ours error // of the build, such as a full disk
	read := 0
	err := g.Feed.Parse(ctx, raw, func(a *vuln.Advisory) error {
		if ours = emit(a); ours == nil {
			read++
		}
		return ours
	}, skip)
	if err != nil && ours == nil && ctx.Err() == nil && (read > 0 || !errors.Is(err, fs.ErrNotExist)) {
		g.failed = err
	}
	return err
}

// buildWithout builds the database from the feeds that can be read, and names the others. Records of a feed that turned out to be
// broken half way are not kept, so that the build begins again without it: that is rare, and nothing is told by halves.
func buildWithout(ctx context.Context, out string, raw feed.Raw, feeds []feed.Feed, opts vulndb.BuildOptions) (vulndb.Report, []broken, error) {
	list := make([]*guarded, len(feeds))
	inputs := make([]vulndb.Input, len(feeds))
	for i, f := range feeds {
		list[i] = &guarded{Feed: f}
		inputs[i] = vulndb.Input{Feed: list[i], Raw: raw}
		if d, ok := f.(feed.Dated); ok {
			inputs[i].Feed = guardedDated{list[i], d}
		}
	}
	var lost []broken
	for {
		report, err := vulndb.Build(ctx, out, inputs, opts)
		if err == nil || ctx.Err() != nil {
			return report, lost, err
		}
		more := false
		for _, g := range list {
			if g.failed != nil && g.leftOut == nil {
				g.leftOut, more = g.failed, true
				lost = append(lost, broken{g.Name(), g.failed})
			}
		}
		switch {
		case !more && len(lost) > 0: // nothing is left to build from
			return report, lost, fmt.Errorf("feed %s: %w", lost[0].feed, lost[0].err)
		case !more:
			return report, lost, err
		}
	}
}

// tellBroken says which feeds could not be read.
func (e *env) tellBroken(lost []broken) {
	for _, b := range lost {
		fmt.Fprintf(e.stderr, "sightline: warning: %s cannot be read, and is not in the database: %s\n", b.feed, printable(b.err.Error()))
	}
}

// namesOf lists feeds that could not be read.
func namesOf(lost []broken) string {
	names := make([]string, len(lost))
	for i, b := range lost {
		names[i] = b.feed
	}
	return strings.Join(names, ", ")
}

// statesOf lists the files by which updates remember what they fetched of feeds.
func statesOf(cache string, feeds []feed.Feed, lost []broken) (names []string) {
	for _, f := range feeds {
		for _, b := range lost {
			if b.feed != f.Name() {
				continue
			}
			for _, r := range f.Resources() {
				names = append(names, filepath.Join(cache, filepath.FromSlash(r.Path))+".state")
			}
		}
	}
	return names
}
