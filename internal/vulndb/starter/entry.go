package starter

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/sightline-sec/sightline/internal/cvss"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Entry is one vulnerability as the data say it.
type Entry struct {
	ID        string                                `yaml:"id"`
	Title     string                                `yaml:"title"` // in our own words
	Aliases   []string                              `yaml:"aliases"`
	Disclosed Day                                   `yaml:"disclosed"` // the first day on which a feed had a record of it
	CWE       []int                                 `yaml:"cwe"`
	CVSS      map[string]string                     `yaml:"cvss"`  // who gave it, and the vector
	Rated     map[string]vuln.Severity              `yaml:"rated"` // who said it, and the word
	KEV       *KEV                                  `yaml:"kev"`
	Exploits  map[string]Day                        `yaml:"exploits"` // in Exploit-DB: id, and when it was published
	Affected  map[purl.Ecosystem]map[string]Verdict `yaml:"affected"` // by ecosystem and package
}

// KEV is an entry in CISA's catalogue.
type KEV struct {
	Added      Day  `yaml:"added"`
	Due        Day  `yaml:"due"`
	Ransomware bool `yaml:"ransomware"`
}

// Verdict is what is said of one package: for a distribution, by release.
type Verdict struct {
	Versions Versions
	Releases map[string]Versions
}

// UnmarshalYAML reads a notation, or a map of them by release.
func (v *Verdict) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		return n.Decode(&v.Releases)
	}
	return n.Decode(&v.Versions)
}

// Day is a date without a time, in UTC.
type Day struct{ time.Time }

// UnmarshalYAML reads a date such as 2021-12-10.
func (d *Day) UnmarshalYAML(n *yaml.Node) (err error) {
	if d.Time, err = time.Parse(time.DateOnly, n.Value); err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	return nil
}

const maxTitle = 100

func (e *Entry) validate() error {
	switch {
	case !strings.HasPrefix(e.ID, "CVE-") && !strings.HasPrefix(e.ID, "GHSA-"):
		return errors.New("its id is neither a CVE's nor GitHub's")
	case e.Title == "" || len(e.Title) > maxTitle || strings.HasSuffix(e.Title, "."):
		return fmt.Errorf("its title must have 1 to %d bytes, without a full stop", maxTitle)
	case e.Disclosed.IsZero():
		return errors.New("it does not say when it was disclosed")
	case e.KEV != nil && (e.KEV.Added.IsZero() || e.KEV.Due.IsZero()):
		return errors.New("kev lacks a date")
	case !slices.IsSorted(e.CWE):
		return errors.New("cwe is not sorted")
	}
	for id := range e.Exploits {
		if _, ok := exploitURL(id); !ok {
			return fmt.Errorf("%s is not an id of Exploit-DB", id)
		}
	}
	for who, vector := range e.CVSS {
		if _, err := cvss.Parse(vector); err != nil {
			return fmt.Errorf("vector of %s: %w", who, err)
		}
	}
	for eco, packages := range e.Affected {
		known, ok := purl.ParseEcosystem(string(eco))
		if !ok || known != eco {
			return fmt.Errorf("%q is not an ecosystem", eco)
		}
		for name, v := range packages {
			if err := v.validate(eco, name); err != nil {
				return fmt.Errorf("%s in %s: %w", name, eco, err)
			}
		}
	}
	return nil
}

func (v *Verdict) validate(eco purl.Ecosystem, name string) error {
	if purl.NormalizeName(eco, name) != name {
		return fmt.Errorf("the registry writes %s", purl.NormalizeName(eco, name))
	}
	if eco.OS() != (len(v.Releases) > 0) {
		return errors.New("releases are of distributions, and only of them")
	}
	if !eco.OS() {
		return v.Versions.validate(eco)
	}
	for release, versions := range v.Releases {
		if ns := namespace(eco, release); purl.Namespace(ns) != ns {
			return fmt.Errorf("release %s: it is %s", release, purl.Namespace(ns))
		}
		if err := versions.validate(eco); err != nil {
			return fmt.Errorf("release %s: %w", release, err)
		}
	}
	return nil
}

func namespace(eco purl.Ecosystem, release string) string { return string(eco) + ":" + release }

func exploitURL(id string) (string, bool) {
	number, ok := strings.CutPrefix(id, "EDB-")
	n, err := strconv.Atoi(number)
	return "https://www.exploit-db.com/exploits/" + number, ok && err == nil && strconv.Itoa(n) == number
}

// Advisories gives the entry in the words of the database: one advisory for the vulnerability, and one each for the catalogue
// and the exploits, whose dates are not those of the vulnerability.
func (e *Entry) Advisories() []vuln.Advisory {
	a := vuln.Advisory{ID: e.ID, Aliases: e.Aliases, Title: e.Title, Published: e.Disclosed.Time, Affected: e.affected()}
	for _, who := range slices.Sorted(maps.Keys(e.CVSS)) {
		a.Ratings = append(a.Ratings, vuln.Rating{Source: who, Vector: e.CVSS[who]})
	}
	for _, who := range slices.Sorted(maps.Keys(e.Rated)) {
		a.Ratings = append(a.Ratings, vuln.Rating{Source: who, Severity: e.Rated[who]})
	}
	for _, n := range e.CWE {
		a.Weaknesses = append(a.Weaknesses, "CWE-"+strconv.Itoa(n))
	}
	list := []vuln.Advisory{a}
	if e.KEV != nil {
		list = append(list, vuln.Advisory{ID: e.ID, KEV: &vuln.KEV{
			Added: e.KEV.Added.Time, Due: e.KEV.Due.Time, Ransomware: e.KEV.Ransomware,
		}})
	}
	if len(e.Exploits) > 0 {
		x := vuln.Advisory{ID: e.ID}
		for _, id := range slices.Sorted(maps.Keys(e.Exploits)) {
			url, _ := exploitURL(id)
			x.Exploits = append(x.Exploits, vuln.Exploit{ID: id, URL: url, Published: e.Exploits[id].Time})
		}
		list = append(list, x)
	}
	return list
}

func (e *Entry) affected() []vuln.Affected {
	var list []vuln.Affected
	for _, eco := range slices.Sorted(maps.Keys(e.Affected)) {
		for _, name := range slices.Sorted(maps.Keys(e.Affected[eco])) {
			v := e.Affected[eco][name]
			if len(v.Releases) == 0 {
				list = append(list, v.Versions.affected(string(eco), name))
			}
			for _, release := range slices.Sorted(maps.Keys(v.Releases)) {
				a := v.Releases[release].affected(namespace(eco, release), name)
				if a.Severity == vuln.Unknown && eco == purl.Ubuntu {
					a.Severity = e.Rated[string(eco)] // Ubuntu's priority is the same for all packages, with few exceptions
				}
				list = append(list, a)
			}
		}
	}
	return list
}
