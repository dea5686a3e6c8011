// Package php reads the packages of PHP that Composer installed, from vendor/composer/installed.json of Composer 1 and 2,
// and what a source tree pins, from composer.lock.
//
// It promises the list that `composer show` prints, with versions and licences as they are written. Packages for
// development count, since they lie there. A package that others only replace or provide is not there and does not count.
// Lock files count in source trees only: an image has what was installed from them, perhaps without the packages for
// development.
package php

import (
	"fmt"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Extractors are the extractors of this package.
func Extractors() []extract.Extractor {
	return []extract.Extractor{installed{}, lock{}}
}

// maxPackages is far above what the largest of projects installs.
const maxPackages = 50_000

// found collects the packages of one file, each once.
type found struct {
	facts *extract.Facts
	seen  map[[2]string]bool
	cut   bool
}

func (f *found) add(name, version string, licenses []string) {
	if f.cut || f.seen[[2]string{name, version}] {
		return
	}
	if len(f.seen) == maxPackages {
		f.cut = true
		f.facts.Report(artifact.PackagesLimit, fmt.Sprintf("more than %d packages in one file", maxPackages))
		return
	}
	if f.seen == nil {
		f.seen = map[[2]string]bool{}
	}
	f.seen[[2]string{name, version}] = true
	f.facts.Packages = append(f.facts.Packages, inventory.Package{
		Name: name, Version: version, Ecosystem: purl.Packagist, Licenses: licenses,
		PURL: purl.Make(purl.Packagist, "", name, version, nil, ""),
	})
}
