package ruby

import (
	"bytes"
	"context"
	"errors"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

var (
	// errNoSpec is what an installed specification without a name or a version is.
	errNoSpec  = errors.New("no name and version in the gem specification")
	errNotSpec = errors.New("no specification of a gem")
)

// installed reads the specifications of installed gems: of RubyGems, in specifications and specifications/default of each
// folder of gems, and of gems that Bundler installed from git, whose gemspec it replaces by an evaluated one.
type installed struct{}

var _ extract.Extractor = installed{}

func (installed) Name() string  { return "gem" }
func (installed) Revision() int { return 1 }

func (installed) Claims() []extract.Claim {
	return []extract.Claim{{Suffix: ".gemspec", Match: func(p string) bool {
		place := placeOf(p)
		return place == placeInstalled || place == placeGit
	}}}
}

func (installed) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if _, stub := stubOf(file.Bytes()); !stub && placeOf(file.Path) == placeGit {
		return nil // as its author wrote it: not one of those that Bundler found in the repository and installed
	}
	s := scanSpec(file.Bytes())
	if s.name == "" || s.version == "" {
		return errNoSpec
	}
	facts.Packages = append(facts.Packages, gem(s.name, s.version, s.platform, s.licenses))
	return nil
}

// source reads the gemspecs of source trees, where name and version are literals.
type source struct{}

var _ extract.Extractor = source{}

func (source) Name() string  { return "gemspec" }
func (source) Revision() int { return 2 }

func (source) Claims() []extract.Claim {
	return []extract.Claim{{
		Suffix: ".gemspec", In: []artifact.Kind{artifact.Directory},
		Match: func(p string) bool { return placeOf(p) == placeSource },
	}}
}

func (source) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	s := scanSpec(file.Bytes())
	switch {
	case s.name != "" && s.version != "":
	case !bytes.Contains(file.Bytes(), []byte("Specification")):
		return errNotSpec
	default:
		return nil // computed: the lock file says it
	}
	facts.Packages = append(facts.Packages, gem(s.name, s.version, s.platform, s.licenses))
	return nil
}

// placement is where a gemspec lies.
type placement int

const (
	placeSource    placement = iota // somewhere in a source tree
	placeInstalled                  // where RubyGems keeps the specifications of what is installed
	placeGit                        // in a repository that Bundler checked out
	placeCopy                       // inside an installed gem, which its specification tells already
)

func placeOf(p string) placement {
	dir := path.Dir(p)
	if path.Base(dir) == "default" {
		dir = path.Dir(dir)
	}
	if path.Base(dir) == "specifications" {
		return placeInstalled
	}
	before, inside, found := strings.Cut("/"+p, "/gems/")
	for found {
		folder, _, isFolder := strings.Cut(inside, "/")
		switch {
		case !isFolder:
		case strings.HasSuffix(before, "/bundler"):
			return placeGit
		case hasVersion(folder):
			return placeCopy
		}
		var more string
		more, inside, found = strings.Cut(inside, "/gems/")
		before = more
	}
	return placeSource
}

// hasVersion says whether a folder is called name-version.
func hasVersion(folder string) bool {
	for i := 1; i+1 < len(folder); i++ {
		if folder[i] == '-' && '0' <= folder[i+1] && folder[i+1] <= '9' {
			return true
		}
	}
	return false
}
