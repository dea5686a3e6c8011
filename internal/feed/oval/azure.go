package oval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Azure gives the feed of Azure Linux, and of CBL-Mariner 2.0 as its release 2.0: a definition for each CVE of a source package. One advisory gathers
// what they say of a CVE.
func Azure() feed.Feed { return azure{} }

type azure struct{}

func (azure) Name() string { return "azure-linux" }

func (azure) About() feed.About {
	return feed.About{Publisher: "Microsoft", License: "no licence stated", URL: "https://github.com/microsoft/AzureLinuxVulnerabilityData"}
}

var azureFiles = [...]struct{ release, file string }{{"2.0", "cbl-mariner-2.0-oval.xml"}, {"3.0", "azurelinux-3.0-oval.xml"}}

func (azure) Resources() []feed.Resource {
	var out []feed.Resource
	for _, f := range azureFiles {
		out = append(out, feed.Resource{
			URL:      "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/" + f.file,
			Path:     "azure-linux/" + f.file,
			Optional: true,
		})
	}
	return out
}

func (f azure) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	all := map[string]*vuln.Advisory{}
	files := 0
	for i, r := range f.Resources() {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := f.file(raw, r.Path, string(purl.AzureLinux)+":"+azureFiles[i].release, all, skip)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", r.Path, err)
		}
		files++
	}
	if files == 0 {
		return fmt.Errorf("reading the files of %s: %w", f.Name(), fs.ErrNotExist)
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		a := all[id]
		slices.SortStableFunc(a.Affected, func(a, b vuln.Affected) int {
			return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Package, b.Package))
		})
		if err := emit(a); err != nil {
			return err
		}
	}
	return nil
}

// azureDefinition is what is kept of a definition until the file's end, where the versions are.
type azureDefinition struct {
	id, cve, severity string
	patchable         string
	at                time.Time
	tests             []string
}

func (f azure) file(raw feed.Raw, path, namespace string, all map[string]*vuln.Advisory, skip func(feed.Skipped)) error {
	file, err := raw.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	r, err := tarball.Unpack(file)
	if err != nil {
		return err
	}
	defer r.Close()
	var definitions []azureDefinition
	tests, objects, states := map[string]test{}, map[string]string{}, map[string]state{}
	kept := 0
	keep := func() error {
		if kept++; kept > maxKept {
			return &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("more than %d elements", maxKept)}
		}
		return nil
	}
	err = walk(r, handler{
		definition: func(d *definition) error {
			definitions = append(definitions, condense(d))
			return keep()
		},
		test:   func(id string, t test) error { tests[id] = t; return keep() },
		object: func(id, name string) error { objects[id] = name; return keep() },
		state:  func(id string, s state) error { states[id] = s; return keep() },
	})
	if err != nil {
		return err
	}
	bad := 0
	for i := range definitions {
		d := &definitions[i]
		if strings.EqualFold(d.patchable, "Not Applicable") {
			continue // Microsoft took it back
		}
		name, in, err := d.resolve(tests, objects, states)
		if err != nil {
			bad++
			skip(feed.Skipped{Path: path, Record: fmt.Sprintf("%.100s", d.id), Reason: err.Error()})
			continue
		}
		f.add(all, d, vuln.Affected{Namespace: namespace, Package: name, Ranges: []vuln.Range{in}})
	}
	if bad > 0 && bad == len(definitions) {
		return fmt.Errorf("%w: none of %d definitions could be understood", artifact.ErrCorrupt, bad)
	}
	return nil
}

func condense(d *definition) azureDefinition {
	out := azureDefinition{id: d.id, severity: d.severity, patchable: d.patchable, at: day(d.issued)}
	for _, r := range d.refs {
		if id := strings.TrimSpace(r.id); validCVE(id) && out.cve == "" {
			out.cve = id
		}
	}
	if d.criteria != nil && !d.criteria.any && len(d.criteria.children) == 0 {
		for _, t := range d.criteria.tests {
			out.tests = append(out.tests, t.test)
		}
	}
	return out
}

// resolve finds the package and the interval of versions that a definition tests: less than, less than or equal, and perhaps greater than.
func (d *azureDefinition) resolve(tests map[string]test, objects map[string]string, states map[string]state) (name string, in vuln.Range, err error) {
	if d.cve == "" {
		return "", in, errors.New("names no CVE")
	}
	in.Introduced = "0"
	for _, id := range d.tests {
		t := tests[id]
		pkg, s := objects[t.object], states[t.state]
		if s.evr == "" {
			continue
		}
		if !nevra.Name(pkg) || name != "" && name != pkg {
			return "", in, errors.New("is not about one package")
		}
		name = pkg
		v, ok := evr(s.evr)
		if !ok {
			return "", in, fmt.Errorf("%.60q is no version", s.evr)
		}
		switch s.operation {
		case "less than":
			in.Fixed = v
		case "less than or equal":
			in.LastAffected = v
		case "greater than", "greater than or equal":
			in.Introduced = v
		default:
			return "", in, fmt.Errorf("tests %.40q", s.operation)
		}
	}
	if name == "" {
		return "", in, errors.New("tests no package")
	}
	if in.Fixed != "" {
		in.LastAffected = ""
	}
	return name, in, nil
}

// evr reads a version; a lower bound may be without a release ("0:1.85.0.azl3").
func evr(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if n, ok := nevra.Parse("x-" + s); ok {
		return n.EVR(), true
	}
	n, ok := nevra.Parse("x-" + s + "-0")
	return strings.TrimSuffix(n.EVR(), "-0"), ok
}

func (f azure) add(all map[string]*vuln.Advisory, d *azureDefinition, af vuln.Affected) {
	a := all[d.cve]
	if a == nil {
		a = &vuln.Advisory{Feed: f.Name(), ID: d.cve}
		all[d.cve] = a
	}
	if s, ok := vuln.ParseSeverity(d.severity); ok && s != vuln.Unknown {
		af.Severity = s
	}
	if af.Ranges[0].Fixed != "" {
		af.FixedAt = d.at
	}
	// Lines of a package have a definition each, as one entry they mean the same.
	for i := range a.Affected {
		have := &a.Affected[i]
		if have.Namespace != af.Namespace || have.Package != af.Package {
			continue
		}
		have.Severity = max(have.Severity, af.Severity)
		if have.FixedAt.IsZero() || !af.FixedAt.IsZero() && af.FixedAt.Before(have.FixedAt) {
			have.FixedAt = af.FixedAt
		}
		if !slices.Contains(have.Ranges, af.Ranges[0]) {
			have.Ranges = append(have.Ranges, af.Ranges[0])
		}
		return
	}
	a.Affected = append(a.Affected, af)
}
