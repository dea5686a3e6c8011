package main

import "bytes"

// search looks for build information in pieces of a program, and holds no more than it.
type search struct {
	found      []pkg
	done       bool
	collecting bool
	keep       []byte // what was collected, or the end of what was seen, in which the magic may have begun
}

// infoLimit is more than any program's build information.
const infoLimit = 1 << 20

func (s *search) feed(p []byte) {
	if s.done || len(p) == 0 {
		return
	}
	if s.collecting {
		s.keep = append(s.keep, p...)
		s.try()
		return
	}
	const tail = 13 // one byte less than the magic
	if n := len(s.keep); n > 0 {
		joined := append(s.keep, p[:min(len(p), tail)]...)
		if i := bytes.Index(joined, magic); i >= 0 {
			s.collecting, s.keep = true, append(bytes.Clone(joined[i:n]), p...)
			s.try()
			return
		}
		s.keep = joined[:n]
	}
	if i := bytes.Index(p, magic); i >= 0 {
		s.collecting, s.keep = true, bytes.Clone(p[i:])
		s.try()
		return
	}
	s.keep = append(s.keep, p[max(0, len(p)-tail):]...)
	s.keep = append(s.keep[:0], s.keep[max(0, len(s.keep)-tail):]...)
}

// try reads what was collected; when that only looked like the information, the search goes on behind its first byte.
func (s *search) try() {
	found, ok := inlineInfo(s.keep)
	switch {
	case ok:
		s.found, s.done, s.keep = found, true, nil
	case len(s.keep) > infoLimit, len(s.keep) > 15 && s.keep[15]&2 == 0:
		rest := s.keep[1:]
		s.collecting, s.keep = false, nil
		s.feed(rest)
	}
}
