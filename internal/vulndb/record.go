package vulndb

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// dateKinds are the kinds of date by their number in the file. New ones go to the end.
var dateKinds = [...]vuln.DateKind{
	vuln.Disclosed, vuln.FixPublished, vuln.Added, vuln.ExploitPublished, vuln.Modified, vuln.TakenBack,
}

// states are the states by their number in the file.
var states = [...]vuln.State{"", vuln.Disputed, vuln.Rejected, vuln.Withdrawn}

// ruleShift is where the number of the rule, counted from 1, lies in the byte of the severity.
const ruleShift = 3

// The byte of marks: the state in the low bits.
const (
	stateBits    = 3
	isMalicious  = 1 << 2
	hasSSVC      = 1 << 3
	hasSightings = 1 << 4
	allMarks     = stateBits | isMalicious | hasSSVC | hasSightings
)

// ssvcMark joins the words of SSVC: a few combinations serve all vulnerabilities.
const ssvcMark = "\n"

// Vulnerability gives the record of a vulnerability, without Details and References.
func (db *DB) Vulnerability(o Ordinal) (_ *vuln.Vulnerability, err error) {
	if err := db.closed(); err != nil {
		return nil, err
	}
	defer db.guard(&err)()
	b, ok := db.between(secVulnIndex, secVulns, int(o))
	if !ok {
		return nil, corrupt("there is no vulnerability %d", o)
	}
	c := cursor{b: b}
	v := db.readRecord(&c)
	if c.bad || c.left() != 0 {
		return nil, corrupt("vulnerability %d has a broken record", o)
	}
	if v.EPSS, ok = db.epss(o); !ok {
		return nil, corrupt("the EPSS of vulnerability %d is broken", o)
	}
	return v, nil
}

func (db *DB) readRecord(c *cursor) *vuln.Vulnerability {
	v := &vuln.Vulnerability{ID: db.textAt(c)}
	v.Aliases = db.readTexts(c)
	if v.Aliases == nil {
		v.Aliases = []string{} // [] in JSON
	}
	v.Title = c.string()
	severity := c.byte()
	v.Severity = vuln.Severity(severity & severityBits)
	if rules, i := vuln.SeverityRules(), int(severity>>ruleShift); i > len(rules) {
		c.fail()
	} else if i > 0 {
		v.SeverityRule = rules[i-1]
	}
	if i := c.below(len(db.feeds) + 1); i > 0 {
		v.SeveritySource = db.feeds[i-1]
	}
	if n := c.count(6); n > 0 {
		v.Ratings = make([]vuln.Rating, n)
		for i := range v.Ratings {
			v.Ratings[i] = vuln.Rating{
				Feed: db.readFeed(c), Source: db.textAt(c), Severity: vuln.Severity(c.byte()),
				Version: db.textAt(c), Vector: db.textAt(c), Score: float64(c.below(1000)) / 10,
			}
		}
	}
	v.Weaknesses = db.readTexts(c)
	if n := c.count(4); n > 0 {
		v.Dates = make([]vuln.Date, n)
		for i := range v.Dates {
			v.Dates[i] = vuln.Date{
				Kind: dateKinds[c.below(len(dateKinds))], At: c.time(), Feed: db.readFeed(c), Subject: db.textAt(c),
			}
		}
	}
	if c.bool() {
		v.KEV = &vuln.KEV{Added: c.time(), Due: c.time(), Ransomware: c.bool(), Name: c.string(), RequiredAction: c.string()}
	}
	if n := c.count(7); n > 0 {
		v.Exploits = make([]vuln.Exploit, n)
		for i := range v.Exploits {
			v.Exploits[i] = datedExploit(vuln.Exploit{
				Feed: db.readFeed(c), ID: db.textAt(c), URL: c.string(), Title: c.string(),
				Published: c.time(), Verified: c.bool(), Type: db.textAt(c),
			})
		}
	}
	if n := c.count(1); n > 0 {
		v.Feeds = make([]string, n)
		for i := range v.Feeds {
			v.Feeds[i] = db.readFeed(c)
		}
	}
	if n := c.count(5); n > 0 {
		v.Joins = make([]vuln.Join, n)
		for i := range v.Joins {
			id, feed := db.textAt(c), db.readFeed(c)
			v.Joins[i] = vuln.Join{ID: id, Feed: feed, Why: why{
				kind: reason(c.byte()), name: db.textAt(c), others: c.below(math.MaxInt32),
			}.String()}
		}
	}
	db.readMarks(c, v)
	v.DateExploits()
	return v
}

// readMarks reads what few vulnerabilities have.
func (db *DB) readMarks(c *cursor, v *vuln.Vulnerability) {
	marks := c.byte()
	if marks&^allMarks != 0 {
		c.fail()
	}
	if v.State = states[marks&stateBits]; v.State != "" {
		v.StateFeed = db.readFeed(c)
	}
	v.Malicious = marks&isMalicious != 0
	if marks&hasSSVC != 0 {
		words := strings.SplitN(db.textAt(c), ssvcMark, 4)
		if len(words) != 3 {
			c.fail()
			return
		}
		v.SSVC = &vuln.SSVC{Exploitation: words[0], Automatable: words[1], Impact: words[2], At: c.time()}
	}
	if marks&hasSightings != 0 {
		v.Sightings = make([]vuln.Sighting, c.count(3))
		for i := range v.Sightings {
			v.Sightings[i] = vuln.Sighting{Feed: db.readFeed(c), At: c.time(), URL: c.string()}
		}
	}
}

func (db *DB) readFeed(c *cursor) string {
	i := c.below(len(db.feeds))
	if c.bad {
		return ""
	}
	return db.feeds[i]
}

func (db *DB) readTexts(c *cursor) []string {
	n := c.count(1)
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = db.textAt(c)
	}
	return list
}

func (db *DB) epss(o Ordinal) (_ *vuln.EPSS, ok bool) {
	at := int64(o) * 12
	b, ok := db.span(secEPSS, at, at+12)
	if !ok {
		return nil, false
	}
	day := binary.LittleEndian.Uint32(b[8:])
	if day == 0 {
		return nil, true
	}
	return &vuln.EPSS{
		Score:      float64(binary.LittleEndian.Uint32(b)) / epssUnit,
		Percentile: float64(binary.LittleEndian.Uint32(b[4:])) / epssUnit,
		At:         time.Unix(int64(day)*86400, 0).UTC(),
	}, true
}

func appendEPSS(b []byte, e *vuln.EPSS) []byte {
	if e == nil {
		return append(b, make([]byte, 12)...)
	}
	unit := func(f float64) uint32 { return uint32(math.Round(min(max(f, 0), 1) * epssUnit)) }
	b = binary.LittleEndian.AppendUint32(b, unit(e.Score))
	b = binary.LittleEndian.AppendUint32(b, unit(e.Percentile))
	return binary.LittleEndian.AppendUint32(b, max(1, dayOf(e.At)))
}

// A heap is the section of shared strings while it is made.
type heap struct {
	refs map[string]uint32
	b    []byte
}

func (h *heap) ref(s string) uint32 {
	if r, ok := h.refs[s]; ok {
		return r
	}
	r := uint32(len(h.b))
	h.refs[s] = r
	h.b = appendString(h.b, s)
	return r
}

func (h *heap) append(b []byte, s string) []byte { return binary.AppendUvarint(b, uint64(h.ref(s))) }

func (h *heap) appendAll(b []byte, list []string) []byte {
	b = appendInt(b, len(list))
	for _, s := range list {
		b = h.append(b, s)
	}
	return b
}

// appendRecord writes what readRecord reads. The joins are given apart, since the file keeps reasons and not sentences.
func appendRecord(b []byte, h *heap, feeds map[string]int, v *vuln.Vulnerability, joins []join) []byte {
	b = h.append(b, v.ID)
	b = h.appendAll(b, v.Aliases)
	b = appendString(b, v.Title)
	rule := slices.Index(vuln.SeverityRules(), v.SeverityRule) + 1
	b = append(b, byte(v.Severity)&severityBits|byte(rule)<<ruleShift)
	if i, ok := feeds[v.SeveritySource]; ok {
		b = appendInt(b, i+1)
	} else {
		b = append(b, 0)
	}
	b = appendInt(b, len(v.Ratings))
	for _, r := range v.Ratings {
		b = appendInt(b, feeds[r.Feed])
		b = h.append(b, r.Source)
		b = append(b, byte(r.Severity))
		b = h.append(b, r.Version)
		b = h.append(b, r.Vector)
		b = appendInt(b, int(math.Round(min(max(r.Score, 0), 10)*10))) // CVSS scores have one decimal
	}
	b = h.appendAll(b, v.Weaknesses)
	b = appendInt(b, len(v.Dates))
	for _, d := range v.Dates {
		kind := 0
		for i, k := range dateKinds {
			if k == d.Kind {
				kind = i
			}
		}
		b = appendInt(b, kind)
		b = appendTime(b, d.At)
		b = appendInt(b, feeds[d.Feed])
		b = h.append(b, d.Subject)
	}
	b = appendBool(b, v.KEV != nil)
	if k := v.KEV; k != nil {
		b = appendTime(b, k.Added)
		b = appendTime(b, k.Due)
		b = appendBool(b, k.Ransomware)
		b = appendString(b, k.Name)
		b = appendString(b, k.RequiredAction)
	}
	b = appendInt(b, len(v.Exploits))
	for _, e := range v.Exploits {
		b = appendInt(b, feeds[e.Feed])
		b = h.append(b, e.ID)
		b = appendString(b, e.URL)
		b = appendString(b, e.Title)
		b = appendTime(b, exploitTime(e.Feed, &e))
		b = appendBool(b, e.Verified)
		b = h.append(b, e.Type)
	}
	b = appendInt(b, len(v.Feeds))
	for _, f := range v.Feeds {
		b = appendInt(b, feeds[f])
	}
	b = appendInt(b, len(joins))
	for _, j := range joins {
		b = h.append(b, j.id)
		b = appendInt(b, feeds[j.feed])
		b = append(b, byte(j.why.kind))
		b = h.append(b, j.why.name)
		b = appendInt(b, j.why.others)
	}
	return appendMarks(b, h, feeds, v)
}

func appendMarks(b []byte, h *heap, feeds map[string]int, v *vuln.Vulnerability) []byte {
	state := max(0, slices.Index(states[:], v.State))
	marks := byte(state)
	if v.Malicious {
		marks |= isMalicious
	}
	if v.SSVC != nil {
		marks |= hasSSVC
	}
	if len(v.Sightings) > 0 {
		marks |= hasSightings
	}
	b = append(b, marks)
	if state > 0 {
		b = appendInt(b, feeds[v.StateFeed])
	}
	if s := v.SSVC; s != nil {
		b = h.append(b, s.Exploitation+ssvcMark+s.Automatable+ssvcMark+s.Impact)
		b = appendTime(b, s.At)
	}
	if len(v.Sightings) > 0 {
		b = appendInt(b, len(v.Sightings))
		for _, s := range v.Sightings {
			b = appendInt(b, feeds[s.Feed])
			b = appendTime(b, s.At)
			b = appendString(b, s.URL)
		}
	}
	return b
}
