// Package node reads the packages of Node.js: what is installed, from package.json files and the archives of yarn's
// Plug'n'Play, and what a source tree pins, from the lock files of npm, yarn, pnpm, bun and deno.
//
// It promises the list that `npm ls --all` shows: inside node_modules the root of each package and nothing deeper
// (a package's own test fixtures and compiled parts are not installed packages), versions and licences as they are
// written, packages under their own name where an alias installed them. A package without a version stays, without
// one, since npm lists it too. Outside node_modules a package.json counts if it has a name and a version: the root
// of an application, or a tool that was unpacked by hand.
//
// Of a lock file all counts that it pins, development and optional dependencies too, as the tools install them unless told
// otherwise. What leads to a folder (workspaces, links, file: directories) does not: it is no package of a registry, and
// the folder's own package.json says what it is. What is pinned without a version, a repository at a commit, stays without
// one.
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
