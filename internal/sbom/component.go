package sbom

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// component is what all formats have in common: a thing with a name, a version and, best of all, a purl.
type component struct {
	kind     string // of CycloneDX: library, operating-system, container, file, ...
	group    string
	name     string
	version  string
	purl     string
	licenses []string
	evidence []inventory.Evidence // with Layer only as an index
	facts    facts
}

// label names the component for a person.
func (c *component) label() string {
	s := strconv.Quote(cmp.Or(strings.TrimPrefix(c.group+"/"+c.name, "/"), "without a name"))
	if c.version != "" {
		s += " " + c.version
	}
	return cut(s, 200)
}

// thing says whether the component is one that no package manager installs, so that nobody misses its purl.
func (c *component) thing() bool {
	switch c.kind {
	case "file", "container", "device", "data", "machine-learning-model", "cryptographic-asset", "platform":
		return true
	}
	return c.facts["aquasecurity:trivy:Type"] != nil || c.facts["aquasecurity:trivy:Class"] != nil // a lock file, as a folder of packages
}

// identity is what a purl tells of a package.
type identity struct {
	typ       string
	ecosystem purl.Ecosystem
	name      string
	version   string // with the epoch
	bare      string // without
	arch      string
	distro    string // debian-12
	upstream  string // name or name@version of the source package, as Syft writes it
	module    string // stream of an rpm's module
	build     string // of that stream
}

func identify(s string) (identity, error) {
	u, err := purl.Parse(s)
	if err != nil {
		return identity{}, err
	}
	id := identity{
		typ: u.Type, version: u.Version, bare: u.Version,
		arch: u.Qualifiers["arch"], distro: u.Qualifiers["distro"], upstream: u.Qualifiers["upstream"],
	}
	id.ecosystem, id.name = u.Package()
	if id.typ == "rpm" {
		id.upstream = sourceRPM(id.upstream)
		id.module, id.build = moduleOf(u.Qualifiers["rpmmod"])
	}
	if epoch := u.Qualifiers["epoch"]; epoch != "" && epoch != "0" && id.version != "" {
		id.version = epoch + ":" + id.version
	}
	return id, nil
}

// moduleOf parts a modularity label, name:stream:version:context.
func moduleOf(label string) (module, build string) {
	name, rest, ok := strings.Cut(label, ":")
	stream, build, _ := strings.Cut(rest, ":")
	if !ok || name == "" || stream == "" {
		return "", ""
	}
	return name + ":" + stream, build
}

// sourceRPM gives the name of a source rpm, which Syft writes as the file's: openssl-3.0.1-41.el9_0.src.rpm. Its version has no epoch there, so that
// the package's own counts.
func sourceRPM(s string) string {
	name, ok := strings.CutSuffix(s, ".src.rpm")
	if !ok {
		return s
	}
	for range 2 { // release and version
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name = name[:i]
		}
	}
	return name
}

// evidenceContext says beside the place of evidence who read it, in which layer, and what the file says ("sightline:upstream@2 the version
// string ..."); evidenceOf reads that back. What
// others say there is not taken for the name of an extractor.
func evidenceContext(e inventory.Evidence) string {
	s := prefix + e.Extractor
	if e.Layer != nil {
		s += "@" + strconv.Itoa(e.Layer.Index)
	}
	if e.Detail != "" {
		s += " " + e.Detail
	}
	return s
}

func evidenceOf(path, context string) inventory.Evidence {
	e := inventory.Evidence{Path: path, Extractor: "sbom"}
	if rest, ok := strings.CutPrefix(context, prefix); ok {
		rest, detail, _ := strings.Cut(rest, " ") // names of extractors have no spaces
		name, layer, inLayer := strings.Cut(rest, "@")
		index, err := strconv.Atoi(layer)
		switch {
		case inLayer && (err != nil || index < 0): // not ours
		case inLayer:
			e.Extractor, e.Layer, e.Detail = name, &artifact.LayerRef{Index: index}, detail
		default:
			e.Extractor, e.Detail = name, detail
		}
	}
	return e
}

// cut shortens a string from outside that goes into a message.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}
