package node

import (
	"bytes"
	"errors"
	"fmt"
)

// manifest is what matters of a package.json.
type manifest struct {
	name     string
	version  string
	licenses []string
}

// maxValue bounds what is decoded of one member of a manifest; names have at most 214 characters.
const maxValue = 64 << 10

var (
	errNotObject = errors.New("not a JSON object")
	errCut       = errors.New("ends in the middle of a value")
	errSyntax    = errors.New("not JSON")
)

// scanManifest reads the few members of a package.json that matter and steps over all others without decoding or
// checking them: image layers hold tens of thousands of these files. For a valid JSON object the answer is that of a
// full decoder, which takes the last of several members of one name. For a damaged one it is what came before the
// damage, with an error. Memory does not depend on depth.
func scanManifest(b []byte) (m manifest, err error) {
	s := scanner{b: bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))} // npm takes the byte order mark off too
	if !s.enter('{') {
		return m, errNotObject
	}
	var license, licenses []byte
	defer func() { m.licenses = declared(license, licenses) }()
	for first := true; ; first = false {
		if s.enter('}') {
			break
		}
		if !first && !s.enter(',') {
			return m, s.damage()
		}
		key, ok := s.text()
		if !ok || !s.enter(':') {
			return m, s.damage()
		}
		s.space()
		start := s.at
		if !s.skip() {
			return m, s.damage()
		}
		value := s.b[start:s.at]
		if len(key) > 100 { // as escaped as can be, the members' names are shorter
			continue
		}
		name := key[1 : len(key)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = []byte(unquote(key))
		}
		switch string(name) {
		case "name":
			m.name = unquote(value)
		case "version":
			m.version = unquote(value)
		case "license":
			license = value
		case "licenses":
			licenses = value
		}
	}
	s.space()
	if s.at < len(s.b) {
		return m, fmt.Errorf("bytes after the object at %d: %w", s.at, errSyntax)
	}
	return m, nil
}
