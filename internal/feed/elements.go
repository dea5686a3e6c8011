package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// Bounds of one JSON record, far above the biggest of real feeds. Together they bound what decoding it can cost, since a value of two bytes can become a Go value of
// hundreds.
const (
	MaxRecord = 32 << 20 // bytes
	MaxValues = 1 << 20  // values inside
	MaxDepth  = 100

	maxScalar = 4096 // bytes of a number
)

// Elements walks the JSON object in r and yields the text of each element of its array member named key, in order, without
// reading the whole. The bytes are good until the next step. It checks no more than how brackets and strings nest: decode each element to know that it is JSON.
// The last step carries the error, if any: one that wraps [artifact.ErrCorrupt] for what is not such an object or is cut short, and
// [artifact.ErrLimit] for an element beyond the bounds, after which there is no going on.
func Elements(r io.Reader, key string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s := &splitter{r: r, buf: make([]byte, 64<<10)}
		if err := s.object(key, yield); err != nil && !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

var errStopped = errors.New("stopped by the caller")

// splitter finds where values begin and end.
type splitter struct {
	r        io.Reader
	buf      []byte
	pos, end int
	value    []byte // text of the value being read
}

func (s *splitter) object(key string, yield func([]byte, error) bool) error {
	c, err := s.token()
	if err != nil {
		return err
	}
	if c != '{' {
		return s.bad("an object", c)
	}
	found := false
	for n := 0; ; n++ {
		if c, err = s.token(); err != nil {
			return err
		}
		if n == 0 && c == '}' {
			break
		}
		if c != '"' {
			return s.bad("a key", c)
		}
		if err := s.read(c); err != nil {
			return err
		}
		name := string(s.value[1 : len(s.value)-1])
		if c, err = s.token(); err != nil {
			return err
		}
		if c != ':' {
			return s.bad("a colon", c)
		}
		if c, err = s.token(); err != nil {
			return err
		}
		if name == key && c == '[' && !found {
			found = true
			err = s.array(yield)
		} else {
			err = s.read(c)
		}
		if err != nil {
			return err
		}
		if c, err = s.token(); err != nil {
			return err
		}
		if c == '}' {
			break
		}
		if c != ',' {
			return s.bad("a comma", c)
		}
	}
	if !found {
		return fmt.Errorf("%w: no array %q", artifact.ErrCorrupt, key)
	}
	return nil
}

func (s *splitter) array(yield func([]byte, error) bool) error {
	for n := 0; ; n++ {
		c, err := s.token()
		if err != nil {
			return err
		}
		if n == 0 && c == ']' {
			return nil
		}
		if err := s.read(c); err != nil {
			return err
		}
		if !yield(s.value, nil) {
			return errStopped
		}
		if c, err = s.token(); err != nil {
			return err
		}
		if c == ']' {
			return nil
		}
		if c != ',' {
			return s.bad("a comma", c)
		}
	}
}

// read reads the value that begins with c into s.value.
func (s *splitter) read(c byte) error {
	s.value = append(s.value[:0], c)
	switch c {
	case '{', '[':
		return s.nested()
	case '"':
		return s.text()
	case ',', ':', '}', ']':
		return s.bad("a value", c)
	}
	for { // a number, true, false or null
		c, err := s.peek()
		if err != nil {
			return err
		}
		switch c {
		case ',', ':', '}', ']', '{', '[', '"', ' ', '\t', '\n', '\r':
			return nil
		}
		if len(s.value) >= maxScalar {
			return &artifact.ErrLimit{Reason: artifact.BytesLimit, Detail: fmt.Sprintf("a number of more than %d bytes", maxScalar)}
		}
		if err := s.take(1); err != nil {
			return err
		}
	}
}

// nested reads the rest of an object or array, whose opening bracket is in s.value already.
func (s *splitter) nested() error {
	depth, values := 1, 1
	for depth > 0 {
		if _, err := s.peek(); err != nil {
			return err
		}
		chunk := s.buf[s.pos:s.end]
		i, quote := 0, false
		for i < len(chunk) && depth > 0 && !quote {
			switch chunk[i] {
			case '"':
				quote = true
			case ',':
				values++
			case '{', '[':
				values++
				depth++
			case '}', ']':
				depth--
			}
			if depth > MaxDepth {
				return &artifact.ErrLimit{Reason: artifact.NestingLimit, Detail: fmt.Sprintf("a record nested deeper than %d", MaxDepth)}
			}
			i++
		}
		if values > MaxValues {
			return &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("a record of more than %d values", MaxValues)}
		}
		if err := s.take(i); err != nil {
			return err
		}
		if quote {
			if err := s.text(); err != nil {
				return err
			}
		}
	}
	return nil
}

// text reads the rest of a string, whose opening quote is in s.value already.
func (s *splitter) text() error {
	for {
		if _, err := s.peek(); err != nil {
			return err
		}
		chunk := s.buf[s.pos:s.end]
		n := bytes.IndexByte(chunk, '"') + 1
		if n == 0 {
			n = len(chunk)
		}
		if i := bytes.IndexByte(chunk[:n], '\\'); i >= 0 {
			// Up to the backslash, then what it escapes, which may be in the next chunk.
			if err := s.take(i + 1); err != nil {
				return err
			}
			if _, err := s.peek(); err != nil {
				return err
			}
			if err := s.take(1); err != nil {
				return err
			}
			continue
		}
		quote := chunk[n-1] == '"'
		if err := s.take(n); err != nil || quote {
			return err
		}
	}
}

// take moves n bytes that were seen into the value.
func (s *splitter) take(n int) error {
	if len(s.value)+n > MaxRecord {
		return &artifact.ErrLimit{Reason: artifact.BytesLimit, Detail: fmt.Sprintf("a record of more than %d bytes", MaxRecord)}
	}
	s.value = append(s.value, s.buf[s.pos:s.pos+n]...)
	s.pos += n
	return nil
}

// token is the next byte that is not white space.
func (s *splitter) token() (byte, error) {
	for {
		c, err := s.next()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\n', '\r':
		default:
			return c, nil
		}
	}
}

func (s *splitter) next() (byte, error) {
	c, err := s.peek()
	s.pos++
	return c, err
}

func (s *splitter) peek() (byte, error) {
	for s.pos >= s.end {
		n, err := s.r.Read(s.buf)
		s.pos, s.end = 0, n
		if n > 0 {
			break
		}
		if errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("%w: the file is cut short", artifact.ErrCorrupt)
		}
		if err != nil {
			return 0, err
		}
	}
	return s.buf[s.pos], nil
}

func (s *splitter) bad(want string, got byte) error {
	return fmt.Errorf("%w: %q where %s should be", artifact.ErrCorrupt, got, want)
}
