package vex

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/purl"
)

// namespace begins the IRIs of what has no digest, for OpenVEX demands an IRI of every product (spec v0.2.0, "Product Data Structure"). Nothing
// answers there. A purl would not do: pkg:generic/nginx is the software nginx, and not a directory of that name.
const namespace = "https://github.com/sightline-sec/sightline/artifact/"

// nameOf names an artifact: an image by its OCI purl with the digest; else by an IRI of its kind and name, "…/artifact/directory/src/shop". The
// hashes are by OpenVEX's names of algorithms.
func nameOf(a *artifact.Artifact) (id string, hashes map[string]string) {
	name := cmp.Or(a.Reference, a.Name, "artifact")
	digest := cmp.Or(a.Digest, a.ImageID)
	if digest == "" {
		return iriOf(a.Kind, name), nil
	}
	repo, _ := splitReference(name)
	base := strings.ToLower(lastElement(strings.TrimRight(repo, "/")))
	u := purl.Parsed{Type: "oci", Name: cmp.Or(base, "artifact"), Version: digest}
	if a.Reference != "" {
		u.Qualifiers = map[string]string{"repository_url": repo}
	}
	return u.String(), map[string]string{"sha-256": strings.TrimPrefix(digest, "sha256:")}
}

// iriOf is the IRI of a thing by its name, which is escaped as a path (RFC 3986, section 3.3); names too long for that are told by their hash.
func iriOf(kind artifact.Kind, name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		switch parts[i] = url.PathEscape(p); p {
		case ".", "..": // which those who normalise would take away
			parts[i] = strings.ReplaceAll(p, ".", "%2E")
		}
	}
	iri := namespace + url.PathEscape(cmp.Or(string(kind), "artifact")) + "/" + strings.Join(parts, "/")
	if len(iri) > maxNameLength {
		sum := sha256.Sum256([]byte(name))
		return namespace + "sha256/" + hex.EncodeToString(sum[:])
	}
	return iri
}

// packageName is the id of a package: its purl, or an IRI where it has none.
func packageName(p string, name, version string) string {
	return cmp.Or(p, iriOf("package", strings.TrimSuffix(name+"@"+version, "@")))
}
