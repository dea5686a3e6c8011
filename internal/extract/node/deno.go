package node

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

// denoLock reads deno.lock in source trees, versions 1 to 5. Packages of JSR have the name by which JSR offers them to
// npm: @std/path is @jsr/std__path. Modules that are imported by their address are no packages and are reported.
type denoLock struct{}

var _ extract.Extractor = denoLock{}

func (denoLock) Name() string  { return "deno-lock" }
func (denoLock) Revision() int { return 2 }

func (denoLock) Claims() []extract.Claim {
	return []extract.Claim{{Base: "deno.lock", In: []artifact.Kind{artifact.Directory}, Match: ownSource}}
}

// denoFile is a deno.lock. Only the keys matter: name@version.
type denoFile struct {
	Version string                     `json:"version"`
	NPM     map[string]json.RawMessage `json:"npm"` // since version 4; in version 2 it holds specifiers and packages
	JSR     map[string]json.RawMessage `json:"jsr"`
	Remote  map[string]json.RawMessage `json:"remote"`

	Packages struct { // version 3
		NPM map[string]json.RawMessage `json:"npm"`
		JSR map[string]json.RawMessage `json:"jsr"`
	} `json:"packages"`
}

func (denoLock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if err := withinLock(file); err != nil {
		return err
	}
	var l denoFile
	err := json.Unmarshal(bytes.TrimPrefix(file.Bytes(), []byte("\xef\xbb\xbf")), &l)
	if err != nil {
		err = fmt.Errorf("lock file: %w", err)
		if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); !wrongType {
			return err
		}
	}
	if err == nil && l.Version == "" {
		return denoFirst(file.Bytes(), facts)
	}
	npm := l.NPM
	if old, ok := l.NPM["packages"]; ok && l.Version == "2" {
		npm = nil
		err = errors.Join(err, json.Unmarshal(old, &npm))
	}
	found := newPins(facts)
	defer found.done()
	var odd names
	for _, list := range []map[string]json.RawMessage{npm, l.Packages.NPM} {
		for _, key := range slices.Sorted(maps.Keys(list)) {
			name, version := cutDescriptor(key)
			if version, _, _ = strings.Cut(version, "_"); name == "" || version == "" { // the peers follow
				odd.add(key)
				continue
			}
			found.add(name, version, nil)
		}
	}
	for _, list := range []map[string]json.RawMessage{l.JSR, l.Packages.JSR} {
		for _, key := range slices.Sorted(maps.Keys(list)) {
			name, version := cutDescriptor(key)
			scope, rest, ok := strings.Cut(strings.TrimPrefix(name, "@"), "/")
			if !ok || version == "" {
				odd.add(key)
				continue
			}
			found.add("@jsr/"+scope+"__"+rest, version, nil)
		}
	}
	report(facts, odd, "in the lock file, in a form that is not known")
	reportRemote(facts, len(l.Remote))
	return err
}

func reportRemote(facts *extract.Facts, n int) {
	switch {
	case n == 1:
		facts.Report(artifact.Unsupported, "1 module imported by its address, which belongs to no package")
	case n > 1:
		facts.Report(artifact.Unsupported, fmt.Sprintf("%d modules imported by their address, which belong to no package", n))
	}
}

var errNoDeno = errors.New("no version, which a deno.lock has")

// denoFirst reads a lock of version 1, which has no version in it: a hash for each address.
func denoFirst(b []byte, facts *extract.Facts) error {
	var modules map[string]json.RawMessage
	if err := json.Unmarshal(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), &modules); err != nil {
		return fmt.Errorf("lock file: %w", err)
	}
	for address := range modules {
		if !strings.Contains(address, "://") {
			return errNoDeno
		}
	}
	if len(modules) == 0 {
		return errNoDeno
	}
	reportRemote(facts, len(modules))
	return nil
}
