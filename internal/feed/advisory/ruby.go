package advisory

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/feed/yamltree"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// RubySec gives the advisories of https://rubysec.com, which bundler-audit uses: about gems, and about implementations of Ruby itself, which are
// software that no package manager brought ([purl.Upstream], "ruby"). A record lists the versions that are mended and those that never were affected; all others are affected.
func RubySec() feed.Feed {
	return &repository{
		name: "rubysec",
		about: feed.About{
			Publisher: "RubySec, Ruby Advisory Database", License: "public domain, or attribution to OSVDB for records before 2014; see LICENSE.txt of the repository",
			URL: "https://github.com/rubysec/ruby-advisory-db",
		},
		url:  "https://github.com/rubysec/ruby-advisory-db/archive/master.tar.gz",
		path: "github/rubysec/ruby-advisory-db/master.tar.gz",
		wanted: func(name string) bool {
			return strings.HasSuffix(name, ".yml") && !strings.HasPrefix(name, ".")
		},
		decoder: func(feed string) tarball.Decoder { return ruby{feed} },
	}
}

type ruby struct{ feed string }

var (
	cveNumber  = regexp.MustCompile(`^\d{4}-\d{4,}$`)
	cveID      = regexp.MustCompile(`^CVE-\d{4}-\d{4,}$`)
	ghsaSuffix = regexp.MustCompile(`^[0-9a-z]{4}(-[0-9a-z]{4}){2}$`)
	gemName    = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
	rubyFile   = regexp.MustCompile(`^(CVE|OSVDB|GHSA)-[0-9A-Za-z-]{3,40}\.yml$`)
)

func (d ruby) Decode(name string, text []byte) ([]*vuln.Advisory, error) {
	if len(text) > maxRecord {
		return nil, fmt.Errorf("more than %d bytes", maxRecord)
	}
	n, err := yamltree.Parse(text)
	if err != nil {
		return nil, err
	}
	a := &vuln.Advisory{
		Feed: d.feed, Title: oneLine(n.Get("title").String()), Details: strings.TrimSpace(n.Get("description").String()),
		Published: day(n.Get("date").String()),
	}
	if a.ID = d.identify(a, n); a.ID == "" {
		if !rubyFile.MatchString(name) {
			return nil, errors.New("has no id")
		}
		a.ID = strings.TrimSuffix(name, ".yml")
	}
	a.State = vuln.MarkedState(a.Details)
	for _, of := range []struct{ key, version string }{{"cvss_v4", "4.0"}, {"cvss_v3", "3.0"}, {"cvss_v2", "2.0"}} {
		// The score alone is given. Which of CVSS 3.0 and 3.1 it is does not matter: they have the same bands.
		if score, err := strconv.ParseFloat(n.Get(of.key).String(), 64); err == nil && score >= 0 && score <= 10 {
			a.Ratings = append(a.Ratings, vuln.Rating{Feed: d.feed, Version: of.version, Score: score, Severity: vuln.OfScore(of.version, score)})
		}
	}
	reference(a, "web", n.Get("url").String())
	if urls, ok := n.Get("related").Get("url").Strings(); ok {
		for _, u := range urls {
			reference(a, "web", u)
		}
	}
	af, err := d.affected(n)
	if err != nil {
		return nil, err
	}
	if af != nil {
		a.Affected = []vuln.Affected{*af}
	}
	return []*vuln.Advisory{a}, nil
}

// identify gives the id of a record by the names that it has, the others being its aliases.
func (d ruby) identify(a *vuln.Advisory, n *yamltree.Node) string {
	var ids []string
	if s := n.Get("cve").String(); cveNumber.MatchString(s) {
		ids = append(ids, "CVE-"+s)
	}
	if s := strings.ToLower(n.Get("ghsa").String()); ghsaSuffix.MatchString(s) {
		ids = append(ids, "GHSA-"+s)
	}
	if s := n.Get("osvdb").String(); s != "" && strings.Trim(s, "0123456789") == "" && len(s) < 12 {
		ids = append(ids, "OSVDB-"+s)
	}
	if len(ids) == 0 {
		return ""
	}
	a.Aliases = ids[1:len(ids):len(ids)]
	if len(a.Aliases) == 0 {
		a.Aliases = nil
	}
	return ids[0]
}

// affected gives the versions that are neither mended nor were never affected; nil where there are none.
func (d ruby) affected(n *yamltree.Node) (*vuln.Affected, error) {
	af := &vuln.Affected{Namespace: string(purl.RubyGems), Package: n.Get("gem").String()}
	pessimistic := nextRelease
	if af.Package == "" {
		// What orders the versions of software without a package manager need not know a pre-release before all others.
		af.Namespace, af.Package = string(purl.Upstream), strings.ToLower(n.Get("engine").String())
		pessimistic = bump
	}
	if !gemName.MatchString(af.Package) {
		return nil, fmt.Errorf("%.40q is not the name of a gem or an implementation of Ruby", af.Package)
	}
	var safe []span
	for _, key := range []string{"patched_versions", "unaffected_versions"} {
		list, ok := n.Get(key).Strings()
		if !ok || len(list) > maxVersions {
			return nil, fmt.Errorf("%s is no list, or too long", key)
		}
		for _, requirement := range list {
			s := everything()
			for c := range strings.SplitSeq(requirement, ",") {
				part, err := constraint(purl.RubyGems, c, pessimistic)
				if err != nil {
					return nil, err
				}
				s = s.cut(part)
			}
			s.patched = key == "patched_versions"
			safe = append(safe, s)
		}
	}
	var err error
	if af.Ranges, err = affectedBy(purl.RubyGems, safe); err != nil || len(af.Ranges) == 0 {
		return nil, err
	}
	return af, nil
}

// nextRelease gives the end of what "~>" allows: the first pre-release of the release that bump gives, for RubyGems looks at a version without its
// pre-release there.
func nextRelease(v string) (string, error) {
	next, err := bump(v)
	return next + ".A", err
}

// bump is Gem::Version#bump: the numbers before the first word, without the last of them where there are more, and the last that stays increased.
func bump(v string) (string, error) {
	release, _, _ := strings.Cut(v, "-")
	var numbers []string
	for s := range strings.SplitSeq(release, ".") {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if n > 0 {
			numbers = append(numbers, s[:n])
		}
		if n < len(s) {
			break
		}
	}
	if len(numbers) > 1 {
		numbers = numbers[:len(numbers)-1]
	}
	if len(numbers) == 0 {
		return "", fmt.Errorf("%.40q is no version", v)
	}
	last, err := strconv.ParseUint(numbers[len(numbers)-1], 10, 32)
	if err != nil {
		return "", fmt.Errorf("%.40q is no version", v)
	}
	numbers[len(numbers)-1] = strconv.FormatUint(last+1, 10)
	return strings.Join(numbers, "."), nil
}
