package vulndb

import (
	"cmp"
	"strings"
)

// maxName is the longest id that is believed.
const maxName = 200

// cleanID gives the canonical spelling of an id, or "" where it cannot be one: CVE ids in capitals, GHSA ids with a
// small tail, others as they are.
func cleanID(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxName {
		return ""
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return ""
		}
	}
	switch {
	case isCVE(s):
		return foldID(s)
	case isGHSA(s):
		return "GHSA" + strings.ToLower(s[4:])
	}
	return s
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func isGHSA(s string) bool { return hasPrefixFold(s, "GHSA-") }

// isMAL says whether an id is of OSV's records of malware, see https://github.com/ossf/malicious-packages.
func isMAL(s string) bool { return hasPrefixFold(s, "MAL-") }

// isNotice says whether an id is of a distribution's notice: of an update that mends some vulnerabilities together, whatever the feed calls the
// names in it.
func isNotice(id string) bool {
	prefix, _, found := strings.Cut(id, "-")
	if !found || len(prefix) > 16 {
		return false
	}
	switch prefix = foldID(prefix); prefix {
	case "DSA", "DLA", "DTSA", "ELA", "USN", "LSN", // Debian, Ubuntu
		"RHSA", "RHBA", "RHEA", "ALSA", "ALBA", "ALEA", "RLSA", "RLBA", "RLEA", "RXSA", "CESA", "ELSA", "ELBA", // and what is built of RHEL
		"SUSE", "OPENSUSE", "FEDORA", "MGASA", "GLSA", "ASA", "PHSA", "OESA":
		return true
	}
	return strings.HasPrefix(prefix, "ALAS") // ALAS2, ALAS2023, ALAS2LIVEPATCH, ...
}

func isCVE(s string) bool {
	_, _, ok := parseCVE(s)
	return ok
}

// parseCVE reads CVE-YYYY-N..., see https://www.cve.org/ResourcesSupport/FAQs.
func parseCVE(s string) (year, number int, ok bool) {
	if !hasPrefixFold(s, "CVE-") || len(s) < 10 || len(s) > 25 || s[8] != '-' {
		return 0, 0, false
	}
	for i := 4; i < len(s); i++ {
		if i == 8 {
			continue
		}
		d := int(s[i] - '0')
		if s[i] < '0' || d > 9 {
			return 0, 0, false
		}
		if i < 8 {
			year = year*10 + d
		} else {
			number = number*10 + d
		}
	}
	return year, number, true
}

// ownCVE gives the CVE id that a record is about by its own id: CVE-2024-1 is, and so are DEBIAN-CVE-2024-1 and
// UBUNTU-CVE-2024-1, a distribution's record of that CVE.
func ownCVE(id string) (string, bool) {
	if isCVE(id) {
		return foldID(id), true
	}
	prefix, _, found := strings.Cut(foldID(id), "-CVE-")
	if !found {
		return "", false
	}
	rest := foldID(id[len(prefix)+1:])
	return rest, isCVE(rest)
}

// compareIDs orders CVE ids by year and number, then the others.
func compareIDs(a, b string) int {
	y1, n1, ok1 := parseCVE(a)
	y2, n2, ok2 := parseCVE(b)
	switch {
	case ok1 && ok2:
		return cmp.Or(cmp.Compare(y1, y2), cmp.Compare(n1, n2), strings.Compare(a, b))
	case ok1:
		return -1
	case ok2:
		return 1
	}
	return cmp.Or(compareFold(a, b), strings.Compare(a, b))
}
