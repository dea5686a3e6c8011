package vulndb

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// The largest that an advisory may be. Real ones are far below: a kernel notice covers some thousand vulnerabilities.
const (
	maxNames   = 20_000  // aliases and covers
	maxProduct = 1 << 20 // affected packages by vulnerabilities
	maxString  = 1 << 10 // names of packages, versions
)

// record is what stays in memory of an advisory while the others are read.
type record struct {
	feed      int
	published time.Time
	withdrawn time.Time
	state     vuln.State
	body      span // see appendBody
	text      span
	affected  []affectedAt
}

// affectedAt is a vuln.Affected that lies in the spill.
type affectedAt struct {
	pkg   int32
	at    span
	fixed bool // a range ends in a fix
}

type packageName struct{ namespace, name string }

// A collector takes the advisories of all feeds.
type collector struct {
	spill    *spill
	ids      []identity // parallel to records
	records  []record
	scores   map[string]vuln.EPSS
	packages map[packageName]int32
	names    []packageName
	buf      []byte
}

func newCollector(s *spill) *collector {
	return &collector{spill: s, scores: map[string]vuln.EPSS{}, packages: map[packageName]int32{}}
}

// errUnusable is wrapped by the errors of add that are about one advisory only.
var errUnusable = errors.New("unusable")

// add takes one advisory. It does not keep it.
func (c *collector) add(feed int, a *vuln.Advisory) error {
	id := identity{
		feed: a.Feed, id: cleanID(a.ID), aliases: cleanIDs(a.Aliases), covers: cleanIDs(a.Covers),
		withdrawn: !a.Withdrawn.IsZero(), malware: a.Malicious || saysMalware(a),
	}
	if id.id == "" {
		return fmt.Errorf("%w: its id is no id", errUnusable)
	}
	if a.EPSS != nil && !id.withdrawn {
		if old, ok := c.scores[id.id]; !ok || a.EPSS.At.After(old.At) {
			c.scores[id.id] = *a.EPSS
		}
	}
	says := a.Title != "" || a.Details != "" || len(a.Ratings)+len(a.Weaknesses)+len(a.References)+len(a.Affected)+len(a.Sightings) > 0 ||
		a.KEV != nil || a.SSVC != nil
	if !says && len(a.Exploits) == 0 && a.EPSS != nil {
		return nil // a score alone is no record of a vulnerability
	}
	id.exploit = !says && len(a.Exploits) > 0
	r := record{feed: feed, published: a.Published, withdrawn: a.Withdrawn, state: cmp.Or(a.State, vuln.MarkedState(a.Details))}
	if id.withdrawn {
		a = remains(a)
	}
	if len(id.aliases)+len(id.covers) > maxNames || len(a.Affected)*(1+len(id.aliases)+len(id.covers)) > maxProduct {
		return fmt.Errorf("%w: it speaks of %d packages and %d names", errUnusable, len(a.Affected), len(id.aliases)+len(id.covers))
	}
	if err := c.keep(&r, a); err != nil {
		return err
	}
	c.ids = append(c.ids, id)
	c.records = append(c.records, r)
	return nil
}

// remains is what is kept of a withdrawn record, to say what it was when nobody else does.
func remains(a *vuln.Advisory) *vuln.Advisory {
	return &vuln.Advisory{Published: a.Published, Title: a.Title, Details: a.Details}
}

func (c *collector) keep(r *record, a *vuln.Advisory) (err error) {
	if r.body, err = c.spill.add(appendBody(c.buf[:0], a)); err != nil {
		return fmt.Errorf("keeping an advisory: %w", err)
	}
	c.buf = appendString(c.buf[:0], a.Details)
	c.buf = appendInt(c.buf, len(a.References))
	for _, ref := range a.References {
		c.buf = appendString(c.buf, ref.Type)
		c.buf = appendString(c.buf, ref.URL)
	}
	if r.text, err = c.spill.add(c.buf); err != nil {
		return fmt.Errorf("keeping an advisory: %w", err)
	}
	for i := range a.Affected {
		af := &a.Affected[i]
		if af.Namespace == "" || af.Package == "" || len(af.Namespace) > maxString || len(af.Package) > maxString {
			continue
		}
		key := packageName{af.Namespace, af.Package}
		n, ok := c.packages[key]
		if !ok {
			key = packageName{strings.Clone(key.namespace), strings.Clone(key.name)}
			n = int32(len(c.names))
			c.packages[key] = n
			c.names = append(c.names, key)
		}
		at, err := c.spill.add(appendAffected(c.buf[:0], af))
		if err != nil {
			return fmt.Errorf("keeping an advisory: %w", err)
		}
		fixed := slices.ContainsFunc(af.Ranges, func(r vuln.Range) bool { return r.Fixed != "" })
		r.affected = append(r.affected, affectedAt{pkg: n, at: at, fixed: fixed})
	}
	return nil
}

func cleanIDs(list []string) []string {
	var out []string
	for _, s := range list {
		if s = cleanID(s); s != "" && !slices.Contains(out[max(0, len(out)-64):], s) {
			out = append(out, s)
		}
	}
	return out
}
