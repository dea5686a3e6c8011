package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// lock reads the lock files of npm, versions 1 to 3, in source trees: an image has what was installed from them.
// All that the lock pins counts, development and optional dependencies too: npm installs them unless told otherwise.
// Links to folders do not, the folder's own package does. Where both files lie side by side npm reads only the
// shrinkwrap; one file is all that is seen here, so both count.
type lock struct{}

var _ extract.Extractor = lock{}

func (lock) Name() string  { return "npm-lock" }
func (lock) Revision() int { return 2 }

func (lock) Claims() []extract.Claim {
	in := []artifact.Kind{artifact.Directory}
	return []extract.Claim{
		{Base: "package-lock.json", In: in, Match: ownSource},
		{Base: "npm-shrinkwrap.json", In: in, Match: ownSource},
	}
}

// ownSource says whether a file belongs to the project and not to a package installed in it.
func ownSource(p string) bool { return !strings.Contains("/"+p, "/node_modules/") }

// lockFile is a package-lock.json, see https://docs.npmjs.com/cli/configuring-npm/package-lock-json.
type lockFile struct {
	Name         string                    `json:"name"`
	Version      string                    `json:"version"`
	Packages     map[string]lockPackage    `json:"packages"`     // since version 2, by place
	Dependencies map[string]lockDependency `json:"dependencies"` // versions 1 and 2, by name
}

type lockPackage struct {
	Name    string          `json:"name"` // only where it is not that of the folder
	Version string          `json:"version"`
	License json.RawMessage `json:"license"`
	Link    bool            `json:"link"`
}

type lockDependency struct {
	Version      string                    `json:"version"`
	Dependencies map[string]lockDependency `json:"dependencies"`
}

// maxLock is far above what npm writes for the largest of projects; read into memory it grows tenfold.
const (
	maxLock   = 24 << 20
	maxValues = 2_000_000 // small values grow more than others
)

// withinLock refuses a lock file that is too large to be decoded.
func withinLock(file *extract.File) error {
	if file.Size > maxLock {
		return &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("%d bytes; a lock file is read up to %d", file.Size, maxLock)}
	}
	if n := bytes.Count(file.Bytes(), []byte(",")); n > maxValues {
		return &artifact.ErrLimit{Reason: artifact.PackagesLimit, Detail: fmt.Sprintf("%d values; a lock file is read with up to %d", n, maxValues)}
	}
	return nil
}

func (lock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if err := withinLock(file); err != nil {
		return err
	}
	var l lockFile
	err := json.Unmarshal(bytes.TrimPrefix(file.Bytes(), []byte("\xef\xbb\xbf")), &l)
	if err != nil {
		err = fmt.Errorf("lock file: %w", err)
		if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); !wrongType { // then the rest was decoded
			return err
		}
	}
	found := pins{facts: facts, seen: map[string]bool{}}
	if l.Packages == nil {
		found.add(l.Name, l.Version, nil)
		found.dependencies(l.Dependencies)
		return err
	}
	for _, at := range slices.Sorted(maps.Keys(l.Packages)) {
		p := l.Packages[at]
		if p.Link || at != "" && !strings.Contains("/"+at, "/node_modules/") {
			continue // a folder of the project itself: its name is not the registry's
		}
		name := p.Name
		switch {
		case name != "":
		case at == "":
			name = l.Name
		default:
			name = nameOfPlace(at)
		}
		found.add(name, p.Version, licensesOf(p.License))
	}
	return err
}

// dependencies adds those of a version 1 lock. encoding/json bounds their depth.
func (f *pins) dependencies(list map[string]lockDependency) {
	for _, name := range slices.Sorted(maps.Keys(list)) {
		d := list[name]
		if !isPath(d.Version) {
			f.addSpec(name, d.Version)
		}
		f.dependencies(d.Dependencies)
	}
}

// addSpec reads the version of a version 1 lock, which is a whole specification for what is not from the registry
// under its own name: "npm:real@1.2.3" is an alias.
func (f *pins) addSpec(name, spec string) {
	if alias, ok := strings.CutPrefix(spec, "npm:"); ok {
		name, version := cutDescriptor(alias)
		f.add(name, version, nil)
		return
	}
	if strings.ContainsAny(spec, ":/") {
		f.addFrom(name, spec)
		return
	}
	f.add(name, spec, nil)
}

// nameOfPlace is the name that a place in the tree gives: what follows the last node_modules, else the folder.
func nameOfPlace(at string) string {
	if i := strings.LastIndex("/"+at, "/node_modules/"); i >= 0 {
		return at[i+len("node_modules/"):]
	}
	return path.Base(at)
}
