package vulndb

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
)

// Install puts a database that was made elsewhere into the place of the file at out: write gives its bytes, which are flushed to the
// disk beside it and opened and verified; check, where there is one, may still refuse it. Whatever happens, and when the process is
// killed, out is the old database or the new one, whole.
func Install(ctx context.Context, out string, write func(io.Writer) error, check func(*DB) error) (err error) {
	clearPartial(out)
	f, err := createPartial(out)
	if err != nil {
		return fmt.Errorf("installing a database: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	err = write(w)
	if err == nil {
		err = w.Flush() // which repeats the error of a write
	}
	if err != nil {
		return fmt.Errorf("installing a database: %w", err)
	}
	if err := verifyFile(ctx, f.Name(), check); err != nil {
		return err
	}
	if err := place(f, w, out); err != nil {
		return fmt.Errorf("installing a database: %w", err)
	}
	return nil
}

func verifyFile(ctx context.Context, name string, check func(*DB) error) error {
	db, err := Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // it was only read
	if check != nil {
		if err := check(db); err != nil {
			return err
		}
	}
	return db.Verify(ctx)
}

// Tidy removes what builds and installations of out that were killed left behind. [Build] and [Install] do so themselves.
func Tidy(out string) { clearPartial(out) }
