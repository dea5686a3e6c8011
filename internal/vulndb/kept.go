package vulndb

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/cvss"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// appendBody writes what is not identity, text or packages.
func appendBody(b []byte, a *vuln.Advisory) []byte {
	b = appendTime(b, a.Published)
	b = appendTime(b, a.Modified)
	b = appendString(b, clip(a.Title))
	at := len(b)
	b = append(b, 0)
	for _, r := range a.Ratings {
		if r, ok := complete(r); ok && b[at] < 0x7f {
			b[at]++
			b = appendString(b, r.Source)
			b = append(b, byte(r.Severity))
			b = appendString(b, r.Version)
			b = appendString(b, r.Vector)
			b = appendInt(b, int(min(max(r.Score, 0), 10)*10+0.5))
		}
	}
	weaknesses := slices.DeleteFunc(slices.Clone(a.Weaknesses), func(w string) bool { return w == "" || len(w) > maxName })
	weaknesses = weaknesses[:min(len(weaknesses), 100)]
	b = appendInt(b, len(weaknesses))
	for _, w := range weaknesses {
		b = appendString(b, w)
	}
	b = appendBool(b, a.KEV != nil)
	if k := a.KEV; k != nil {
		b = appendTime(b, k.Added)
		b = appendTime(b, k.Due)
		b = appendBool(b, k.Ransomware)
		b = appendString(b, clip(k.Name))
		b = appendString(b, clip(k.RequiredAction))
	}
	exploits := firstExploits(a.Exploits)
	b = appendInt(b, len(exploits))
	for _, e := range exploits {
		b = appendString(b, clip(e.ID))
		b = appendString(b, clip(e.URL))
		b = appendString(b, clip(e.Title))
		b = appendTime(b, exploitTime(a.Feed, &e))
		b = appendBool(b, e.Verified)
		b = appendString(b, clip(e.Type))
	}
	sightings := firstSightings(a.Sightings)
	b = appendInt(b, len(sightings))
	for _, s := range sightings {
		b = appendTime(b, s.At)
		b = appendString(b, clip(s.URL))
	}
	b = appendBool(b, a.SSVC != nil)
	if s := a.SSVC; s != nil {
		b = appendString(b, word(s.Exploitation))
		b = appendString(b, word(s.Automatable))
		b = appendString(b, word(s.Impact))
		b = appendTime(b, s.At)
	}
	return b
}

// word bounds what is one word in every real feed, and keeps it free of the mark that joins words in the file.
func word(s string) string {
	if len(s) > 64 || strings.Contains(s, ssvcMark) {
		return ""
	}
	return s
}

// clip bounds strings which are a line in every real feed.
func clip(s string) string {
	if len(s) > 4<<10 {
		return strings.ToValidUTF8(s[:4<<10], "") + "…"
	}
	return s
}

// complete gives a rating by vector the score and the word that follow from it, where the feed gave none. A rating that
// then says nothing is dropped.
func complete(r vuln.Rating) (vuln.Rating, bool) {
	if len(r.Vector) > 512 || len(r.Source) > maxString || len(r.Version) > 8 {
		return r, false
	}
	if r.Vector != "" && (r.Severity == vuln.Unknown || r.Score == 0 || r.Version == "") {
		if v, err := cvss.Parse(r.Vector); err == nil {
			if r.Score == 0 {
				r.Score = v.Score()
			}
			if r.Version == "" {
				r.Version = v.Version()
			}
			if r.Severity == vuln.Unknown {
				r.Severity = vuln.OfScore(r.Version, r.Score)
			}
		}
	}
	return r, r.Severity != vuln.Unknown || r.Score > 0
}

// body reads what appendBody wrote into an advisory of its identity.
func (c *collector) body(i int, buf []byte) (*vuln.Advisory, []byte, error) {
	id := &c.ids[i]
	a := &vuln.Advisory{
		Feed: id.feed, ID: id.id, Withdrawn: c.records[i].withdrawn, State: c.records[i].state, Malicious: id.malware,
	}
	buf, err := c.spill.read(c.records[i].body, buf)
	if err != nil {
		return nil, buf, fmt.Errorf("reading an advisory back: %w", err)
	}
	r := cursor{b: buf}
	a.Published, a.Modified, a.Title = r.time(), r.time(), r.string()
	for range r.byte() {
		a.Ratings = append(a.Ratings, vuln.Rating{
			Feed: id.feed, Source: r.string(), Severity: vuln.Severity(r.byte()), Version: r.string(), Vector: r.string(),
			Score: float64(r.uvarint()) / 10,
		})
	}
	for range r.count(1) {
		a.Weaknesses = append(a.Weaknesses, r.string())
	}
	if r.bool() {
		a.KEV = &vuln.KEV{Added: r.time(), Due: r.time(), Ransomware: r.bool(), Name: r.string(), RequiredAction: r.string()}
	}
	for range r.count(6) {
		a.Exploits = append(a.Exploits, datedExploit(vuln.Exploit{
			Feed: id.feed, ID: r.string(), URL: r.string(), Title: r.string(), Published: r.time(), Verified: r.bool(), Type: r.string(),
		}))
	}
	for range r.count(2) {
		a.Sightings = append(a.Sightings, vuln.Sighting{Feed: id.feed, At: r.time(), URL: r.string()})
	}
	if r.bool() {
		a.SSVC = &vuln.SSVC{Exploitation: r.string(), Automatable: r.string(), Impact: r.string(), At: r.time()}
	}
	if r.bad {
		return nil, buf, errors.New("reading an advisory back: it is broken")
	}
	return a, buf, nil
}

// text reads the description and references of an advisory.
func (c *collector) text(i int, buf []byte) (string, []vuln.Reference, []byte, error) {
	buf, err := c.spill.read(c.records[i].text, buf)
	if err != nil {
		return "", nil, buf, fmt.Errorf("reading an advisory back: %w", err)
	}
	r := cursor{b: buf}
	details, refs := readText(&r, true)
	return details, refs, buf, nil
}

// appendAffected writes an Affected without its names, put simply: nothing introduced is "", and where an interval holds
// every version the others say no more.
func appendAffected(b []byte, a *vuln.Affected) []byte {
	b = append(b, byte(a.Status), byte(a.Severity))
	b = appendTime(b, a.FixedAt)
	ranges, versions := plainRanges(a.Ranges), a.Versions
	if slices.Contains(ranges, vuln.Range{}) {
		ranges, versions = []vuln.Range{{}}, nil
	}
	b = appendInt(b, len(ranges))
	for _, r := range ranges {
		for _, s := range [...]string{r.Introduced, r.Fixed, r.LastAffected, r.Limit} {
			b = appendString(b, s)
		}
	}
	versions = slices.DeleteFunc(slices.Clone(versions), func(v string) bool { return v == "" || len(v) > maxString })
	b = appendInt(b, len(versions))
	for _, v := range versions {
		b = appendString(b, v)
	}
	b = appendBool(b, a.Binary)
	module := a.Module
	if len(module) > maxString {
		module = vuln.AnyModule
	}
	b = appendString(b, module)
	return appendImports(b, usableImports(a.Imports))
}

func plainRanges(in []vuln.Range) []vuln.Range {
	var out []vuln.Range
	for _, r := range in {
		if r.Introduced == "0" {
			r.Introduced = ""
		}
		if len(r.Introduced)+len(r.Fixed)+len(r.LastAffected)+len(r.Limit) > maxString {
			continue
		}
		if !slices.Contains(out[max(0, len(out)-64):], r) {
			out = append(out, r)
		}
	}
	return out
}

func (c *collector) readAffected(at span, buf []byte) (vuln.Affected, []byte, error) {
	buf, err := c.spill.read(at, buf)
	if err != nil {
		return vuln.Affected{}, buf, fmt.Errorf("reading an advisory back: %w", err)
	}
	r := cursor{b: buf}
	a := vuln.Affected{Status: vuln.Status(r.byte()), Severity: vuln.Severity(r.byte()), FixedAt: r.time()}
	for range r.count(4) {
		a.Ranges = append(a.Ranges, vuln.Range{
			Introduced: r.string(), Fixed: r.string(), LastAffected: r.string(), Limit: r.string(),
		})
	}
	for range r.count(1) {
		a.Versions = append(a.Versions, r.string())
	}
	a.Binary, a.Module = r.bool(), r.string()
	a.Imports = readImports(&r, nil)
	if r.bad {
		return a, buf, errors.New("reading an advisory back: it is broken")
	}
	return a, buf, nil
}
