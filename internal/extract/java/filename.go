package java

import "strings"

// fileName is what the name of an archive says: artifact-version-classifier.jar.
type fileName struct {
	stem                          string // without the suffix
	artifact, version, classifier string
}

// splitFileName reads a file's base name. versions are those that the manifest tells: where one of them stands in the name, it is
// the version. Otherwise the version begins at the first hyphen before a number, unless another version stands in what would be
// its classifier: "log4j-1.2-api-2.17.1" is log4j-1.2-api, "guava-31.1-jre" has the version 31.1-jre.
func splitFileName(base string, versions []string) fileName {
	f := fileName{stem: base}
	if dot := strings.LastIndexByte(base, '.'); dot > 0 {
		f.stem = base[:dot]
	}
	f.artifact = f.stem
	for _, said := range versions {
		for _, v := range []string{said, strings.TrimSuffix(said, ".0"), mavenForm(said)} {
			i := strings.LastIndex(f.stem, "-"+v)
			if v == "" || v[0] == '-' || i <= 0 { // behind a hyphen, a hyphen ends the version before it begins
				continue
			}
			if rest := f.stem[i+1+len(v):]; rest == "" || rest[0] == '-' || rest[0] == '.' {
				f.artifact = f.stem[:i]
				f.version, f.classifier = splitClassifier(f.stem[i+1:])
				return f
			}
		}
	}
	if name, version, ok := splitBundle(f.stem); ok {
		f.artifact, f.version = name, version
		return f
	}
	for i := 1; i < len(f.stem); i++ {
		if f.stem[i] != '-' || !startsVersion(f.stem[i+1:]) {
			continue
		}
		version, classifier := splitClassifier(f.stem[i+1:])
		if !hasVersion(classifier) {
			f.artifact, f.version, f.classifier = f.stem[:i], version, classifier
			break
		}
	}
	return f
}

// splitBundle reads OSGi's names, org.eclipse.osgi_3.18.0.v2022-1021. Scala's artifacts have an underscore too, before the version of
// the language, and their own version behind it: akka-actor_2.13-2.6.19.
func splitBundle(stem string) (name, version string, ok bool) {
	name, version, ok = cutLast(stem, '_')
	if !ok || name == "" || version == "" || !isDigit(version[0]) || hasVersion(version[strings.IndexByte(version+"-", '-'):]) {
		return "", "", false
	}
	number, _, _ := strings.Cut(version, "-")
	return name, version, strings.Count(number, ".") >= 2
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// hasVersion says whether a word of s is a version by itself: a number with a dot.
func hasVersion(s string) bool {
	for word := range strings.SplitSeq(s, "-") {
		if word != "" && isDigit(word[0]) && strings.Contains(word, ".") {
			return true
		}
	}
	return false
}

// mavenForm turns the qualifier of an OSGi version back: "31.1.0.jre" was 31.1-jre, which cannot be told for sure; the name decides.
func mavenForm(v string) string {
	if i := strings.LastIndexByte(v, '.'); i > 0 && i+1 < len(v) && !isDigit(v[i+1]) {
		return strings.TrimSuffix(v[:i], ".0") + "-" + v[i+1:]
	}
	return ""
}

// startsVersion says whether a version begins here: a number, perhaps behind a v or r. "3d" and "r2dbc" are words where a version
// follows.
func startsVersion(s string) bool {
	word, rest, _ := strings.Cut(s, "-")
	digits := strings.TrimLeft(word, "vr")
	if digits == "" || len(word)-len(digits) > 1 || !isDigit(digits[0]) {
		return false
	}
	number := strings.Trim(digits, "0123456789.") == ""
	if len(digits) < len(word) {
		return number
	}
	return number || strings.Contains(word, ".") || !hasVersion(rest)
}

// splitClassifier divides what follows the artifact: the first word is the version's, and so are those behind it that are
// numbers or qualifiers; the rest is the classifier.
func splitClassifier(s string) (version, classifier string) {
	end := strings.IndexByte(s, '-')
	if end < 0 {
		return s, ""
	}
	for end < len(s) {
		word := s[end+1:]
		next := strings.IndexByte(word, '-')
		if next >= 0 {
			word = word[:next]
		}
		if !isQualifier(word) && end+1 < len(s) {
			return s[:end], s[end+1:]
		}
		end += 1 + len(word)
	}
	return s, ""
}

// isQualifier says whether a word is a number, or a qualifier with or without one: "20210131", "rc2", "M1", "jre8".
func isQualifier(word string) bool {
	if word == "" {
		return false
	}
	if isDigit(word[0]) {
		return true
	}
	letters := strings.ToLower(word)
	for i := range len(letters) {
		if c := letters[i]; c < 'a' || c > 'z' {
			for _, rest := range letters[i:] {
				if rest != '.' && (rest < '0' || rest > '9') {
					return false
				}
			}
			letters = letters[:i]
			break
		}
	}
	switch letters {
	case "alpha", "beta", "milestone", "m", "rc", "cr", "snapshot", "final", "ga", "release", "sp", "b", "build", "rev", "pre",
		"preview", "ea", "jre", "android", "incubating", "redhat", "jbossorg", "atlassian", "cdh", "hdp", "r", "v", "pr", "dev",
		"nightly", "debian", "patch", "p", "hotfix", "fix", "jdk", "j", "java", "groovy", "scala":
		return true
	}
	return false
}

// noCode says whether an archive holds the sources or the documentation of another.
func (f fileName) noCode() bool {
	for _, c := range []string{"sources", "javadoc", "src", "test-sources", "groovydoc", "scaladoc"} {
		if f.classifier == c || strings.HasSuffix(f.stem, "-"+c) {
			return true
		}
	}
	return false
}
