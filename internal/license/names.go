package license

import (
	"slices"
	"strings"
)

// name gives the SPDX id of a name that means one licence in one version: an id in any case, GNU's short forms, or one of the names that
// packages commonly write. Families ("BSD", "GPL", "Artistic") are none: nobody knows which one is meant.
func name(s string) (string, bool) {
	s = strings.Trim(s, " \t\"'")
	if id, ok := gnu(s); ok {
		return id, true
	}
	if i, ok := slices.BinarySearchFunc(folded(), strings.ToLower(s), func(f foldedID, s string) int { return strings.Compare(f.lower, s) }); ok {
		return folded()[i].id, !IsException(folded()[i].id)
	}
	if strings.HasPrefix(s, "(") {
		return "", false // an expression that does not end; names have parentheses behind
	}
	k := key(s)
	if id, ok := known[k]; ok {
		return id, true
	}
	if id, ok := keyed()[k]; ok {
		return id, true
	}
	return twice(s)
}

// twice reads a name with another in parentheses behind it: "MIT License (MIT)", "Expat (MIT/X11)", "BSD License (BSD-3-Clause)". Both must mean the same, or the
// first be the family that the second is of; anything else ("Modified MIT (MIT)") says that there is more to it.
func twice(s string) (string, bool) {
	rest, ok := strings.CutSuffix(s, ")")
	open := strings.LastIndexByte(rest, '(')
	if !ok || open < 1 || strings.ContainsAny(rest[:open], "()") {
		return "", false
	}
	id, ok := name(rest[open+1:])
	if !ok {
		return "", false
	}
	if same, ok := name(rest[:open]); ok {
		return id, same == id
	}
	family := families[key(rest[:open])]
	return id, family != "" && strings.HasPrefix(id, family)
}

// families are names, by their key, of licences of several versions, with the beginning of the ids of all.
var families = map[string]string{
	"bsd": "BSD-", "apache": "Apache-", "mozilla": "MPL-", "eclipse": "EPL-", "gnugeneral": "GPL-", "gnulessergeneral": "LGPL-", "gnuaffero": "AGPL-",
	"gnuafferogeneral": "AGPL-", "affero": "AGPL-", "artistic": "Artistic-", "europeanunion": "EUPL-", "academicfree": "AFL-", "silopenfont": "OFL-",
}

// exception gives the id of what may follow WITH, for a licence: an id in any case, or the name that DEP-5 gives it, "Libtool exception".
func exception(of, s string) (string, bool) {
	lower := strings.ToLower(s)
	if x, named := strings.CutSuffix(strings.TrimSuffix(lower, "s"), " exception"); named {
		switch x {
		case "libtool":
			return "Libtool-exception", true
		case "linux-syscall-note":
			return "Linux-syscall-note", true
		case "llvm":
			return "LLVM-exception", true
		case "classpath":
			return "Classpath-exception-2.0", true
		case "bison": // that of the GPL 2 has another text
			return "Bison-exception-2.2", strings.HasPrefix(of, "GPL-3.0")
		}
		return "", false // Autoconf, Font, GCC: of several versions
	}
	i, ok := slices.BinarySearchFunc(folded(), strings.ToLower(s), func(f foldedID, s string) int { return strings.Compare(f.lower, s) })
	if !ok || !IsException(folded()[i].id) {
		return "", false
	}
	return folded()[i].id, true
}

// key brings a name into the form of the table: lower case, letters and digits only, without the words that say nothing.
func key(s string) string {
	s, _ = strings.CutPrefix(strings.ToLower(s), "license :: osi approved :: ")
	s = strings.TrimPrefix(s, "http://")
	s = strings.TrimPrefix(s, "https://")
	s = strings.TrimPrefix(s, "www.")
	s = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(s, "/"), ".txt"), ".html")
	var b strings.Builder
	for w := range strings.FieldsFuncSeq(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '+'
	}) {
		switch w {
		case "the", "license", "licence", "licensed", "version", "v", "v.", "software", "public", "under", "terms", "of":
			continue
		}
		b.WriteString(w)
	}
	return strings.TrimSuffix(b.String(), ".")
}

// gnu maps GPL-2+, GPLv2+, GPL 2, GPL-2.0-or-later, LGPLv2.1 and GFDL-NIV-1.3+ to GNU's ids, which say "only" or "or later". Names without a
// version stay out: any version holds, and SPDX has no id for that.
func gnu(s string) (string, bool) {
	rest, ending := strings.TrimPrefix(strings.ToUpper(s), "GNU "), "-only"
	switch {
	case strings.HasSuffix(rest, "+"):
		rest, ending = rest[:len(rest)-1], "-or-later"
	case strings.HasSuffix(rest, "-OR-LATER"), strings.HasSuffix(rest, " OR LATER"):
		rest, ending = rest[:len(rest)-len("-or-later")], "-or-later"
	case strings.HasSuffix(rest, "-ONLY"):
		rest = rest[:len(rest)-len("-only")]
	}
	rest = strings.TrimRight(rest, " ")
	var family, version string
	switch i := strings.LastIndexAny(rest, "-V "); {
	case i >= 1:
		family, version = strings.TrimRight(rest[:i], "- "), rest[i+1:]
	case strings.HasSuffix(rest, "GPL3"), strings.HasSuffix(rest, "GPL2"):
		family, version = rest[:len(rest)-1], rest[len(rest)-1:]
	default:
		return "", false
	}
	if family == "GFDL-NIV" {
		family, ending = "GFDL", "-no-invariants"+ending
	}
	if !strings.Contains(version, ".") {
		version += ".0"
	}
	switch family + "-" + version {
	case "GPL-1.0", "GPL-2.0", "GPL-3.0", "LGPL-2.0", "LGPL-2.1", "LGPL-3.0", "AGPL-1.0", "AGPL-3.0", "GFDL-1.1", "GFDL-1.2", "GFDL-1.3":
		return family + "-" + version + ending, true
	}
	return "", false
}

// known are names by their key. Each names one licence text; sources: Debian's DEP-5 short names, Fedora's old short names ("ASL 2.0"), the licence names
// and URLs of Maven's popular POMs, PyPI's trove classifiers.
var known = map[string]string{
	// Permissive.
	"expat": "MIT", "mitx11": "MIT", "opensource.orgmit": "MIT", "opensource.orglicensesmit": "MIT", "mitexpat": "MIT",
	"mitnoattributionmit0": "MIT-0",
	"apache2":              "Apache-2.0", "apache2.0": "Apache-2.0", "asl2.0": "Apache-2.0", "asl2": "Apache-2.0", "al2.0": "Apache-2.0", "apachefoundation2.0": "Apache-2.0",
	"apache.orglicenses2.0": "Apache-2.0", "apache.orglicenseslicense2.0": "Apache-2.0", "opensource.orgapache2.0": "Apache-2.0", "opensource.orglicensesapache2.0": "Apache-2.0",
	"apache1.1": "Apache-1.1", "asl1.1": "Apache-1.1", "apache1.0": "Apache-1.0", "asl1.0": "Apache-1.0",
	"bsd2clause": "BSD-2-Clause", "2clausebsd": "BSD-2-Clause", "simplifiedbsd": "BSD-2-Clause", "bsd2": "BSD-2-Clause",
	"bsd3clause": "BSD-3-Clause", "3clausebsd": "BSD-3-Clause", "newbsd": "BSD-3-Clause", "modifiedbsd": "BSD-3-Clause", "revisedbsd": "BSD-3-Clause", "bsd3": "BSD-3-Clause",
	"opensource.orglicensesbsd3clause": "BSD-3-Clause", "opensource.orglicensesbsd2clause": "BSD-2-Clause", "eclipsedistribution1.0": "BSD-3-Clause", "edl1.0": "BSD-3-Clause",
	"eclipse.orgorgdocumentsedlv10": "BSD-3-Clause", "eclipsedistributionv.1.0": "BSD-3-Clause", "eclipsedistributionv1.0": "BSD-3-Clause",
	"bsd4clause": "BSD-4-Clause", "bsdwithadvertising": "BSD-4-Clause", "zeroclausebsd0bsd": "0BSD",
	"iscl": "ISC", "isciscl": "ISC", "zliblibpng": "Zlib", "boost1.0": "BSL-1.0", "boost1.0bsl1.0": "BSL-1.0", "boost": "BSL-1.0",
	"unlicenseunlicense": "Unlicense", "blueoakmodelblueoak1.0.0": "BlueOak-1.0.0", "upl": "UPL-1.0", "universalpermissiveupl": "UPL-1.0", "universalpermissive1.0": "UPL-1.0",
	"cc01.0universal": "CC0-1.0", "cc0": "CC0-1.0", "cc01.0universalcc01.0domaindedication": "CC0-1.0", "creativecommons.orgdomainzero1.0": "CC0-1.0", "creativecommons.orgpublicdomainzero1.0": "CC0-1.0",
	"psf2": "PSF-2.0", "python2.0": "Python-2.0", "ruby": "Ruby", "wtfpl2": "WTFPL", "w3c": "W3C",
	// Weak and strong copyleft.
	"mpl2": "MPL-2.0", "mpl2.0": "MPL-2.0", "mozilla2.0": "MPL-2.0", "mozilla2.0mpl2.0": "MPL-2.0", "mozillampl2.0": "MPL-2.0", "mozilla.orgmpl2.0": "MPL-2.0", "mplv2.0": "MPL-2.0", "mplv1.1": "MPL-1.1",
	"mpl1.1": "MPL-1.1", "mozilla1.1mpl1.1": "MPL-1.1", "mozilla1.1": "MPL-1.1", "mozilla1.0mpl": "MPL-1.0",
	"epl1.0": "EPL-1.0", "eclipse1.0": "EPL-1.0", "eclipsev1.0": "EPL-1.0", "eclipse.orglegaleplv10": "EPL-1.0",
	"epl2.0": "EPL-2.0", "eclipse2.0": "EPL-2.0", "eclipse2.0epl2.0": "EPL-2.0", "eclipsev2.0": "EPL-2.0", "eclipsev.2.0": "EPL-2.0", "eclipse.orglegalepl2.0": "EPL-2.0", "eclipse.orglegaleplv20": "EPL-2.0",
	"europeanunion1.1eupl1.1": "EUPL-1.1", "europeanunion1.2eupl1.2": "EUPL-1.2", "commondevelopmentanddistribution1.0": "CDDL-1.0", "cddl1.1": "CDDL-1.1", "cddl1.0": "CDDL-1.0",
	"gnugeneralv2gplv2": "GPL-2.0-only", "gnugeneralv2orlatergplv2+": "GPL-2.0-or-later", "gnugeneralv3gplv3": "GPL-3.0-only", "gnugeneralv3orlatergplv3+": "GPL-3.0-or-later",
	"gnulesserv2lgplv2": "LGPL-2.0-only", "gnulesserv2orlaterlgplv2+": "LGPL-2.0-or-later", "gnulesserv3lgplv3": "LGPL-3.0-only", "gnulesserv3orlaterlgplv3+": "LGPL-3.0-or-later",
	"gnulessergeneralv2lgplv2": "LGPL-2.0-only", "gnulessergeneralv2orlaterlgplv2+": "LGPL-2.0-or-later", "gnulessergeneralv3lgplv3": "LGPL-3.0-only", "gnulessergeneralv3orlaterlgplv3+": "LGPL-3.0-or-later",
	"gnuafferogeneralv3": "AGPL-3.0-only", "gnuafferogeneralv3orlateragplv3+": "AGPL-3.0-or-later",
	"gnulessergeneral2.1": "LGPL-2.1-only", "gnulessergeneral3": "LGPL-3.0-only", "gnugeneral2": "GPL-2.0-only", "gnugeneral3": "GPL-3.0-only", "gplv2withclasspathexception": "GPL-2.0-only WITH Classpath-exception-2.0",
	"gpl2withclasspathexception": "GPL-2.0-only WITH Classpath-exception-2.0", "gnugeneral2withclasspathexception": "GPL-2.0-only WITH Classpath-exception-2.0",
	"gpl2wcpe": "GPL-2.0-only WITH Classpath-exception-2.0", "gpl2ce": "GPL-2.0-only WITH Classpath-exception-2.0", "artistic2": "Artistic-2.0", "artistic2.0": "Artistic-2.0",
	"openldap2.8": "OLDAP-2.8", "zendengine2.00": "Zend-2.0", "gnuallpermissive": "FSFAP", "apache2llvmexceptions": "Apache-2.0 WITH LLVM-exception",
	"silopenfont1.1ofl1.1": "OFL-1.1", "silopenfont1.1": "OFL-1.1", "sil1.1": "OFL-1.1",
}
