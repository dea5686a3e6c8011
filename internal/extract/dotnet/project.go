package dotnet

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// project reads the versions that project files and the files they share name: PackageReference with a version, and the central PackageVersion. A
// plain version is the oldest that will do, and the one that NuGet takes. Ranges and floating versions name none, and are left out; so are
// references whose version stands in another file, for it is read there. Conditions are not evaluated: what any of them brings counts.
type project struct{}

var _ extract.Extractor = project{}

func (project) Name() string  { return "msbuild" }
func (project) Revision() int { return 1 }

func (project) Claims() []extract.Claim {
	in := []artifact.Kind{artifact.Directory}
	var claims []extract.Claim
	for _, suffix := range []string{".csproj", ".fsproj", ".vbproj"} {
		claims = append(claims, extract.Claim{Suffix: suffix, In: in})
	}
	for _, base := range []string{"Directory.Packages.props", "Directory.Build.props", "Directory.Build.targets"} {
		claims = append(claims, extract.Claim{Base: base, In: in})
	}
	return claims
}

// reference is an item that names a package.
type reference struct{ names, version string }

func (project) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if err := tooLarge(file.Size); err != nil {
		return err
	}
	var references []reference
	properties := map[string]string{}
	item := -1 // depth of the reference that is open
	err := walkXML(file.Bytes(), func(path []string, start *xml.StartElement, text string) {
		depth := len(path)
		name := path[depth-1]
		switch {
		case start != nil && isReference(name):
			item = depth
			references = append(references, reference{
				names:   attribute(start, "Include", "Update"),
				version: attribute(start, "VersionOverride", "Version"),
			})
		case start != nil:
		case depth == item+1 && item > 0 && isReference(path[item-1]):
			if r := &references[len(references)-1]; strings.EqualFold(name, "VersionOverride") || strings.EqualFold(name, "Version") && r.version == "" {
				r.version = text
			}
		case depth > 1 && strings.EqualFold(path[depth-2], "PropertyGroup"):
			name = strings.ToLower(name)
			if before, twice := properties[name]; twice && before != text {
				text = "" // one condition or the other: not known
			}
			properties[name] = text
		}
	})
	found := collect(facts)
	plain := regexp.MustCompile(`^[0-9]+(\.[0-9]+){0,3}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
	for _, r := range references {
		version := exact(plain, expand(r.version, properties))
		if version == "" {
			continue
		}
		for name := range strings.SplitSeq(r.names, ";") {
			if name = strings.TrimSpace(expand(name, properties)); name != "" && !strings.ContainsAny(name, "$*@%") {
				found.add(name, version)
			}
		}
	}
	return err
}

func isReference(name string) bool {
	return strings.EqualFold(name, "PackageReference") || strings.EqualFold(name, "PackageVersion") || strings.EqualFold(name, "GlobalPackageReference")
}

// expand puts in the properties of the same file: $(Name). It goes a few levels deep and stops at what would become long.
func expand(s string, properties map[string]string) string {
	const deepest, longest = 4, 1024
	for range deepest {
		before, rest, ok := strings.Cut(s, "$(")
		if !ok {
			break
		}
		name, after, ok := strings.Cut(rest, ")")
		value, known := properties[strings.ToLower(strings.TrimSpace(name))]
		if !ok || !known || len(value)+len(s) > longest {
			break
		}
		s = before + value + after
	}
	return s
}

// exact gives the version that a reference pins: "1.2.3" or "[1.2.3]"; empty for ranges and floating versions.
func exact(plain *regexp.Regexp, s string) string {
	s = strings.TrimSpace(s)
	if inner, ok := strings.CutPrefix(s, "["); ok {
		if s, ok = strings.CutSuffix(inner, "]"); !ok {
			return ""
		}
		s = strings.TrimSpace(s)
	}
	return plain.FindString(s)
}

// packagesConfig reads packages.config, how NuGet pinned packages before there were references in project files.
type packagesConfig struct{}

var _ extract.Extractor = packagesConfig{}

func (packagesConfig) Name() string  { return "nuget-config" }
func (packagesConfig) Revision() int { return 1 }

func (packagesConfig) Claims() []extract.Claim {
	return []extract.Claim{{Base: "packages.config", In: []artifact.Kind{artifact.Directory}}}
}

func (packagesConfig) Extract(_ context.Context, file *extract.File, facts *extract.Facts) error {
	if err := tooLarge(file.Size); err != nil {
		return err
	}
	found := collect(facts)
	return walkXML(file.Bytes(), func(path []string, start *xml.StartElement, _ string) {
		if start != nil && len(path) == 2 && path[0] == "packages" && path[1] == "package" {
			found.add(strings.TrimSpace(attribute(start, "id")), strings.TrimSpace(attribute(start, "version")))
		}
	})
}

// attribute gives the first of these attributes that is there.
func attribute(e *xml.StartElement, names ...string) string {
	for _, name := range names {
		for _, a := range e.Attr {
			if a.Name.Space == "" && a.Name.Local == name && a.Value != "" {
				return a.Value
			}
		}
	}
	return ""
}

// walkXML calls visit when an element begins, with its start, and when it ends, with its own text. path are the names from the root to the element,
// valid during the call. encoding/xml knows no entities but the five of XML, so that none can grow.
func walkXML(b []byte, visit func(path []string, start *xml.StartElement, text string)) error {
	const deepest = 64 // real ones go four deep
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte(byteOrderMark))))
	var path []string
	var text strings.Builder
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			if len(path) > 0 {
				return fmt.Errorf("ends inside <%s>: %w", path[len(path)-1], artifact.ErrCorrupt)
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(path) == deepest {
				return &artifact.ErrLimit{Reason: artifact.NestingLimit, Detail: fmt.Sprintf("elements nested deeper than %d", deepest)}
			}
			path = append(path, t.Name.Local)
			text.Reset()
			visit(path, &t, "")
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			if len(path) == 0 || path[len(path)-1] != t.Name.Local {
				return fmt.Errorf("</%s> ends what did not begin", t.Name.Local)
			}
			visit(path, nil, strings.TrimSpace(text.String()))
			text.Reset()
			path = path[:len(path)-1]
		}
	}
}
