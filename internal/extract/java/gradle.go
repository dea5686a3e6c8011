package java

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// gradleLock reads Gradle's lock files in source trees: gradle.lockfile and its kin, one line an artifact with the configurations that
// it is in, and of versions before 7 one file a configuration below gradle/dependency-locks. All that is locked counts.
// https://docs.gradle.org/current/userguide/dependency_locking.html
type gradleLock struct{}

var _ extract.Extractor = gradleLock{}

func (gradleLock) Name() string  { return "gradle-lock" }
func (gradleLock) Revision() int { return 1 }

func (gradleLock) Claims() []extract.Claim {
	return []extract.Claim{{Suffix: ".lockfile", In: []artifact.Kind{artifact.Directory}, Match: isGradleLock}}
}

func isGradleLock(p string) bool {
	base := path.Base(p)
	return base == "gradle.lockfile" || strings.HasSuffix(base, "-gradle.lockfile") || strings.HasSuffix("/"+path.Dir(p), "/gradle/dependency-locks")
}

// maxLock is far above what Gradle writes for the largest of projects.
const maxLock = 24 << 20

func (gradleLock) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if file.Size > maxLock {
		return &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("%d bytes; a lock file is read up to %d", file.Size, maxLock)}
	}
	seen := map[coordinates]bool{}
	wrong, first := 0, 0
	line := 0
	for text := range strings.Lines(string(file.Bytes())) {
		line++
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' || strings.HasPrefix(text, "empty=") {
			continue
		}
		locked, configurations, _ := strings.Cut(text, "=")
		parts := strings.Split(locked, ":")
		var c coordinates
		if len(parts) == 3 {
			c = coordinates{plain(parts[0]), plain(parts[1]), plain(parts[2])}
		}
		if !c.whole() {
			if wrong++; wrong == 1 {
				first = line
			}
			continue
		}
		if seen[c] {
			continue
		}
		seen[c] = true
		detail := ""
		if configurations != "" {
			detail = "locked for " + clip(configurations)
		}
		facts.Packages = append(facts.Packages, mavenPackage(c.group, c.artifact, c.version, nil, detail))
	}
	if wrong > 0 {
		return fmt.Errorf("%d lines are no group:artifact:version, the first is line %d", wrong, first)
	}
	return nil
}
