package vulndb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Build is [BuildTo] into the file at out. The new database is written beside it, flushed to the disk, and only then takes its place: whatever
// happens, and when the process is killed, out is the old database or the new one, whole. What killed builds left
// behind is removed by the next.
func Build(ctx context.Context, out string, inputs []Input, opts BuildOptions) (_ Report, err error) {
	dir := filepath.Dir(out)
	clearPartial(out)
	s, err := newSpill(dir)
	if err != nil {
		return Report{}, fmt.Errorf("building a database: %w", err)
	}
	defer func() { err = errors.Join(err, s.close()) }()
	b, err := prepare(ctx, s, sources(inputs), opts)
	if err != nil {
		return b.report, err
	}
	// The file beside appears only now, so that a build that is killed most probably leaves none.
	f, err := createPartial(out)
	if err != nil {
		return b.report, fmt.Errorf("building a database: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err = b.write(w); err == nil {
		if err = place(f, w, out); err != nil {
			err = fmt.Errorf("writing a database: %w", err)
		}
	}
	if err != nil {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	return b.report, err
}

// place makes f, which w writes to, the file at out.
func place(f *os.File, w *bufio.Writer, out string) error {
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil { // other users scan with it too
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := moveInto(f, out); err != nil {
		return err
	}
	return syncDir(filepath.Dir(out))
}
