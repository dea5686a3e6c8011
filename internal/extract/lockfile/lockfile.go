// Package lockfile reads what the lock files of the smaller ecosystems pin: Dart (pubspec.lock), Elixir (mix.lock), Erlang
// (rebar.lock), R (renv.lock, packrat.lock), Swift (Package.resolved), CocoaPods (Podfile.lock), C and C++ (conan.lock,
// conanfile.txt) and Haskell (stack.yaml.lock, cabal.project.freeze); and the packages of R that are installed, which an
// image holds as files that can be told (DESCRIPTION).
//
// It promises names and versions as the file writes them, each once, and that memory is bounded by the file's size: none
// of the formats is read into a tree. What gives no package is reported, unless it says in the way of its tool that there
// is none. Lock files count in source trees only. What comes from a git repository is named as
// the lock names it, with the repository and the commit in its purl; it may have no version.
package lockfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Extractors are the extractors of this package.
func Extractors() []extract.Extractor {
	return []extract.Extractor{
		rInstalled{},
		file{name: "pub-lock", read: readPubspec, bases: []string{"pubspec.lock"}},
		file{name: "mix-lock", read: readMix, bases: []string{"mix.lock"}},
		file{name: "rebar-lock", read: readRebar, bases: []string{"rebar.lock"}},
		file{name: "renv-lock", read: readRenv, bases: []string{"renv.lock"}},
		file{name: "packrat-lock", read: readPackrat, bases: []string{"packrat.lock"}},
		file{name: "swift-lock", read: readSwift, bases: []string{"Package.resolved", ".package.resolved"}},
		file{name: "cocoapods-lock", read: readPodfile, bases: []string{"Podfile.lock"}},
		file{name: "conan-lock", read: readConan, bases: []string{"conan.lock"}},
		file{name: "conan", read: readConanfile, bases: []string{"conanfile.txt"}},
		file{name: "stack-lock", read: readStack, bases: []string{"stack.yaml.lock"}},
		file{name: "cabal-freeze", read: readFreeze, bases: []string{"cabal.project.freeze"}},
	}
}

// file is the extractor of a lock file of one kind.
type file struct {
	name  string
	bases []string
	read  func(b []byte, found *pins) error
}

var _ extract.Extractor = file{}

func (f file) Name() string { return f.name }
func (file) Revision() int  { return 2 }

func (f file) Claims() []extract.Claim {
	var claims []extract.Claim
	for _, base := range f.bases {
		claims = append(claims, extract.Claim{Base: base, In: []artifact.Kind{artifact.Directory}})
	}
	return claims
}

// Extract reads the file, with or without a byte order mark.
func (f file) Extract(_ context.Context, in *extract.File, facts *extract.Facts) error {
	found := pins{facts: facts}
	err := f.read(bytes.TrimPrefix(in.Bytes(), []byte("\xef\xbb\xbf")), &found)
	found.report()
	if err == nil && !found.empty && found.left == 0 && len(facts.Packages)+len(facts.Incomplete) == 0 {
		err = errNothing
	}
	if err != nil {
		return fmt.Errorf("lock file: %w", err)
	}
	return nil
}

var (
	errForm    = errors.New("no section that a file of this name has")              // it is not what its name says
	errNothing = errors.New("no package, and nothing that says that there is none") // silence is for what is empty in the way of its tool
)

// maxPackages is far above what the largest of projects locks.
const maxPackages = 50_000

// pins collects the packages of one file, each once.
type pins struct {
	facts *extract.Facts
	seen  map[string]bool
	cut   bool
	odd   int      // entries that were not understood
	left  int      // entries that are left out on purpose
	loose []string // requirements that are not pinned, the first of them
	more  int      // the others
	empty bool     // the file says in the way of its tool that there is none
}

// report tells what was not understood, and what is not pinned.
func (f *pins) report() {
	switch {
	case f.odd == 1:
		f.facts.Report(artifact.Unparsable, "1 entry that was not understood")
	case f.odd > 1:
		f.facts.Report(artifact.Unparsable, fmt.Sprintf("%d entries that were not understood", f.odd))
	}
	if len(f.loose) > 0 {
		text := strings.Join(f.loose, ", ")
		if f.more > 0 {
			text += fmt.Sprintf(" and %d more", f.more)
		}
		f.facts.Report(artifact.Unsupported, text+": not pinned to one version, and not judged")
	}
}

// notPinned notes a requirement that leaves the version open.
func (f *pins) notPinned(text string) {
	const shown, most = 10, 100
	if len(f.loose) == shown {
		f.more++
		return
	}
	text = clean(text[:min(len(text), most)])
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		text = strconv.Quote(text)
	}
	f.loose = append(f.loose, text)
}

// pin is one package that a file pins.
type pin struct {
	ecosystem     purl.Ecosystem
	name, version string
	licenses      []string
	git, commit   string // the repository and the commit, of what is from there
	quals         []purl.Qualifier
}

func (f *pins) add(p pin) {
	p.name, p.version = clean(p.name), clean(p.version)
	if p.name == "" {
		f.odd++
		return
	}
	if f.cut {
		return
	}
	if p.git != "" {
		p.quals = append(p.quals, purl.Qualifier{Key: "vcs_url", Value: vcsURL(p.git, p.commit)})
	}
	url := purl.Make(p.ecosystem, "", p.name, p.version, p.quals, "")
	if p.ecosystem == cocoaPods {
		url = "pkg:cocoapods" + strings.TrimPrefix(url, "pkg:generic")
	}
	id := string(p.ecosystem) + url
	if f.seen[id] {
		return
	}
	if len(f.seen) == maxPackages {
		f.cut = true
		f.facts.Report(artifact.PackagesLimit, fmt.Sprintf("more than %d packages in one file", maxPackages))
		return
	}
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	f.seen[id] = true
	f.facts.Packages = append(f.facts.Packages, inventory.Package{
		Name: p.name, Version: p.version, Ecosystem: p.ecosystem, Licenses: p.licenses, PURL: url,
	})
}

// clean is a name or a version without the space around it, as valid UTF-8.
func clean(s string) string { return strings.ToValidUTF8(strings.TrimSpace(s), "\ufffd") }

// vcsURL is a repository in the way of SPDX: git+https://host/path@commit.
func vcsURL(repository, commit string) string {
	if !strings.HasPrefix(repository, "git+") {
		repository = "git+" + repository
	}
	if commit != "" {
		repository += "@" + commit
	}
	return clean(repository)
}
