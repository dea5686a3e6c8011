package advisory

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/cvss"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/toml"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Haskell gives the advisories of the Haskell Security Response Team: Markdown that begins with a block of TOML. Osv.dev's Hackage and GHC have the same, with dates
// taken from the history of the repository, which an archive does not have.
func Haskell() feed.Feed {
	return &repository{
		name:  "haskell",
		about: feed.About{Publisher: "Haskell Security Response Team", License: "CC0-1.0", URL: "https://github.com/haskell/security-advisories"},
		url:   "https://github.com/haskell/security-advisories/archive/main.tar.gz",
		path:  "github/haskell/security-advisories/main.tar.gz",
		wanted: func(name string) bool {
			return strings.HasPrefix(name, "HSEC-") && strings.HasSuffix(name, ".md")
		},
		decoder: func(feed string) tarball.Decoder { return haskell{feed} },
	}
}

type haskell struct{ feed string }

// maxFront bounds the keys and values of a block of TOML; the largest record has some hundred.
const maxFront = 20_000

var hsecID = regexp.MustCompile(`^HSEC-\d{4}-\d{4,}$`)

// hsec is the block of TOML, as the repository's README describes it.
type hsec struct {
	Advisory struct {
		ID      string   `toml:"id"`
		CWE     []int    `toml:"cwe"`
		Aliases []string `toml:"aliases"`
		Date    any      `toml:"date"`
	} `toml:"advisory"`
	References []struct {
		Type string `toml:"type"`
		URL  string `toml:"url"`
	} `toml:"references"`
	Affected []struct {
		Package   string `toml:"package"`
		Component string `toml:"ghc-component"`
		CVSS      string `toml:"cvss"`
		Versions  []struct {
			Introduced string `toml:"introduced"`
			Fixed      string `toml:"fixed"`
		} `toml:"versions"`
	} `toml:"affected"`
}

func (d haskell) Decode(name string, text []byte) ([]*vuln.Advisory, error) {
	if len(text) > maxRecord {
		return nil, fmt.Errorf("more than %d bytes", maxRecord)
	}
	if len(text) < 256 && bytes.HasPrefix(text, []byte("../")) {
		return nil, nil // a link to the record, in archives that keep links as files
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil // an id that is reserved
	}
	head, body, err := front(string(text))
	if err != nil {
		return nil, err
	}
	var h hsec
	if err := toml.Unmarshal([]byte(head), maxFront, &h); err != nil {
		return nil, fmt.Errorf("its front matter: %w", err)
	}
	a := &vuln.Advisory{Feed: d.feed, ID: h.Advisory.ID}
	if !hsecID.MatchString(a.ID) {
		return nil, fmt.Errorf("%.40q is not the id of an advisory", a.ID)
	}
	if at, ok := h.Advisory.Date.(time.Time); ok {
		a.Published = at.UTC()
	} else if at, ok := h.Advisory.Date.(toml.LocalDate); ok {
		a.Published = at.AsTime(time.UTC)
	}
	for _, id := range h.Advisory.Aliases {
		if id = strings.TrimSpace(id); cveID.MatchString(id) || strings.HasPrefix(id, "GHSA-") {
			a.Aliases = append(a.Aliases, id)
		}
	}
	for _, n := range h.Advisory.CWE {
		if n > 0 {
			a.Weaknesses = append(a.Weaknesses, "CWE-"+strconv.Itoa(n))
		}
	}
	for _, r := range h.References {
		reference(a, strings.ToLower(r.Type), r.URL)
	}
	title, details, _ := strings.Cut(strings.TrimSpace(body), "\n")
	a.Title, a.Details = oneLine(strings.TrimLeft(title, "# ")), strings.TrimSpace(details)
	for _, of := range h.Affected {
		d.rate(a, of.CVSS)
		af := vuln.Affected{Namespace: string(purl.Hackage), Package: of.Package}
		if of.Component != "" {
			af.Namespace, af.Package = string(purl.GHC), of.Component
		}
		if !gemName.MatchString(af.Package) {
			return nil, fmt.Errorf("%.40q is not the name of a package", af.Package)
		}
		if len(of.Versions) > maxVersions {
			return nil, errors.New("too many versions")
		}
		for _, v := range of.Versions {
			if err := ordered(af.Namespace, v.Introduced, v.Fixed); err != nil {
				return nil, err
			}
			af.Ranges = append(af.Ranges, vuln.Range{Introduced: v.Introduced, Fixed: v.Fixed})
		}
		if len(af.Ranges) > 0 {
			a.Affected = append(a.Affected, af)
		}
	}
	return []*vuln.Advisory{a}, nil
}

func (d haskell) rate(a *vuln.Advisory, vector string) {
	v, err := cvss.Parse(strings.TrimSpace(vector))
	if err != nil {
		return
	}
	r := vuln.Rating{Feed: d.feed, Version: v.Version(), Vector: strings.TrimSpace(vector), Score: v.Score()}
	r.Severity = vuln.OfScore(r.Version, r.Score)
	if !slices.Contains(a.Ratings, r) {
		a.Ratings = append(a.Ratings, r)
	}
}

// ordered says what is wrong with the ends of a range.
func ordered(namespace, introduced, fixed string) error {
	eco := purl.Ecosystem(namespace)
	if fixed == "" {
		_, err := version.Parse(eco, introduced)
		return err
	}
	c, err := version.Compare(eco, introduced, fixed)
	if err == nil && c >= 0 {
		err = fmt.Errorf("a range from %q to %q", introduced, fixed)
	}
	return err
}

// front splits a record into its block of TOML and what follows.
func front(s string) (head, body string, err error) {
	s = strings.TrimLeft(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	s, ok := strings.CutPrefix(s, "```toml\n")
	if !ok {
		return "", "", errors.New("does not begin with a block of TOML")
	}
	head, body, ok = strings.Cut(s, "\n```\n")
	if !ok {
		return "", "", errors.New("its block of TOML has no end")
	}
	return head, body, nil
}
