// Package ruby reads the packages of Ruby: the gems that are installed, from the specifications that RubyGems and Bundler
// write, and what a source tree pins, from Gemfile.lock, gems.locked and hand-written gemspecs.
//
// It promises the list that `gem list` shows for each folder of gems, default gems included, with the platform that a gem
// was built for in its purl. Nothing is evaluated: of a hand-written gemspec only literals count, and one whose name or
// version is computed says nothing. Lock files count in source trees only: an image holds the gems that were installed,
// and the lock names those of groups that were left out (BUNDLE_WITHOUT) too.
package ruby

import (
	"fmt"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Extractors are the extractors of this package.
func Extractors() []extract.Extractor {
	return []extract.Extractor{installed{}, source{}, lock{}}
}

// gem makes a package of the RubyGems ecosystem. The platform "ruby" is that of every gem that needs no other.
func gem(name, version, platform string, licenses []string) inventory.Package {
	var quals []purl.Qualifier
	if platform != "" && platform != "ruby" {
		quals = []purl.Qualifier{{Key: "platform", Value: platform}}
	}
	return inventory.Package{
		Name: name, Version: version, Ecosystem: purl.RubyGems, Licenses: licenses,
		PURL: purl.Make(purl.RubyGems, "", name, version, quals, ""),
	}
}

// maxPackages is far above what the largest of projects locks.
const maxPackages = 50_000

// pins collects the packages of one lock file, each once.
type pins struct {
	facts *extract.Facts
	seen  map[[2]string]bool
	cut   bool
}

func (f *pins) add(name, version string) {
	if name == "" || version == "" || f.cut || f.seen[[2]string{name, version}] {
		return
	}
	if len(f.seen) == maxPackages {
		f.cut = true
		f.facts.Report(artifact.PackagesLimit, fmt.Sprintf("more than %d packages in one lock file", maxPackages))
		return
	}
	if f.seen == nil {
		f.seen = map[[2]string]bool{}
	}
	f.seen[[2]string{name, version}] = true
	f.facts.Packages = append(f.facts.Packages, gem(name, version, "", nil))
}
