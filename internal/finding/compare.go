package finding

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Difference is what changed between two results. Lists are sorted; equal inputs give equal bytes.
type Difference struct {
	Before   Compared        `json:"before"`
	After    Compared        `json:"after"`
	Packages ChangedPackages `json:"packages"`
	Findings ChangedFindings `json:"findings"`
}

// Compared says which result is meant.
type Compared struct {
	Name     string        `json:"name"`
	Digest   string        `json:"digest,omitempty"`
	Distro   string        `json:"distro,omitempty"`
	Database vuln.Database `json:"database"`
	Total    Counts        `json:"total"`
	Packages int           `json:"packages"`
}

// ChangedPackages tells packages by ecosystem and name. Copies of one version count once.
type ChangedPackages struct {
	Added     []ComparedPackage `json:"added"`
	Gone      []ComparedPackage `json:"gone"`
	Changed   []ComparedPackage `json:"changed"` // another version
	Unchanged int               `json:"unchanged"`
}

// ComparedPackage is one package; Before or After is empty where it was not there.
type ComparedPackage struct {
	Ecosystem purl.Ecosystem `json:"ecosystem"`
	Name      string         `json:"name"`
	Before    string         `json:"before,omitempty"` // version
	After     string         `json:"after,omitempty"`
}

// ChangedFindings tells findings by vulnerability and package, whatever the version.
type ChangedFindings struct {
	Added     []ComparedFinding `json:"added"`
	Gone      []ComparedFinding `json:"gone"`
	Changed   []ComparedFinding `json:"changed"` // another severity, status or fix, or newly exploited
	Unchanged int               `json:"unchanged"`
}

// ComparedFinding is one finding.
type ComparedFinding struct {
	Vulnerability string         `json:"vulnerability"`
	Ecosystem     purl.Ecosystem `json:"ecosystem"`
	Package       string         `json:"package"`
	Severity      vuln.Severity  `json:"severity"` // after; of gone ones before
	Version       string         `json:"version"`  // of the package, likewise
	FixedVersion  string         `json:"fixed_version,omitempty"`
	Exploited     bool           `json:"exploited,omitempty"`
	// Changes says what is different, for a person: "severity low -> high".
	Changes []string `json:"changes,omitempty"`
}

// Compare tells what changed from a to b.
func Compare(a, b *Result) *Difference {
	return &Difference{
		Before: compared(a), After: compared(b),
		Packages: comparePackages(a.Packages, b.Packages),
		Findings: compareFindings(a.Findings, b.Findings),
	}
}

func compared(r *Result) Compared {
	c := Compared{Name: r.Artifact.Name, Digest: r.Artifact.Digest, Database: r.Database, Total: r.Summary.Total, Packages: len(r.Packages)}
	c.Database.Feeds = nil
	if r.Distro != nil {
		c.Distro = cmp.Or(r.Distro.PrettyName, r.Distro.ID)
	}
	return c
}

type packageKey struct {
	ecosystem purl.Ecosystem
	name      string
}

func comparePackages(a, b []inventory.Package) ChangedPackages {
	versions := func(list []inventory.Package) map[packageKey][]string {
		all := map[packageKey][]string{}
		for i := range list {
			k := packageKey{list[i].Ecosystem, list[i].Name}
			if !slices.Contains(all[k], list[i].Version) {
				all[k] = append(all[k], list[i].Version)
			}
		}
		return all
	}
	before, after := versions(a), versions(b)
	d := ChangedPackages{Added: []ComparedPackage{}, Gone: []ComparedPackage{}, Changed: []ComparedPackage{}}
	for k, old := range before {
		var gone, fresh []string
		for _, v := range old {
			if slices.Contains(after[k], v) {
				d.Unchanged++
			} else {
				gone = append(gone, v)
			}
		}
		for _, v := range after[k] {
			if !slices.Contains(old, v) {
				fresh = append(fresh, v)
			}
		}
		slices.Sort(gone)
		slices.Sort(fresh)
		n := min(len(gone), len(fresh)) // of several versions of one name, which became which cannot be told: in order
		for i := range n {
			d.Changed = append(d.Changed, ComparedPackage{k.ecosystem, k.name, gone[i], fresh[i]})
		}
		for _, v := range gone[n:] {
			d.Gone = append(d.Gone, ComparedPackage{k.ecosystem, k.name, v, ""})
		}
		for _, v := range fresh[n:] {
			d.Added = append(d.Added, ComparedPackage{k.ecosystem, k.name, "", v})
		}
	}
	for k, fresh := range after {
		if before[k] == nil {
			for _, v := range fresh {
				d.Added = append(d.Added, ComparedPackage{k.ecosystem, k.name, "", v})
			}
		}
	}
	for _, list := range [][]ComparedPackage{d.Added, d.Gone, d.Changed} {
		slices.SortFunc(list, func(a, b ComparedPackage) int {
			return cmp.Or(cmp.Compare(a.Ecosystem, b.Ecosystem), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Before, b.Before), cmp.Compare(a.After, b.After))
		})
	}
	return d
}

type findingKey struct {
	vulnerability string
	packageKey
}

func compareFindings(a, b []Finding) ChangedFindings {
	// Of several versions of one package with one vulnerability the worst counts; lists are sorted worst first.
	worst := func(list []Finding) map[findingKey]*Finding {
		all := map[findingKey]*Finding{}
		for i := range list {
			f := &list[i]
			k := findingKey{f.Vulnerability.ID, packageKey{f.Package.Ecosystem, f.Package.Name}}
			if have := all[k]; have == nil || f.Severity > have.Severity {
				all[k] = f
			}
		}
		return all
	}
	before, after := worst(a), worst(b)
	d := ChangedFindings{Added: []ComparedFinding{}, Gone: []ComparedFinding{}, Changed: []ComparedFinding{}}
	for k, old := range before {
		f := after[k]
		if f == nil {
			d.Gone = append(d.Gone, comparedFinding(old))
			continue
		}
		c := comparedFinding(f)
		change := func(what, from, to string) {
			if from != to {
				c.Changes = append(c.Changes, strings.TrimSpace(what+" "+cmp.Or(from, "none")+" -> "+cmp.Or(to, "none")))
			}
		}
		change("severity", old.Severity.String(), f.Severity.String())
		change("status", old.Status.String(), f.Status.String())
		change("fixed version", old.FixedVersion, f.FixedVersion)
		if !old.Vulnerability.Exploited() && f.Vulnerability.Exploited() {
			c.Changes = append(c.Changes, "newly exploited, or an exploit became public")
		}
		if len(c.Changes) == 0 {
			d.Unchanged++
			continue
		}
		d.Changed = append(d.Changed, c)
	}
	for k, f := range after {
		if before[k] == nil {
			d.Added = append(d.Added, comparedFinding(f))
		}
	}
	for _, list := range [][]ComparedFinding{d.Added, d.Gone, d.Changed} {
		slices.SortFunc(list, func(a, b ComparedFinding) int {
			return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Package, b.Package), cmp.Compare(a.Ecosystem, b.Ecosystem), cmp.Compare(a.Vulnerability, b.Vulnerability))
		})
	}
	return d
}

func comparedFinding(f *Finding) ComparedFinding {
	return ComparedFinding{
		Vulnerability: f.Vulnerability.ID, Ecosystem: f.Package.Ecosystem, Package: f.Package.Name, Severity: f.Severity,
		Version: f.Package.Version, FixedVersion: f.FixedVersion, Exploited: f.Vulnerability.Exploited(),
	}
}
