package php

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// installed reads the list that Composer keeps of what it installed, see
// https://github.com/composer/composer/blob/main/doc/07-runtime.md. The folder may have another name than vendor.
type installed struct{}

var _ extract.Extractor = installed{}

func (installed) Name() string  { return "composer" }
func (installed) Revision() int { return 2 }

func (installed) Claims() []extract.Claim {
	return []extract.Claim{{Base: "installed.json", Match: func(p string) bool {
		return path.Base(path.Dir(p)) == "composer"
	}}}
}

func (installed) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	return read(file.Bytes(), true, facts)
}

// lock reads composer.lock of source trees: all that it pins, packages for development too.
type lock struct{}

var _ extract.Extractor = lock{}

func (lock) Name() string  { return "composer-lock" }
func (lock) Revision() int { return 2 }

func (lock) Claims() []extract.Claim {
	return []extract.Claim{{
		Base: "composer.lock", In: []artifact.Kind{artifact.Directory},
		Match: func(p string) bool { return !strings.Contains("/"+p, "/vendor/") },
	}}
}

func (lock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	return read(file.Bytes(), false, facts)
}

// composerPackage is one package, the same in both files.
type composerPackage struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	License licenses `json:"license"`
}

// licenses are a list or, in hand-written packages, one word.
type licenses []string

// maxLicenses bounds what is kept of one package.
const maxLicenses = 64

func (l *licenses) UnmarshalJSON(b []byte) error {
	var list []any
	if json.Unmarshal(b, &list) != nil {
		list = make([]any, 1)
		if err := json.Unmarshal(b, &list[0]); err != nil {
			return err
		}
	}
	for _, v := range list[:min(len(list), maxLicenses)] {
		if s, ok := v.(string); ok && strings.TrimSpace(s) != "" {
			*l = append(*l, strings.TrimSpace(s))
		}
	}
	return nil
}

var (
	errNoList = errors.New("no list of packages, which Composer writes even where it is empty")
	errBehind = errors.New("bytes behind the JSON value")
)

// read decodes one package after the other, so that memory is that of one. Composer 1 wrote the bare list of installed
// packages; Composer 2 and the lock files have an object with lists.
func read(b []byte, bare bool, facts *extract.Facts) error {
	r := reader{bare: bare, dec: json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))), found: found{facts: facts}}
	err := r.file()
	if r.odd > 0 {
		noun := "packages"
		if r.odd == 1 {
			noun = "package"
		}
		facts.Report(artifact.Unparsable, fmt.Sprintf("%d %s without a name or a version, or of another form", r.odd, noun))
	}
	if err != nil {
		return fmt.Errorf("list of packages: %w", err)
	}
	return nil
}

type reader struct {
	bare  bool // the list may stand alone
	dec   *json.Decoder
	found found
	odd   int
}

func (r *reader) file() error {
	start, err := r.dec.Token()
	if err != nil {
		return err
	}
	switch {
	case start == json.Delim('[') && r.bare:
		err = r.list()
	case start == json.Delim('{'):
		err = r.object()
	default:
		return errNoList
	}
	if err != nil {
		return err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return errBehind
	}
	return nil
}

func (r *reader) object() error {
	listed := false
	for r.dec.More() {
		key, err := r.dec.Token()
		if err != nil {
			return err
		}
		if key != "packages" && key != "packages-dev" {
			var skipped json.RawMessage
			if err := r.dec.Decode(&skipped); err != nil {
				return err
			}
			continue
		}
		start, err := r.dec.Token()
		switch {
		case err != nil:
			return err
		case start == nil: // "packages-dev": null, in old lock files
			continue
		case start != json.Delim('['):
			return errNoList
		}
		listed = listed || key == "packages"
		if err := r.list(); err != nil {
			return err
		}
	}
	if _, err := r.dec.Token(); err != nil {
		return err
	}
	if !listed {
		return errNoList
	}
	return nil
}

// list reads packages up to the end of the list.
func (r *reader) list() error {
	for r.dec.More() {
		var p composerPackage
		if err := r.dec.Decode(&p); err != nil {
			if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); !wrongType { // then the decoder stands behind it
				return err
			}
		}
		p.Name, p.Version = strings.TrimSpace(p.Name), strings.TrimSpace(p.Version)
		if p.Name == "" || p.Version == "" {
			r.odd++
			continue
		}
		r.found.add(p.Name, p.Version, p.License)
	}
	_, err := r.dec.Token()
	return err
}
