package java

import (
	"context"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// jre reads the file release in the home of a Java runtime. Whoever built it, the software is OpenJDK and the version counts
// in OpenJDK's order, so that is its name, as in the NVD; the builder is the vendor. Oracle's commercial builds have a name and
// advisories of their own. GraalVM is a product around an OpenJDK: both are named.
type jre struct{}

var _ extract.Extractor = jre{}

func (jre) Name() string  { return "java-release" }
func (jre) Revision() int { return 1 }

func (jre) Claims() []extract.Claim { return []extract.Claim{{Base: "release"}} }

// maxRelease is far above real ones, which are dominated by the list of modules. Other files have this name too.
const maxRelease = 64 << 10

func (jre) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	b := file.Bytes()
	if len(b) > maxRelease {
		if strings.Contains(string(b[:maxRelease]), "JAVA_VERSION=") {
			return &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("%d bytes; a Java release file is read up to %d", len(b), maxRelease)}
		}
		return nil
	}
	keys := map[string]string{}
	for line := range strings.Lines(string(b)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok {
			keys[key] = strings.ToValidUTF8(strings.Trim(value, `"`), "?")
		}
	}
	version := keys["JAVA_VERSION"]
	if version == "" {
		return nil // another file of this name
	}
	name := "openjdk"
	if keys["BUILD_TYPE"] == "commercial" && strings.Contains(keys["IMPLEMENTOR"], "Oracle") {
		name = "oracle-jdk"
	}
	detail := "JAVA_VERSION=" + version
	if full := keys["JAVA_RUNTIME_VERSION"]; full != "" {
		detail = "JAVA_RUNTIME_VERSION=" + full
	}
	if build := keys["IMPLEMENTOR_VERSION"]; build != "" {
		detail += ", IMPLEMENTOR_VERSION=" + build
	}
	add := func(name, version, detail string) {
		facts.Packages = append(facts.Packages, inventory.Package{
			Name: name, Version: version, Ecosystem: purl.Upstream, Vendor: keys["IMPLEMENTOR"], Unpackaged: true,
			PURL:     purl.Make(purl.Upstream, "", name, version, nil, ""),
			Evidence: []inventory.Evidence{{Detail: detail}},
		})
	}
	add(name, version, detail)
	if graal := keys["GRAALVM_VERSION"]; graal != "" {
		add("graalvm", graal, "GRAALVM_VERSION="+graal)
	}
	return nil
}
