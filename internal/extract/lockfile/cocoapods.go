package lockfile

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// cocoaPods is not an ecosystem of OSV.
const cocoaPods purl.Ecosystem = "CocoaPods"

// readPodfile reads Podfile.lock. Subspecs are parts of one pod and have its version, so that each pod counts once.
func readPodfile(b []byte, found *pins) error {
	pods, needed, tool := false, false, false
	found.odd += readYAML(b, func(e yamlEvent) {
		if len(e.path) == 0 {
			pods = pods || e.key == "PODS"
			needed = needed || e.key == "DEPENDENCIES"
			tool = tool || e.key == "COCOAPODS"
			return
		}
		if e.path[0] != "PODS" || len(e.path) > 2 || len(e.path) == 2 && !e.item {
			return
		}
		if len(e.path) == 1 { // no list
			found.odd++
			return
		}
		text := e.key
		if text == "" {
			text = e.value
		}
		name, version, ok := strings.Cut(strings.TrimSuffix(text, ")"), " (")
		name, _, _ = strings.Cut(name, "/")
		if !ok || name == "" || version == "" {
			found.odd++
			return
		}
		found.add(pin{ecosystem: cocoaPods, name: name, version: version})
	})
	found.empty = tool && !needed // sections without entries are left out
	if !pods && !found.empty {
		return errForm
	}
	return nil
}
