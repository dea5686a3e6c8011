package distro

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Bounds of the files of a distribution.
const (
	maxFile  = 64 << 20
	maxFixes = 4 << 20 // (package, release, vulnerability) in all files
)

// secdb is a file of one release and repository.
type secdb struct {
	Release  string `json:"distroversion"`
	Packages []struct {
		Pkg struct {
			Name     string          `json:"name"`
			Secfixes json.RawMessage `json:"secfixes"` // version -> ids; an empty one may be a list
		} `json:"pkg"`
	} `json:"packages"`
}

func parseSecdb(ctx context.Context, f feed.Feed, namespace func(path string) string, raw feed.Raw,
	emit func(*vuln.Advisory) error, skip func(feed.Skipped),
) error {
	all := fixes{byID: map[string]map[place]string{}, aliases: map[string]map[string]bool{}}
	files := 0
	for _, r := range f.Resources() {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := all.file(raw, r.Path, namespace(r.Path), skip)
		if errors.Is(err, fs.ErrNotExist) && (r.Optional || files > 0) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", r.Path, err)
		}
		files++
	}
	for _, id := range slices.Sorted(maps.Keys(all.byID)) {
		if err := emit(all.advisory(f.Name(), id)); err != nil {
			return err
		}
	}
	return nil
}

// place is a package in a release.
type place struct{ namespace, pkg string }

// fixes is what the files together say.
type fixes struct {
	byID    map[string]map[place]string // id -> place -> fixed version; "0" is not affected
	aliases map[string]map[string]bool
	count   int
}

func (x *fixes) file(raw feed.Raw, path, namespace string, skip func(feed.Skipped)) error {
	f, err := raw.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := feed.ReadAll(f, maxFile)
	if err != nil {
		return err
	}
	var db secdb
	if err := json.Unmarshal(b, &db); err != nil {
		return fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	for _, p := range db.Packages {
		name := p.Pkg.Name
		var secfixes map[string][]string
		if err := json.Unmarshal(p.Pkg.Secfixes, &secfixes); err != nil {
			if s := strings.TrimSpace(string(p.Pkg.Secfixes)); s == "[]" || s == "" {
				continue
			}
			skip(feed.Skipped{Path: path, Record: name, Reason: "secfixes are not lists of ids by version"})
			continue
		}
		if name == "" {
			skip(feed.Skipped{Path: path, Reason: "a package without a name"})
			continue
		}
		for _, v := range slices.Sorted(maps.Keys(secfixes)) {
			for _, entry := range secfixes[v] {
				ids, aliases := names(entry)
				if len(ids) == 0 {
					skip(feed.Skipped{Path: path, Record: name + " " + v, Reason: fmt.Sprintf("%.60q names no vulnerability", entry)})
					continue
				}
				for _, id := range ids {
					if err := x.add(id, place{namespace, name}, v); err != nil {
						return err
					}
					for _, a := range aliases {
						if x.aliases[id] == nil {
							x.aliases[id] = map[string]bool{}
						}
						x.aliases[id][a] = true
					}
				}
			}
		}
	}
	return nil
}

// add notes a fix. A vulnerability that is listed at several versions of a package was mended in steps: the last one counts, for
// what lies below it was still affected in some way. "0" counts only where there is no other word.
func (x *fixes) add(id string, at place, fixed string) error {
	places := x.byID[id]
	if places == nil {
		places = map[place]string{}
		x.byID[id] = places
	}
	have, ok := places[at]
	if !ok {
		if x.count++; x.count > maxFixes {
			return &artifact.ErrLimit{Reason: artifact.FilesLimit, Detail: fmt.Sprintf("more than %d fixes", maxFixes)}
		}
		places[at] = fixed
		return nil
	}
	if fixed == "0" {
		return nil
	}
	if c, err := version.Compare(purl.Alpine, have, fixed); have == "0" || err == nil && c < 0 {
		places[at] = fixed
	}
	return nil
}

func (x *fixes) advisory(feedName, id string) *vuln.Advisory {
	a := &vuln.Advisory{Feed: feedName, ID: id, Aliases: slices.Sorted(maps.Keys(x.aliases[id]))}
	places := slices.SortedFunc(maps.Keys(x.byID[id]), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.pkg, b.pkg))
	})
	for _, p := range places {
		af := vuln.Affected{Namespace: p.namespace, Package: p.pkg}
		if fixed := x.byID[id][p]; fixed == "0" {
			af.Status = vuln.StatusNotAffected
		} else {
			af.Ranges = []vuln.Range{{Introduced: "0", Fixed: fixed}}
		}
		a.Affected = append(a.Affected, af)
	}
	return a
}

var (
	cveID   = regexp.MustCompile(`^CVE[-_](\d{4})[-_](\d{4,})`)
	otherID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)+$|^(DW|VSV|ALPINE-)\d+`)
)

// names takes an entry apart: "CVE-2019-18420 XSA-313", "CVE-2017-5334 GNUTLS-SA-2017-1", "CVE-2017-11541 (tcpdump -V)".
// Where it names CVEs, those are the ids, and a GHSA or RUSTSEC beside a single CVE is its alias; names of bulletins (XSA, TALOS, ...) beside a CVE
// are dropped, since a bulletin may speak of several. Without a CVE, the first name is the id.
func names(entry string) (ids, aliases []string) {
	var others []string
	entry, _, _ = strings.Cut(entry, "(") // a remark
	for token := range strings.FieldsSeq(entry) {
		if m := cveID.FindStringSubmatch(token); m != nil {
			ids = append(ids, "CVE-"+m[1]+"-"+m[2])
		} else if otherID.MatchString(token) && !strings.HasPrefix(token, "CVE") {
			others = append(others, token)
		}
	}
	if len(ids) > 0 {
		for _, o := range others {
			if len(ids) == 1 && (strings.HasPrefix(o, "GHSA-") || strings.HasPrefix(o, "RUSTSEC-")) {
				aliases = append(aliases, o)
			}
		}
		return ids, aliases
	}
	return others[:min(1, len(others))], nil
}
