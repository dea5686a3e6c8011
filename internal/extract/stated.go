package extract

import (
	"cmp"
	"strings"

	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// seenPackages are the packages that files show, against which those that a document in the image states are held.
func seenPackages(all []*inventory.Package) seenSet {
	s := seenSet{named: map[naming]bool{}}
	for _, p := range all {
		if p.Stated {
			continue
		}
		s.named[naming{p.Ecosystem, p.Name, p.Version}] = true
		s.os = s.os || p.OS()
	}
	return s
}

// seenSet answers whether a stated package is one that was seen.
type seenSet struct {
	named map[naming]bool
	os    bool // there is a package database
}

type naming struct {
	ecosystem     purl.Ecosystem
	name, version string
}

// has says whether p is stated only about what was seen. A package database knows all that its package manager installed, so that what is stated of the
// distribution's packages counts where there is none. What Bitnami calls nginx is the nginx whose version string was found beside: Bitnami's
// names are the makers' but for a few, and its version may have a revision of its own.
func (s seenSet) has(p *inventory.Package) bool {
	switch {
	case !p.Stated:
		return false
	case p.OS() && s.os, s.named[naming{p.Ecosystem, p.Name, p.Version}]:
		return true
	case p.Ecosystem != purl.Bitnami:
		return false
	}
	release := p.Version
	if i := strings.LastIndexByte(release, '-'); i > 0 && strings.Trim(release[i+1:], "0123456789") == "" {
		release = release[:i]
	}
	name := cmp.Or(map[string]string{"apache": "httpd", "java": "openjdk"}[p.Name], p.Name)
	return s.named[naming{purl.Upstream, name, release}] || s.named[naming{purl.Upstream, name, p.Version}]
}
