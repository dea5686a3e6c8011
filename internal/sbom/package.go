package sbom

import (
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// PackageOf gives the package that a purl names, and its distribution where the purl has the distro qualifier. The source package is that of the
// upstream qualifier ("openssl", "openssl@3.0.11-1"), where there is one.
func PackageOf(s string) (inventory.Package, *inventory.Distro, error) {
	id, err := identify(s)
	if err != nil {
		return inventory.Package{}, nil, err
	}
	p := inventory.Package{Name: id.name, Version: id.version, Ecosystem: id.ecosystem, PURL: s, Arch: id.arch, Module: id.module, ModuleBuild: id.build, Stated: true}
	var d *inventory.Distro
	if id.distro != "" {
		d = distroOfQualifier(id.distro)
	}
	if e := d.Ecosystem(); e != "" && e.Type() == id.typ {
		p.Ecosystem = e // a derivative's package, under its own vendor
	}
	if p.Ecosystem == "" && id.typ == "generic" {
		p.Ecosystem, p.Name = purl.Upstream, id.name // as results write software that no package manager brought
	}
	if p.Ecosystem == "" {
		return p, d, fmt.Errorf("%.200q: packages of that type have no ecosystem here", s)
	}
	if id.upstream != "" {
		name, version, _ := strings.Cut(id.upstream, "@")
		p.Source = &inventory.Source{Name: name, Version: version}
	}
	return p, d, nil
}
