package ruby

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// lock reads Bundler's Gemfile.lock and gems.locked. The gems of all sources count: of registries, git, folders (the
// project's own) and plugins; so does the Bundler that the file was locked with, which Bundler 2.3 and later install and
// run. One lock serves many platforms, so that the platform is left out.
type lock struct{}

var _ extract.Extractor = lock{}

func (lock) Name() string  { return "bundler-lock" }
func (lock) Revision() int { return 2 }

func (lock) Claims() []extract.Claim {
	in := []artifact.Kind{artifact.Directory}
	match := func(p string) bool { return placeOf(p) != placeCopy }
	return []extract.Claim{
		{Base: "Gemfile.lock", In: in, Match: match},
		{Base: "gems.locked", In: in, Match: match},
	}
}

var (
	errNoLock   = errors.New("no section that a lock file of Bundler has")
	errNoGems   = errors.New("dependencies, and no gem that they lead to")
	errConflict = errors.New("the lock file holds an unresolved merge conflict")
)

// Extract reads the file line by line: sections begin at the margin, sources have "specs:" at two blanks, their gems stand
// at four, and what those depend on at six.
func (lock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	found := pins{facts: facts}
	var section string
	conflict, odd := false, 0
	listed, needed := false, false // the project's own dependencies, and whether there are any
	for line := range bytes.Lines(bytes.TrimPrefix(file.Bytes(), []byte("\xef\xbb\xbf"))) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			continue
		}
		if line[0] != ' ' {
			section = string(line[:min(len(line), 32)])
			listed = listed || section == "DEPENDENCIES"
			conflict = conflict || bytes.HasPrefix(line, []byte("<<<<<<<")) || bytes.HasPrefix(line, []byte(">>>>>>>"))
			continue
		}
		switch section {
		case "GEM", "GIT", "PATH", "PLUGIN SOURCE":
			text, ok := bytes.CutPrefix(line, []byte("    "))
			if !ok || len(text) == 0 || text[0] == ' ' {
				continue
			}
			name, version, ok := pinned(string(text[:min(len(text), 1024)]))
			if !ok {
				odd++
				continue
			}
			found.add(name, version)
		case "DEPENDENCIES":
			needed = true
		case "BUNDLED WITH":
			if text := strings.TrimSpace(string(line[:min(len(line), 64)])); text != "" && '0' <= text[0] && text[0] <= '9' {
				found.add("bundler", text)
			}
		}
	}
	if odd > 0 {
		noun := "gems"
		if odd == 1 {
			noun = "gem"
		}
		facts.Report(artifact.Unparsable, fmt.Sprintf("%d %s without a version", odd, noun))
	}
	switch {
	case conflict:
		return errConflict
	case len(facts.Packages)+odd > 0:
	case !listed: // Bundler always writes this section
		return errNoLock
	case needed:
		return errNoGems
	}
	return nil
}

// pinned reads "name (version)" or "name (version-platform)"; a version has no hyphen.
func pinned(text string) (name, version string, ok bool) {
	text = strings.TrimSuffix(strings.TrimRight(text, " "), "!")
	name, rest, ok := strings.Cut(text, " (")
	if !ok {
		return "", "", false
	}
	rest, ok = strings.CutSuffix(rest, ")")
	version, _, _ = strings.Cut(rest, "-")
	return name, version, ok && name != "" && version != ""
}
