package artifact

import (
	"context"
	"errors"
	"fmt"
)

// ErrCorrupt marks bytes that are damaged: a truncated stream, a bad checksum, a header that makes no sense.
var ErrCorrupt = errors.New("corrupt data")

// ErrUnreachable marks a registry or other service that could not be asked: no route, refused, 5xx, no permission.
var ErrUnreachable = errors.New("could not be reached")

// ErrNotFound marks an artifact that is not there.
var ErrNotFound = errors.New("not found")

// ErrDigest marks bytes that are whole but not those that the manifest or config names.
var ErrDigest = errors.New("digest mismatch")

// ErrUnsupported marks a form that was recognised and is not read.
var ErrUnsupported = errors.New("not supported")

// ErrLimit is returned, wrapped, when a limit ended a read.
type ErrLimit struct {
	Reason Reason // BytesLimit, RatioLimit, FilesLimit, ...
	Detail string // the limit and what passed it, for a person
}

// Error says which limit was passed.
func (e *ErrLimit) Error() string { return fmt.Sprintf("%s: %s", e.Reason, e.Detail) }

// AsIncomplete turns an error met while reading a layer into an entry of the result. ok is false for an error that
// must end the scan instead (a cancelled context, a service that cannot be reached).
func AsIncomplete(err error, path string, layer *LayerRef) (inc Incomplete, ok bool) {
	inc = Incomplete{Path: path, Layer: layer, Detail: err.Error()}
	if lim, is := errors.AsType[*ErrLimit](err); is {
		inc.Reason, inc.Detail = lim.Reason, lim.Detail
		return inc, true
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, ErrUnreachable):
		return inc, false
	case errors.Is(err, context.DeadlineExceeded):
		inc.Reason = TimeLimit
	case errors.Is(err, ErrDigest):
		inc.Reason = DigestMismatch
	case errors.Is(err, ErrUnsupported):
		inc.Reason = Unsupported
	case errors.Is(err, ErrCorrupt):
		inc.Reason = Corrupt
	default:
		inc.Reason = Unreadable
	}
	return inc, true
}
