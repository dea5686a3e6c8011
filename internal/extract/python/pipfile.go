package python

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// pipfileLock reads Pipfile.lock, all its categories.
type pipfileLock struct{}

var _ extract.Extractor = pipfileLock{}

func (pipfileLock) Name() string  { return "pipfile-lock" }
func (pipfileLock) Revision() int { return 1 }

func (pipfileLock) Claims() []extract.Claim {
	return []extract.Claim{{Base: "Pipfile.lock", In: []artifact.Kind{artifact.Directory}}}
}

// pipfilePackage is one entry. Without a version it has a place.
type pipfilePackage struct {
	Version  string `json:"version"` // "==1.2.3"
	Git      string `json:"git"`
	Ref      string `json:"ref"`
	File     string `json:"file"`
	Path     string `json:"path"`
	Editable bool   `json:"editable"`
}

func (pipfileLock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if err := withinLock(file); err != nil {
		return err
	}
	var categories map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(file.Bytes(), []byte("\xef\xbb\xbf")), &categories); err != nil {
		return fmt.Errorf("lock file: %w", err)
	}
	found := newPins(facts)
	var problem error
	var loose []string
	for _, category := range slices.Sorted(maps.Keys(categories)) {
		if category == "_meta" {
			continue
		}
		var list map[string]pipfilePackage
		if err := json.Unmarshal(categories[category], &list); err != nil {
			problem = errors.Join(problem, fmt.Errorf("category %.100q: %w", category, err))
			if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); !wrongType {
				continue
			}
		}
		for _, name := range slices.Sorted(maps.Keys(list)) {
			p := list[name]
			version, exact := strings.CutPrefix(p.Version, "==")
			switch {
			case p.Path != "" && (p.Editable || !isArchive(p.Path)), p.Editable && p.Git == "":
				// a folder
			case exact && !strings.Contains(version, "*"):
				found.add(name, strings.TrimLeft(version, "= "))
			case p.Git != "":
				from := "git+" + strings.TrimPrefix(p.Git, "git+")
				if p.Ref != "" {
					from += "@" + p.Ref
				}
				found.addFrom(name, from)
			case p.File != "" || p.Path != "":
				found.addFrom(name, p.File+p.Path)
			default:
				loose = append(loose, name)
			}
		}
	}
	report(facts, loose, "not pinned to one version, and not judged")
	return problem
}
