package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/outbound"
)

// download brings one file up to date.
type download struct {
	client      *outbound.Client
	root        *os.Root
	res         Resource
	start       string // where the steps begin
	steps       []Step // none with a mirror
	url, sumURL string // of the file, when the steps were followed
	sum         string // of the file by its index, in lower-case hex; often empty
	name        string // of the file in root
	max         int64
	now         func() time.Time
	progress    func(Progress)

	state state
	read  int64
}

// Tries of a download whose connection breaks. One that brought bytes does not count, up to maxRounds of them.
const (
	maxIdle   = 4
	maxRounds = 200
	stepBytes = 256 << 10 // between two tellings of progress
)

func (d *download) run(ctx context.Context) Fetched {
	out := Fetched{Resource: d.res}
	var outcome Outcome
	var err error
	if d.start == "" {
		err = fmt.Errorf("only mirrors have it: %w", artifact.ErrNotFound)
	} else {
		outcome, err = d.update(ctx)
	}
	out.Outcome, out.Downloaded = outcome, d.read
	if errors.Is(err, artifact.ErrNotFound) && d.res.Optional {
		out.Outcome, err = Missing, nil
	}
	if err != nil {
		out.Outcome, out.Err = Failed, fmt.Errorf("updating %s: %w", d.res.Path, err)
	}
	if size, ok, err := d.stat(d.name); err == nil && ok {
		out.Size = size
	}
	return out
}

func (d *download) update(ctx context.Context) (Outcome, error) {
	if err := d.root.MkdirAll(filepath.Dir(d.name), 0o755); err != nil {
		return Failed, err
	}
	if err := d.find(ctx); err != nil {
		return Failed, err
	}
	idle, damaged, gone := 0, false, false
	for range maxRounds {
		if d.sum != "" && d.state.Whole != nil {
			if d.state.Part != nil {
				return Unchanged, d.forget()
			}
			return Unchanged, nil // the file at hand is the one that the index vouches for
		}
		before := d.read
		outcome, err := d.round(ctx)
		switch {
		case err == nil:
			return outcome, nil
		case ctx.Err() != nil:
			return Failed, ctx.Err()
		case errors.Is(err, artifact.ErrCorrupt) && !damaged:
			damaged = true // perhaps a part that was damaged here, or a change upstream in between; once more from the start
			if err := d.find(ctx); err != nil {
				return Failed, err
			}
		case errors.Is(err, artifact.ErrNotFound) && len(d.steps) > 0:
			if gone {
				return Failed, fmt.Errorf("%w: the index names %s, which is not there", artifact.ErrUnreachable, outbound.Redact(d.url))
			}
			gone = true // perhaps upstream took it away after the index was read
			if err := d.find(ctx); err != nil {
				return Failed, err
			}
		case errors.Is(err, errRestart):
			idle++
		case errors.Is(err, errBroken) && d.read > before:
			idle = 0
		case errors.Is(err, errBroken):
			idle++
		default:
			return Failed, err
		}
		if idle >= maxIdle {
			return Failed, err
		}
		if idle > 0 {
			if err := d.client.Pause(ctx, idle-1); err != nil {
				return Failed, err
			}
		}
	}
	return Failed, fmt.Errorf("%w: the connection broke %d times", artifact.ErrUnreachable, maxRounds)
}

// find learns where the file lies upstream, and what of it is at hand.
func (d *download) find(ctx context.Context) error {
	if err := d.resolve(ctx); err != nil {
		return err
	}
	return d.load()
}

var (
	errBroken  = errors.New("the download was cut off")
	errRestart = errors.New("the server does not go on where the download was cut off")
)

// round asks once and reads what comes, up to the end or a broken connection.
func (d *download) round(ctx context.Context) (Outcome, error) {
	offset := int64(0)
	if d.state.Part != nil {
		size, _, err := d.stat(d.name + ".part")
		if err != nil {
			return Failed, err
		}
		if offset = size; offset == d.state.Part.Length {
			if err := d.finish(ctx); err != nil { // all was there but the last steps
				return Failed, err
			}
			_, err := d.round(ctx) // upstream may have gone on since
			return Updated, err
		}
	}
	cond := outbound.Conditions{}
	switch {
	case offset > 0:
		cond = outbound.Conditions{ETag: d.state.Part.ETag, LastModified: d.state.Part.LastModified, Offset: offset}
	case d.state.Whole != nil:
		cond = outbound.Conditions{ETag: d.state.Whole.ETag, LastModified: d.state.Whole.LastModified}
	}
	resp, err := d.client.Get(ctx, d.url, cond)
	if err != nil {
		return Failed, err
	}
	defer resp.Body.Close()
	switch resp.Status {
	case outbound.NotModified:
		if d.state.Part != nil {
			return Unchanged, d.forget()
		}
		return Unchanged, nil
	case outbound.NoRest:
		return Failed, d.restart()
	case outbound.Rest:
		p := d.state.Part
		// A server may mind the range and not its condition.
		if resp.Offset != offset || differ(resp.ETag, p.ETag) || differ(resp.LastModified, p.LastModified) ||
			resp.Length >= 0 && p.Length >= 0 && resp.Length != p.Length {
			return Failed, d.restart()
		}
	case outbound.Whole:
		if offset, err = 0, d.begin(resp); err != nil {
			return Failed, err
		}
	}
	if err := d.receive(resp.Body, offset); err != nil {
		return Failed, err
	}
	return Updated, d.finish(ctx)
}

func differ(a, b string) bool { return a != "" && b != "" && a != b }

// begin notes which version the bytes that follow are of, before the first of them is written.
func (d *download) begin(resp *outbound.Response) error {
	if resp.Length > d.max {
		return d.tooBig()
	}
	if err := d.root.Remove(d.name + ".part"); err != nil && !os.IsNotExist(err) {
		return err
	}
	d.state.Part = &version{
		URL: outbound.Redact(d.url), ETag: resp.ETag, LastModified: resp.LastModified, Length: resp.Length, Sums: resp.Sums,
	}
	return d.save()
}

// restart forgets the partial copy.
func (d *download) restart() error {
	if err := d.forget(); err != nil {
		return err
	}
	return errRestart
}

func (d *download) forget() error {
	d.state.Part = nil
	if err := d.root.Remove(d.name + ".part"); err != nil && !os.IsNotExist(err) {
		return err
	}
	return d.save()
}

// receive appends the body to the partial copy, of which offset bytes are there.
func (d *download) receive(body io.Reader, offset int64) error {
	f, err := d.root.OpenFile(d.name+".part", os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, 128<<10)
	done, told := offset, offset
	total := d.state.Part.Length
	d.progress(Progress{Path: d.res.Path, Done: done, Total: total})
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if done += int64(n); done > d.max {
				_ = f.Close()
				return errors.Join(d.tooBig(), d.forget())
			}
			if _, err := f.Write(buf[:n]); err != nil {
				return err
			}
			d.read += int64(n)
			if done-told >= stepBytes {
				told = done
				d.progress(Progress{Path: d.res.Path, Done: done, Total: total})
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errBroken, err)
		}
	}
	d.progress(Progress{Path: d.res.Path, Done: done, Total: total})
	switch {
	case total < 0:
		d.state.Part.Length = done
	case done < total:
		return fmt.Errorf("%w: %w after %d of %d bytes", errBroken, artifact.ErrUnreachable, done, total)
	case done > total:
		_ = f.Close()
		return errors.Join(fmt.Errorf("%w: more bytes than the server said", artifact.ErrCorrupt), d.forget())
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// finish checks the whole copy and puts it in its place.
func (d *download) finish(ctx context.Context) error {
	err := d.form(d.name + ".part")
	var sum string
	if err == nil {
		sum, err = d.verify(ctx)
	}
	if err != nil {
		if errors.Is(err, artifact.ErrCorrupt) {
			return errors.Join(err, d.forget())
		}
		return err
	}
	// Noted first, so that a run which is killed in between knows the file in its new place.
	d.state.Part.SHA256, d.state.Part.FetchedAt = sum, d.now().UTC().Truncate(time.Second)
	if err := d.save(); err != nil {
		return err
	}
	if err := d.rename(d.name+".part", d.name); err != nil {
		return err
	}
	d.state.Whole, d.state.Part = d.state.Part, nil
	return d.save()
}

// form checks that one of our files can be what the resource's name says.
func (d *download) form(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	return checkForm(d.res.Path, f, st.Size())
}

func (d *download) tooBig() error {
	return &artifact.ErrLimit{
		Reason: artifact.BytesLimit, Detail: fmt.Sprintf("the file holds more than %d bytes; raise the limit to take it", d.max),
	}
}
