package vex

import (
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// indexer puts products of statements where a judge finds them.
type indexer struct {
	j      *Judge
	self   self
	distro *inventory.Distro
	seen   map[string]meaning // names come again and again
	added  int                // namings so far of what is the artifact, or may be in it
}

// meaning is what a name stands for in one artifact.
type meaning struct {
	artifact bool
	image    bool   // of whatever artifact
	key      string // of a package; empty for none
	exact    bool
}

// maxWithin is how deep components of components are looked at.
const maxWithin = 32

func (x *indexer) meaning(name string) meaning {
	if m, ok := x.seen[name]; ok {
		return m
	}
	var m meaning
	if strings.HasPrefix(name, "pkg:") {
		if u, err := purl.Parse(name); err == nil {
			m.image = u.Type == "oci"
			m.artifact = m.image && x.self.isImage(&u)
			m.key, m.exact = keyOf(&u, u.Version), len(u.Qualifiers) == 0 && u.Subpath == ""
		}
	} else {
		m.artifact = x.self.isName(name)
	}
	x.seen[name] = m
	return m
}

// add takes in what a product of a claim names. Products that can hold for nothing here are left out, with all their components.
func (x *indexer) add(claim int, p *Product, outer *within, depth int) {
	if len(p.Components) == 0 {
		for _, name := range p.Names {
			m := x.meaning(name)
			if m.artifact || m.key != "" && !m.image && (outer == nil || outer.here()) {
				x.added++
			}
			switch {
			case m.artifact:
				x.j.anything = append(x.j.anything, naming{claim, name, true, p, outer})
			case m.key != "":
				x.j.packages[m.key] = append(x.j.packages[m.key], naming{claim, name, m.exact, p, outer})
			}
		}
		return
	}
	if depth == maxWithin {
		return
	}
	w := &within{parent: outer}
	here := false
	for _, name := range p.Names {
		m := x.meaning(name)
		switch {
		case m.artifact || isRelease(x.distro, name):
			here = true
		case m.key != "":
			w.purls = append(w.purls, name)
		}
	}
	if here {
		w.purls = nil
	} else if w.purls == nil {
		return
	}
	w.name = p.Names[0]
	for i := range p.Components {
		x.add(claim, &p.Components[i], w, depth+1)
	}
}

// keyOf is what a purl that names a package must have in common with the package's: all but qualifiers and subpath, and the version where it
// names one.
func keyOf(u *purl.Parsed, version string) string {
	return u.Type + "\x00" + u.Namespace + "\x00" + u.Name + "\x00" + version
}

// self is what the scanned artifact is known by.
type self struct {
	names        map[string]bool            // references, tags, digests as written, and in canonical form
	digests      map[string]bool            // alone
	tags         map[string]map[string]bool // canonical repository -> tags
	bases        map[string]map[string]bool // last element of a repository in lower case -> tags
	os, arch     string                     // empty where not known
	architecture string                     // arch with its variant: arm64/v8
}

// selfOf collects the names of an artifact. What an engine or a registry resolved counts, and not what was typed for it: a store that has only localhost/shop gives that
// for "shop", which elsewhere is docker.io/library/shop.
func selfOf(a *artifact.Artifact) self {
	x := self{names: map[string]bool{}, digests: map[string]bool{}, tags: map[string]map[string]bool{}, bases: map[string]map[string]bool{}}
	put := func(m map[string]map[string]bool, repo, tag string) {
		if m[repo] == nil {
			m[repo] = map[string]bool{}
		}
		m[repo][tag] = true
	}
	resolved := slices.Concat([]string{a.Reference}, a.RepoTags, a.RepoDigests)
	isResolved := slices.ContainsFunc(resolved, func(s string) bool { return s != "" })
	if a.Reference == "" || a.Kind != artifact.Image {
		x.names[a.Name], x.names[canonical(a.Name)] = true, true // a file or directory
	}
	if !isResolved {
		resolved = []string{a.Name}
	}
	for _, s := range slices.Concat(resolved, []string{a.Digest, a.ImageID}) {
		if s == "" {
			continue
		}
		x.names[s], x.names[canonical(s)] = true, true
		if strings.HasPrefix(s, "sha256:") {
			x.digests[s] = true
			continue
		}
		if i := strings.LastIndex(s, "@"); i >= 0 {
			x.digests[s[i+1:]] = true
		}
		repo, tag := splitReference(s)
		if tag == "latest" && !strings.Contains(s, "@") { // which a name without a tag means
			x.names[repo], x.names[canonical(repo)] = true, true
		}
		put(x.tags, canonical(repo), tag)
		put(x.bases, strings.ToLower(lastElement(repo)), tag)
	}
	delete(x.names, "")
	id, _ := nameOf(a)
	x.names[id] = true
	platform := a.Platform
	if c := a.Config; platform == "" && c != nil && c.OS != "" && c.Architecture != "" {
		platform = strings.TrimSuffix(c.OS+"/"+c.Architecture+"/"+c.Variant, "/")
	}
	x.os, x.architecture, _ = strings.Cut(platform, "/")
	x.arch, _, _ = strings.Cut(x.architecture, "/")
	return x
}

// isName says whether a name that is no purl is of the scanned artifact: a reference or digest as it is known by, or the id that we give it ourselves.
func (x *self) isName(name string) bool {
	return x.names[name] || x.names[canonical(name)] || x.digests[name]
}

// isImage says whether an OCI purl is of the scanned artifact (purl specification, type oci): by its digest, or else by repository and tag; in either case for its
// platform, since an index and its images share their names.
func (x *self) isImage(u *purl.Parsed) bool {
	if os := u.Qualifiers["os"]; os != "" && x.os != "" && !strings.EqualFold(os, x.os) {
		return false
	}
	if arch := goArch(u.Qualifiers["arch"]); arch != "" && x.arch != "" && arch != x.arch && arch != x.architecture {
		return false
	}
	if u.Version != "" {
		return x.digests[u.Version]
	}
	tags := x.bases[strings.ToLower(u.Name)]
	if repository := u.Qualifiers["repository_url"]; repository != "" {
		tags = x.tags[canonical(repository)]
	}
	if tag := u.Qualifiers["tag"]; tag != "" {
		return tags[tag]
	}
	return tags != nil
}

// goArch is an architecture in the words of image configs, which are Go's.
func goArch(s string) string {
	switch s = strings.ToLower(s); s {
	case "x86_64", "x86-64":
		return "amd64"
	case "aarch64":
		return "arm64"
	case "i386", "i686":
		return "386"
	}
	return s
}

// isRelease says whether a CPE names the distribution's release: "cpe:/o:redhat:enterprise_linux:8".
func isRelease(d *inventory.Distro, name string) bool {
	if d == nil || !strings.HasPrefix(name, "cpe:") {
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
		return family+version == d.Namespace
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
