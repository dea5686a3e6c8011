package golang

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// addPackages turns build information into packages. The standard library is added also where the modules cannot be
// understood.
func addPackages(info *build, facts *extract.Facts) error {
	if info.goVersion == "" {
		return nil
	}
	add := func(name, version string) {
		facts.Packages = append(facts.Packages, goPackage(name, version))
	}
	add("stdlib", stdlibVersion(info.goVersion))
	parsed, err := debug.ParseBuildInfo(info.modules)
	if err != nil {
		err = fmt.Errorf("module information: %w", err)
		parsed = &debug.BuildInfo{}
	}
	if parsed.Main.Path != "" {
		name, _ := moduleVersion(&parsed.Main)
		version, detail := mainVersion(parsed)
		add(name, version)
		if detail != "" {
			facts.Packages[len(facts.Packages)-1].Evidence = []inventory.Evidence{{Detail: detail}}
		}
	}
	var linked []string // paths of modules under which their packages are known to the linker
	for _, dep := range parsed.Deps {
		if dep.Path != "" { // Go 1.13 wrote such for the main package
			add(moduleVersion(dep))
			linked = append(linked, dep.Path)
		}
	}
	symbols := info.functions.symbols(parsed.Path, linked)
	replaced := map[string]string{}
	for _, dep := range parsed.Deps {
		if r := dep.Replace; r != nil && !localPath(r.Path) && r.Path != dep.Path {
			replaced[r.Path] = dep.Path
		}
	}
	if len(replaced) > 0 {
		symbols = symbols.WithReplaced(replaced)
	}
	for i := range facts.Packages {
		facts.Packages[i].Symbols = symbols
	}
	return err
}

// goPackage makes a package of the Go ecosystem.
func goPackage(name, version string) inventory.Package {
	return inventory.Package{
		Name: name, Version: version, Ecosystem: purl.Go,
		PURL: purl.Make(purl.Go, "", name, version, nil, ""),
	}
}

// moduleVersion gives the name and version under which a module counts.
func moduleVersion(m *debug.Module) (name, version string) {
	name, version = m.Path, m.Version
	if m.Replace != nil {
		// A directory stands in for the module: what its code is cannot be known. "v0.0.0", which stands with most of
		// these, would be older than any fix.
		version = ""
		if !localPath(m.Replace.Path) {
			name, version = m.Replace.Path, m.Replace.Version
		}
	}
	if version == "(devel)" {
		version = ""
	}
	return name, version
}

// localPath says whether a replacement is a directory, as go.mod has it: "./x", "../x", an absolute path.
func localPath(path string) bool {
	if strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../") || strings.HasPrefix(path, "/") || path == "." || path == ".." {
		return true
	}
	return strings.Contains(path, `\`) || len(path) > 1 && path[1] == ':'
}

// stdlibVersion spells a version of Go as the Go vulnerability database does: go1.21rc2 is 1.21.0-rc.2. What a vendor
// adds becomes build metadata, since it does not make the release older: go1.20.3-fips is 1.20.3+fips. A toolchain
// built from source comes before its release: "devel go1.22-3c6b1d9 Mon ..." is 1.22-3c6b1d9. It is empty where the
// string names no release.
func stdlibVersion(v string) string {
	v, devel := strings.CutPrefix(v, "devel ")
	v, _, _ = strings.Cut(v, " ")
	// Not a package variable: there is one call a binary, and nothing to share.
	m := regexp.MustCompile(`^go([0-9]+(?:\.[0-9]+)*)(?:(rc|beta)([0-9]+))?(?:[-+](.+))?$`).FindStringSubmatch(v)
	if m == nil {
		return ""
	}
	version, pre, number, rest := m[1], m[2], m[3], m[4]
	if pre != "" {
		for strings.Count(version, ".") < 2 {
			version += ".0"
		}
		version += "-" + pre + "." + number
	}
	switch {
	case rest == "":
	case devel && pre == "":
		version += "-" + rest
	default:
		version += "+" + rest
	}
	return version
}
