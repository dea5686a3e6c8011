package ospkg

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// DpkgFiles reads which files a package brought: info/NAME.list and info/NAME:ARCH.list, and in distroless images
// status.d/NAME.md5sums. Directories are left out where the next line shows that they are one. It also
// reads the diversions (dpkg-divert(1)), by which the merge knows under which name a file of these lists is on the disk.
type DpkgFiles struct{}

var _ extract.Extractor = DpkgFiles{}

// Name implements [extract.Extractor].
func (DpkgFiles) Name() string { return "dpkg-files" }

// Revision implements [extract.Extractor].
func (DpkgFiles) Revision() int { return 2 }

// Claims implements [extract.Extractor].
func (DpkgFiles) Claims() []extract.Claim {
	var claims []extract.Claim
	list := func(p string) bool { return strings.HasSuffix(p, ".list") }
	for _, d := range adminDirs() {
		claims = append(claims, extract.Claim{Dir: d + "/info", Match: list}, extract.Claim{Path: d + "/" + diversionsBase})
	}
	sums := func(p string) bool { return strings.HasSuffix(p, ".md5sums") }
	return append(claims, extract.Claim{Dir: "var/lib/dpkg/status.d", Match: sums})
}

// Extract implements [extract.Extractor].
func (DpkgFiles) Extract(_ context.Context, f *extract.File, facts *extract.Facts) error {
	base := path.Base(f.Path)
	if base == diversionsBase {
		return diversions(f.Bytes(), facts)
	}
	ext := path.Ext(base)
	name, arch, _ := strings.Cut(strings.TrimSuffix(base, ext), ":")
	owned := extract.Owned{Package: name, Arch: arch}
	var whole bool
	if ext == ".list" {
		owned.Paths, whole = listed(f.Bytes())
	} else {
		owned.Paths, whole = summed(f.Bytes())
	}
	if !whole {
		facts.Report(artifact.Unparsable, fmt.Sprintf("more than %d files for one package; the rest is left out", maxPaths))
	}
	if len(owned.Paths) > 0 {
		facts.Owned = append(facts.Owned, owned)
	}
	return nil
}

// listed reads a .list file: one absolute path a line, directories too, each before what is in it. It returns false where
// it stopped at a limit.
func listed(text []byte) ([]string, bool) {
	// One string for all paths, and one slice: a package of a thousand files costs two allocations.
	all := string(text)
	paths := make([]string, 0, min(strings.Count(all, "\n")+1, maxPaths))
	line, all := cutLine(all)
	for {
		if len(paths) == maxPaths {
			return paths, false
		}
		next, rest := cutLine(all)
		isDir := len(next) > len(line) && next[len(line)] == '/' && strings.HasPrefix(next, line)
		if !isDir {
			if p, ok := relative(line); ok {
				paths = append(paths, p)
			}
		}
		if next == "" && rest == "" {
			return paths, true
		}
		line, all = next, rest
	}
}

// summed reads a .md5sums file: the sum in 32 hexadecimal digits, two spaces, and the path without a leading slash.
func summed(text []byte) ([]string, bool) {
	all := string(bytes.TrimRight(text, "\r\n"))
	paths := make([]string, 0, min(strings.Count(all, "\n")+1, maxPaths))
	for all != "" {
		if len(paths) == maxPaths {
			return paths, false
		}
		var line string
		line, all = cutLine(all)
		sum, file, ok := strings.Cut(line, "  ")
		if !ok || len(sum) != 32 {
			continue
		}
		if p, ok := relative(file); ok {
			paths = append(paths, p)
		}
	}
	return paths, true
}

func cutLine(s string) (line, rest string) {
	line, rest, _ = strings.Cut(s, "\n")
	return line, rest
}

// relative makes a path of a package database clean and relative to the root; false where it names no file.
func relative(p string) (string, bool) {
	p = strings.TrimPrefix(p, "/")
	if p == "" || p == "." || len(p) > maxPath {
		return "", false
	}
	if !clean(p) {
		p = path.Clean("/" + p)[1:] // at the root ".." leads nowhere
		if p == "" {
			return "", false
		}
	}
	return p, true
}

// clean says whether a relative path is surely as path.Clean would leave it, with vectorised searches only; hidden files
// look suspicious enough to be cleaned the slow way.
func clean(p string) bool {
	return p[0] != '.' && p[0] != '/' && p[len(p)-1] != '/' && !strings.Contains(p, "//") && !strings.Contains(p, "/.")
}
