package osv

import (
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// maxModules is how many module streams one title names: two, where packages and their headers are apart ("virt:rhel and virt-devel:rhel").
const maxModules = 4

// modules gives the module streams that a notice of the family of Red Hat names in its title: "Important: nodejs:18 security update". Nothing else in the
// records tells them.
func modules(title string) []string {
	var out []string
	for word := range strings.FieldsSeq(title) {
		word = strings.Trim(word, "(),;")
		name, stream, found := strings.Cut(word, ":")
		if !found || !moduleWord(name) || !moduleWord(stream) || notice(word) || len(word) > 64 {
			continue // "Important:", "ALSA-2022:5468:"
		}
		if !slices.Contains(out, word) && len(out) < maxModules {
			out = append(out, word)
		}
	}
	return out
}

func moduleWord(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i > 0 && strings.IndexByte("_.+-", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// moduleBuild says whether a version is of a package that was built in a module: its release holds ".module_el8.6.0+2781+fed64c13" (AlmaLinux) or ".module+el8.4.0+570+c2eaf144".
func moduleBuild(version string) bool {
	return strings.Contains(version, ".module+el") || strings.Contains(version, ".module_el")
}

func ofModule(a *vuln.Affected) bool {
	return slices.ContainsFunc(a.Ranges, func(r vuln.Range) bool {
		return moduleBuild(r.Fixed) || moduleBuild(r.LastAffected) || moduleBuild(r.Introduced)
	})
}
