package vulndb

import (
	"errors"
	"fmt"
)

// ErrCorrupt is wrapped by errors about a file that is not a database, is cut short, or is damaged.
var ErrCorrupt = errors.New("the database is damaged")

// ErrVersion is wrapped by errors about a database of another format version.
var ErrVersion = errors.New("the database has another format version")

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}
