package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// lock reads the lock files of npm, versions 1 to 3, in source trees: an image has what was installed from them.
// All that the lock pins counts, development and optional dependencies too: npm installs them unless told otherwise.
// The project itself, which stands under the empty place, and its folders do not: they are no packages of a registry. Where both files lie side by side npm reads only the
// shrinkwrap; one file is all that is seen here, so both count.
type lock struct{}

var _ extract.Extractor = lock{}

func (lock) Name() string  { return "npm-lock" }
func (lock) Revision() int { return 3 }

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
	LockfileVersion int `json:"lockfileVersion"` // none before npm 5

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

var errNoLock = errors.New("no packages and no dependencies, which a package-lock.json has")

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
	found := newPins(facts)
	defer found.done()
	if l.Packages == nil {
		found.dependencies(l.Dependencies)
		if err == nil && l.Dependencies == nil && l.LockfileVersion != 1 { // npm 5 and 6 leave out what is empty
			err = errNoLock
		}
		return err
	}
	for _, at := range slices.Sorted(maps.Keys(l.Packages)) {
		p := l.Packages[at]
		inside := strings.LastIndex("/"+at, "/node_modules/")
		if p.Link || inside < 0 {
			continue // the project itself or a folder of it: its name is not the registry's
		}
		name := p.Name
		if name == "" {
			name = at[inside+len("node_modules/"):]
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
