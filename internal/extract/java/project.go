package java

import (
	"context"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// project reads the pom.xml of a source tree: the dependencies that it names itself, test and optional ones too. The version is what
// the file alone can tell, from the dependency, its properties and its dependencyManagement; where a parent or an imported
// pom decides, or a range leaves it open, the package has none and the evidence says why. Profiles are left out.
type project struct{}

var _ extract.Extractor = project{}

func (project) Name() string  { return "pom" }
func (project) Revision() int { return 2 }

func (project) Claims() []extract.Claim {
	return []extract.Claim{{Base: "pom.xml", In: []artifact.Kind{artifact.Directory}, Match: func(p string) bool {
		return !inMetadata(p) && !strings.Contains("/"+p, "/target/") && !strings.Contains("/"+p, "/archetype-resources/")
	}}}
}

func (project) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if file.Size > maxMetadata {
		return &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("%d bytes; a pom is read up to %d", file.Size, maxMetadata)}
	}
	p, err := parsePom(file.Bytes())
	if p.entities {
		facts.Report(artifact.Unsupported, ownEntities)
	}
	managed := map[managedKey]string{}
	for _, d := range p.managed {
		if d.scope == "import" {
			continue
		}
		if key := p.key(d); managed[key] == "" {
			managed[key] = d.version
		}
	}
	seen := map[coordinates]bool{}
	unnamed := 0
	for _, d := range p.dependencies {
		key := p.key(d)
		if key.group == "" || key.artifact == "" {
			unnamed++
			continue
		}
		written := d.version
		if written == "" {
			written = managed[key]
		}
		c := coordinates{group: key.group, artifact: key.artifact}
		var why string
		c.version, why = p.exact(written)
		if seen[c] {
			continue
		}
		seen[c] = true
		facts.Packages = append(facts.Packages, mavenPackage(c.group, c.artifact, c.version, nil, why))
	}
	if unnamed > 0 {
		facts.Report(artifact.Unparsable, fmt.Sprintf("pom: %d dependencies whose names this file alone does not tell", unnamed))
	}
	return err
}

// managedKey is what dependencyManagement goes by.
type managedKey struct{ group, artifact, kind, classifier string }

func (p *pom) key(d dependency) managedKey {
	k := managedKey{plain(p.resolve(d.group)), plain(p.resolve(d.artifact)), p.resolve(d.kind), p.resolve(d.classifier)}
	if k.kind == "" {
		k.kind = "jar"
	}
	return k
}

// exact is the version that a written one stands for, or why there is none.
func (p *pom) exact(written string) (version, why string) {
	if written == "" {
		return "", "its version is not in this file"
	}
	v := strings.TrimSpace(p.resolve(written))
	if strings.Contains(v, "${") {
		return "", "its version is " + clip(v) + ", which is not in this file"
	}
	if one, ok := strings.CutPrefix(v, "["); ok {
		if one, ok = strings.CutSuffix(one, "]"); ok && plain(one) != "" && !strings.Contains(one, ",") {
			return plain(one), ""
		}
	}
	if strings.ContainsAny(v, "[](),") || v == "LATEST" || v == "RELEASE" {
		return "", "its version is left open: " + clip(v)
	}
	if v = plain(v); v == "" {
		return "", "its version is not readable"
	}
	return v, ""
}
