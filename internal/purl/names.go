package purl

import "strings"

// NormalizeName gives the name as the ecosystem's registry compares names, so that equal packages have equal names:
//
//   - PyPI: lower case, runs of "-", "_" and "." are one "-" (PEP 503);
//   - NuGet and Packagist: lower case, for their registries ignore it;
//   - npm: as it is. New npm names must be lower case, but older ones with capitals are still there, and "JSONStream"
//     and "jsonstream" are two packages;
//   - Go and all others, distributions among them: as it is.
func NormalizeName(e Ecosystem, name string) string {
	switch e {
	case PyPI:
		return normalizePyPI(name)
	case NuGet, Packagist:
		return strings.ToLower(name)
	}
	return name
}

// normalizePyPI is PEP 503's rule; it allocates only when the name changes.
func normalizePyPI(name string) string {
	normal := true
	for i := range len(name) {
		c := name[i]
		if c == '_' || c == '.' || 'A' <= c && c <= 'Z' || c >= 0x80 || c == '-' && i > 0 && name[i-1] == '-' {
			normal = false
			break
		}
	}
	if normal {
		return name
	}
	name = strings.ToLower(name)
	b := make([]byte, 0, len(name))
	for i := range len(name) {
		switch c := name[i]; c {
		case '-', '_', '.':
			if len(b) == 0 || b[len(b)-1] != '-' {
				b = append(b, '-')
			}
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// Namespace normalises an OSV ecosystem with its release into the namespace in which advisories and packages meet:
// the ecosystem in OSV's spelling, and the release without the words that do not tell releases apart ("Ubuntu:22.04:LTS"
// is "Ubuntu:22.04", "Ubuntu:Pro:16.04:LTS" is "Ubuntu:Pro:16.04"); Alpine's releases always have their "v". Where OSV names products,
// those that a release consists of give the release: "Red Hat:enterprise_linux:9::baseos" is "Red Hat:9", "SUSE:Linux Enterprise Module for
// Basesystem 15 SP5" and "SUSE:Linux Enterprise Server 15 SP5-LTSS" are "SUSE:15.5", "openSUSE:Leap 15.6" is "openSUSE:15.6"; what has
// versions of its own (extended support, "rhel_eus:9.2"; SUSE Manager) is kept as written. An
// ecosystem that is not known is kept as written, without the space around it.
func Namespace(osvEcosystem string) string {
	s := strings.TrimSpace(osvEcosystem)
	base, release, _ := strings.Cut(s, ":")
	e, ok := parseOSV(strings.TrimSpace(base))
	if !ok {
		return s
	}
	release = strings.TrimSpace(release)
	switch e {
	case Ubuntu:
		for n := len(release) - len(":LTS"); n >= 0 && strings.EqualFold(release[n:], ":LTS"); n = len(release) - len(":LTS") {
			release = strings.TrimSpace(release[:n])
		}
	case Alpine:
		if release != "" && '0' <= release[0] && release[0] <= '9' {
			release = "v" + release
		}
	case RedHat:
		release = redHatRelease(release)
	case SUSE:
		release = suseRelease(release)
	case OpenSUSE:
		release = leapRelease(release)
	case AzureLinux:
		if digits(release) {
			release += ".0"
		}
	}
	if release == "" {
		return string(e)
	}
	if n := len(e) + 1; len(s) >= n+len(release) && s[:len(e)] == string(e) && s[n:n+len(release)] == release {
		return s[:n+len(release)] // the usual case costs nothing
	}
	return string(e) + ":" + release
}

// Split takes a namespace apart into its ecosystem and release; the release is empty where there is none.
func Split(namespace string) (e Ecosystem, release string) {
	base, release, _ := strings.Cut(namespace, ":")
	return Ecosystem(base), release
}
