package vex

import (
	"slices"
	"sort"
	"strings"

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
	claims   []claim             // oldest first, equally old ones as they were read
	about    map[string][]int    // vulnerability in upper case -> indexes of claims, newest first
	packages map[string][]naming // key of a package, with or without version -> what names it, newest first
	anything []naming            // what holds for all packages of the artifact, newest first
}

type claim struct {
	doc       *Document
	statement *Statement
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

// NewJudge makes a judge for one artifact.
func NewJudge(docs []*Document, a *artifact.Artifact, d *inventory.Distro) *Judge {
	j := &Judge{about: map[string][]int{}, packages: map[string][]naming{}}
	for _, doc := range docs {
		j.claims = slices.Grow(j.claims, len(doc.Statements))
		for i := range doc.Statements {
			j.claims = append(j.claims, claim{doc, &doc.Statements[i]})
		}
	}
	slices.SortStableFunc(j.claims, func(a, b claim) int { return a.statement.At.Compare(b.statement.At) })
	x := indexer{j: j, self: selfOf(a), distro: d, seen: map[string]meaning{}}
	for i, c := range slices.Backward(j.claims) {
		s := c.statement
		for _, id := range s.Vulnerabilities {
			id = strings.ToUpper(id)
			j.about[id] = append(j.about[id], i)
		}
		for n := range s.Products {
			x.add(i, &s.Products[n], nil, 0)
		}
	}
	return j
}

// Statement gives the statement that holds for a vulnerability of a package: of several the newest, and of equally old ones the last read. It is nil where none
// does. Only NotAffected and Fixed take a finding back.
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
	return s != nil && (s.Status == string(NotAffected) || s.Status == string(Fixed))
}

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
