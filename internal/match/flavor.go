package match

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
)

// flavor parts a Maven version into the release and the suffix that says which build of it this is: "32.0.0" and "-android", "42.2.5" and ".jre7",
// "4.1.44" and ".Final". Suffixes that make another release of it (beta, rc, M1, redhat) are left in.
func flavor(v string) (release, suffix string) {
	i := strings.LastIndexAny(v, "-.")
	if i <= 0 {
		return v, ""
	}
	word := v[i+1:]
	switch word {
	case "jre", "android", "Final", "RELEASE", "GA":
		return v[:i], v[i:]
	}
	for _, kind := range []string{"jre", "jdk", "java"} {
		if n, ok := strings.CutPrefix(word, kind); ok && n != "" && len(n) <= 2 && strings.Trim(n, "0123456789") == "" {
			return v[:i], v[i:]
		}
	}
	return v, ""
}

// built says whether a suffix is of one of several builds of a release, which are not exchanged for one another; else it only marks the release.
func built(suffix string) bool {
	switch suffix {
	case "", ".Final", ".RELEASE", ".GA":
		return false
	}
	return true
}

// twin gives the version of c's release with the installed one's suffix, where any advisory of the package names that; false where c has the suffix
// itself, or nobody names one: a version is not made up.
func twin(tables []table, c candidate) (candidate, bool) {
	t := &tables[c.table]
	if t.ecosystem != purl.Maven {
		return c, false
	}
	_, want := flavor(t.version)
	release, has := flavor(t.versions[c.index])
	if want == has {
		return c, false
	}
	for i, v := range t.versions {
		if r, s := flavor(v); r == release && s == want && t.side(&t.installed, int32(i)) == above {
			return candidate{c.table, int32(i)}, true
		}
	}
	return c, false
}

// otherFlavor says whether c is another build than the installed version: an Android build for one of Java.
func otherFlavor(tables []table, c candidate) bool {
	t := &tables[c.table]
	if t.ecosystem != purl.Maven {
		return false
	}
	_, want := flavor(t.version)
	_, has := flavor(t.versions[c.index])
	return want != has && (built(want) || built(has))
}
