package node

import (
	"context"
	"errors"
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
func (pnpmLock) Revision() int { return 2 }

func (pnpmLock) Claims() []extract.Claim {
	return []extract.Claim{{Base: "pnpm-lock.yaml", In: []artifact.Kind{artifact.Directory}, Match: ownSource}}
}

// pnpmEntry is one of the packages of a pnpm lock.
type pnpmEntry struct {
	there         bool
	key           string
	name, version string // only where the key does not tell
	folder        bool   // resolved to a directory
	bundles       bool   // its archive brings packages that the lock does not list
}

var (
	errNoPnpm     = errors.New("no version and no section that a pnpm-lock.yaml has")
	errNoPackages = errors.New("the packages are no mapping")
)

func (pnpmLock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	found := newPins(facts)
	var odd, bundling names
	var section, member string
	var version string // of the lock; stands above the packages, except in versions 5.0 to 5.2, whose keys tell
	var entry pnpmEntry
	known := false
	bare, wrong := false, false // packages without anything beside or below, packages that are something else
	end := func() {
		name, pinned, ok := entry.pin(version)
		switch {
		case !entry.there || entry.folder:
		case !ok:
			odd.add(entry.key)
		default:
			found.add(name, pinned, nil)
			if entry.bundles {
				bundling.add(name + "@" + pinned)
			}
		}
		entry = pnpmEntry{}
	}
	err := blocks(file.Bytes(), splitYAML, func(depth int, key, value []byte) {
		if depth > 0 && section != "packages" {
			return
		}
		switch depth {
		case 0:
			end()
			wrong = wrong || bare
			bare = false
			switch section = scalar(key); section {
			case "lockfileVersion":
				version = scalar(value)
				known = known || startsWithDigit(version)
			case "importers":
				known = true
			case "packages":
				known = true
				text := string(value)
				bare = text == ""
				wrong = wrong || !bare && text != "{" && text != "null" && text != "~"
			}
		case 1:
			end()
			bare = false
			entry.there, entry.key = true, scalar(key)
		case 2:
			switch member = scalar(key); member {
			case "name":
				entry.name = scalar(value)
			case "version":
				entry.version = scalar(value)
			case "bundledDependencies", "bundleDependencies":
				entry.bundles = string(value) != "false"
			}
		case 3:
			if member == "resolution" && scalar(key) == "directory" {
				entry.folder = true
			}
		}
	})
	end()
	report(facts, odd, "in the lock file, and no package of npm")
	report(facts, bundling, "bring packages in their archives, which the lock file does not list")
	found.done()
	switch {
	case err != nil:
	case !known:
		err = errNoPnpm
	case wrong || bare:
		err = errNoPackages
	}
	return err
}

// pin reads the key of a package:
//
//	/name/1.0.0, /@s/name/1.0.0_peer@2.0.0, host/name/1.0.0        up to version 5
//	/name@1.0.0, /@s/name@1.0.0(peer@2.0.0), host/name@1.0.0       version 6
//	name@1.0.0, @s/name@1.0.0, name@https://host/name.tgz          from version 9 on
//
// An alias (other@npm:name@1.0.0) does not stand in a key, but in what depends on it. Where one does, it means what it leads to.
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
	if alias, ok := strings.CutPrefix(version, "npm:"); ok {
		name, version = cutDescriptor(alias)
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
