package java

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// unpacked reads META-INF/maven/group/artifact/pom.properties where an archive was unpacked: web applications in servers, and
// applications that build packs lay out in layers.
type unpacked struct{}

var _ extract.Extractor = unpacked{}

func (unpacked) Name() string  { return "java-unpacked" }
func (unpacked) Revision() int { return 1 }

func (unpacked) Claims() []extract.Claim {
	return []extract.Claim{{Base: "pom.properties", Match: inMetadata}}
}

func inMetadata(p string) bool { return strings.Contains("/"+p, "/META-INF/maven/") }

func (unpacked) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if file.Size > maxMetadata {
		return &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("%d bytes; pom.properties is read up to %d", file.Size, maxMetadata)}
	}
	c := parsePomProperties(string(file.Bytes()))
	if _, folder, ok := strings.Cut("/"+path.Dir(file.Path), "/META-INF/maven/"); ok && strings.Count(folder, "/") == 1 {
		group, name, _ := strings.Cut(folder, "/")
		c.fill(coordinates{group: plain(group), artifact: plain(name)})
	}
	if c.artifact == "" {
		return fmt.Errorf("pom.properties names no artifact")
	}
	facts.Packages = append(facts.Packages, mavenPackage(c.group, c.artifact, c.version, nil, ""))
	return nil
}
