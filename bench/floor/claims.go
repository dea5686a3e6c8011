package main

import (
	"path"
	"strings"
)

// kind is what a claimed file is; zero means that it is not claimed.
type kind uint8

const (
	none kind = iota
	release
	dpkg
	apk
	node
	python
	gem
	jar
	program // only perhaps: the first bytes decide
)

// claim says what a file is by its name.
func claim(name string) kind {
	base := name[strings.LastIndexByte(name, '/')+1:]
	switch base {
	case "package.json":
		if installedModule(name) {
			return node
		}
		return none
	case "METADATA":
		if strings.HasSuffix(name, ".dist-info/METADATA") {
			return python
		}
		return none
	case "PKG-INFO":
		if strings.HasSuffix(name, ".egg-info/PKG-INFO") {
			return python
		}
		return none
	case "status":
		if name == "var/lib/dpkg/status" {
			return dpkg
		}
	case "os-release":
		if name == "etc/os-release" || name == "usr/lib/os-release" {
			return release
		}
	case "installed":
		if name == "lib/apk/db/installed" || name == "usr/lib/apk/db/installed" {
			return apk
		}
	}
	switch ext := path.Ext(base); ext {
	case ".jar", ".war":
		return jar
	case ".gemspec":
		if strings.Contains(name, "/specifications/") {
			return gem
		}
	case ".egg-info":
		return python
	case "":
		if strings.HasPrefix(name, "var/lib/dpkg/status.d/") {
			return dpkg
		}
		return program
	default:
		if strings.HasPrefix(name, "var/lib/dpkg/status.d/") && ext != ".md5sums" {
			return dpkg
		}
		if ext[1:] != "" && ext[1] >= '0' && ext[1] <= '9' { // kubectl-1.31
			return program
		}
	}
	return none
}

// installedModule says whether a package.json is that of an installed module: node_modules/name or node_modules/@scope/name,
// or Debian's folder for modules.
func installedModule(name string) bool {
	dir := strings.TrimSuffix(name, "/package.json")
	i := strings.LastIndex(dir, "node_modules/")
	n := len("node_modules/")
	if i < 0 || i > 0 && dir[i-1] != '/' {
		if i = strings.Index(dir, "usr/share/nodejs/"); i != 0 {
			return false
		}
		n = len("usr/share/nodejs/")
	}
	rest := dir[i+n:]
	if strings.HasPrefix(rest, "@") {
		return strings.Count(rest, "/") == 1
	}
	return rest != "" && !strings.Contains(rest, "/")
}
