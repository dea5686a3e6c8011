package vulndb

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Input is one feed and where its files are.
type Input struct {
	Feed feed.Feed
	Raw  feed.Raw
}

// BuildOptions are the settings of a build.
type BuildOptions struct {
	// Starter marks the database as the starter; default false.
	Starter bool
	// AsOf stands in for the newest timestamp of the feeds; default none.
	AsOf time.Time
	// Progress is called now and then, from one goroutine, with the number of advisories that were read of a feed; default none.
	Progress func(feed string, count int)
}

// Report says what a build read and wrote.
type Report struct {
	Feeds           []FeedReport // in the order of inputs
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
	Advisories int            // read, withdrawn ones included
	Withdrawn  int            // they contribute nothing
	Skipped    int            // records that could not be used
	Examples   []feed.Skipped // the first of them
	Missing    error          // why there was nothing to read: a mirror need not have every feed
}

const (
	maxExamples   = 20
	progressEvery = 1000
)

// BuildTo reads all inputs and writes the bytes of a database to w. A feed whose files are not there is left out and
// reported, unless all are; any other error of a feed ends the build. The same feeds give the same bytes, whatever
// the order of inputs.
//
// Much of what is read waits in memory for its turn: some 2 GiB for all public feeds. [Build] needs less.
func BuildTo(ctx context.Context, w io.Writer, inputs []Input, opts BuildOptions) (Report, error) {
	b, err := prepare(ctx, &spill{}, sources(inputs), opts)
	if err == nil {
		err = b.write(w)
	}
	return b.report, err
}

// BuildBytes builds a database from advisories that are at hand, each under its own Feed: the way to make a small
// database for a test.
//
//	b, err := vulndb.BuildBytes(ctx, vulndb.BuildOptions{}, vuln.Advisory{
//		Feed: "osv/npm", ID: "GHSA-aaaa-bbbb-cccc", Aliases: []string{"CVE-2024-0001"},
//		Affected: []vuln.Affected{{Namespace: "npm", Package: "left-pad", Ranges: []vuln.Range{{Fixed: "1.3.0"}}}},
//	})
//	db, err := vulndb.OpenBytes(b)
func BuildBytes(ctx context.Context, opts BuildOptions, advisories ...vuln.Advisory) ([]byte, error) {
	byFeed := map[string][]*vuln.Advisory{}
	var names []string
	for i := range advisories {
		a := &advisories[i]
		if byFeed[a.Feed] == nil {
			names = append(names, a.Feed)
		}
		byFeed[a.Feed] = append(byFeed[a.Feed], a)
	}
	var list []source
	for _, n := range names {
		list = append(list, source{info: vuln.FeedInfo{Name: n}, parse: func(_ context.Context, emit func(*vuln.Advisory) error, _ func(feed.Skipped)) error {
			for _, a := range byFeed[n] {
				if err := emit(a); err != nil {
					return err
				}
			}
			return nil
		}})
	}
	b, err := prepare(ctx, &spill{}, list, opts)
	if err != nil {
		return nil, err
	}
	for _, f := range b.report.Feeds {
		if f.Skipped > 0 {
			return nil, fmt.Errorf("building a database: advisory %s: %s", f.Examples[0].Record, f.Examples[0].Reason)
		}
	}
	var w bytes.Buffer
	if err := b.write(&w); err != nil {
		return nil, err
	}
	return w.Bytes(), nil
}

// source is a feed as the build sees it.
type source struct {
	info  vuln.FeedInfo
	asOf  func() (time.Time, error) // nil: from the records
	parse func(context.Context, func(*vuln.Advisory) error, func(feed.Skipped)) error
}

func sources(inputs []Input) []source {
	list := make([]source, len(inputs))
	for i, in := range inputs {
		about := in.Feed.About()
		list[i] = source{
			info: vuln.FeedInfo{Name: in.Feed.Name(), License: about.License, URL: about.URL},
			parse: func(ctx context.Context, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
				return in.Feed.Parse(ctx, in.Raw, emit, skip)
			},
		}
		if d, ok := in.Feed.(feed.Dated); ok {
			list[i].asOf = func() (time.Time, error) { return d.AsOf(in.Raw) }
		}
	}
	return list
}

// built is a database before it is written.
type built struct {
	front  *front
	report Report
}

func (b *built) write(w io.Writer) (err error) {
	b.report.Bytes, err = b.front.write(w)
	b.report.Checksum = b.front.meta.Checksum
	if err != nil {
		return fmt.Errorf("writing a database: %w", err)
	}
	return nil
}

// prepare does all but writing.
func prepare(ctx context.Context, s *spill, list []source, opts BuildOptions) (built, error) {
	var b built
	names := make([]string, len(list))
	for i, in := range list {
		names[i] = in.info.Name
	}
	slices.Sort(names)
	if n := len(names); n > 0 && (len(slices.Compact(slices.Clone(names))) != n || names[0] == "") {
		return b, fmt.Errorf("building a database: feeds without a name, or of the same name, among %s", strings.Join(names, ", "))
	}
	c := newCollector(s)
	b.front = &front{meta: vuln.Database{Starter: opts.Starter}, feeds: names}
	meta := &b.front.meta
	missing := 0
	for _, in := range list {
		number, _ := slices.BinarySearch(names, in.info.Name)
		r, err := c.read(ctx, number, in, opts.Progress)
		if err != nil {
			return b, fmt.Errorf("building a database: feed %s: %w", in.info.Name, err)
		}
		b.report.Feeds = append(b.report.Feeds, r)
		if r.Missing != nil {
			missing++
		}
		in.info.AsOf, in.info.Advisories, in.info.Skipped = r.AsOf, r.Advisories, r.Skipped
		meta.Feeds = append(meta.Feeds, in.info)
		if r.AsOf.After(meta.AsOf) {
			meta.AsOf = r.AsOf
		}
	}
	if missing > 0 && missing == len(list) {
		return b, fmt.Errorf("building a database: no feed is there: %w", b.report.Feeds[0].Missing)
	}
	if !opts.AsOf.IsZero() {
		meta.AsOf = opts.AsOf
	}
	slices.SortFunc(meta.Feeds, func(a, b vuln.FeedInfo) int { return strings.Compare(a.Name, b.Name) })

	e := &encoder{front: b.front, c: c, heap: heap{refs: map[string]uint32{}}}
	if err := e.encode(ctx); err != nil {
		return b, fmt.Errorf("building a database: %w", err)
	}
	b.report.Vulnerabilities, b.report.Packages, b.report.Rows = e.vulns, e.packages, e.rows
	return b, nil
}

// read takes all advisories of one feed.
func (c *collector) read(ctx context.Context, number int, in source, progress func(string, int)) (FeedReport, error) {
	r := FeedReport{Name: in.info.Name}
	skip := func(s feed.Skipped) {
		if r.Skipped++; len(r.Examples) < maxExamples {
			r.Examples = append(r.Examples, s)
		}
	}
	var newest time.Time
	err := in.parse(ctx, func(a *vuln.Advisory) error {
		a.Feed = in.info.Name
		if err := c.add(number, a); errors.Is(err, errUnusable) {
			skip(feed.Skipped{Record: a.ID, Reason: err.Error()})
			return nil
		} else if err != nil {
			return err
		}
		if r.Advisories++; r.Advisories%progressEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if progress != nil {
				progress(r.Name, r.Advisories)
			}
		}
		if !a.Withdrawn.IsZero() {
			r.Withdrawn++
		}
		if at := newestOf(a); at.After(newest) {
			newest = at
		}
		return nil
	}, skip)
	switch {
	case errors.Is(err, fs.ErrNotExist) && r.Advisories == 0:
		r.Missing = err
		return r, nil
	case err != nil:
		return r, err
	}
	if progress != nil {
		progress(r.Name, r.Advisories)
	}
	if in.asOf != nil {
		if r.AsOf, err = in.asOf(); err != nil {
			return r, err
		}
	}
	if r.AsOf.IsZero() {
		r.AsOf = newest
	}
	return r, nil
}

// newestOf gives the last time at which something happened to a record.
func newestOf(a *vuln.Advisory) time.Time {
	at := a.Modified
	later := func(t time.Time) {
		if t.After(at) {
			at = t
		}
	}
	later(a.Published)
	later(a.Withdrawn)
	if a.KEV != nil {
		later(a.KEV.Added)
	}
	if a.EPSS != nil {
		later(a.EPSS.At)
	}
	for _, e := range a.Exploits {
		later(e.Published)
		later(e.Disclosed)
	}
	return at
}

// order gives the numbers of records by feed and id, which no order of inputs changes.
func (c *collector) order() []int32 {
	order := make([]int32, len(c.records))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(c.records[a].feed, c.records[b].feed), compareIDs(c.ids[a].id, c.ids[b].id))
	})
	return order
}
