// Package nvd reads NIST's National Vulnerability Database from its yearly files in the format of its API 2.0. It promises every rating with the name of who gave it, and
// memory bounded by the biggest record. Of what NVD says of products (CPE) it keeps the versions of software that is recognised in images
// where no package manager brought it, in the namespace Upstream; other products are not packages.
package nvd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// The years to ask for. Upstream has a year's file from its January on, and surely those up to sureYear. A mirror may hold
// fewer years: Parse reads those that are there.
const (
	firstYear = 2002
	sureYear  = 2025
	lastYear  = 2030
	maxFile   = 4 << 30 // bytes of JSON in one file; the biggest are 250 MiB
)

// New gives the feed.
func New() feed.Feed { return nvd{} }

type nvd struct{}

var _ feed.Dated = nvd{}

func (nvd) Name() string { return "nvd" }

func (nvd) About() feed.About {
	return feed.About{Publisher: "National Institute of Standards and Technology (NIST)", License: "public domain", URL: "https://nvd.nist.gov/"}
}

func (nvd) Resources() []feed.Resource {
	var out []feed.Resource
	for year := firstYear; year <= lastYear; year++ {
		name := fmt.Sprintf("nvdcve-2.0-%d", year)
		out = append(out, feed.Resource{
			URL:      "https://nvd.nist.gov/feeds/json/cve/2.0/" + name + ".json.gz",
			Path:     "nvd/feeds/json/cve/2.0/" + name + ".json.gz",
			Optional: year > sureYear,
			Sum:      name + ".meta",
		})
	}
	return out
}

func (n nvd) Parse(ctx context.Context, raw feed.Raw, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	files, read, skipped := 0, 0, 0
	for _, r := range n.Resources() {
		err := n.file(ctx, raw, r.Path, func(a *vuln.Advisory) error {
			read++
			return emit(a)
		}, func(s feed.Skipped) {
			skipped++
			skip(s)
		})
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", r.Path, err)
		}
		files++
	}
	if files == 0 {
		return fmt.Errorf("reading nvd: no file of any year: %w", fs.ErrNotExist)
	}
	if read == 0 && skipped > 0 {
		return fmt.Errorf("reading nvd: %w: none of %d records could be understood", artifact.ErrCorrupt, skipped)
	}
	return nil
}

func (n nvd) file(ctx context.Context, raw feed.Raw, path string, emit func(*vuln.Advisory) error, skip func(feed.Skipped)) error {
	f, err := raw.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := feed.Gunzip(f, maxFile)
	if err != nil {
		return err
	}
	i := 0
	for b, err := range feed.Elements(z, "vulnerabilities") {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		i++
		a, err := n.advisory(b)
		if err != nil {
			skip(feed.Skipped{Path: path, Record: fmt.Sprint("record ", i), Reason: err.Error()})
			continue
		}
		if err := emit(a); err != nil {
			return err
		}
	}
	return nil
}

// entry is what is read of a record, in the names of the API's schema.
type entry struct {
	CVE struct {
		ID           string `json:"id"`
		Published    stamp  `json:"published"`
		LastModified stamp  `json:"lastModified"`
		Status       string `json:"vulnStatus"`
		Descriptions []text `json:"descriptions"`
		Metrics      struct {
			V40 []metric `json:"cvssMetricV40"`
			V31 []metric `json:"cvssMetricV31"`
			V30 []metric `json:"cvssMetricV30"`
			V2  []metric `json:"cvssMetricV2"`
		} `json:"metrics"`
		Weaknesses []struct {
			Description []text `json:"description"`
		} `json:"weaknesses"`
		References []struct {
			URL  string   `json:"url"`
			Tags []string `json:"tags"`
		} `json:"references"`
		Configurations json.RawMessage `json:"configurations"`
	} `json:"cve"`
}

type text struct {
	Lang  string `json:"lang"`
	Value string `json:"value"`
}

type metric struct {
	Source string `json:"source"`
	Data   struct {
		Version  string  `json:"version"`
		Vector   string  `json:"vectorString"`
		Score    float64 `json:"baseScore"`
		Severity string  `json:"baseSeverity"`
	} `json:"cvssData"`
	Severity string `json:"baseSeverity"` // v2 has it here
}

// stamp is a time as NVD writes it: UTC, without a zone.
type stamp struct{ time.Time }

func (t *stamp) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil || s == "" {
		return err
	}
	at, err := parseTime(s)
	t.Time = at
	return err
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04:05.999", time.RFC3339Nano} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("time %.40q is not as NVD writes times", s)
}

func (n nvd) advisory(b []byte) (*vuln.Advisory, error) {
	var e entry
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, err
	}
	c := &e.CVE
	if !strings.HasPrefix(c.ID, "CVE-") || len(c.ID) > 32 {
		return nil, fmt.Errorf("%.40q is not a CVE id", c.ID)
	}
	a := &vuln.Advisory{Feed: n.Name(), ID: c.ID, Published: c.Published.Time, Modified: c.LastModified.Time}
	if i := slices.IndexFunc(c.Descriptions, func(t text) bool { return t.Lang == "en" }); i >= 0 {
		a.Details = strings.TrimSpace(c.Descriptions[i].Value)
	}
	if c.Status == "Rejected" {
		// The record has no date of the rejection; its last change is the nearest.
		a.Withdrawn = c.LastModified.Time
		if a.Withdrawn.IsZero() {
			return nil, fmt.Errorf("%s: is rejected, without a date", c.ID)
		}
		return a, nil
	}
	for _, list := range [][]metric{c.Metrics.V40, c.Metrics.V31, c.Metrics.V30, c.Metrics.V2} {
		for _, m := range list {
			if r, ok := n.rating(m); ok {
				a.Ratings = append(a.Ratings, r)
			}
		}
	}
	for _, w := range c.Weaknesses {
		for _, d := range w.Description {
			// "NVD-CWE-Other" and "NVD-CWE-noinfo" name no weakness.
			if id := strings.TrimSpace(d.Value); strings.HasPrefix(id, "CWE-") && !slices.Contains(a.Weaknesses, id) {
				a.Weaknesses = append(a.Weaknesses, id)
			}
		}
	}
	for _, r := range c.References {
		ref := vuln.Reference{Type: referenceType(r.Tags), URL: strings.TrimSpace(r.URL)}
		if ref.URL != "" && !slices.ContainsFunc(a.References, func(have vuln.Reference) bool { return have.URL == ref.URL }) {
			a.References = append(a.References, ref)
		}
	}
	var err error
	if a.Affected, err = affected(c.Configurations); err != nil {
		return nil, fmt.Errorf("%s: %w", c.ID, err)
	}
	return a, nil
}

func (n nvd) rating(m metric) (vuln.Rating, bool) {
	if m.Data.Vector == "" || m.Data.Score < 0 || m.Data.Score > 10 {
		return vuln.Rating{}, false
	}
	r := vuln.Rating{Feed: n.Name(), Source: m.Source, Version: m.Data.Version, Vector: m.Data.Vector, Score: m.Data.Score}
	word := m.Data.Severity
	if word == "" {
		word = m.Severity
	}
	s, ok := vuln.ParseSeverity(word)
	if !ok || s == vuln.Unknown {
		s = vuln.OfScore(r.Version, r.Score)
	}
	r.Severity = s
	return r, true
}

// referenceType gives OSV's word for NVD's tags; the most telling tag wins.
func referenceType(tags []string) string {
	for _, t := range []struct{ tag, typ string }{
		{"Patch", "fix"},
		{"Exploit", "evidence"},
		{"Vendor Advisory", "advisory"},
		{"Third Party Advisory", "advisory"},
		{"US Government Resource", "advisory"},
		{"VDB Entry", "advisory"},
		{"Issue Tracking", "report"},
		{"Mailing List", "article"},
		{"Press/Media Coverage", "article"},
		{"Technical Description", "article"},
		{"Product", "package"},
	} {
		if slices.Contains(tags, t.tag) {
			return t.typ
		}
	}
	return "web"
}

// AsOf is the newest timestamp of the files.
func (n nvd) AsOf(raw feed.Raw) (time.Time, error) {
	var newest time.Time
	for _, r := range n.Resources() {
		at, err := n.timestamp(raw, r.Path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return time.Time{}, fmt.Errorf("reading %s: %w", r.Path, err)
		}
		if at.After(newest) {
			newest = at
		}
	}
	return newest, nil
}

func (nvd) timestamp(raw feed.Raw, path string) (time.Time, error) {
	f, err := raw.Open(path)
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	z, err := feed.Gunzip(f, maxFile)
	if err != nil {
		return time.Time{}, err
	}
	s, err := feed.Head(z, "timestamp")
	if err != nil || s == "" {
		return time.Time{}, err
	}
	return parseTime(s)
}
