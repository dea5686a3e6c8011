package vex

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Judge answers for the packages of one artifact what documents state. It may be asked from many goroutines.
type Judge struct {
	byVulnerability map[string][]claim
	self            []string // names of the artifact
	distro          *inventory.Distro
}

type claim struct {
	doc       *Document
	statement *Statement
	order     int
}

// NewJudge makes a judge for one artifact.
func NewJudge(docs []*Document, a *artifact.Artifact, d *inventory.Distro) *Judge {
	j := &Judge{byVulnerability: map[string][]claim{}, distro: d}
	n := 0
	for _, doc := range docs {
		for i := range doc.Statements {
			s := &doc.Statements[i]
			for _, id := range s.Vulnerabilities {
				id = strings.ToUpper(id)
				j.byVulnerability[id] = append(j.byVulnerability[id], claim{doc, s, n})
			}
			n++
		}
	}
	for _, s := range append([]string{a.Name, a.Reference, a.Digest, a.ImageID}, append(slices.Clone(a.RepoTags), a.RepoDigests...)...) {
		if s != "" {
			j.self = append(j.self, s)
		}
	}
	return j
}

// Statement gives the statement that holds for a vulnerability of a package: of several the newest, and of equally old ones the last read. It is nil where none
// does. Only NotAffected and Fixed take a finding back.
func (j *Judge) Statement(p *inventory.Package, v *vuln.Vulnerability) *finding.Statement {
	var best *claim
	product := ""
	try := func(id string) {
		list := j.byVulnerability[strings.ToUpper(id)]
		for i := range list {
			c := &list[i]
			if best != nil && cmp.Or(c.statement.At.Compare(best.statement.At), cmp.Compare(c.order, best.order)) < 0 {
				continue
			}
			if name, ok := j.names(c.statement.Products, p); ok {
				best, product = c, name
			}
		}
	}
	try(v.ID)
	for _, id := range v.Aliases {
		try(id)
	}
	if best == nil {
		return nil
	}
	s := best.statement
	return &finding.Statement{
		Document: best.doc.Name, Author: best.doc.Author, Status: string(s.Status), Justification: s.Justification, Impact: s.Impact, Product: product, At: s.At,
	}
}

// Suppresses says whether a statement takes a finding back.
func Suppresses(s *finding.Statement) bool {
	return s != nil && (s.Status == string(NotAffected) || s.Status == string(Fixed))
}

// names says whether any of the products is the package, or the artifact, or the package inside the artifact; and by which name.
func (j *Judge) names(products []Product, p *inventory.Package) (string, bool) {
	for i := range products {
		product := &products[i]
		if len(product.Components) == 0 {
			for _, n := range product.Names {
				if product.Versions != nil && !slices.Contains(product.Versions, p.Version) {
					break
				}
				if isPackage(n, p) || j.isArtifact(n) {
					return n, true
				}
			}
			continue
		}
		if !slices.ContainsFunc(product.Names, func(n string) bool { return j.isArtifact(n) || j.isRelease(n) || isPackage(n, p) }) {
			continue
		}
		if name, ok := j.names(product.Components, p); ok {
			return product.Names[0] + " > " + name, true
		}
	}
	return "", false
}

// isPackage says whether a purl names the package: what the purl leaves out (version, qualifiers) is any.
func isPackage(name string, p *inventory.Package) bool {
	if !strings.HasPrefix(name, "pkg:") || p.PURL == "" {
		return false
	}
	want, err := purl.Parse(name)
	if err != nil {
		return false
	}
	have, err := purl.Parse(p.PURL)
	if err != nil {
		return false
	}
	if want.Type != have.Type || want.Namespace != have.Namespace || want.Name != have.Name || want.Subpath != "" && want.Subpath != have.Subpath {
		return false
	}
	if want.Version != "" && want.Version != have.Version {
		return false
	}
	for k, v := range want.Qualifiers {
		if have.Qualifiers[k] != v {
			return false
		}
	}
	return true
}

// isArtifact says whether a name is of the scanned artifact: a reference or digest as it is known by, or an OCI purl with its digest
// (purl specification, type oci).
func (j *Judge) isArtifact(name string) bool {
	if rest, ok := strings.CutPrefix(name, "pkg:oci/"); ok {
		u, err := purl.Parse("pkg:oci/" + rest)
		if err != nil {
			return false
		}
		repository := u.Qualifiers["repository_url"]
		if u.Version != "" {
			return slices.ContainsFunc(j.self, func(s string) bool {
				return s == u.Version || strings.HasSuffix(s, "@"+u.Version)
			})
		}
		tag := u.Qualifiers["tag"]
		return slices.ContainsFunc(j.self, func(s string) bool {
			repo, t := splitReference(s)
			if tag != "" && t != tag {
				return false
			}
			if repository != "" {
				return canonical(repo) == canonical(repository)
			}
			return strings.EqualFold(lastElement(repo), u.Name)
		})
	}
	if strings.HasPrefix(name, "pkg:") {
		return false
	}
	if strings.HasPrefix(name, "sha256:") {
		return slices.ContainsFunc(j.self, func(s string) bool { return s == name || strings.HasSuffix(s, "@"+name) })
	}
	return slices.ContainsFunc(j.self, func(s string) bool { return s == name || canonical(s) == canonical(name) })
}

// isRelease says whether a CPE names the distribution's release: "cpe:/o:redhat:enterprise_linux:8".
func (j *Judge) isRelease(name string) bool {
	if j.distro == nil || !strings.HasPrefix(name, "cpe:") {
		return false
	}
	for prefix, family := range map[string]string{
		"redhat:enterprise_linux:": "Red Hat:", "almalinux:almalinux:": "AlmaLinux:", "rocky:rocky:": "Rocky Linux:", "oracle:linux:": "Oracle Linux:",
		"debian:debian_linux:": "Debian:", "canonical:ubuntu_linux:": "Ubuntu:",
	} {
		_, rest, ok := strings.Cut(name, prefix)
		if !ok {
			continue
		}
		version, _, _ := strings.Cut(rest, ":")
		return family+version == j.distro.Namespace
	}
	return false
}

// splitReference splits repo:tag and repo@digest.
func splitReference(s string) (repo, tag string) {
	repo, _, _ = strings.Cut(s, "@")
	if i := strings.LastIndexByte(repo, ':'); i > strings.LastIndexByte(repo, '/') {
		return repo[:i], repo[i+1:]
	}
	return repo, ""
}

// lastElement is what follows the last slash.
func lastElement(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// canonical brings names of Docker Hub into one form.
func canonical(s string) string {
	s = strings.TrimPrefix(s, "index.docker.io/")
	s = strings.TrimPrefix(s, "docker.io/")
	return strings.TrimPrefix(s, "library/")
}
