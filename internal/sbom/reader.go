package sbom

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// maxReports is how many components are reported one by one; the others are counted.
const maxReports = 1000

// reader gathers components into a document.
type reader struct {
	ctx    context.Context // a reader lives for one call of Read
	limits artifact.Limits
	most   int // packages
	doc    Document

	seen     int
	tooMany  int
	places   int // of evidence
	reported int
	kept     []kept
	system   *inventory.Distro // by a component of type operating-system
	byPURL   *inventory.Distro // by the distro qualifier of the first package that has one
	facts    facts             // of the described thing
}

// kept is a package with what has to wait for the end of the document.
type kept struct {
	inventory.Package
	typ    string // of the purl, where the ecosystem is not known
	distro string // the purl's qualifier
	diffID string // Trivy's word for the layer
}

func newReader(ctx context.Context, format string, limits artifact.Limits) *reader {
	r := &reader{ctx: ctx, limits: limits, most: int(min(max(limits.Files/20, 1), 1<<31))}
	r.doc.Format = format
	r.doc.Artifact = artifact.Artifact{Kind: artifact.SBOM, Format: format}
	return r
}

// report notes what could not be used. detail is asked only for what is reported by itself.
func (r *reader) report(reason artifact.Reason, detail func() string) {
	if r.reported++; r.reported <= maxReports {
		r.doc.Inventory.Incomplete = append(r.doc.Inventory.Incomplete, artifact.Incomplete{Reason: reason, Detail: detail()})
	}
}

// place says whether one more piece of evidence may be kept: four for each package that may be.
func (r *reader) place() bool {
	r.places++
	return r.places <= 4*r.most
}

func (r *reader) reportNesting() {
	r.report(artifact.NestingLimit, func() string {
		return fmt.Sprintf("components nested more than %d deep were not read", r.limits.Nesting)
	})
}

// add takes one component in. The error is the context's.
func (r *reader) add(c *component) error {
	if r.seen++; r.seen%1024 == 0 && r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if c.kind == "operating-system" && c.purl == "" {
		if r.system == nil {
			r.system = distroOf(c.name, c.version, c.facts)
		}
		return nil
	}
	c.purl = cmp.Or(c.purl, c.facts.first("purl"))
	ecosystem := c.facts.first("ecosystem")
	if c.purl == "" && ecosystem == "" {
		if !c.thing() {
			r.report(artifact.Unsupported, func() string { return "component " + c.label() + " has no package URL" })
		}
		return nil
	}
	if len(r.kept) >= r.most {
		r.tooMany++
		return nil
	}
	var id identity
	if c.purl != "" {
		var err error
		if id, err = identify(c.purl); err != nil && ecosystem == "" {
			r.report(artifact.Unparsable, func() string { return "component " + c.label() + ": " + cut(err.Error(), 300) })
			return nil
		}
	}
	version := cmp.Or(c.facts.first("version"), c.version)
	if version == id.bare { // some leave the epoch to the purl
		version = id.version
	}
	k := kept{typ: id.typ, distro: id.distro, diffID: c.facts.first("aquasecurity:trivy:LayerDiffID")}
	k.Package = inventory.Package{
		Name:      cmp.Or(c.facts.first("name"), id.name, c.name),
		Version:   cmp.Or(version, id.version),
		Ecosystem: id.ecosystem,
		PURL:      c.purl,
		Arch:      cmp.Or(c.facts.first("arch"), id.arch),
		Source:    c.facts.source(),
		Licenses:  c.licenses,
		Evidence:  c.evidence,
		Layer:     c.facts.layer("layer"),
		RemovedIn: c.facts.layer("removed_in"),
		License:   c.facts.first("license"),
		Vendor:    c.facts.first("vendor"),
		Module:    c.facts.first("module"),
		Ships:     inventory.Ships(c.facts.first("ships")),
		Stated:    true,

		Unpackaged:  c.facts.first("unpackaged") == "true",
		ModuleBuild: c.facts.first("module_build"),
	}
	if k.Module == "" {
		k.Module, k.ModuleBuild = id.module, id.build
	}
	if ecosystem != "" {
		k.Ecosystem = purl.Ecosystem(ecosystem)
	}
	if name := c.facts.first("owner:name"); name != "" {
		k.Owner = &inventory.Owner{Name: name, PURL: c.facts.first("owner:purl"), Path: c.facts.first("owner:path")}
	}
	if k.Source == nil && id.upstream != "" {
		name, version, _ := strings.Cut(id.upstream, "@")
		k.Source = &inventory.Source{Name: name, Version: version}
	}
	if path := c.facts.first("aquasecurity:trivy:FilePath", "syft:location:0:path"); path != "" && k.Evidence == nil {
		k.Evidence = []inventory.Evidence{evidenceOf(strings.TrimPrefix(path, "/"), "")}
	}
	if r.byPURL == nil && id.distro != "" {
		r.byPURL = distroOfQualifier(id.distro)
	}
	r.kept = append(r.kept, k)
	return nil
}

// finish resolves what needs the whole document and gives it out.
func (r *reader) finish() (*Document, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	r.facts.artifact(&r.doc.Artifact)
	r.doc.Artifact.Name = r.doc.Name
	inv := &r.doc.Inventory
	inv.Packages = make([]inventory.Package, 0, len(r.kept))
	inv.Distro = r.facts.distro()
	if ours := r.facts["artifact:kind"] != nil; inv.Distro == nil && !ours {
		inv.Distro = cmp.Or(r.system, r.byPURL)
	}
	other := others{of: inv.Distro, known: map[string]bool{}}
	for i := range r.kept {
		k := &r.kept[i]
		if k.Ecosystem == "" && inv.Distro.Ecosystem().Type() == k.typ {
			k.Ecosystem = inv.Distro.Ecosystem() // of a derivative
		}
		if k.Ecosystem == "" {
			r.report(artifact.Unsupported, func() string {
				return fmt.Sprintf("component %q: no advisories are known for %s packages like %s", cut(k.Name, 200), k.typ, cut(k.PURL, 200))
			})
			continue
		}
		r.resolve(k)
		if k.OS() && k.distro != "" {
			other.add(k.distro)
		}
		if k.RemovedIn != nil {
			inv.Removed = append(inv.Removed, k.Package)
		} else {
			inv.Packages = append(inv.Packages, k.Package)
		}
	}
	if more := r.reported - maxReports; more > 0 {
		inv.Incomplete = append(inv.Incomplete, artifact.Incomplete{
			Reason: artifact.Unsupported, Detail: fmt.Sprintf("of components that could not be used, %d more", more),
		})
	}
	if other.count > 0 {
		inv.Incomplete = append(inv.Incomplete, artifact.Incomplete{Reason: artifact.Unsupported, Detail: other.detail()})
	}
	if r.tooMany > 0 {
		inv.Incomplete = append(inv.Incomplete, artifact.Incomplete{
			Reason: artifact.FilesLimit, Detail: fmt.Sprintf("past the limit of %d packages; not read: %d", r.most, r.tooMany),
		})
	}
	if r.places > 4*r.most {
		inv.Incomplete = append(inv.Incomplete, artifact.Incomplete{
			Reason: artifact.FilesLimit, Detail: fmt.Sprintf("evidence past %d places was not read", 4*r.most),
		})
	}
	inv.Sort()
	return &r.doc, nil
}

// resolve completes the source package and the layers.
func (r *reader) resolve(k *kept) {
	if k.OS() {
		if k.Source == nil {
			k.Source = &inventory.Source{}
		}
		// dpkg and apk leave out what is the same as the package's own; Syft writes it as it finds it.
		k.Source.Name = cmp.Or(k.Source.Name, k.Name)
		k.Source.Version = cmp.Or(k.Source.Version, k.Version)
	}
	layers := r.doc.Artifact.Layers
	if k.Layer == nil && k.diffID != "" {
		for i := range layers {
			if layers[i].DiffID == k.diffID {
				k.Layer = layers[i].Ref()
				break
			}
		}
	}
	for i := range k.Evidence {
		e := &k.Evidence[i]
		switch {
		case e.Layer == nil:
		case k.Layer != nil && k.Layer.Index == e.Layer.Index:
			e.Layer = new(*k.Layer)
		case e.Layer.Index < len(layers) && layers[e.Layer.Index].Index == e.Layer.Index:
			e.Layer = layers[e.Layer.Index].Ref()
		}
	}
}
