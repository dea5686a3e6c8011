package golang

import (
	"bytes"
	"context"
	"fmt"
	"go/version"
	"path"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// goMod reads the go.mod of source trees: the module itself, without a version, and what it requires, as its replacements have it. Since Go 1.17
// the file names all modules that the build needs. Earlier ones name the direct ones only, which is reported: the rest could be in go.sum, but that
// lists versions that are no longer, or never were, part of the build, and each of them would be a false finding. The standard library
// counts where a toolchain line names its version; the go line is only the oldest that will do.
type goMod struct{}

var _ extract.Extractor = goMod{}

func (goMod) Name() string  { return "gomod" }
func (goMod) Revision() int { return 1 }

func (goMod) Claims() []extract.Claim {
	return []extract.Claim{{Base: "go.mod", In: []artifact.Kind{artifact.Directory}, Match: built}}
}

// built says whether the go command looks into the folders of a path: not into testdata, nor where the name begins with a dot or an
// underscore. What a vendor folder holds is in its modules.txt.
func built(p string) bool {
	dir := path.Dir(p)
	if dir == "." {
		return true
	}
	for part := range strings.SplitSeq(dir, "/") {
		if part == "testdata" || part == "vendor" || part == "node_modules" || strings.HasPrefix(part, ".") || strings.HasPrefix(part, "_") {
			return false
		}
	}
	return true
}

// maxModFile is the go command's own limit for go.mod files.
const maxModFile = 16 << 20

func (goMod) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if file.Size > maxModFile {
		return &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("%d bytes; a go.mod is read up to %d", file.Size, maxModFile)}
	}
	f, err := modfile.Parse("go.mod", file.Bytes(), nil)
	if err != nil {
		// A directive of a later version of Go, or damage: the lax reader knows requirements only, and refuses what is damaged.
		lax, laxErr := modfile.ParseLax("go.mod", file.Bytes(), nil)
		if laxErr != nil {
			return err
		}
		facts.Report(artifact.Unparsable, fmt.Sprintf("only its requirements are read: %v", err))
		f = lax
	}
	list := modules{facts: facts, seen: map[module.Version]bool{}}
	if f.Module != nil && f.Module.Mod.Path != "" {
		list.add(f.Module.Mod.Path, "")
	}
	if f.Toolchain != nil {
		if v := stdlibVersion(f.Toolchain.Name); v != "" {
			list.add("stdlib", v)
		}
	}
	replaced := map[module.Version]module.Version{}
	for _, r := range f.Replace {
		replaced[r.Old] = r.New
	}
	excluded := map[module.Version]bool{}
	for _, e := range f.Exclude {
		excluded[e.Mod] = true
	}
	for _, r := range f.Require {
		list.require(r.Mod, replaced, excluded)
	}
	if len(f.Require) > 0 && (f.Go == nil || version.Compare("go"+f.Go.Version, "go1.17") < 0) {
		facts.Report(artifact.Unsupported, "a go.mod of Go 1.16 or older: the modules that its requirements need are not named")
	}
	return nil
}

// modules collects the modules of one file, each once.
type modules struct {
	facts *extract.Facts
	seen  map[module.Version]bool
}

func (l *modules) add(name, version string) {
	m := module.Version{Path: name, Version: version}
	if l.seen[m] {
		return
	}
	l.seen[m] = true
	l.facts.Packages = append(l.facts.Packages, goPackage(name, version))
}

// require adds what a requirement brings: its replacement, where there is one; without a version what a folder stands in for, and what is
// excluded, for then a later version is taken.
func (l *modules) require(m module.Version, replaced map[module.Version]module.Version, excluded map[module.Version]bool) {
	by, ok := replaced[m]
	if !ok {
		by, ok = replaced[module.Version{Path: m.Path}]
	}
	switch {
	case excluded[m]:
		m.Version = ""
	case !ok:
	case localPath(by.Path):
		m.Version = ""
	default:
		m = by
	}
	l.add(m.Path, m.Version)
}

// vendored reads vendor/modules.txt, which lists the modules whose packages `go mod vendor` copied into the tree.
type vendored struct{}

var _ extract.Extractor = vendored{}

func (vendored) Name() string  { return "govendor" }
func (vendored) Revision() int { return 1 }

func (vendored) Claims() []extract.Claim {
	match := func(p string) bool {
		dir := path.Dir(p)
		return path.Base(dir) == "vendor" && built(dir)
	}
	return []extract.Claim{{Base: "modules.txt", In: []artifact.Kind{artifact.Directory}, Match: match}}
}

// Extract reads lines such as "# example.com/a v1.2.3", "# example.com/a v1.2.3 => example.com/b v1.0.0" and "# example.com/a v1.2.3 => ../a". Each is
// followed by the packages that were copied; a module without any is not in the tree. See modload/vendor.go of cmd/go.
func (vendored) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	list := modules{facts: facts, seen: map[module.Version]bool{}}
	var current *module.Version
	for line := range bytes.Lines(file.Bytes()) {
		text := strings.TrimSpace(string(line))
		switch {
		case text == "" || strings.HasPrefix(text, "## "):
		case strings.HasPrefix(text, "# "):
			current = vendorLine(strings.Fields(text)[1:])
		case current != nil:
			list.add(current.Path, current.Version)
			current = nil
		}
	}
	return nil
}

// vendorLine reads the fields of a module's line; nil where it tells no version, as the list of replacements at the end.
func vendorLine(f []string) *module.Version {
	isVersion := func(i int) bool { return i < len(f) && semver.IsValid(f[i]) }
	switch {
	case !isVersion(1):
		return nil
	case len(f) == 2:
		return &module.Version{Path: f[0], Version: f[1]}
	case f[2] != "=>" || len(f) < 4:
		return nil
	case isVersion(4):
		return &module.Version{Path: f[3], Version: f[4]}
	}
	return &module.Version{Path: f[0]}
}
