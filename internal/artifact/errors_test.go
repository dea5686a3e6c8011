package artifact_test

import (
	"context"
	"fmt"
	"io/fs"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
)

func TestAsIncompleteKnowsTheKindsOfError(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		reason artifact.Reason
		ok     bool
	}{
		{&artifact.ErrLimit{Reason: artifact.RatioLimit}, artifact.RatioLimit, true},
		{fmt.Errorf("reading: %w", &artifact.ErrLimit{Reason: artifact.TimeLimit}), artifact.TimeLimit, true},
		{context.DeadlineExceeded, artifact.TimeLimit, true},
		{artifact.ErrCorrupt, artifact.Corrupt, true},
		{fmt.Errorf("%w (and: %w)", artifact.ErrDigest, artifact.ErrCorrupt), artifact.DigestMismatch, true},
		{artifact.ErrUnsupported, artifact.Unsupported, true},
		{fs.ErrPermission, artifact.Unreadable, true},
		{artifact.ErrNotFound, artifact.Unreadable, true},
		{context.Canceled, "", false},
		{artifact.ErrUnreachable, "", false},
	} {
		inc, ok := artifact.AsIncomplete(c.err, "p", nil)
		if ok != c.ok || ok && (inc.Reason != c.reason || inc.Path != "p") {
			t.Errorf("AsIncomplete(%v) = %+v, %v; want %s, %v", c.err, inc, ok, c.reason, c.ok)
		}
	}
}
