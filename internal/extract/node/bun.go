package node

import (
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

// bunLock reads bun.lock in source trees: JSON with trailing commas, a package a line. Its older binary form, bun.lockb,
// is recognised and reported as not read. Folders are left out as in all lock files here.
type bunLock struct{}

var _ extract.Extractor = bunLock{}

func (bunLock) Name() string  { return "bun-lock" }
func (bunLock) Revision() int { return 2 }

func (bunLock) Claims() []extract.Claim {
	in := []artifact.Kind{artifact.Directory}
	return []extract.Claim{
		{Base: "bun.lock", In: in, Match: ownSource},
		{Base: "bun.lockb", In: in, Match: ownSource},
	}
}

var errNoBun = errors.New("no packages and no workspaces, which a bun.lock has")

func (bunLock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if strings.HasSuffix(file.Path, ".lockb") {
		facts.Report(artifact.Unsupported, "the binary lock file of bun; bun install --save-text-lockfile writes the one that is read")
		return nil
	}
	if err := withinLock(file); err != nil {
		return err
	}
	var l struct {
		Workspaces map[string]json.RawMessage   `json:"workspaces"`
		Packages   map[string][]json.RawMessage `json:"packages"`
	}
	err := json.Unmarshal(plainJSON(file.Bytes()), &l)
	if err != nil {
		err = fmt.Errorf("lock file: %w", err)
		if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); !wrongType {
			return err
		}
	}
	if err == nil && l.Packages == nil && l.Workspaces == nil {
		return errNoBun
	}
	found := newPins(facts)
	defer found.done()
	var odd names
	for _, at := range slices.Sorted(maps.Keys(l.Packages)) {
		elements := l.Packages[at]
		// name@version, where the version of what is not from a registry is where it came from.
		name, from := "", ""
		if len(elements) > 0 {
			name, from = cutDescriptor(unquote(elements[0]))
		}
		switch {
		case name == "" || from == "":
			odd.add(at)
		case startsWithDigit(from):
			found.add(name, from, nil)
		case isPath(from) || strings.HasPrefix(from, "root:"):
		default:
			found.addFrom(name, from)
		}
	}
	report(facts, odd, "in the lock file, in a form that is not known")
	return err
}
