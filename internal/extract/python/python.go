// Package python reads installed Python distributions from their core metadata: METADATA in a .dist-info directory
// (wheels), PKG-INFO in an .egg-info directory or in EGG-INFO, also of zipped eggs, and the single .egg-info file of
// distutils; the copies that pip states it brings; what conda installed; and what a source tree pins: poetry.lock, uv.lock,
// pdm.lock, pylock.toml, Pipfile.lock and requirements files.
//
// It promises the names, versions and licences that importlib.metadata shows, word for word; the purl has the normalised
// name. Only the headers are read, not the description that follows. Distributions without metadata (a folder on
// PYTHONPATH) are not found. Of lock files all groups count, and no folders: the project itself, what is editable or a
// directory. A lock file that gives no package is reported, unless it says so itself. Python is not run: setup.py and setup.cfg are not read.
package python

import (
	"context"
	"errors"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/extract"
)

// Extractors are the extractors of this package.
func Extractors() []extract.Extractor {
	return append([]extract.Extractor{distributions{}, eggs{}, vendored{}, condaMeta{}, pipfileLock{}, requirements{}}, tomlLocks()...)
}

// distributions reads metadata files.
type distributions struct{}

var _ extract.Extractor = distributions{}

func (distributions) Name() string  { return "python" }
func (distributions) Revision() int { return 3 }

func (distributions) Claims() []extract.Claim {
	in := func(suffix string) func(string) bool {
		return func(p string) bool { return strings.HasSuffix(path.Dir(p), suffix) }
	}
	return []extract.Claim{
		{Base: "METADATA", Match: in(".dist-info")},
		{Base: "PKG-INFO", Match: func(p string) bool { return in(".egg-info")(p) || path.Base(path.Dir(p)) == "EGG-INFO" }},
		{Suffix: ".egg-info"},
	}
}

var errNoName = errors.New("core metadata without a name")

func (distributions) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	return addDistribution(file.Bytes(), file.Path, facts)
}

// addDistribution adds the distribution whose metadata this is.
func addDistribution(b []byte, at string, facts *extract.Facts) error {
	m := readMetadata(b)
	if m.name == "" || m.version == "" {
		// Some tools left one out; the name of the directory has both.
		name, version := nameOfPath(at)
		if m.name == "" {
			m.name = name
		}
		if m.version == "" {
			m.version = version
		}
	}
	if m.name == "" {
		return errNoName
	}
	p := pypiPackage(m.name, m.version, m.declared())
	p.Evidence = vendorEvidence(at)
	facts.Packages = append(facts.Packages, p)
	return nil
}

// nameOfPath reads name and version from what holds the metadata: "name-version.dist-info",
// "name-version-py3.11.egg-info" or "name-version-py3.11.egg". A dash in either is written as an underscore.
func nameOfPath(p string) (name, version string) {
	holder := path.Base(p)
	if !strings.HasSuffix(holder, ".egg-info") {
		holder = path.Base(path.Dir(p))
	}
	if holder == "EGG-INFO" {
		holder = path.Base(path.Dir(path.Dir(p)))
	}
	for _, suffix := range []string{".dist-info", ".egg-info", ".egg"} {
		holder = strings.TrimSuffix(holder, suffix)
	}
	name, rest, _ := strings.Cut(holder, "-")
	version, _, _ = strings.Cut(rest, "-")
	if name == "." || name == "/" || strings.HasPrefix(name, "~") { // pip renames what it is about to remove
		return "", ""
	}
	return name, version
}
