package node

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// pnpmLock reads pnpm-lock.yaml in source trees, versions 5 to 9. One package stands in it once for each set of peers
// that it was installed with, and counts once. Folders (workspaces, links, file: directories) are left out, archives and
// repositories count, by the name and version that pnpm read in them.
type pnpmLock struct{}

var _ extract.Extractor = pnpmLock{}

func (pnpmLock) Name() string  { return "pnpm-lock" }
func (pnpmLock) Revision() int { return 1 }

func (pnpmLock) Claims() []extract.Claim {
	return []extract.Claim{{Base: "pnpm-lock.yaml", In: []artifact.Kind{artifact.Directory}, Match: ownSource}}
}

// pnpmEntry is one of the packages of a pnpm lock.
type pnpmEntry struct {
	key           string
	name, version string // only where the key does not tell
	folder        bool   // resolved to a directory
	bundles       bool   // its archive brings packages that the lock does not list
}

func (pnpmLock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	found := pins{facts: facts, seen: map[string]bool{}}
	var odd, bundling []string
	var section, member string
	var version string // of the lock; stands above the packages, except in versions 5.0 to 5.2, whose keys tell
	var entry pnpmEntry
	known := false
	end := func() {
		if entry.key == "" {
			return
		}
		name, pinned, ok := entry.pin(version)
		switch {
		case entry.folder:
		case !ok:
			odd = append(odd, entry.key)
		default:
			found.add(name, pinned, nil)
			if entry.bundles {
				bundling = append(bundling, name+"@"+pinned)
			}
		}
		entry = pnpmEntry{}
	}
	err := blocks(file.Bytes(), splitYAML, func(depth int, key, value []byte) {
		switch depth {
		case 0:
			end()
			section = scalar(key)
			if section == "lockfileVersion" {
				version, known = scalar(value), true
			}
			known = known || section == "packages" || section == "importers"
		case 1:
			if section != "packages" {
				return
			}
			end()
			entry.key = scalar(key)
			if len(value) > 0 { // nothing but "{}" may stand here
				entry.flow(value)
			}
		case 2:
			if section != "packages" {
				return
			}
			switch member = string(key); member {
			case "name":
				entry.name = scalar(value)
			case "version":
				entry.version = scalar(value)
			case "resolution":
				entry.flow(value)
			case "bundledDependencies", "bundleDependencies":
				entry.bundles = string(value) != "false"
			}
		case 3:
			if section == "packages" && member == "resolution" && string(key) == "directory" {
				entry.folder = true
			}
		}
	})
	end()
	report(facts, odd, "in the lock file, and no package of npm")
	report(facts, bundling, "bring packages in their archives, which the lock file does not list")
	if err == nil && !known {
		return errNoBlocks
	}
	return err
}

// flow reads a resolution that stands on one line: {directory: x, type: directory}.
func (e *pnpmEntry) flow(value []byte) {
	inner := bytes.Trim(value, "{} ")
	for part := range bytes.SplitSeq(inner, []byte(",")) {
		key, _, _ := bytes.Cut(bytes.TrimSpace(part), []byte(":"))
		e.folder = e.folder || string(key) == "directory"
	}
}

// pin reads the key of a package:
//
//	/name/1.0.0, /@s/name/1.0.0_peer@2.0.0, host/name/1.0.0        up to version 5
//	/name@1.0.0, /@s/name@1.0.0(peer@2.0.0), host/name@1.0.0       version 6
//	name@1.0.0, @s/name@1.0.0, name@https://host/name.tgz          from version 9 on
//
// What is not from a registry has a key of another form, and name and version beside it.
func (e *pnpmEntry) pin(lockVersion string) (name, version string, ok bool) {
	if e.name != "" && e.version != "" {
		return e.name, e.version, true
	}
	key, _, _ := strings.Cut(e.key, "(")
	slash := strings.HasPrefix(key, "/")
	key = strings.TrimPrefix(key, "/")
	if oldForm(lockVersion, key) {
		name, version = cutSlash(key)
		if !slash {
			_, rest, _ := strings.Cut(key, "/")
			name, version = cutSlash(rest) // the first part is the registry
		}
	} else {
		name, version = cutDescriptor(key)
		if host, rest, found := strings.Cut(key, "/"); found && !slash && strings.Contains(host, ".") && !strings.Contains(host, "@") {
			name, version = cutDescriptor(rest)
		}
	}
	if e.name != "" {
		name = e.name
	}
	switch {
	case startsWithDigit(version):
	case strings.HasPrefix(version, "runtime:"):
		return "", "", false // an interpreter that pnpm fetches
	default:
		version = ""
	}
	if e.version != "" {
		version = e.version
	}
	plain := name != "" && !strings.ContainsAny(name, ":()") && strings.Count(name, "/") <= 1
	return name, version, plain && (version != "" || !slash)
}

// oldForm says whether keys have a slash before the version.
func oldForm(lockVersion, key string) bool {
	number, _, _ := strings.Cut(lockVersion, "-")
	if v, err := strconv.ParseFloat(number, 64); err == nil {
		return v < 6
	}
	name, _ := cutSlash(key)
	return !strings.Contains(name[min(1, len(name)):], "@")
}

// cutSlash cuts "name/1.0.0_peers" and "@s/name/1.0.0".
func cutSlash(key string) (name, version string) {
	name, rest, _ := strings.Cut(key, "/")
	if strings.HasPrefix(name, "@") {
		var second string
		second, rest, _ = strings.Cut(rest, "/")
		name += "/" + second
	}
	rest, _, _ = strings.Cut(rest, "/")
	version, _, _ = strings.Cut(rest, "_")
	return name, version
}

func startsWithDigit(s string) bool { return s != "" && '0' <= s[0] && s[0] <= '9' }
