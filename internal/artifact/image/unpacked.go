package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/artifact/rootfs"
)

// unpackedLayer is a layer that an engine has unpacked into a directory: it is read in place, with random access. Its
// bytes are those on disk; no digest speaks of them.
type unpackedLayer struct {
	*layer
	root *os.Root
	dir  string // below root
}

var _ artifact.LayerReader = (*unpackedLayer)(nil)

// Walk calls visit for each entry. See [artifact.LayerReader].
func (l *unpackedLayer) Walk(ctx context.Context, visit func(*artifact.Entry) error) error {
	ctx, cancel := l.src.withDeadline(ctx)
	defer cancel()
	m := &meter{layer: l.layer, ctx: ctx}
	err := rootfs.WalkLayer(ctx, l.root, l.dir, l.src.limits, func(e *artifact.Entry) error {
		if err := m.entry(len(e.Path) + len(e.Link)); err != nil {
			return err
		}
		if err := visit(e); err != nil {
			return &visitError{err}
		}
		return nil
	})
	if stop, is := errors.AsType[*visitError](err); is {
		if errors.Is(stop.err, fs.SkipAll) {
			return nil
		}
		return stop.err
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("reading layer %d: %w", l.index, err)
	}
	return nil
}

// readUnpacked has a layer read from the directory instead of from a blob.
func (s *source) readUnpacked(i int, root *os.Root, dir string) {
	if l, is := s.layers[i].(*layer); is {
		s.layers[i] = &unpackedLayer{layer: l, root: root, dir: dir}
	}
}
