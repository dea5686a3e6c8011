// Package toml decodes TOML in bounded memory. go-toml keeps some 370 bytes for each key, table and array, whatever its size in the
// file, and allocates up to twice that on the way: 24 MiB of "a.a.a." would take 4 GiB. So it has its home here, behind a bound on their number; the size of a file is the
// caller's to bound.
package toml

import (
	"fmt"

	"github.com/pelletier/go-toml/v2"
)

// LocalDate is a date without a time, as it is decoded into an any.
type LocalDate = toml.LocalDate

// TooManyError is a document with more keys and values than the caller takes.
type TooManyError struct{ Most int }

func (e *TooManyError) Error() string { return fmt.Sprintf("more than %d keys and values", e.Most) }

// Unmarshal decodes a document of at most so many keys and values; a dot in a number counts too. With more it fails with a
// [*TooManyError] before it decodes anything.
func Unmarshal(b []byte, most int, into any) error {
	if parts(b, most) > most {
		return &TooManyError{Most: most}
	}
	return toml.Unmarshal(b, into)
}
