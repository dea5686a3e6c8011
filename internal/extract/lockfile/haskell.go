package lockfile

import (
	"bytes"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// readStack reads stack.yaml.lock: the packages that a project has beyond its snapshot, see
// https://docs.haskellstack.org/en/stable/topics/lock_files/. Those of the snapshot stand on a server, not here.
func readStack(b []byte, found *pins) error {
	var p pin
	var hackage string
	known, entry := false, false
	flush := func() {
		if !entry {
			return
		}
		if hackage != "" {
			p.name, p.version = splitHackage(hackage)
			p.git, p.commit = "", ""
			if p.version == "" {
				found.odd++
			}
		}
		p.ecosystem = purl.Hackage
		found.add(p)
		p, hackage, entry = pin{}, "", false
	}
	found.odd += readYAML(b, func(e yamlEvent) {
		if len(e.path) == 0 {
			flush()
			if e.key == "packages" || e.key == "snapshots" {
				known = true
				found.empty = found.empty || e.key == "packages" && e.value == ""
			}
			return
		}
		if e.path[0] != "packages" {
			return
		}
		found.empty = false
		if e.item {
			flush()
			entry = true
		}
		if len(e.path) != 3 || e.path[2] != "completed" {
			return
		}
		switch e.key {
		case "hackage":
			hackage = e.value
		case "name":
			p.name = e.value
		case "version":
			p.version = e.value
		case "git":
			p.git = e.value
		case "commit":
			p.commit = e.value
		}
	})
	flush()
	if !known {
		return errForm
	}
	return nil
}

// isFlags says whether words behind a package's name are flags of its build, or that it comes with the compiler.
func isFlags(words []string) bool {
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return w[0] != '+' && w[0] != '-' && w != "installed" })
}

// splitHackage takes name-version@sha256:hash,size apart.
func splitHackage(text string) (name, version string) {
	text, _, _ = strings.Cut(text, "@")
	at := strings.LastIndexByte(text, '-')
	if at < 0 || !isHackageVersion(text[at+1:]) {
		return text, ""
	}
	return text[:at], text[at+1:]
}

func isHackageVersion(s string) bool {
	return s != "" && strings.Trim(s, "0123456789.") == "" && s[0] != '.' && s[len(s)-1] != '.'
}

// readFreeze reads cabal.project.freeze: "any.name ==1.2.3" in its list of constraints, between flags.
func readFreeze(b []byte, found *pins) error {
	constraints, known := false, false
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, " \t\r\n")
		text := strings.TrimSpace(string(line[:min(len(line), 4096)]))
		if text == "" || strings.HasPrefix(text, "--") {
			continue
		}
		if field, rest, ok := strings.Cut(text, ":"); ok && line[0] != ' ' && line[0] != '\t' && line[0] != ',' && !strings.ContainsAny(field, " =") {
			constraints = strings.EqualFold(field, "constraints")
			known = known || constraints || strings.EqualFold(field, "active-repositories") || strings.EqualFold(field, "index-state")
			text = rest
		}
		if !constraints {
			continue
		}
		for constraint := range strings.SplitSeq(text, ",") {
			name, version, ok := strings.Cut(constraint, "==")
			name = strings.TrimPrefix(strings.TrimSpace(name), "any.")
			version = strings.TrimSpace(version)
			if ok && name != "" && !strings.ContainsAny(name, " :") && isHackageVersion(version) {
				found.add(pin{ecosystem: purl.Hackage, name: name, version: version})
				continue
			}
			words := strings.Fields(constraint)
			switch {
			case ok:
				found.odd++
			case len(words) == 0:
			case isFlags(words[1:]):
				found.left++
			default:
				found.notPinned(strings.Join(words, " "))
			}
		}
	}
	if !known {
		return errForm
	}
	found.empty = true // all constraints were told
	return nil
}
