package starter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// Versions are those of one package in one namespace that are affected. In the data they are written as
//
//	<1.2.3                        fixed in 1.2.3
//	>=1.0 <1.2 | >=2.0 <=2.3      from 1.0, fixed in 1.2, and from 2.0 up to 2.3
//	=1.0.1 | =1.0.2               these only
//	>=1.0                         from 1.0 on
//	all                           every version
//	wont fix                      every version, and the distribution will not fix it
//	not affected                  the distribution says that no version is
//
// and may end in a distribution's own rating for the package and release: "<1.2.3 (low)".
type Versions struct {
	Status   vuln.Status
	Severity vuln.Severity
	Ranges   []vuln.Range
	Listed   []string
}

// UnmarshalYAML reads the notation.
func (v *Versions) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: versions are one line of text", n.Line)
	}
	if err := v.parse(n.Value); err != nil {
		return fmt.Errorf("line %d: %q: %w", n.Line, n.Value, err)
	}
	return nil
}

func (v *Versions) parse(s string) error {
	*v = Versions{}
	if rest, word, ok := strings.Cut(s, " ("); ok {
		word, closed := strings.CutSuffix(word, ")")
		if v.Severity, ok = vuln.ParseSeverity(word); !closed || !ok || v.Severity == vuln.Unknown {
			return errors.New("what is in parentheses is no rating")
		}
		s = rest
	}
	switch s {
	case "all":
		v.Ranges = []vuln.Range{{Introduced: "0"}}
		return nil
	case "wont fix":
		v.Ranges, v.Status = []vuln.Range{{Introduced: "0"}}, vuln.StatusWontFix
		return nil
	case "not affected":
		v.Status = vuln.StatusNotAffected
		return nil
	}
	for part := range strings.SplitSeq(s, " | ") {
		if only, ok := strings.CutPrefix(part, "="); ok {
			v.Listed = append(v.Listed, only)
			continue
		}
		r := vuln.Range{Introduced: "0"}
		from, to, both := strings.Cut(part, " ")
		if since, ok := strings.CutPrefix(from, ">="); ok {
			r.Introduced = since
		} else if !both {
			to = from
		} else {
			return errors.New("an interval of two ends begins with >=")
		}
		switch {
		case r.Introduced == "" || to == "<" || to == "<=":
			return errors.New("an end lacks a version")
		case strings.HasPrefix(to, "<="):
			r.LastAffected = to[2:]
		case strings.HasPrefix(to, "<"):
			r.Fixed = to[1:]
		case to != "" || both:
			return errors.New("an interval ends with < or <=")
		}
		v.Ranges = append(v.Ranges, r)
	}
	return nil
}

// validate says whether the versions can be ones of the ecosystem, and the ends of intervals are in order.
func (v *Versions) validate(eco purl.Ecosystem) error {
	for _, name := range v.Listed {
		if name == "" || strings.ContainsAny(name, " <>=|()") {
			return fmt.Errorf("%q is no version", name)
		}
	}
	for _, r := range v.Ranges {
		for _, end := range []string{r.Introduced, r.Fixed, r.LastAffected} {
			if strings.ContainsAny(end, " <>=|()") {
				return fmt.Errorf("%q is no version", end)
			}
		}
		end := r.Fixed + r.LastAffected // at most one is set
		if end == "" || r.Introduced == "0" {
			continue
		}
		c, err := version.Compare(eco, r.Introduced, end)
		if err != nil {
			return err
		}
		if c > 0 || c == 0 && r.Fixed != "" {
			return fmt.Errorf("the interval from %s to %s is empty", r.Introduced, end)
		}
	}
	return nil
}

func (v Versions) affected(namespace, name string) vuln.Affected {
	return vuln.Affected{
		Namespace: namespace, Package: name, Status: v.Status, Severity: v.Severity,
		Ranges: slices.Clone(v.Ranges), Versions: slices.Clone(v.Listed),
	}
}
