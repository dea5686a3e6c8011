package image

import (
	"os"
	"strings"
)

// selection picks an image from a layout or archive of several.
type selection struct{ tag, digest string }

func (s selection) String() string {
	out := s.tag
	if s.digest != "" {
		out += "@" + s.digest
	}
	return out
}

// splitTarget takes path[:tag][@digest] apart. A path that exists as it is written is not taken apart.
func splitTarget(target string) (path string, sel selection) {
	if _, err := os.Lstat(target); err == nil {
		return target, sel
	}
	path = target
	if i := strings.LastIndex(path, "@sha"); i > 0 {
		if d, err := parseDigest(path[i+1:]); err == nil {
			path, sel.digest = path[:i], string(d)
		}
	}
	if _, err := os.Lstat(path); err == nil {
		return path, sel
	}
	// A tag may be a whole reference with slashes and colons: the shortest path that exists is meant.
	for i := range len(path) {
		if path[i] != ':' || i == 0 {
			continue
		}
		if _, err := os.Lstat(path[:i]); err == nil {
			sel.tag = path[i+1:]
			return path[:i], sel
		}
	}
	return target, selection{}
}
