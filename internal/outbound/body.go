package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// idle ends a request that stands still.
type idle struct {
	wait   time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
	reason func() error // why the request was ended; nil while it was not
}

func newIdle(ctx context.Context, wait time.Duration) (context.Context, *idle) {
	ctx, cancel := context.WithCancelCause(ctx)
	i := &idle{wait: wait, cancel: cancel, reason: func() error { return context.Cause(ctx) }}
	i.timer = time.AfterFunc(wait, func() { cancel(fmt.Errorf("no answer for %s", wait)) })
	return ctx, i
}

// resume and pause bound a time of waiting for the server; the time between is the reader's own.
func (i *idle) resume() { i.timer.Reset(i.wait) }
func (i *idle) pause()  { i.timer.Stop() }

func (i *idle) stop() {
	i.timer.Stop()
	i.cancel(nil)
}

// cause puts the reason why a request was ended in the place of "context canceled".
func (i *idle) cause(err error) error {
	if c := i.reason(); c != nil && errors.Is(err, context.Canceled) {
		return c
	}
	return err
}

// A body that flows slower than minRate after slowAfter does not end in any time that is of use.
const (
	minRate   = 1 << 10 // bytes a second
	slowAfter = 2 * time.Minute
)

// body is an answer's body that is capped and does not stand still. Its errors wrap [artifact.ErrUnreachable] or are an [artifact.ErrLimit].
type body struct {
	from        io.ReadCloser
	idle        *idle
	shown       string
	left, limit int64
	now         func() time.Time
	since       time.Time
	got         int64
}

func (b *body) Read(p []byte) (int, error) {
	if b.left <= 0 {
		p = p[:min(len(p), 1)]
	}
	if int64(len(p)) > b.left && b.left > 0 {
		p = p[:b.left]
	}
	b.idle.resume()
	n, err := b.from.Read(p)
	b.idle.pause()
	b.got += int64(n)
	if took := b.now().Sub(b.since); err == nil && took > slowAfter && b.got < int64(took.Seconds())*minRate {
		return n, fmt.Errorf("fetching %s: %w: slower than %d bytes a second", b.shown, artifact.ErrUnreachable, minRate)
	}
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("fetching %s: %w", b.shown, &artifact.ErrLimit{
			Reason: artifact.BytesLimit, Detail: fmt.Sprintf("more than %d bytes", b.limit),
		})
	}
	if err != nil && !errors.Is(err, io.EOF) { // io.ErrUnexpectedEOF is not io.EOF
		err = fmt.Errorf("fetching %s: %w: %w", b.shown, artifact.ErrUnreachable, b.idle.cause(err))
	}
	return n, err
}

func (b *body) Close() error {
	b.idle.stop()
	return b.from.Close()
}
