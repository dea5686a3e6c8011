package lockfile

import "github.com/sightline-sec/sightline/internal/purl"

// readPubspec reads pubspec.lock of Dart and Flutter, see https://dart.dev/tools/pub/glossary#lockfile. What comes with
// an SDK is left out: it has no version of its own, but stands as 0.0.0.
func readPubspec(b []byte, found *pins) error {
	var p pin
	var at, source string
	packages, entries := false, 0
	flush := func() {
		if at != "" && source == "sdk" {
			found.left++
		} else if at != "" {
			if p.name == "" {
				p.name = at
			}
			if p.version == "" {
				found.odd++
			}
			p.ecosystem = purl.Pub
			if source != "git" {
				p.git, p.commit = "", ""
			}
			found.add(p)
		}
		p, at, source = pin{}, "", ""
	}
	found.odd += readYAML(b, func(e yamlEvent) {
		switch {
		case len(e.path) == 0:
			flush()
			if e.key == "packages" {
				packages = e.value == ""
			}
		case e.path[0] != "packages":
		case e.path[len(e.path)-1] == "-" && len(e.path) == 2: // a list
			found.odd++
		case len(e.path) == 1:
			flush()
			entries++
			at = e.key
		case len(e.path) == 2 && e.key == "version":
			p.version = e.value
		case len(e.path) == 2 && e.key == "source":
			source = e.value
		case len(e.path) == 3 && e.path[2] == "description":
			switch e.key {
			case "name":
				p.name = e.value
			case "url":
				p.git = e.value
			case "resolved-ref":
				p.commit = e.value
			}
		}
	})
	flush()
	if !packages {
		return errForm
	}
	found.empty = entries == 0
	return nil
}
