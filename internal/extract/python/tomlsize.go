package python

import (
	"bytes"
	"fmt"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// maxParts bounds the keys, tables and arrays of a TOML file. The decoder spends some 370 bytes on each, whatever its size
// in the file: 24 MiB of "a.a.a." would take 4 GiB. Lock files of thousands of packages have a hundred thousand.
const maxParts = 500_000

// checkParts counts what a decoder would have to keep: dots, equals signs, brackets and commas outside of strings and
// comments.
func checkParts(b []byte) error {
	parts := 0
	for i := 0; i < len(b); {
		switch c := b[i]; c {
		case '#':
			end := bytes.IndexByte(b[i:], '\n')
			if end < 0 {
				return nil
			}
			i += end
		case '"', '\'':
			i = endOfTOMLString(b, i)
			continue
		case '.', '=', '[', '{', ',':
			if parts++; parts > maxParts {
				return &artifact.ErrLimit{Reason: artifact.PackagesLimit, Detail: fmt.Sprintf("a lock file with more than %d keys and values", maxParts)}
			}
		}
		i++
	}
	return nil
}

// endOfTOMLString gives the offset behind the string that begins at b[at]. Strings of one line end with it, so that what is
// no TOML is not taken for one long string.
func endOfTOMLString(b []byte, at int) int {
	quote, long := b[at], []byte("\"\"\"")
	if quote == '\'' {
		long = []byte("'''")
	}
	if bytes.HasPrefix(b[at:], long) {
		for i := at + 3; ; {
			j := bytes.Index(b[i:], long)
			if j < 0 {
				return len(b)
			}
			i += j
			slash := i
			for quote == '"' && slash > at+3 && b[slash-1] == '\\' {
				slash--
			}
			if (i-slash)%2 == 0 {
				return i + 3
			}
			i++
		}
	}
	for i := at + 1; i < len(b); i++ {
		switch {
		case b[i] == '\\' && quote == '"':
			i++
		case b[i] == quote:
			return i + 1
		case b[i] == '\n':
			return i
		}
	}
	return len(b)
}
