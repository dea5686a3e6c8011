package match

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// step says how far an upgrade goes, by the first numbers of both versions. Distributions' versions do not tell: they patch inside of one release.
func step(p *inventory.Package, to string) finding.Step {
	if p.OS() {
		return ""
	}
	from, ok := numbers(p.Version)
	next, also := numbers(to)
	switch {
	case !ok || !also:
		return ""
	case from[0] != next[0]:
		return finding.Major
	case from[1] != next[1]:
		return finding.Minor
	}
	return finding.Patch
}

// numbers gives major and minor as they are written, without leading zeros.
func numbers(version string) (list [2]string, ok bool) {
	version = strings.TrimPrefix(strings.TrimPrefix(version, "v"), "V")
	if _, after, epoch := strings.Cut(version, "!"); epoch { // PEP 440
		version = after
	}
	version, _, _ = strings.Cut(version, "+")
	version, _, _ = strings.Cut(version, "-")
	list = [2]string{"0", "0"}
	for i, part := range strings.SplitN(version, ".", 3) {
		if i == 2 {
			break
		}
		n := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		if n < 0 {
			n = len(part)
		}
		if n == 0 {
			return list, i > 0
		}
		if list[i] = strings.TrimLeft(part[:n], "0"); list[i] == "" {
			list[i] = "0"
		}
	}
	return list, true
}
