package advisory

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// point lies before a version, or just after it.
type point struct {
	version version.Version
	after   bool
	end     int8 // -1: before every version, +1: after every version
}

func (p point) compare(o point) int {
	if p.end != 0 || o.end != 0 {
		return cmp.Compare(p.end, o.end)
	}
	if c := p.version.Compare(o.version); c != 0 || p.after == o.after {
		return c
	}
	if o.after {
		return -1
	}
	return +1
}

// span is the versions between two points. patched: they are said to be mended.
type span struct {
	from, to point
	patched  bool
}

func everything() span { return span{from: point{end: -1}, to: point{end: +1}} }

func (s span) empty() bool { return s.from.compare(s.to) >= 0 }

// cut keeps what both hold.
func (s span) cut(o span) span {
	if o.from.compare(s.from) > 0 {
		s.from = o.from
	}
	if o.to.compare(s.to) < 0 {
		s.to = o.to
	}
	return s
}

// constraint reads an operator and a version: ">= 1.2". pessimistic gives the end of what "~>" allows, where the ecosystem has it.
func constraint(eco purl.Ecosystem, s string, pessimistic func(string) (string, error)) (span, error) {
	s = strings.TrimSpace(s)
	n := 0
	for n < len(s) && strings.IndexByte("<>=~!^", s[n]) >= 0 {
		n++
	}
	op, text := s[:n], strings.TrimSpace(s[n:])
	v, err := version.Parse(eco, text)
	if err != nil {
		return span{}, fmt.Errorf("%.60q is no constraint: %w", s, err)
	}
	out := everything()
	switch op {
	case ">=":
		out.from = point{version: v}
	case ">":
		out.from = point{version: v, after: true}
	case "<":
		out.to = point{version: v}
	case "<=":
		out.to = point{version: v, after: true}
	case "=", "==", "":
		out.from, out.to = point{version: v}, point{version: v, after: true}
	case "~>":
		if pessimistic == nil {
			return span{}, fmt.Errorf("%.60q has an operator that is not known", s)
		}
		text, err := pessimistic(text)
		if err != nil {
			return span{}, err
		}
		end, err := version.Parse(eco, text)
		if err != nil {
			return span{}, err
		}
		out.from, out.to = point{version: v}, point{version: end}
	default:
		return span{}, fmt.Errorf("%.60q has an operator that is not known", s)
	}
	return out, nil
}

// affectedBy turns what is not affected into what is: all else. A range ends with a fix where versions begin that are said to be mended.
func affectedBy(eco purl.Ecosystem, safe []span) ([]vuln.Range, error) {
	safe = slices.DeleteFunc(slices.Clone(safe), span.empty)
	slices.SortStableFunc(safe, func(a, b span) int { return a.from.compare(b.from) })
	var out []vuln.Range
	at := point{end: -1}
	for i, s := range safe {
		if s.from.compare(at) > 0 {
			// Of several that begin here, one that is mended says more.
			mended := slices.ContainsFunc(safe[i:], func(o span) bool { return o.patched && o.from.compare(s.from) == 0 })
			r, err := interval(eco, span{from: at, to: s.from}, mended)
			if err != nil {
				return nil, err
			}
			if r.Introduced != "0" || r.Fixed+r.Limit != "0" {
				out = append(out, r)
			}
		}
		if s.to.compare(at) > 0 {
			at = s.to
		}
	}
	if at.end <= 0 {
		r, err := interval(eco, span{from: at, to: point{end: +1}}, false)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// interval writes a span as a range; fixed says whether its end is a fix.
func interval(eco purl.Ecosystem, s span, fixed bool) (vuln.Range, error) {
	r := vuln.Range{Introduced: "0"}
	if s.from.end == 0 {
		r.Introduced = s.from.version.String()
	}
	if s.from.after {
		var err error
		if r.Introduced, err = successor(eco, s.from.version); err != nil {
			return r, err
		}
	}
	if s.to.end == 0 {
		v := s.to.version.String()
		switch {
		case s.to.after:
			r.LastAffected = v
		case fixed:
			r.Fixed = v
		default:
			r.Limit = v
		}
	}
	return r, nil
}

// successor gives a version just above v: ranges begin with a version that is inside.
func successor(eco purl.Ecosystem, v version.Version) (string, error) {
	suffix := ".0.1"
	if eco == purl.Packagist {
		suffix = "-patch"
	}
	next, err := version.Parse(eco, v.String()+suffix)
	if err != nil || next.Compare(v) <= 0 {
		return "", errors.Join(fmt.Errorf("nothing is known to follow %q", v), err)
	}
	return next.String(), nil
}
