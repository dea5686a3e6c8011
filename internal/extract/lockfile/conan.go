package lockfile

import (
	"bytes"
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// readConan reads conan.lock of Conan 1 (graph_lock) and Conan 2 (lists of references), see
// https://docs.conan.io/2/tutorial/versioning/lockfiles.html. What only a build needs counts too.
func readConan(b []byte, found *pins) error {
	known, entries := false, 0
	err := readJSON(b, found, func(r *reader, key string) error {
		switch key {
		case "version":
			var version string
			ok, err := r.value(&version)
			known = known || ok && version >= "0.5" // of Conan 2, which may leave out lists without elements
			return err
		case "requires", "build_requires", "python_requires":
			known = true
			return r.elements(func() error {
				var ref string
				entries++
				ok, err := r.value(&ref)
				if ok && !addConan(found, ref) {
					found.odd++
				}
				return err
			})
		case "graph_lock":
			known = true
			return r.members(func(key string) error {
				if key != "nodes" {
					return r.skip()
				}
				return r.members(func(string) error {
					entries++
					return conanNode(r)
				})
			})
		}
		return r.skip()
	})
	if err == nil && !known {
		err = errForm
	}
	found.empty = entries == 0
	return err
}

// conanNode reads one node of a graph. One with a path is the project itself.
func conanNode(r *reader) error {
	var node struct {
		Ref            string   `json:"ref"`
		Pref           string   `json:"pref"` // before Conan 1.28
		Path           string   `json:"path"`
		PythonRequires []string `json:"python_requires"`
	}
	ok, err := r.value(&node)
	if !ok {
		return err
	}
	for _, ref := range node.PythonRequires {
		if !addConan(r.found, ref) {
			r.found.odd++
		}
	}
	if node.Ref == "" {
		node.Ref = node.Pref
	}
	switch {
	case node.Ref == "" || node.Path != "" || strings.HasPrefix(node.Ref, "conanfile."):
		r.found.left++
	case !addConan(r.found, node.Ref):
		r.found.odd++
	}
	return nil
}

// addConan adds name/version[@user/channel][#revision][:package][%time].
func addConan(found *pins, ref string) bool {
	if i := strings.IndexAny(ref, "#%:"); i >= 0 {
		ref = ref[:i]
	}
	ref, owner, _ := strings.Cut(strings.TrimSpace(ref), "@")
	name, version, ok := strings.Cut(ref, "/")
	if !ok || name == "" || version == "" || strings.ContainsAny(ref, " ()[]<>=\t") {
		return false
	}
	p := pin{ecosystem: purl.ConanCenter, name: name, version: version}
	if user, channel, _ := strings.Cut(owner, "/"); user != "" && user != "_" {
		p.quals = []purl.Qualifier{{Key: "user", Value: clean(user)}, {Key: "channel", Value: clean(channel)}}
	}
	found.add(p)
	return true
}

// readConanfile reads conanfile.txt: requirements of one version. Ranges of versions pin nothing and are told.
func readConanfile(b []byte, found *pins) error {
	section, outside := "", false
	for line := range bytes.Lines(b) {
		text := strings.TrimSpace(string(line[:min(len(line), maxToken)]))
		if i := strings.Index(text, " #"); i >= 0 {
			text = strings.TrimSpace(text[:i])
		}
		if text == "" || text[0] == '#' {
			continue
		}
		if len(text) > 2 && text[0] == '[' && text[len(text)-1] == ']' {
			section = text
			continue
		}
		switch section {
		case "[requires]", "[build_requires]", "[tool_requires]", "[test_requires]":
			switch {
			case addConan(found, text):
			case strings.Contains(text, "/["):
				found.notPinned(text)
			default:
				found.odd++
			}
		case "":
			outside = true
		}
	}
	if outside {
		return errForm
	}
	found.empty = true
	return nil
}
