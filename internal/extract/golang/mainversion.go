package golang

import (
	"regexp"
	"runtime/debug"
	"strings"

	"golang.org/x/mod/semver"
)

// mainVersion gives the version of a binary's main module, and where it stands if not in the module information. Since Go 1.24 the go
// command takes it from the version control; before, and in builds without a repository, it says "(devel)", and what there is is what release
// scripts had the linker write into a variable: "-X main.version=1.2.3". That counts if the variable is the main module's, is named for a
// version, and all such variables agree. The flags are not recorded with -trimpath.
func mainVersion(info *debug.BuildInfo) (version, detail string) {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v, ""
	}
	for _, s := range info.Settings {
		if s.Key != "-ldflags" {
			continue
		}
		for _, assignment := range linkerAssignments(s.Value) {
			name, value, _ := strings.Cut(assignment, "=")
			v := releaseVersion(value)
			if v == "" || len(assignment) > 256 || !versionVariable(name, info.Main.Path) {
				continue
			}
			if version != "" && version != v {
				return "", ""
			}
			version, detail = v, "-ldflags -X "+assignment
		}
	}
	return version, detail
}

// linkerAssignments gives what stands after each -X of linker flags, which are quoted as the go command reads them: ' and " around a whole
// field, no escapes.
func linkerAssignments(flags string) []string {
	var list []string
	x := false
	for flags = strings.TrimLeft(flags, " \t\r\n"); flags != ""; flags = strings.TrimLeft(flags, " \t\r\n") {
		var field string
		if q := flags[0]; q == '\'' || q == '"' {
			end := strings.IndexByte(flags[1:], q)
			if end < 0 {
				return list
			}
			field, flags = flags[1:1+end], flags[end+2:]
		} else if end := strings.IndexAny(flags, " \t\r\n"); end >= 0 {
			field, flags = flags[:end], flags[end:]
		} else {
			field, flags = flags, ""
		}
		switch {
		case x:
			list, x = append(list, field), false
		case field == "-X" || field == "--X":
			x = true
		default:
			if a, ok := strings.CutPrefix(field, "-X="); ok {
				list = append(list, a)
			} else if a, ok := strings.CutPrefix(field, "--X="); ok {
				list = append(list, a)
			}
		}
	}
	return list
}

// versionVariable says whether a variable of the main module is named for the module's version: "main.version", "example.com/app/build.Version".
func versionVariable(name, module string) bool {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return false
	}
	path, variable := name[:dot], strings.ToLower(name[dot+1:])
	rest, inModule := strings.CutPrefix(path, module)
	if path != "main" && (!inModule || module == "" || rest != "" && rest[0] != '/') {
		return false
	}
	before, ok := strings.CutSuffix(variable, "version")
	switch strings.Trim(before, "_") {
	case "", "app", "build", "release", "git", "program", "semantic", "sem", "full", "tag", "current", "main", "the":
		return ok
	}
	return false
}

// releaseVersion spells a version as modules do: v1.2.3. What `git describe` adds for commits after a tag becomes build metadata: as a
// pre-release it would come before the tag. It is empty for what is no version.
func releaseVersion(s string) string {
	v := "v" + strings.TrimPrefix(s, "v")
	// Not a package variable: there is one call a binary, and nothing to share.
	if m := regexp.MustCompile(`^(.*?)(-dirty)?$`).FindStringSubmatch(v); m[2] != "" {
		v = join(m[1], "dirty")
	}
	if m := regexp.MustCompile(`^([^+]*)-([0-9]+)-(g[0-9a-f]{7,40})(?:\+(.*))?$`).FindStringSubmatch(v); m != nil {
		v = join(m[1], m[2]+"."+m[3])
		if m[4] != "" {
			v = join(v, m[4])
		}
	}
	if len(v) > maxVersion || strings.Count(v, ".") == 0 || !semver.IsValid(v) {
		return ""
	}
	canonical := semver.Canonical(v)
	if canonical == "v0.0.0" {
		return "" // what stands in sources until a release script writes there
	}
	return canonical + semver.Build(v)
}

// join adds build metadata to a version.
func join(version, metadata string) string {
	if strings.Contains(version, "+") {
		return version + "." + metadata
	}
	return version + "+" + metadata
}
