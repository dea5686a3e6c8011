// Package starter holds the facts of the starter database: a few hundred of the best-known vulnerabilities, so that the first scan needs no
// network. The facts lie in data/*.yaml, in a form that a person can review; the titles are our own words. It promises to read them strictly
// and to write the same facts as the same bytes. The program never imports it: it embeds starter.db, which generate makes of the data.
//
// A fact is what a feed said when it was looked up: `checked` in each file is the state of the feeds then. Three choices were made among them:
//
//   - Where a distribution had no fix yet, that is a fact only if it was old then, or of no importance to the distribution. A fix has
//     come for most others since, and to call it missing would be wrong.
//   - Packages which only carry a copy of the vulnerable one are left out in Ubuntu, unless Debian names them too; of its kernels there is "linux".
//   - A vulnerability has one CVSS vector: NVD's own where there is one, else GitHub's, else that which osv.dev shows for the
//     distributions, else Red Hat's.
//
// To add a vulnerability, write it into the file that fits, and run go generate and go test here: with copies of the feeds at hand, the test
// compares every fact with them.
package starter

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"
)

//go:generate go run ./generate starter.db

//go:embed data/*.yaml
var data embed.FS

// Facts is all that the data say.
type Facts struct {
	Checked time.Time // the newest of the files' dates
	Entries []Entry   // by id
}

// file is one file of data.
type file struct {
	Checked         Day     `yaml:"checked"`
	Vulnerabilities []Entry `yaml:"vulnerabilities"`
}

// Load reads the data. Whatever is not as it must be is an error: unknown keys, ids twice, versions in the wrong order.
func Load() (*Facts, error) { return load(data) }

func load(fsys fs.FS) (*Facts, error) {
	names, err := fs.Glob(fsys, "data/*.yaml")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("reading the facts: %w: data/*.yaml", fs.ErrNotExist)
	}
	facts := &Facts{}
	of := map[string]string{} // name of a vulnerability to the entry it belongs to
	for _, name := range names {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, fmt.Errorf("reading the facts: %w", err)
		}
		got, err := parse(f)
		if err = cmp.Or(err, f.Close()); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if got.Checked.After(facts.Checked) {
			facts.Checked = got.Checked.Time
		}
		for _, e := range got.Vulnerabilities {
			for _, n := range append([]string{e.ID}, e.Aliases...) {
				if have, ok := of[n]; ok {
					return nil, fmt.Errorf("reading %s: %s: its name %s is one of %s", name, e.ID, n, have)
				}
				of[n] = e.ID
			}
			facts.Entries = append(facts.Entries, e)
		}
	}
	slices.SortFunc(facts.Entries, func(a, b Entry) int { return cmp.Compare(a.ID, b.ID) })
	return facts, nil
}

func parse(r io.Reader) (*file, error) {
	dec := yaml.NewDecoder(r)
	dec.KnownFields(true)
	f := &file{}
	if err := dec.Decode(f); err != nil {
		return nil, err
	}
	if err := dec.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after its end")
	}
	if f.Checked.IsZero() {
		return nil, errors.New("it does not say when it was checked")
	}
	for i := range f.Vulnerabilities {
		if err := f.Vulnerabilities[i].validate(); err != nil {
			return nil, fmt.Errorf("%s: %w", cmp.Or(f.Vulnerabilities[i].ID, fmt.Sprint("vulnerability ", i+1)), err)
		}
	}
	return f, nil
}
