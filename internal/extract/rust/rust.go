// Package rust reads the crates of Rust programs: those that cargo-auditable noted in a binary, and those that Cargo.lock pins in source
// trees.
//
// It promises what is in the binary: crates that were needed only to build it (build scripts, procedural macros) are left out, the
// program's own crate counts. Of a lock file it takes all that is pinned, as cargo fetches all of it: for every platform, and what only tests
// and build scripts need. Programs that were built with plain cargo say nothing of their crates.
package rust

import (
	"fmt"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Extractors are the extractors of this package.
func Extractors() []extract.Extractor {
	return []extract.Extractor{auditable{}, lock{}}
}

// crates collects the crates of one file, each once.
type crates struct {
	facts    *extract.Facts
	seen     map[[2]string]bool
	nameless int
	cut      bool
}

// maxPackages is far above what the largest of projects locks.
const maxPackages = 50_000

// done reports what could not be added.
func (c *crates) done() {
	switch {
	case c.nameless == 1:
		c.facts.Report(artifact.Unparsable, "1 crate without a name")
	case c.nameless > 1:
		c.facts.Report(artifact.Unparsable, fmt.Sprintf("%d crates without a name", c.nameless))
	}
}

func (c *crates) add(name, version string) {
	switch {
	case name == "":
		c.nameless++
		return
	case c.cut || c.seen[[2]string{name, version}]:
		return
	case len(c.seen) == maxPackages:
		c.cut = true
		c.facts.Report(artifact.PackagesLimit, fmt.Sprintf("more than %d crates in one file", maxPackages))
		return
	}
	c.seen[[2]string{name, version}] = true
	c.facts.Packages = append(c.facts.Packages, inventory.Package{
		Name: name, Version: version, Ecosystem: purl.CratesIO,
		PURL: purl.Make(purl.CratesIO, "", name, version, nil, ""),
	})
}
