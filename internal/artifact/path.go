package artifact

import (
	"path"
	"strings"
)

// CleanPath brings a name from an archive into the form that [Entry.Path] promises: relative to the root, clean,
// slash-separated. A name that climbs out of the root is brought back inside, as container runtimes do
// (containerd resolves each name below the root), and escaped is true. A NUL byte ends the name, as it would for
// the kernel.
func CleanPath(name string) (clean string, escaped bool) {
	if i := strings.IndexByte(name, 0); i >= 0 {
		name = name[:i]
	}
	if isClean(name) {
		return name, false
	}
	depth := 0
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				escaped, depth = true, 0
			}
		default:
			depth++
		}
	}
	clean = strings.TrimPrefix(path.Clean("/"+name), "/")
	if clean == "" {
		clean = "."
	}
	return clean, escaped
}

// isClean is the quick way for the names that nearly all archives hold.
func isClean(name string) bool {
	if name == "" || name[0] == '/' || name[len(name)-1] == '/' || strings.Contains(name, "//") {
		return false
	}
	if name == "." {
		return true
	}
	for i := 0; i < len(name); i++ {
		if name[i] != '.' || (i > 0 && name[i-1] != '/') {
			continue
		}
		rest := name[i+1:]
		if rest == "" || rest[0] == '/' || rest == "." || strings.HasPrefix(rest, "./") {
			return false
		}
	}
	return true
}
