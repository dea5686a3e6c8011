// Package node reads the packages of Node.js: what is installed, from package.json files and the archives of yarn's
// Plug'n'Play, and what a source tree pins, from the lock files of npm, yarn, pnpm, bun and deno.
//
// It promises the list that `npm ls --all` shows: inside node_modules the root of each package and nothing deeper
// (a package's own test fixtures and compiled parts are not installed packages), versions and licences as they are
// written, packages under their own name where an alias installed them. A package without a version stays, without
// one, since npm lists it too. Outside node_modules a package.json counts if it has a name and a version and lies in an
// image: the root of an application, or a tool that was unpacked by hand. In a source tree it is the project itself or a
// folder of it, which is nobody's dependency and whose name is not the registry's.
//
// Of a lock file all counts that it pins, development and optional dependencies too, as the tools install them unless told
// otherwise. The project itself and what leads to a folder of it (workspaces, links, file: directories) do not. What is
// pinned without a version, a repository at a commit, stays without one. A lock file that gives no package is reported,
// unless it says in the tool's own way that there is none.
package node

import (
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Extractors are the extractors of this package.
func Extractors() []extract.Extractor {
	return []extract.Extractor{installed{}, lock{}, yarnLock{}, yarnCache{}, pnpmLock{}, bunLock{}, denoLock{}}
}

// npmPackage makes a package of the npm ecosystem.
func npmPackage(name, version string, licenses []string) inventory.Package {
	return inventory.Package{
		Name: name, Version: version, Ecosystem: purl.NPM, Licenses: licenses,
		PURL: purl.Make(purl.NPM, "", name, version, nil, ""),
	}
}
