package python

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/toml"
)

// tomlLock reads the lock files that list packages in TOML: poetry.lock, uv.lock, pdm.lock and pylock.toml (PEP 751). Their
// entries differ only in how they tell where a package is from.
type tomlLock struct {
	name  string
	claim extract.Claim
	mark  func(*tomlFile) bool // whether the file says of itself that it is of this kind
}

var _ extract.Extractor = tomlLock{}

// tomlLocks are the extractors of this kind.
func tomlLocks() []extract.Extractor {
	in := []artifact.Kind{artifact.Directory}
	return []extract.Extractor{
		tomlLock{
			"poetry-lock",
			extract.Claim{Base: "poetry.lock", In: in},
			func(l *tomlFile) bool { return l.Metadata.LockVersion != "" || l.Metadata.Hash != "" },
		},
		tomlLock{"uv-lock", extract.Claim{Base: "uv.lock", In: in}, func(l *tomlFile) bool { return l.Version != 0 }},
		tomlLock{
			"pdm-lock",
			extract.Claim{Base: "pdm.lock", In: in},
			func(l *tomlFile) bool { return l.Metadata.PDMVersion != "" || l.Metadata.PDMHash != "" },
		},
		tomlLock{"pylock", extract.Claim{Suffix: ".toml", In: in, Match: func(p string) bool { // pylock.toml, pylock.NAME.toml
			return strings.HasPrefix(p[strings.LastIndexByte(p, '/')+1:], "pylock.")
		}}, func(l *tomlFile) bool { return l.LockVersion != "" }},
	}
}

func (t tomlLock) Name() string            { return t.name }
func (tomlLock) Revision() int             { return 2 }
func (t tomlLock) Claims() []extract.Claim { return []extract.Claim{t.claim} }

// tomlFile is what matters of these files.
type tomlFile struct {
	Version     int    `toml:"version"`      // uv
	LockVersion string `toml:"lock-version"` // pylock
	Metadata    struct {
		LockVersion string `toml:"lock-version"` // poetry, where it has one
		Hash        string `toml:"content-hash"`
		PDMVersion  string `toml:"lock_version"` // pdm, from here
		PDMHash     string `toml:"content_hash"`
	} `toml:"metadata"`

	Package  []tomlPackage `toml:"package"`  // poetry, uv, pdm
	Packages []tomlPackage `toml:"packages"` // pylock
}

// tomlPackage is one entry, in the words of all four.
type tomlPackage struct {
	Name    string `toml:"name"`
	Version string `toml:"version"`

	Source struct {
		Type              string `toml:"type"` // poetry: directory, file, git, url, legacy
		URL               string `toml:"url"`  // poetry, uv
		ResolvedReference string `toml:"resolved_reference"`
		Git               string `toml:"git"` // uv, from here
		Path              string `toml:"path"`
		Directory         string `toml:"directory"`
		Editable          string `toml:"editable"`
		Virtual           string `toml:"virtual"`
	} `toml:"source"`

	Path     string `toml:"path"` // pdm, from here
	URL      string `toml:"url"`
	Git      string `toml:"git"`
	Revision string `toml:"revision"`
	Editable bool   `toml:"editable"`

	Directory *struct{} `toml:"directory"` // pylock, from here
	VCS       struct {
		Type   string `toml:"type"`
		URL    string `toml:"url"`
		Commit string `toml:"commit-id"`
	} `toml:"vcs"`
	Archive struct {
		URL  string `toml:"url"`
		Path string `toml:"path"`
	} `toml:"archive"`
}

// folder says whether the package is a folder of the project, or the project itself: no package of an index.
func (p *tomlPackage) folder() bool {
	s := &p.Source
	return s.Type == "directory" || s.Directory != "" || s.Editable != "" || s.Virtual != "" ||
		p.Editable || p.Path != "" && !isArchive(p.Path) || p.Directory != nil
}

// origin is where a package is from that is from no index.
func (p *tomlPackage) origin() string {
	at := func(repository, commit string) string {
		if commit != "" {
			repository += "@" + commit
		}
		return "git+" + strings.TrimPrefix(repository, "git+")
	}
	switch s := &p.Source; {
	case s.Type == "git":
		return at(s.URL, s.ResolvedReference)
	case s.Git != "":
		return at(s.Git, "")
	case p.Git != "":
		return at(p.Git, p.Revision)
	case p.VCS.URL != "" && p.VCS.Type == "git":
		return at(p.VCS.URL, p.VCS.Commit)
	default:
		for _, from := range []string{s.URL, s.Path, p.URL, p.Path, p.VCS.URL, p.Archive.URL, p.Archive.Path} {
			if from != "" {
				return from
			}
		}
		return ""
	}
}

// maxLock is far above what tools write for the largest of projects; read into memory it grows some times.
const maxLock = 24 << 20

// maxParts bounds the keys and values of a TOML file. Lock files of thousands of packages have a hundred thousand.
const maxParts = 500_000

func withinLock(file *extract.File) error {
	if file.Size > maxLock {
		return &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("%d bytes; a lock file is read up to %d", file.Size, maxLock)}
	}
	return nil
}

var errNoLock = errors.New("no package, and no version that a lock file of this name has")

func (t tomlLock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if err := withinLock(file); err != nil {
		return err
	}
	var l tomlFile
	if err := toml.Unmarshal(file.Bytes(), maxParts, &l); err != nil {
		if _, ok := errors.AsType[*toml.TooManyError](err); ok {
			return &artifact.ErrLimit{Reason: artifact.PackagesLimit, Detail: "a lock file with " + err.Error()}
		}
		return fmt.Errorf("lock file: %w", err)
	}
	if len(l.Package)+len(l.Packages) == 0 && !t.mark(&l) {
		return errNoLock
	}
	found := newPins(facts)
	defer found.done()
	for _, list := range [][]tomlPackage{l.Package, l.Packages} {
		for i := range list {
			switch p := &list[i]; {
			case p.folder():
			case p.Version != "":
				found.add(p.Name, p.Version)
			default:
				found.addFrom(p.Name, p.origin())
			}
		}
	}
	return nil
}
