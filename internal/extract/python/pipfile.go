package python

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// pipfileLock reads Pipfile.lock, all its categories.
type pipfileLock struct{}

var _ extract.Extractor = pipfileLock{}

func (pipfileLock) Name() string  { return "pipfile-lock" }
func (pipfileLock) Revision() int { return 2 }

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

var (
	errNoPipfile = errors.New("no default packages, which a Pipfile.lock has even where there are none")
	errBehind    = errors.New("bytes behind the JSON value")
)

// Extract decodes one package after the other: a map of all of them would take ten times what the file does.
func (pipfileLock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if err := withinLock(file); err != nil {
		return err
	}
	found := newPins(facts)
	defer found.done()
	var problem error
	var loose names
	known := false
	err := members(bytes.TrimPrefix(file.Bytes(), []byte("\xef\xbb\xbf")), func(dec *json.Decoder, category string) error {
		var list json.RawMessage
		if err := dec.Decode(&list); err != nil || category == "_meta" {
			return err
		}
		odd := members(list, func(dec *json.Decoder, name string) error {
			var p pipfilePackage
			err := dec.Decode(&p)
			if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); wrongType {
				if problem == nil {
					problem = fmt.Errorf("package %.100q: %w", name, err)
				}
			} else if err != nil {
				return err
			}
			if !found.pipfile(name, &p) {
				loose.add(name)
			}
			return nil
		})
		known = known || odd == nil && category == "default"
		if odd != nil && problem == nil {
			problem = fmt.Errorf("category %.100q: %w", category, odd)
		}
		return nil
	})
	report(facts, loose, "not pinned to one version, and not judged")
	switch {
	case err != nil:
		return fmt.Errorf("lock file: %w", err)
	case problem == nil && !known && len(facts.Packages) == 0:
		return errNoPipfile
	}
	return problem
}

// pipfile adds one package; it says false for one that is pinned to nothing.
func (f *pins) pipfile(name string, p *pipfilePackage) bool {
	version, exact := strings.CutPrefix(p.Version, "==")
	switch {
	case p.Path != "" && (p.Editable || !isArchive(p.Path)), p.Editable && p.Git == "":
		// a folder
	case exact && !strings.Contains(version, "*"):
		f.add(name, strings.TrimLeft(version, "= "))
	case p.Git != "":
		from := "git+" + strings.TrimPrefix(p.Git, "git+")
		if p.Ref != "" {
			from += "@" + p.Ref
		}
		f.addFrom(name, from)
	case p.File != "" || p.Path != "":
		f.addFrom(name, p.File+p.Path)
	default:
		return false
	}
	return true
}

var errNoObject = errors.New("not a JSON object")

// members calls member for each member of the object that b is. It must decode the value.
func members(b []byte, member func(dec *json.Decoder, key string) error) error {
	if len(b) > 0 && strings.IndexByte("{ \t\r\n", b[0]) < 0 {
		return errNoObject // and no decoder is made for each of a million numbers
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	start, err := dec.Token()
	if err != nil {
		return err
	}
	if start != json.Delim('{') {
		return errNoObject
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		if err := member(dec, name); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errBehind
	}
	return nil
}
