package vuln

import "strings"

// markLimit is how far into a text a mark may stand: marks open a description, after each other at most.
const markLimit = 200

// MarkedState reads the marks which the CVE program writes in front of a description, and which all who copy the description carry on:
// "** DISPUTED **" gives Disputed, "** REJECT **" and "Rejected reason:" give Rejected. Other texts have no state.
func MarkedState(text string) State {
	text = strings.TrimSpace(text)
	head := strings.ToUpper(text[:min(len(text), markLimit)])
	switch {
	case strings.HasPrefix(head, "REJECTED REASON:"):
		return Rejected
	case !strings.HasPrefix(head, "**"):
		return ""
	}
	for rest := head; strings.HasPrefix(rest, "**"); {
		mark, after, found := strings.Cut(rest[2:], "**")
		if !found {
			return ""
		}
		switch strings.TrimSpace(mark) {
		case "REJECT", "REJECTED":
			return Rejected
		case "DISPUTED":
			return Disputed
		}
		rest = strings.TrimSpace(after)
	}
	return ""
}
