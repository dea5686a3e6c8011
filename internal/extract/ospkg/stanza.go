package ospkg

import (
	"bytes"
	"strings"
)

// stanza holds the fields of a dpkg control stanza that tell a package; slices of the file.
type stanza struct {
	line                                int // of its first field
	name, status, version, arch, source []byte
}

// stanzas parts a deb822(5) file. Fields it does not know, continuation lines and comments cost a search for the end of
// the line and nothing else.
type stanzas struct {
	rest []byte
	line int // number of the line last taken
}

// next fills s with the next stanza, or returns false at the end.
func (r *stanzas) next(s *stanza) bool {
	*s = stanza{}
	found := false
	for len(r.rest) > 0 {
		var line []byte
		if i := bytes.IndexByte(r.rest, '\n'); i >= 0 {
			line, r.rest = r.rest[:i], r.rest[i+1:]
		} else {
			line, r.rest = r.rest, nil
		}
		r.line++
		if len(line) == 0 || (len(line) == 1 && line[0] == '\r') {
			if found {
				return true
			}
			continue
		}
		if !found {
			found, s.line = true, r.line
		}
		switch line[0] {
		case 'P', 'p', 'S', 's', 'V', 'v', 'A', 'a':
			s.field(line)
		}
	}
	return found
}

// field notes a field of interest. A later one of the same name wins.
func (s *stanza) field(line []byte) {
	// The names of interest are 6 to 12 bytes long, and spaces may stand before the colon.
	i := bytes.IndexByte(line[:min(len(line), 64)], ':')
	if i < 0 {
		return
	}
	name := bytes.TrimRight(line[:i], " \t")
	var into *[]byte
	switch {
	case fieldIs(name, "package"):
		into = &s.name
	case fieldIs(name, "status"):
		into = &s.status
	case fieldIs(name, "version"):
		into = &s.version
	case fieldIs(name, "architecture"):
		into = &s.arch
	case fieldIs(name, "source"):
		into = &s.source
	default:
		return
	}
	*into = bytes.TrimSpace(line[i+1:])
}

func fieldIs(name []byte, want string) bool {
	return len(name) == len(want) && strings.EqualFold(string(name), want)
}
