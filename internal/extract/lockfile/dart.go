package lockfile

import "github.com/sightline-sec/sightline/internal/purl"

// readPubspec reads pubspec.lock of Dart and Flutter, see https://dart.dev/tools/pub/glossary#lockfile. What comes with
// an SDK is left out: it has no version of its own, but stands as 0.0.0.
func readPubspec(b []byte, found *pins) error {
	var p pin
	var at, source string
	packages := false
	flush := func() {
		if at != "" && source != "sdk" {
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
			packages = packages || e.key == "packages"
		case e.path[0] != "packages":
		case len(e.path) == 1:
			flush()
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
	return nil
}
