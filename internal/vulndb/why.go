package vulndb

import (
	"fmt"
	"strconv"
)

// join is a vuln.Join before its reason is put into words.
type join struct {
	id   string
	feed string
	why  why
}

// why is the reason for a join.
type why struct {
	kind   reason
	name   string
	others int
}

type reason byte

// The reasons, by their number in the file. New ones go to the end.
const (
	becauseNamed        reason = iota // its own id holds the name: DEBIAN-CVE-2024-1
	becauseAlias                      // it gives the name as an alias
	becauseCovers                     // it covers the name
	becausePartner                    // it shares the name with a record that was joined
	becauseWithdrawn                  // it is withdrawn, and contributes nothing
	becauseAllWithdrawn               // it is withdrawn, as are all that spoke of it
)

// String puts the reason into words for a person.
func (w why) String() string {
	s := ""
	switch w.kind {
	case becauseNamed:
		s = "its id names " + w.name
	case becauseAlias:
		s = "names " + w.name + " as its alias"
		if w.others > 0 {
			s = "names " + w.name
		}
	case becauseCovers:
		s = "covers " + w.name
	case becausePartner:
		s = "shares the name " + w.name + " with a record of it"
		if w.others > 0 {
			s += " and of"
		}
	case becauseWithdrawn:
		return "is withdrawn and contributes nothing"
	case becauseAllWithdrawn:
		return "is withdrawn, and no record is left that speaks of it"
	default:
		return fmt.Sprintf("reason %d, which this version does not know", w.kind)
	}
	switch {
	case w.others == 1:
		s += " and 1 other"
	case w.others > 1:
		s += " and " + strconv.Itoa(w.others) + " others"
	}
	return s
}
