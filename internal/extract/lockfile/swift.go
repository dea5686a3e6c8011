package lockfile

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// swiftPin is one pin of Package.resolved, of version 1 (package, repositoryURL) or of versions 2 and 3 (identity, location).
type swiftPin struct {
	Identity      string `json:"identity"`
	Kind          string `json:"kind"`
	Location      string `json:"location"`
	Package       string `json:"package"`
	RepositoryURL string `json:"repositoryURL"`
	State         struct {
		Version  string `json:"version"`
		Revision string `json:"revision"`
	} `json:"state"`
}

// readSwift reads Package.resolved of the Swift Package Manager. A package is named by its repository without the scheme,
// as OSV names it; one from a registry or from the disk by its identity.
func readSwift(b []byte, found *pins) error {
	lists, entries := 0, 0
	pin := func(r *reader) error {
		entries++
		var p swiftPin
		if ok, err := r.value(&p); !ok {
			return err
		}
		addSwift(found, p)
		return nil
	}
	pins := func(r *reader) error {
		lists++
		return r.elements(func() error { return pin(r) })
	}
	err := readJSON(b, found, func(r *reader, key string) error {
		switch key {
		case "pins":
			return pins(r)
		case "object":
			return r.members(func(key string) error {
				if key == "pins" {
					return pins(r)
				}
				return r.skip()
			})
		}
		return r.skip()
	})
	if err == nil && lists == 0 {
		err = errForm
	}
	found.empty = entries == 0
	return err
}

func addSwift(found *pins, p swiftPin) {
	location := p.Location
	if location == "" {
		location = p.RepositoryURL
	}
	name, remote := repositoryName(location)
	if !remote || p.Kind == "registry" || p.Kind == "localSourceControl" {
		name = p.Identity
		if name == "" {
			name = p.Package
		}
	}
	if name == "" {
		found.odd++
		return
	}
	q := pin{ecosystem: purl.SwiftURL, name: name, version: p.State.Version}
	if remote && q.version == "" {
		q.git, q.commit = location, p.State.Revision
	}
	found.add(q)
}

// repositoryName is host/path of a repository: of https://user@host:1/path.git, ssh://git@host/path or git@host:path.
func repositoryName(location string) (string, bool) {
	scheme, rest, isURL := strings.Cut(strings.TrimSpace(location), "://")
	switch {
	case isURL && strings.EqualFold(scheme, "file"):
		return "", false
	case !isURL:
		rest = scheme
		host, path, ok := strings.Cut(rest, ":")
		if !ok || strings.ContainsAny(host, "/\\") || len(host) < 2 { // a path, or the letter of a drive
			return "", false
		}
		rest = host + "/" + strings.TrimPrefix(path, "/")
	}
	host, path, ok := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	host, _, _ = strings.Cut(host, ":")
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	if !ok || host == "" || path == "" {
		return "", false
	}
	return strings.ToLower(host) + "/" + path, true
}
