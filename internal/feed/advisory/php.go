package advisory

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/tarball"
	"github.com/sightline-sec/sightline/internal/feed/yamltree"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// FriendsOfPHP gives the advisories of https://github.com/FriendsOfPHP/security-advisories. A record lists constraints for each branch of a package. The end of
// a branch is a fix where the record says when it was made, else only where the branch ends. A pre-release of a version that ends a range counts as inside of it, as in the
// ranges of OSV, and not as outside, as Composer would have it: it need not have the fix.
func FriendsOfPHP() feed.Feed {
	return &repository{
		name:  "friends-of-php",
		about: feed.About{Publisher: "FriendsOfPHP, PHP Security Advisories Database", License: "Unlicense", URL: "https://github.com/FriendsOfPHP/security-advisories"},
		url:   "https://github.com/FriendsOfPHP/security-advisories/archive/master.tar.gz",
		path:  "github/FriendsOfPHP/security-advisories/master.tar.gz",
		wanted: func(name string) bool {
			return strings.HasSuffix(name, ".yaml") && !strings.HasPrefix(name, ".")
		},
		decoder: func(feed string) tarball.Decoder { return php{feed} },
	}
}

type php struct{ feed string }

var (
	composerName = regexp.MustCompile(`^[a-z0-9]([a-z0-9_.-]{0,100})/[a-z0-9]([a-z0-9_.-]{0,100})$`)
	// fileID is how a file is called that has the name of its vulnerability: those of GitHub, SilverStripe and Zend Framework. Others have a date.
	fileID = regexp.MustCompile(`^(GHSA(-[0-9a-z]{4}){3}|SS-\d{4}-\d{3}(-\d+)?|ZF\d{4}-\d{2})$`)
)

func (d php) Decode(name string, text []byte) ([]*vuln.Advisory, error) {
	if len(text) > maxRecord {
		return nil, fmt.Errorf("more than %d bytes", maxRecord)
	}
	n, err := yamltree.Parse(text)
	if err != nil {
		return nil, err
	}
	if n.Get("reference") == nil && n.Get("branches") == nil && n.Get("jobs") != nil {
		return nil, nil // a workflow of the repository itself
	}
	pkg, ok := strings.CutPrefix(strings.ToLower(n.Get("reference").String()), "composer://")
	if !ok || !composerName.MatchString(pkg) {
		return nil, fmt.Errorf("%.60q is not the name of a package", n.Get("reference").String())
	}
	file := strings.TrimSuffix(name, ".yaml")
	a := &vuln.Advisory{Feed: d.feed, Title: oneLine(n.Get("title").String())}
	switch cve := strings.ToUpper(n.Get("cve").String()); {
	case cveID.MatchString(cve):
		a.ID = cve
		if fileID.MatchString(file) {
			a.Aliases = []string{file}
		}
	case fileID.MatchString(file), cveID.MatchString(file):
		a.ID = file
	default:
		a.ID = "FriendsOfPHP/" + pkg + "/" + file // as Packagist names it
	}
	reference(a, "advisory", n.Get("link").String())
	af := vuln.Affected{Namespace: string(purl.Packagist), Package: purl.NormalizeName(purl.Packagist, pkg)}
	branches := n.Get("branches")
	if branches == nil || branches.Kind != yamltree.Mapping || len(branches.Items) == 0 || len(branches.Items) > maxVersions {
		return nil, fmt.Errorf("has no branches")
	}
	for _, b := range branches.Items {
		if err := d.branch(&af, b); err != nil {
			return nil, err
		}
	}
	a.Affected = []vuln.Affected{af}
	a.Published = af.FixedAt // no other date is given
	return []*vuln.Advisory{a}, nil
}

func (d php) branch(af *vuln.Affected, b *yamltree.Node) error {
	list, ok := b.Get("versions").Strings()
	if !ok || len(list) == 0 || len(list) > maxVersions {
		return fmt.Errorf("a branch has no versions")
	}
	s := everything()
	for _, c := range list {
		part, err := constraint(purl.Packagist, c, nil)
		if err != nil {
			return err
		}
		s = s.cut(part)
	}
	if s.empty() {
		return fmt.Errorf("no version is in a branch of %q", list)
	}
	at := day(b.Get("time").String())
	r, err := interval(purl.Packagist, s, !at.IsZero())
	if err != nil {
		return err
	}
	af.Ranges = append(af.Ranges, r)
	if r.Fixed != "" && (af.FixedAt.IsZero() || at.Before(af.FixedAt)) {
		af.FixedAt = at
	}
	return nil
}
