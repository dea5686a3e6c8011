package dotnet

import (
	"context"
	"maps"
	"slices"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// lock reads packages.lock.json in source trees: all packages of all frameworks, direct and transitive. See
// https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files#locking-dependencies.
type lock struct{}

var _ extract.Extractor = lock{}

func (lock) Name() string  { return "nuget-lock" }
func (lock) Revision() int { return 1 }

func (lock) Claims() []extract.Claim {
	in := []artifact.Kind{artifact.Directory}
	return []extract.Claim{
		{Base: "packages.lock.json", In: in},
	}
}

func (lock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if err := tooLarge(file.Size); err != nil {
		return err
	}
	var l struct {
		Dependencies map[string]map[string]struct { // by framework and name
			Type     string `json:"type"` // Direct, Transitive, CentralTransitive, Project
			Resolved string `json:"resolved"`
		} `json:"dependencies"`
	}
	ok, err := decode(file.Bytes(), &l)
	if !ok {
		return err
	}
	found := collect(facts)
	for _, framework := range slices.Sorted(maps.Keys(l.Dependencies)) {
		list := l.Dependencies[framework]
		for _, name := range slices.Sorted(maps.Keys(list)) {
			if p := list[name]; p.Type != "Project" && p.Resolved != "" {
				found.add(name, p.Resolved)
			}
		}
	}
	return err
}

// assets reads obj/project.assets.json, what `dotnet restore` resolved for a project of a source tree.
type assets struct{}

var _ extract.Extractor = assets{}

func (assets) Name() string  { return "nuget-assets" }
func (assets) Revision() int { return 1 }

func (assets) Claims() []extract.Claim {
	return []extract.Claim{{Base: "project.assets.json", In: []artifact.Kind{artifact.Directory}}}
}

func (assets) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if err := tooLarge(file.Size); err != nil {
		return err
	}
	var a struct {
		Libraries map[string]struct {
			Type string `json:"type"`
		} `json:"libraries"`
	}
	ok, err := decode(file.Bytes(), &a)
	if !ok {
		return err
	}
	found := collect(facts)
	for _, key := range slices.Sorted(maps.Keys(a.Libraries)) {
		if a.Libraries[key].Type == "package" {
			found.addKey(key)
		}
	}
	return err
}
