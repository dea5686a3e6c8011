package vulndb

import (
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// A rejecter is a feed of the CVE list that took back the CVE of a vulnerability, of which others may still speak.
type rejecter struct {
	feed string
	at   time.Time // zero: not said
}

// authority says whether a feed repeats the CVE list: what it takes back is rejected by whoever numbered it.
func authority(feed string) bool {
	switch feed {
	case "nvd", "cve", "vulnrichment", "cisa-vulnrichment":
		return true
	}
	return false
}

// rejects says whether a record says that its own CVE was rejected.
func rejects(r *identity, state vuln.State) bool {
	_, own := ownCVE(r.id)
	return own && authority(r.feed) && (r.withdrawn || state == vuln.Rejected)
}

// stateOf says whether a vulnerability is an ordinary one, and who says otherwise. The first that holds decides:
//
//  1. Rejected, where a feed of the CVE list says so of this very CVE
//  2. Withdrawn, where nobody speaks of it any more
//  3. Disputed, where a record about it says so: the CVE list's first
//  4. Rejected, where another feed's copy of the description says so, and no feed of the CVE list speaks of it
func stateOf(g *group, voices []voice) (vuln.State, string) {
	if len(g.rejecters) > 0 {
		return vuln.Rejected, g.rejecters[0].feed
	}
	if g.dead {
		last := voices[0]
		for _, a := range voices[1:] {
			if c := a.Withdrawn.Compare(last.Withdrawn); c > 0 || c == 0 && a.Feed < last.Feed {
				last = a
			}
		}
		return vuln.Withdrawn, last.Feed
	}
	says := func(s vuln.State) (feed string) {
		for _, a := range voices {
			if a.State != s || a.bundle {
				continue
			}
			if better := authority(a.Feed); feed == "" || better && !authority(feed) || better == authority(feed) && a.Feed < feed {
				feed = a.Feed
			}
		}
		return feed
	}
	if feed := says(vuln.Disputed); feed != "" {
		return vuln.Disputed, feed
	}
	if slices.ContainsFunc(voices, func(a voice) bool { return authority(a.Feed) }) {
		return "", ""
	}
	if feed := says(vuln.Rejected); feed != "" {
		return vuln.Rejected, feed
	}
	return "", ""
}

// sortRejecters puts each feed once, by name, with its first date.
func sortRejecters(list []rejecter) []rejecter {
	slices.SortFunc(list, func(a, b rejecter) int {
		if c := strings.Compare(a.feed, b.feed); c != 0 {
			return c
		}
		return a.at.Compare(b.at)
	})
	return slices.CompactFunc(list, func(a, b rejecter) bool { return a.feed == b.feed })
}
