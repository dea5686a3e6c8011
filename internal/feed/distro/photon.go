package distro

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/jsonscan"
	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Photon gives the feed of Photon OS: for each release the CVEs of its source packages, with the version that mends them or none. Upstream took the files
// away in March 2026 without another form of the same facts; mirrors may have kept them.
func Photon() feed.Feed { return photon{} }

type photon struct{}

func (photon) Name() string { return "photon" }

func (photon) About() feed.About {
	return feed.About{Publisher: "Broadcom (VMware Photon OS)", License: "no licence stated", URL: "https://github.com/vmware/photon/wiki/Security-Advisories"}
}

func (photon) Resources() []feed.Resource {
	var out []feed.Resource
	for _, release := range []string{"1.0", "2.0", "3.0", "4.0", "5.0"} {
		out = append(out, feed.Resource{
			URL:      "https://packages.broadcom.com/photon/photon_cve_metadata/cve_data_photon" + release + ".json",
			Path:     "photon/cve_data_photon" + release + ".json",
			Optional: true,
		})
	}
	return out
}

// photonCVE is what the files together say of a CVE.
type photonCVE struct {
	score    float64
	affected map[place]vuln.Affected
}

func (f photon) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	all := map[string]*photonCVE{}
	files := 0
	for _, r := range f.Resources() {
		if err := ctx.Err(); err != nil {
			return err
		}
		release := strings.TrimSuffix(strings.TrimPrefix(r.Path, "photon/cve_data_photon"), ".json")
		err := f.file(raw, r.Path, string(purl.Photon)+":"+release, all, skip)
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
		c := all[id]
		a := &vuln.Advisory{Feed: f.Name(), ID: id}
		if c.score > 0 && c.score <= 10 {
			a.Ratings = []vuln.Rating{{Feed: f.Name(), Severity: vuln.OfScore("3.1", c.score), Score: c.score}}
		}
		for _, at := range slices.SortedFunc(maps.Keys(c.affected), func(a, b place) int {
			return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.pkg, b.pkg))
		}) {
			a.Affected = append(a.Affected, c.affected[at])
		}
		if err := emit(a); err != nil {
			return err
		}
	}
	return nil
}

func (f photon) file(raw feed.Raw, path, namespace string, all map[string]*photonCVE, skip func(feed.Skipped)) error {
	file, err := raw.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	b, err := feed.ReadAll(file, maxFile)
	if err != nil {
		return err
	}
	s := jsonscan.New(b)
	rows, bad := 0, 0
	for i := range s.Array() {
		var r photonRow
		for key := range s.Object() {
			switch string(key) {
			case "cve_id":
				r.id = strings.TrimSpace(s.Text())
			case "pkg":
				r.pkg = strings.TrimSpace(s.Text())
			case "cve_score":
				r.score, _ = strconv.ParseFloat(s.Number(), 64)
			case "res_ver":
				r.fixed = strings.TrimSpace(s.Text())
			case "status":
				r.status = s.Text()
			}
		}
		if s.Err() != nil {
			break
		}
		if err := r.check(); err != nil {
			bad++
			skip(feed.Skipped{Path: path, Record: fmt.Sprintf("row %d", i), Reason: err.Error()})
			continue
		}
		rows++
		if len(all) > maxFixes {
			return &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("more than %d CVEs", maxFixes)}
		}
		r.add(namespace, all)
	}
	if err := s.End(); err != nil {
		return fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	if bad > 0 && rows == 0 {
		return fmt.Errorf("%w: none of %d rows could be understood", artifact.ErrCorrupt, bad)
	}
	return nil
}

// photonRow is a row of a file.
type photonRow struct {
	id, pkg, fixed, status string
	score                  float64
}

func (r *photonRow) check() error {
	if m := cveID.FindString(r.id); m == "" || m != r.id {
		return fmt.Errorf("%.40q is no CVE", r.id)
	}
	if !nevra.Name(r.pkg) {
		return fmt.Errorf("%.60q is no package", r.pkg)
	}
	if r.mended() {
		if _, ok := nevra.Parse("x-" + r.fixed); !ok {
			return fmt.Errorf("%.60q is no version", r.fixed)
		}
	}
	return nil
}

// mended says whether a version holds the fix; "NA" is none.
func (r *photonRow) mended() bool { return r.fixed != "" && !strings.EqualFold(r.fixed, "NA") }

func (r *photonRow) add(namespace string, all map[string]*photonCVE) {
	c := all[r.id]
	if c == nil {
		c = &photonCVE{affected: map[place]vuln.Affected{}}
		all[r.id] = c
	}
	c.score = max(c.score, r.score)
	at := place{namespace, r.pkg}
	a := vuln.Affected{Namespace: namespace, Package: r.pkg}
	switch {
	case r.mended():
		n, _ := nevra.Parse("x-" + r.fixed)
		a.Ranges = []vuln.Range{{Introduced: "0", Fixed: n.EVR()}}
		// Of two fixes the last one counts: what lies below it was still affected in some way.
		if have, ok := c.affected[at]; ok && len(have.Ranges) > 0 && have.Ranges[0].Fixed != "" {
			if o, err := version.Compare(purl.Photon, have.Ranges[0].Fixed, n.EVR()); err != nil || o >= 0 {
				return
			}
		}
	case strings.EqualFold(r.status, "Not Affected"):
		a.Status = vuln.StatusNotAffected
	default:
		a.Ranges = []vuln.Range{{Introduced: "0"}}
	}
	// A fix says more than that there is none, and that more than "not affected".
	if have, ok := c.affected[at]; ok && !r.mended() {
		if len(have.Ranges) > 0 {
			return
		}
	}
	c.affected[at] = a
}
