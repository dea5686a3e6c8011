package feed

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/outbound"
)

// FetchOptions are the settings of a fetch.
type FetchOptions struct {
	// BaseURL is a mirror's: a resource is then at its Path below it, instead of where its URL and Index lead. Default upstream.
	BaseURL string
	// Parallel is how many files are fetched side by side; default 4.
	Parallel int
	// MaxBytes is the most that one file may hold; default 4 GiB: the largest public one holds some hundred MiB, and grows.
	MaxBytes int64
	// Progress is told how far each file is, one call at a time; default none.
	Progress func(Progress)
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Progress is how far a file is.
type Progress struct {
	Path  string
	Done  int64 // bytes at hand
	Total int64 // bytes of the whole; -1 when not known
}

// Outcome is what became of a file.
type Outcome uint8

// The outcomes.
const (
	Failed    Outcome = iota // could not be fetched; what was at hand before is kept
	Updated                  // new bytes are there
	Unchanged                // the copy at hand is what upstream has
	Missing                  // optional, and not there upstream, or its index is not; what was at hand before is kept
)

var outcomeNames = [...]string{"failed", "updated", "unchanged", "missing"}

// String is the lower-case word.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "unknown"
}

// Fetched is what became of one resource.
type Fetched struct {
	Resource   Resource
	Outcome    Outcome
	Downloaded int64 // bytes that were read now; less than Size where a former try had read a part
	Size       int64 // of the file at hand; 0 when there is none
	Err        error // of Failed
}

// FetchReport says what became of each resource, in the order in which they were given.
type FetchReport struct {
	Files []Fetched
}

// Count tells how many resources had an outcome.
func (r FetchReport) Count(o Outcome) int {
	n := 0
	for _, f := range r.Files {
		if f.Outcome == o {
			n++
		}
	}
	return n
}

// Fetch brings the folder dir up to date with upstream: it asks for each resource whether it changed and downloads what did. A file
// at its Path is always whole, the old one or the new one, whenever the program is killed; a download that was cut off goes on where it
// ended. Beside the files it keeps "<Path>.state" and, during a download, "<Path>.part".
//
// One resource that fails does not keep others from being fetched. The error joins the failures of resources that are not optional; those
// that wrap [artifact.ErrUnreachable] may pass by themselves, [artifact.ErrCorrupt] says that what came is not what
// upstream vouches for, [artifact.ErrLimit] that MaxBytes is too small, and [ErrBusy] that another fetch is at work in dir. The report is good
// with any error.
func Fetch(ctx context.Context, client *outbound.Client, dir string, res []Resource, opts FetchOptions) (FetchReport, error) {
	if opts.Parallel <= 0 {
		opts.Parallel = 4
	}
	if opts.MaxBytes <= 0 {
		opts.MaxBytes = 4 << 30
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	report := FetchReport{Files: make([]Fetched, len(res))}
	for i, r := range res {
		report.Files[i] = Fetched{Resource: r, Err: errNotTried}
	}
	var base *url.URL
	if opts.BaseURL != "" {
		var err error
		if base, err = url.Parse(opts.BaseURL); err != nil {
			return report, errors.New("fetching feeds: the mirror's address is not a URL")
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return report, fmt.Errorf("making the folder of feeds: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return report, fmt.Errorf("opening the folder of feeds: %w", err)
	}
	defer root.Close()
	unlock, err := lock(root)
	if err != nil {
		return report, err
	}
	defer unlock()

	var mu sync.Mutex
	progress := func(p Progress) {
		if opts.Progress != nil {
			mu.Lock()
			defer mu.Unlock()
			opts.Progress(p)
		}
	}
	g := new(errgroup.Group)
	g.SetLimit(opts.Parallel)
	for i, r := range res {
		g.Go(func() error {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // the report says that this file was not tried
			}
			d := &download{
				client: client, root: root, res: r, name: filepath.FromSlash(r.Path),
				max: opts.MaxBytes, now: opts.Now, progress: progress,
			}
			d.start, d.steps = source(base, r)
			report.Files[i] = d.run(ctx)
			return nil
		})
	}
	_ = g.Wait() // its functions return no errors
	if err := ctx.Err(); err != nil {
		return report, err
	}
	var failures []error
	for _, f := range report.Files {
		if f.Outcome == Failed && !f.Resource.Optional {
			failures = append(failures, f.Err)
		}
	}
	return report, errors.Join(failures...)
}

// ErrBusy says that another fetch is at work in the folder.
var ErrBusy = errors.New("another update is at work in the folder of feeds; wait for its end")

var errNotTried = errors.New("not tried")

// source is where a resource is fetched from, empty where it is not to be had.
func source(base *url.URL, r Resource) (string, []Step) {
	switch {
	case base != nil:
		return base.JoinPath(r.Path).String(), nil
	case r.MirrorOnly:
		return "", nil
	}
	return r.URL, r.Index
}

// beside is the URL of another file in the same folder.
func beside(raw, name string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.RawQuery = ""
	return u.JoinPath("..", name).String()
}

// Failures lists the failed files of a report, for who wants to say them one by one.
func (r FetchReport) Failures() []Fetched {
	return slices.DeleteFunc(slices.Clone(r.Files), func(f Fetched) bool { return f.Outcome != Failed })
}

// errSum is a checksum that does not match.
func errSum(algorithm string) error {
	return fmt.Errorf("%w: the %s checksum is not the one that upstream gives; try again, and look for a proxy that changes downloads if it stays so",
		artifact.ErrCorrupt, algorithm)
}
