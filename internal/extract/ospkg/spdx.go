package ospkg

import "strings"

// spdxExpression puts a licence expression of DEP-5 into SPDX terms: "GPL-2+ or Artistic" becomes
// "GPL-2.0-or-later OR Artistic-1.0-Perl". It does so only when every licence in it has an SPDX id; otherwise the
// expression stays as it is written. In both, "and" binds before "or"; DEP-5 also has a comma to say otherwise, which
// stays as written, as exceptions ("with ...") do.
func spdxExpression(s string) string {
	if strings.Contains(s, ",") {
		return s
	}
	words := strings.Fields(s)
	if len(words)%2 == 0 {
		return s
	}
	for i, w := range words {
		if i%2 == 0 {
			id, ok := spdxLicense(w)
			if !ok {
				return s
			}
			words[i] = id
			continue
		}
		switch {
		case strings.EqualFold(w, "or"):
			words[i] = "OR"
		case strings.EqualFold(w, "and"):
			words[i] = "AND"
		default:
			return s
		}
	}
	return strings.Join(words, " ")
}

// spdxLicense gives the SPDX id of a short name that means one licence, in DEP-5 or in what packages commonly write.
func spdxLicense(name string) (string, bool) {
	if id, ok := spdxGNU(name); ok {
		return id, true
	}
	switch strings.ToLower(name) {
	case "expat", "mit":
		return "MIT", true
	case "x11":
		return "X11", true
	case "isc":
		return "ISC", true
	case "zlib":
		return "Zlib", true
	case "apache-2", "apache-2.0":
		return "Apache-2.0", true
	case "apache-1.0":
		return "Apache-1.0", true
	case "apache-1.1":
		return "Apache-1.1", true
	case "artistic", "artistic-1":
		return "Artistic-1.0-Perl", true // the text in common-licenses is Perl's
	case "artistic-2", "artistic-2.0":
		return "Artistic-2.0", true
	case "bsd-2-clause":
		return "BSD-2-Clause", true
	case "bsd-3-clause":
		return "BSD-3-Clause", true
	case "bsd-4-clause":
		return "BSD-4-Clause", true
	case "bsd-4-clause-uc":
		return "BSD-4-Clause-UC", true
	case "0bsd":
		return "0BSD", true
	case "bsl-1.0":
		return "BSL-1.0", true
	case "cc0", "cc0-1.0":
		return "CC0-1.0", true
	case "cc-by-3.0":
		return "CC-BY-3.0", true
	case "cc-by-4.0":
		return "CC-BY-4.0", true
	case "cc-by-sa-3.0":
		return "CC-BY-SA-3.0", true
	case "cc-by-sa-4.0":
		return "CC-BY-SA-4.0", true
	case "curl":
		return "curl", true
	case "epl-1.0":
		return "EPL-1.0", true
	case "epl-2.0":
		return "EPL-2.0", true
	case "fsfap":
		return "FSFAP", true
	case "fsful":
		return "FSFUL", true
	case "fsfullr":
		return "FSFULLR", true
	case "mpl-1.0":
		return "MPL-1.0", true
	case "mpl-1.1":
		return "MPL-1.1", true
	case "mpl-2", "mpl-2.0":
		return "MPL-2.0", true
	case "ms-pl":
		return "MS-PL", true
	case "ofl-1.1", "sil-1.1":
		return "OFL-1.1", true
	case "openssl":
		return "OpenSSL", true
	case "psf-2", "psf-2.0":
		return "PSF-2.0", true
	case "beerware":
		return "Beerware", true
	case "sleepycat":
		return "Sleepycat", true
	case "unlicense":
		return "Unlicense", true
	case "vim":
		return "Vim", true
	case "wtfpl":
		return "WTFPL", true
	}
	return "", false
}

// gnu says whether the name is of a licence whose SPDX id must say "only" or "or later".
func gnu(name string) bool {
	name = strings.ToUpper(name)
	for _, family := range []string{"GPL", "LGPL", "AGPL", "GFDL"} {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	return false
}

// spdxGNU maps GPL-2+ to GPL-2.0-or-later, LGPL-2.1 to LGPL-2.1-only, GFDL-NIV-1.3+ to
// GFDL-1.3-no-invariants-or-later. Names without a version stay: any version holds, and SPDX has no id for that.
func spdxGNU(name string) (string, bool) {
	rest, ending := name, "-only"
	switch {
	case strings.HasSuffix(name, "+"):
		rest, ending = name[:len(name)-1], "-or-later"
	case strings.HasSuffix(name, "-or-later"):
		rest, ending = strings.TrimSuffix(name, "-or-later"), "-or-later"
	case strings.HasSuffix(name, "-only"):
		rest = strings.TrimSuffix(name, "-only")
	}
	i := strings.LastIndexAny(rest, "-v") // GPL-2, and GPLv2
	if i < 0 {
		return "", false
	}
	family, version := strings.ToUpper(rest[:i]), rest[i+1:]
	if family == "GFDL-NIV" {
		family, ending = "GFDL", "-no-invariants"+ending
	}
	if !strings.Contains(version, ".") {
		version += ".0"
	}
	switch family + "-" + version {
	case "GPL-1.0", "GPL-2.0", "GPL-3.0", "LGPL-2.0", "LGPL-2.1", "LGPL-3.0", "AGPL-1.0", "AGPL-3.0",
		"GFDL-1.1", "GFDL-1.2", "GFDL-1.3":
		return family + "-" + version + ending, true
	}
	return "", false
}
