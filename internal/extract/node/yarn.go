package node

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// yarnLock reads yarn.lock files in source trees: those of yarn 1, and those of yarn 2 and later ("berry"), which have a
// form of their own. What leads to a folder (workspaces, links, portals, file: folders) is left out, archives count.
// A package that yarn patched counts as what it is a patch of.
type yarnLock struct{}

var _ extract.Extractor = yarnLock{}

func (yarnLock) Name() string  { return "yarn-lock" }
func (yarnLock) Revision() int { return 2 }

func (yarnLock) Claims() []extract.Claim {
	return []extract.Claim{{Base: "yarn.lock", In: []artifact.Kind{artifact.Directory}, Match: ownSource}}
}

func (yarnLock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	b := file.Bytes()
	found := newPins(facts)
	defer found.done()
	if bytes.HasPrefix(b, []byte("__metadata:")) || bytes.Contains(b, []byte("\n__metadata:")) {
		return berry(b, found)
	}
	return yarnClassic(b, found)
}

// errNoYarn is that a file has neither an entry nor what yarn writes into one without entries.
var errNoYarn = errors.New("no entry and no head that a yarn.lock has")

// yarnClassic reads the lock file of yarn 1:
//
//	"@s/a@^1.0.0", "@s/a@npm:b@1":
//	  version "1.2.3"
//	  resolved "https://..."
func yarnClassic(b []byte, found *pins) error {
	var entry struct {
		header            []byte
		version, resolved string
	}
	var odd names
	entries := 0
	end := func() {
		if entry.header == nil {
			return
		}
		entries++
		name, spec := cutDescriptor(firstDescriptor(entry.header))
		if alias, ok := strings.CutPrefix(spec, "npm:"); ok {
			name, _ = cutDescriptor(alias)
		}
		switch {
		case entry.version == "":
			odd.add(string(entry.header))
		case entry.resolved != "" || !isPath(spec):
			found.add(name, entry.version, nil)
		}
		entry.header, entry.version, entry.resolved = nil, "", ""
	}
	err := blocks(b, splitClassic, func(depth int, key, value []byte) {
		switch {
		case depth == 0:
			end()
			if len(value) == 0 {
				entry.header = key
			} else {
				odd.add(string(key))
			}
		case depth != 1:
		case string(key) == "version":
			entry.version = scalar(value)
		case string(key) == "resolved":
			entry.resolved = scalar(value)
		}
	})
	end()
	report(found.facts, odd, noVersion)
	if err == nil && entries+len(odd.list) == 0 && !bytes.Contains(b, []byte("# yarn lockfile v")) {
		return errNoYarn
	}
	return err
}

const noVersion = "in the lock file without a version"

// splitClassic cuts a line of a version 1 lock: a header ends in a colon, key and value have a space between them.
func splitClassic(line []byte) (key, value []byte, ok bool) {
	if line[len(line)-1] == ':' {
		return line[:len(line)-1], nil, true
	}
	end := 0
	if line[0] == '"' {
		end = endOfString(line, 0)
	} else {
		end = bytes.IndexByte(line, ' ')
	}
	if end <= 0 || end >= len(line) || line[end] != ' ' {
		return nil, nil, false
	}
	return line[:end], line[end+1:], true
}

// firstDescriptor is the first of the descriptors that a header lists; all of them mean one package.
func firstDescriptor(header []byte) string {
	if len(header) > 0 && header[0] == '"' {
		if end := endOfString(header, 0); end > 0 {
			// yarn 2 quotes the whole list, yarn 1 each element.
			text, _, _ := strings.Cut(scalar(header[:end]), ", ")
			return text
		}
	}
	header, _, _ = bytes.Cut(header, []byte(", "))
	return scalar(header)
}

// cutDescriptor cuts "name@range" where the range begins; a scope has an @ of its own.
func cutDescriptor(s string) (name, spec string) {
	if i := strings.IndexByte(s[min(1, len(s)):], '@'); i >= 0 {
		return s[:i+1], s[i+2:]
	}
	return s, ""
}

// berry reads the lock file of yarn 2 and later, which is YAML:
//
//	"@s/a@npm:^1.0.0, alias@npm:@s/a@1":
//	  version: 1.2.3
//	  resolution: "@s/a@npm:1.2.3"
//	  linkType: hard
func berry(b []byte, found *pins) error {
	var entry struct {
		key                           []byte
		version, resolution, linkType string
	}
	var odd names
	end := func() {
		if entry.key == nil || scalar(entry.key) == "__metadata" {
			return
		}
		if entry.resolution == "" {
			entry.resolution = firstDescriptor(entry.key)
		}
		name, reference := cutDescriptor(entry.resolution)
		if reference, _, _ = strings.Cut(reference, "::"); strings.HasPrefix(reference, "file:") {
			reference, _, _ = strings.Cut(reference, "#")
		}
		switch {
		case entry.linkType == "soft" || isPath(reference):
		case entry.version == "":
			odd.add(string(entry.key))
		default:
			found.add(name, entry.version, nil)
		}
		entry.version, entry.resolution, entry.linkType = "", "", ""
	}
	err := blocks(b, splitYAML, func(depth int, key, value []byte) {
		switch {
		case depth == 0:
			end()
			entry.key = key
		case depth != 1:
		case string(key) == "version":
			entry.version = scalar(value)
		case string(key) == "resolution":
			entry.resolution = scalar(value)
		case string(key) == "linkType":
			entry.linkType = scalar(value)
		}
	})
	end()
	report(found.facts, odd, noVersion)
	return err
}
