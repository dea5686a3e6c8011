package vulndb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// A spill keeps bytes until they are asked for: in memory, or in a file that has no name any more, so that nothing
// of it outlives the process. A build keeps advisories there which would be gigabytes as Go values.
type spill struct {
	file    *os.File // nil: in memory
	buf     []byte   // what is not in the file yet
	written int64
}

// span is a place in a spill.
type span struct {
	at int64
	n  int32
}

const spillBuffer = 4 << 20

// newSpill makes a spill with its file in dir; in memory where dir is empty.
func newSpill(dir string) (*spill, error) {
	if dir == "" {
		return &spill{}, nil
	}
	f, err := os.CreateTemp(dir, ".sightline-build-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // fails on Windows, where close removes it
	return &spill{file: f, buf: make([]byte, 0, spillBuffer+spillBuffer/4)}, nil
}

func (s *spill) add(b []byte) (span, error) {
	if int64(len(b)) > 1<<30 {
		return span{}, fmt.Errorf("a record of %d bytes", len(b))
	}
	at := span{s.written + int64(len(s.buf)), int32(len(b))}
	s.buf = append(s.buf, b...)
	if s.file != nil && len(s.buf) >= spillBuffer {
		if _, err := s.file.WriteAt(s.buf, s.written); err != nil {
			return span{}, err
		}
		s.written += int64(len(s.buf))
		s.buf = s.buf[:0]
	}
	return at, nil
}

// read gives the bytes at a place. They stay good until buf is used again, or the next add.
func (s *spill) read(at span, buf []byte) ([]byte, error) {
	if s.file == nil {
		return s.buf[at.at : at.at+int64(at.n)], nil
	}
	if cap(buf) < int(at.n) {
		buf = make([]byte, at.n, at.n+at.n/2)
	}
	buf = buf[:at.n]
	if at.at >= s.written {
		copy(buf, s.buf[at.at-s.written:])
		return buf, nil
	}
	_, err := s.file.ReadAt(buf, at.at)
	return buf, err
}

func (s *spill) close() error {
	if s.file == nil {
		return nil
	}
	name := s.file.Name()
	err := s.file.Close()
	if rm := os.Remove(name); rm != nil && !errors.Is(rm, fs.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}
