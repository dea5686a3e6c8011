package sbom

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// What the formats have no word for is kept under names of our own, the same in both: as properties in CycloneDX, in
// one annotation in SPDX. docs/reference explains none of them: they are for reading a document back.
const prefix = "sightline:"

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type properties []property

func (p *properties) add(name, value string) {
	if value != "" {
		*p = append(*p, property{prefix + name, value})
	}
}

func (p *properties) layer(name string, l *artifact.LayerRef) {
	if l != nil {
		p.add(name+":index", strconv.Itoa(l.Index))
		p.add(name+":diff_id", l.DiffID)
		p.add(name+":digest", l.Digest)
	}
}

// packageProperties says what a reader could not tell from the component itself.
func packageProperties(p *inventory.Package, identity identity) properties {
	var out properties
	if identity.ecosystem != p.Ecosystem {
		out.add("ecosystem", string(p.Ecosystem))
	}
	if identity.name != p.Name {
		out.add("name", p.Name)
	}
	if identity.arch != p.Arch {
		out.add("arch", p.Arch)
	}
	if p.Source != nil {
		out.add("source:name", p.Source.Name)
		out.add("source:version", p.Source.Version)
	}
	out.layer("layer", p.Layer)
	out.layer("removed_in", p.RemovedIn)
	if p.Owner != nil {
		out.add("owner:name", p.Owner.Name)
		out.add("owner:purl", p.Owner.PURL)
		out.add("owner:path", p.Owner.Path)
	}
	out.add("license", p.License)
	out.add("vendor", p.Vendor)
	out.add("module", p.Module)
	out.add("module_build", p.ModuleBuild)
	out.add("ships", string(p.Ships))
	if p.Unpackaged {
		out.add("unpackaged", "true")
	}
	return out
}

// artifactProperties says of the described artifact what belongs to its identity and its layers.
func artifactProperties(a *artifact.Artifact, d *inventory.Distro) properties {
	var out properties
	out.add("artifact:kind", string(a.Kind))
	out.add("artifact:format", a.Format)
	out.add("artifact:reference", a.Reference)
	out.add("artifact:digest", a.Digest)
	out.add("artifact:image_id", a.ImageID)
	out.add("artifact:media_type", a.MediaType)
	out.add("artifact:platform", a.Platform)
	for _, tag := range a.RepoTags {
		out.add("artifact:repo_tag", tag)
	}
	for _, digest := range a.RepoDigests {
		out.add("artifact:repo_digest", digest)
	}
	for _, l := range a.Layers {
		b, _ := json.Marshal(l) // strings and numbers: cannot fail
		out.add("artifact:layer", string(b))
	}
	if d != nil {
		out.add("distro:id", d.ID)
		out.add("distro:version_id", d.VersionID)
		out.add("distro:codename", d.Codename)
		out.add("distro:pretty_name", d.PrettyName)
		out.add("distro:namespace", d.Namespace)
		if e := d.EndOfLife; e != nil {
			b, _ := json.Marshal(e) // dates and a word: cannot fail
			out.add("distro:end_of_life", string(b))
		}
	}
	return out
}

// facts are properties as they were read: ours without their prefix, and those of others by their whole name. Of
// several with one name all are kept, in order.
type facts map[string][]string

// foreign are the properties of other tools that mean something here.
var foreign = [...]string{
	"aquasecurity:trivy:", // SrcName, SrcVersion, SrcRelease, SrcEpoch, LayerDiffID, LayerDigest, FilePath, DiffID, ...
	"syft:metadata:",      // source, sourceVersion, originPackage
	"syft:location:",      // N:path
	"syft:distro:",        // id, versionID, versionCodename, prettyName
}

func known(name string) bool {
	if strings.HasPrefix(name, prefix) {
		return true
	}
	for _, p := range foreign {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

func (f *facts) add(name, value string) {
	if value == "" || !known(name) {
		return
	}
	if *f == nil {
		*f = facts{}
	}
	name = strings.TrimPrefix(name, prefix)
	(*f)[name] = append((*f)[name], value)
}

func (f facts) first(names ...string) string {
	for _, name := range names {
		if v := f[name]; len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

func (f facts) layer(name string) *artifact.LayerRef {
	at := f.first(name + ":index")
	if at == "" {
		return nil
	}
	index, err := strconv.Atoi(at)
	if err != nil || index < 0 {
		return nil
	}
	return &artifact.LayerRef{Index: index, DiffID: f.first(name + ":diff_id"), Digest: f.first(name + ":digest")}
}

// source is the source package by our properties, then by those of Trivy and Syft.
func (f facts) source() *inventory.Source {
	if name, version := f.first("source:name"), f.first("source:version"); name != "" || version != "" {
		return &inventory.Source{Name: name, Version: version}
	}
	if name := f.first("aquasecurity:trivy:SrcName"); name != "" {
		version := f.first("aquasecurity:trivy:SrcVersion")
		if release := f.first("aquasecurity:trivy:SrcRelease"); release != "" {
			version += "-" + release
		}
		if epoch := f.first("aquasecurity:trivy:SrcEpoch"); epoch != "" && epoch != "0" {
			version = epoch + ":" + version
		}
		return &inventory.Source{Name: name, Version: version}
	}
	if name := f.first("syft:metadata:source", "syft:metadata:originPackage"); name != "" {
		return &inventory.Source{Name: name, Version: f.first("syft:metadata:sourceVersion")}
	}
	return nil
}

// artifact completes the described artifact.
func (f facts) artifact(a *artifact.Artifact) {
	a.Reference = f.first("artifact:reference")
	a.Digest = f.first("artifact:digest")
	a.ImageID = f.first("artifact:image_id", "aquasecurity:trivy:ImageID")
	a.MediaType = f.first("artifact:media_type")
	a.Platform = f.first("artifact:platform")
	a.RepoTags = append(f["artifact:repo_tag"], f["aquasecurity:trivy:RepoTag"]...)
	a.RepoDigests = append(f["artifact:repo_digest"], f["aquasecurity:trivy:RepoDigest"]...)
	for _, s := range f["artifact:layer"] {
		var l artifact.Layer
		if json.Unmarshal([]byte(s), &l) == nil {
			a.Layers = append(a.Layers, l)
		}
	}
	if a.Layers == nil {
		for i, id := range f["aquasecurity:trivy:DiffID"] { // one a layer, lowest first
			a.Layers = append(a.Layers, artifact.Layer{Index: i, DiffID: id})
		}
	}
}

// distro is the distribution by our own properties or by Syft's, else nil.
func (f facts) distro() *inventory.Distro {
	if id := f.first("distro:id"); id != "" {
		d := &inventory.Distro{
			ID: id, VersionID: f.first("distro:version_id"), Codename: f.first("distro:codename"),
			PrettyName: f.first("distro:pretty_name"), Namespace: f.first("distro:namespace"),
		}
		if s := f.first("distro:end_of_life"); s != "" {
			var e inventory.EndOfLife
			if json.Unmarshal([]byte(s), &e) == nil {
				d.EndOfLife = &e
			}
		}
		return d
	}
	return inventory.DistroOf(map[string]string{
		"ID": f.first("syft:distro:id"), "VERSION_ID": f.first("syft:distro:versionID"),
		"VERSION_CODENAME": f.first("syft:distro:versionCodename"), "PRETTY_NAME": f.first("syft:distro:prettyName"),
		"ID_LIKE": strings.Join(f["syft:distro:idLike:0"], " "),
	})
}
