package python

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Conda is the ecosystem of conda's packages, of any language. No advisories are known under it; a Python package that
// conda installed is found a second time by its own metadata, as what it is on PyPI.
const Conda purl.Ecosystem = "Conda"

// condaMeta reads the records of what conda installed: conda-meta/NAME-VERSION-BUILD.json.
type condaMeta struct{}

var _ extract.Extractor = condaMeta{}

func (condaMeta) Name() string  { return "conda" }
func (condaMeta) Revision() int { return 2 }

func (condaMeta) Claims() []extract.Claim {
	return []extract.Claim{{Suffix: ".json", Match: func(p string) bool { return path.Base(path.Dir(p)) == "conda-meta" }}}
}

// condaRecord is a record, see https://docs.conda.io/projects/conda/en/stable/dev-guide/.
type condaRecord struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Build   string `json:"build"`
	Channel string `json:"channel"` // a name or an address
	Subdir  string `json:"subdir"`
	License string `json:"license"`
	File    string `json:"fn"`
}

var errNoRecord = errors.New("conda record without name or version")

// Extract needs no bound on the number of values: the decoder steps over all members but these few.
func (condaMeta) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if err := withinLock(file); err != nil {
		return err
	}
	var r condaRecord
	err := json.Unmarshal(file.Bytes(), &r)
	if err != nil {
		err = fmt.Errorf("conda record: %w", err)
	}
	if r.Name == "" || r.Version == "" || len(r.Name)+len(r.Version) > maxValue {
		if err == nil {
			err = errNoRecord // conda takes every .json file here for a record; its own state has no such ending
		}
		return err
	}
	var licenses []string
	if text := strings.TrimSpace(r.License); text != "" && len(text) <= maxValue {
		licenses = []string{text}
	}
	kind := ""
	switch {
	case strings.HasSuffix(r.File, ".conda"):
		kind = "conda"
	case strings.HasSuffix(r.File, ".tar.bz2"):
		kind = "tar.bz2"
	}
	facts.Packages = append(facts.Packages, inventory.Package{
		Name: r.Name, Version: r.Version, Ecosystem: Conda, Licenses: licenses,
		PURL: condaPURL(&r, kind),
	})
	return err
}

// condaPURL has the qualifiers that the purl type asks for. A channel that is an address gives its last parts: the name,
// and no tokens.
func condaPURL(r *condaRecord, kind string) string {
	channel := r.Channel
	if _, rest, isURL := strings.Cut(channel, "://"); isURL {
		channel = ""
		parts := strings.Split(strings.Trim(strings.TrimSuffix(strings.TrimRight(rest, "/"), "/"+r.Subdir), "/"), "/")
		if len(parts) > 1 {
			channel = parts[len(parts)-1]
		}
	}
	text := purl.Make(Conda, "", strings.ToLower(r.Name), r.Version, []purl.Qualifier{
		{Key: "build", Value: r.Build}, {Key: "channel", Value: channel}, {Key: "subdir", Value: r.Subdir}, {Key: "type", Value: kind},
	}, "")
	// The purl room knows no type for this ecosystem, since OSV has none.
	return strings.Replace(text, "pkg:generic/", "pkg:conda/", 1)
}
