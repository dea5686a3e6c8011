package vex

import (
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Judge answers for the packages of one artifact what documents state. It may be asked from many goroutines.
//
// Documents of whole products have hundreds of thousands of statements, and a scan has tens of thousands of questions. So each product is looked at once: what names
// the artifact is known then, and what names packages is found by the package. Making a judge takes time and memory in proportion to the documents;
// an answer looks only at the statements that name both the vulnerability and the package, and at the shorter list of the two to find them.
type Judge struct {
	claims   []claim             // oldest first, equally old ones as they were read, but for versions of one document
	docs     []*Document         // as they were given
	used     []atomic.Bool       // by claim: it was an answer
	about    map[string][]int    // vulnerability in upper case -> indexes of claims, newest first
	packages map[string][]naming // key of a package, with or without version -> what names it, newest first
	anything []naming            // what holds for all packages of the artifact, newest first
}

type claim struct {
	doc       *Document
	statement *Statement
	at        time.Time // that it counts with
	future    bool
	elsewhere bool // nothing that it names can be here
}

// naming is one name in one product of a statement.
type naming struct {
	claim  int
	name   string
	exact  bool // the key says all that the name does
	leaf   *Product
	within *within // what the leaf is a component of; nil for none
}

// within is a product whose components a statement speaks of.
type within struct {
	name   string
	purls  []string // where set, it is a component of a package that fits one of these, not of the artifact
	parent *within
}

// here says whether it is the artifact, or in it.
func (w *within) here() bool { return w.purls == nil && (w.parent == nil || w.parent.here()) }

// tolerance is how far clocks of authors may be ahead.
const tolerance = 24 * time.Hour

// NewJudge makes a judge for one artifact. A statement that is dated after now, by more than clocks err, wins over no other one: as the oldest where it would
// take a finding back, and else as one of now. Without a time (zero) all dates are believed.
func NewJudge(docs []*Document, a *artifact.Artifact, d *inventory.Distro, now time.Time) *Judge {
	j := &Judge{about: map[string][]int{}, packages: map[string][]naming{}, docs: docs}
	for _, doc := range byVersion(docs) {
		j.claims = slices.Grow(j.claims, len(doc.Statements))
		for i := range doc.Statements {
			c := claim{doc: doc, statement: &doc.Statements[i], at: doc.Statements[i].At}
			if c.future = !now.IsZero() && c.at.After(now.Add(tolerance)); c.future {
				if c.at = now; c.statement.Status.suppresses() {
					c.at = time.Time{}
				}
			}
			j.claims = append(j.claims, c)
		}
	}
	slices.SortStableFunc(j.claims, func(a, b claim) int { return a.at.Compare(b.at) })
	j.used = make([]atomic.Bool, len(j.claims))
	x := indexer{j: j, self: selfOf(a), distro: d, seen: map[string]meaning{}}
	for i, c := range slices.Backward(j.claims) {
		s := c.statement
		for _, id := range s.Vulnerabilities {
			id = strings.ToUpper(id)
			j.about[id] = append(j.about[id], i)
		}
		before := x.added
		for n := range s.Products {
			x.add(i, &s.Products[n], nil, 0)
		}
		j.claims[i].elsewhere = x.added == before
	}
	return j
}

// byVersion brings versions of one document into their order, in the places that these have among all documents.
func byVersion(docs []*Document) []*Document {
	places := map[string][]int{}
	for i, d := range docs {
		if d.ID != "" {
			places[d.ID] = append(places[d.ID], i)
		}
	}
	ordered := slices.Clone(docs)
	for _, at := range places {
		var same []*Document
		for _, i := range at {
			same = append(same, docs[i])
		}
		slices.SortStableFunc(same, func(a, b *Document) int { return slices.Compare(a.Version, b.Version) })
		for n, i := range at {
			ordered[i] = same[n]
		}
	}
	return ordered
}

// Use is what came of the statements of a document.
type Use struct {
	Document   *Document
	Statements int
	Idle       int // that were no answer to any question
	Elsewhere  int // of those: they name another product, or none that can be told to be this one
	Future     int // that are dated after now
}

// Uses says what came of each document up to now.
func (j *Judge) Uses() []Use {
	list := make([]Use, len(j.docs))
	of := map[*Document]*Use{}
	for i, d := range j.docs {
		list[i].Document = d
		of[d] = &list[i]
	}
	for i := range j.claims {
		c := &j.claims[i]
		u := of[c.doc]
		u.Statements++
		if !j.used[i].Load() {
			u.Idle++
			if c.elsewhere {
				u.Elsewhere++
			}
		}
		if c.future {
			u.Future++
		}
	}
	return list
}

// Statement gives the statement that holds for a vulnerability of a package: of several the newest; of equally old ones that of the higher version of the document,
// or else the last read. It is nil where none does. Only NotAffected and Fixed take a finding back.
func (j *Judge) Statement(p *inventory.Package, v *vuln.Vulnerability) *finding.Statement {
	best := naming{claim: -1}
	var have *purl.Parsed
	var keys [2]string
	for n := range len(v.Aliases) + 1 {
		id := v.ID
		if n > 0 {
			id = v.Aliases[n-1]
		}
		claims := j.about[strings.ToUpper(id)]
		if len(claims) == 0 || claims[0] <= best.claim {
			continue
		}
		if have == nil {
			have = new(purl.Parsed)
			if u, err := purl.Parse(p.PURL); p.PURL != "" && err == nil {
				*have = u
				keys = [2]string{keyOf(&u, ""), keyOf(&u, u.Version)}
			}
		}
		for _, list := range [][]naming{j.anything, j.packages[keys[0]], j.packages[keys[1]]} {
			newest(claims, list, best.claim, func(x *naming) bool {
				if x.holds(p, have) {
					best = *x
					return true
				}
				return false
			})
		}
	}
	if best.claim < 0 {
		return nil
	}
	j.used[best.claim].Store(true)
	c := j.claims[best.claim]
	s := c.statement
	product := best.name
	for w := best.within; w != nil; w = w.parent {
		product = w.name + " > " + product
	}
	return &finding.Statement{
		Document: c.doc.Name, Author: c.doc.Author, Status: string(s.Status), Justification: s.Justification, Impact: s.Impact, Product: product, At: s.At,
	}
}

// newest walks what stands in both lists, which begin with the newest, until take is content or nothing newer than floor is left.
func newest(claims []int, list []naming, floor int, take func(*naming) bool) {
	if len(claims) <= len(list) {
		for n, c := range claims {
			if c <= floor {
				return
			}
			if n > 0 && claims[n-1] == c {
				continue
			}
			at := sort.Search(len(list), func(i int) bool { return list[i].claim <= c })
			for ; at < len(list) && list[at].claim == c; at++ {
				if take(&list[at]) {
					return
				}
			}
		}
		return
	}
	for i := range list {
		c := list[i].claim
		if c <= floor {
			return
		}
		if at := sort.Search(len(claims), func(i int) bool { return claims[i] <= c }); at < len(claims) && claims[at] == c && take(&list[i]) {
			return
		}
	}
}

// holds says what the index does not: versions that are listed, qualifiers, and the package that it is a part of.
func (x *naming) holds(p *inventory.Package, have *purl.Parsed) bool {
	if x.leaf.Versions != nil {
		if _, ok := slices.BinarySearch(x.leaf.Versions, p.Version); !ok {
			return false
		}
	}
	if !x.exact && !isPackage(x.name, have) {
		return false
	}
	for w := x.within; w != nil; w = w.parent {
		if w.purls != nil && !slices.ContainsFunc(w.purls, func(s string) bool { return isPackage(s, have) }) {
			return false
		}
	}
	return true
}

// Suppresses says whether a statement takes a finding back.
func Suppresses(s *finding.Statement) bool {
	return s != nil && Status(s.Status).suppresses()
}

func (s Status) suppresses() bool { return s == NotAffected || s == Fixed }

// isPackage says whether a purl names the package: what the purl leaves out (version, qualifiers) is any.
func isPackage(name string, have *purl.Parsed) bool {
	want, err := purl.Parse(name)
	if err != nil {
		return false
	}
	if want.Type != have.Type || want.Namespace != have.Namespace || want.Name != have.Name || want.Subpath != "" && want.Subpath != have.Subpath {
		return false
	}
	if want.Version != "" && want.Version != have.Version {
		return false
	}
	for k, v := range want.Qualifiers {
		if have.Qualifiers[k] != v {
			return false
		}
	}
	return true
}
