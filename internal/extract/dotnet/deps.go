package dotnet

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/extract"
)

// deps reads NAME.deps.json, the dependency manifest that lies beside a program and in the folders of the shared runtime. See
// https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md.
type deps struct{}

var _ extract.Extractor = deps{}

func (deps) Name() string  { return "dotnet-deps" }
func (deps) Revision() int { return 1 }

func (deps) Claims() []extract.Claim {
	return []extract.Claim{{Suffix: ".json", Match: func(p string) bool { return strings.HasSuffix(p, ".deps.json") }}}
}

func (deps) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if err := tooLarge(file.Size); err != nil {
		return err
	}
	return readDeps(file.Bytes(), facts)
}

// manifest is a deps.json.
type manifest struct {
	RuntimeTarget struct {
		Name string `json:"name"`
	} `json:"runtimeTarget"`
	Targets   map[string]map[string]library `json:"targets"` // by framework, and by "Name/1.2.3"
	Libraries map[string]struct {
		Type string `json:"type"`
	} `json:"libraries"`
}

// library lists the files that a library brings, by path.
type library struct {
	Runtime        map[string]json.RawMessage `json:"runtime"`
	Native         map[string]json.RawMessage `json:"native"`
	RuntimeTargets map[string]json.RawMessage `json:"runtimeTargets"`
	Resources      map[string]json.RawMessage `json:"resources"`
}

// deployed says whether there is any file; "_._" is NuGet's mark for a folder without.
func (l library) deployed() bool {
	for _, files := range []map[string]json.RawMessage{l.Runtime, l.Native, l.RuntimeTargets, l.Resources} {
		for name := range files {
			if name != "_._" && !strings.HasSuffix(name, "/_._") {
				return true
			}
		}
	}
	return false
}

func readDeps(b []byte, facts *extract.Facts) error {
	var m manifest
	ok, err := decode(b, &m)
	if !ok {
		return err
	}
	targets := m.Targets
	if t, ok := targets[m.RuntimeTarget.Name]; ok {
		targets = map[string]map[string]library{m.RuntimeTarget.Name: t}
	}
	deployed := map[string]bool{}
	for _, t := range targets {
		for key, l := range t {
			deployed[key] = deployed[key] || l.deployed()
		}
	}
	found := collect(facts)
	for _, key := range slices.Sorted(maps.Keys(m.Libraries)) {
		switch m.Libraries[key].Type {
		case "package":
			if len(targets) == 0 || deployed[key] {
				found.addKey(key)
			}
		case "runtimepack":
			found.addKey(strings.TrimPrefix(key, "runtimepack."))
		}
	}
	return err
}
