package node

import (
	"context"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// installed reads package.json files.
type installed struct{}

var _ extract.Extractor = installed{}

func (installed) Name() string  { return "npm" }
func (installed) Revision() int { return 2 }

func (installed) Claims() []extract.Claim {
	return []extract.Claim{
		{Base: "package.json", In: []artifact.Kind{artifact.Image, artifact.RootFS}, Match: func(path string) bool {
			_, _, ok := place(path)
			return ok
		}},
		// In a source tree those outside node_modules are what the tree is the source of.
		{Base: "package.json", In: []artifact.Kind{artifact.Directory}, Match: func(path string) bool {
			_, inside, _ := place(path)
			return inside
		}},
	}
}

func (installed) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	folder, inside, ok := place(file.Path)
	if !ok {
		return nil
	}
	m, err := scanManifest(file.Bytes())
	if err != nil {
		err = fmt.Errorf("package.json: %w", err)
	}
	name, version := strings.TrimSpace(m.name), strings.TrimSpace(m.version)
	if name == "" && inside && err == nil {
		name = folder // as npm calls it
	}
	if name == "" || version == "" && (!inside || err != nil) {
		return err
	}
	facts.Packages = append(facts.Packages, npmPackage(name, version, m.licenses))
	return err
}

// place says where a package.json lies. ok is false deeper inside an installed package than its root. inside is true
// for the root of a package in node_modules; folder is then the name that the folder gives it.
//
// From the first node_modules on, a path must alternate between node_modules and the name of a package. Stores that
// begin with a dot (.pnpm, .store, .deno) hold further node_modules below folders of their own.
func place(path string) (folder string, inside, ok bool) {
	const modules = "node_modules"
	dir := strings.TrimSuffix(strings.TrimSuffix(path, "package.json"), "/")
	rest := dir
	for {
		var head string
		head, rest, _ = strings.Cut(rest, "/")
		if head == modules {
			break
		}
		if rest == "" {
			return "", false, true
		}
	}
	for {
		if strings.HasPrefix(rest, ".") {
			_, after, found := strings.Cut(rest, "/"+modules+"/")
			if !found {
				return "", false, false
			}
			rest = after
			continue
		}
		folder, rest, _ = strings.Cut(rest, "/")
		if strings.HasPrefix(folder, "@") {
			var name string
			name, rest, _ = strings.Cut(rest, "/")
			if name == "" {
				return "", false, false
			}
			folder += "/" + name
		}
		if folder == "" || folder == modules {
			return "", false, false
		}
		if rest == "" {
			return folder, true, true
		}
		var after string
		after, rest, _ = strings.Cut(rest, "/")
		if after != modules || rest == "" {
			return "", false, false
		}
	}
}
