package nvd

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// configuration is a set of nodes of which one (OR), or each (AND), has to be met by what runs.
type configuration struct {
	Operator string `json:"operator"`
	Negate   bool   `json:"negate"`
	Nodes    []node `json:"nodes"`
}

type node struct {
	Operator string     `json:"operator"`
	Negate   bool       `json:"negate"`
	Match    []cpeMatch `json:"cpeMatch"`
}

type cpeMatch struct {
	Vulnerable     bool   `json:"vulnerable"`
	Criteria       string `json:"criteria"`
	StartIncluding string `json:"versionStartIncluding"`
	StartExcluding string `json:"versionStartExcluding"`
	EndIncluding   string `json:"versionEndIncluding"`
	EndExcluding   string `json:"versionEndExcluding"`
}

// cpe is what counts of a CPE 2.3 formatted string (NISTIR 7695, 6.2).
type cpe struct{ part, vendor, product, version, update, edition, targetSW string }

func parseCPE(s string) (cpe, bool) {
	rest, ok := strings.CutPrefix(s, "cpe:2.3:")
	if !ok {
		return cpe{}, false
	}
	var f [11]string
	for i := range f {
		end := 0
		for end < len(rest) && rest[end] != ':' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(rest))
		if f[i], rest = rest[:end], rest[min(len(rest), end+1):]; f[i] == "" {
			return cpe{}, false
		}
		if strings.Contains(f[i], "\\") {
			f[i] = unescape(f[i])
		}
	}
	return cpe{f[0], f[1], f[2], f[3], f[4], f[5], f[8]}, rest == ""
}

// unescape takes the quoting backslashes away.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// affected gives the rows about software that is recognised in images without a package manager. Products of all other kinds are left out, and so is
// what is said of builds for other systems, of distributions' own builds, and of combinations that an image does not show: of an AND, the
// other nodes must be met by Linux itself.
func affected(raw json.RawMessage) ([]vuln.Affected, error) {
	if !namesUpstream(raw) {
		return nil, nil
	}
	var configurations []configuration
	if err := json.Unmarshal(raw, &configurations); err != nil {
		return nil, fmt.Errorf("configurations: %w", err)
	}
	found := map[string]*software{}
	for i := range configurations {
		c := &configurations[i]
		for k := range c.Nodes {
			if n := &c.Nodes[k]; !c.Negate && !n.Negate && n.alone() && c.othersAreLinux(k) {
				n.collect(found)
			}
		}
	}
	var out []vuln.Affected
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s := found[name]
		slices.Sort(s.versions)
		s.versions = slices.Compact(s.versions)
		slices.SortFunc(s.ranges, compareRanges)
		s.ranges = slices.Compact(s.ranges)
		// Two rows: beside ranges a list would count by its spelling only.
		if len(s.ranges) > 0 {
			out = append(out, vuln.Affected{Namespace: string(purl.Upstream), Package: name, Ranges: s.ranges})
		}
		if len(s.versions) > 0 {
			out = append(out, vuln.Affected{Namespace: string(purl.Upstream), Package: name, Versions: s.versions})
		}
	}
	return out, nil
}

func compareRanges(a, b vuln.Range) int {
	return cmp.Or(strings.Compare(a.Introduced, b.Introduced), strings.Compare(a.Fixed, b.Fixed), strings.Compare(a.LastAffected, b.LastAffected))
}

// namesUpstream says whether one of the names may be of software that is recognised. Nineteen records of twenty name none, and need no decoding.
func namesUpstream(raw []byte) bool {
	mark := []byte("cpe:2.3:a:")
	for {
		i := bytes.Index(raw, mark)
		if i < 0 {
			return false
		}
		raw = raw[i+len(mark):]
		vendor, rest, ok := bytes.Cut(raw[:min(len(raw), 200)], []byte(":"))
		if !ok {
			return false
		}
		product, _, _ := bytes.Cut(rest, []byte(":"))
		if bytes.IndexByte(product, '\\') >= 0 { // escaped, and in JSON once more
			product = bytes.ReplaceAll(product, []byte(`\`), nil)
		}
		if _, is := purl.UpstreamOfCPE(string(vendor), string(product)); is {
			return true
		}
	}
}

// alone says whether one match of the node suffices.
func (n *node) alone() bool { return n.Operator != "AND" || len(n.Match) == 1 }

func (c *configuration) othersAreLinux(k int) bool {
	if c.Operator != "AND" {
		return true
	}
	for i := range c.Nodes {
		if i != k && !c.Nodes[i].linux() {
			return false
		}
	}
	return true
}

func (n *node) linux() bool {
	if n.Negate || !n.alone() {
		return false
	}
	return slices.ContainsFunc(n.Match, func(m cpeMatch) bool {
		c, ok := parseCPE(m.Criteria)
		return ok && c.part == "o" && (c.vendor == "linux" || c.vendor == "unix") && (c.version == "*" || c.version == "-")
	})
}

// software is what a record says of one name.
type software struct {
	ranges   []vuln.Range
	versions []string
}

func (n *node) collect(found map[string]*software) {
	for i := range n.Match {
		m := &n.Match[i]
		c, ok := parseCPE(m.Criteria)
		if !ok || !m.Vulnerable || c.part != "a" || c.elsewhere() {
			continue
		}
		name, known := purl.UpstreamOfCPE(c.vendor, c.product)
		if !known {
			continue
		}
		s := found[name]
		if s == nil {
			s = &software{}
		}
		if !s.add(m, c) {
			continue
		}
		found[name] = s
	}
}

// elsewhere says whether the name is of a build for another system, or of a distribution's or an embedding program's own.
func (c cpe) elsewhere() bool {
	switch c.targetSW {
	case "*", "-", "linux", "unix":
	default:
		return true
	}
	switch c.edition { // where CPE 2.2 had the system
	case "win32", "windows", "mac_os", "macos", "mac_os_x", "solaris", "openvms", "netware", "os2", "aix", "hp-ux":
		return true
	}
	return false
}

// add notes the versions that a match names. It is false where it names none that has a place in the order: "-" is for products without versions.
func (s *software) add(m *cpeMatch, c cpe) bool {
	if c.version != "*" {
		v := c.exact()
		if _, err := version.Parse(purl.Upstream, v); err != nil {
			return false
		}
		s.versions = append(s.versions, v)
		return true
	}
	r := vuln.Range{Introduced: "0"}
	switch {
	case m.StartIncluding != "":
		r.Introduced = m.StartIncluding
	case m.StartExcluding != "":
		r.Introduced = m.StartExcluding + "-a" // the first that the order has after it, and before its patches
	}
	switch {
	case m.EndExcluding != "":
		r.Fixed = m.EndExcluding
	case m.EndIncluding != "":
		r.LastAffected = m.EndIncluding
	}
	for _, v := range []string{r.Introduced, r.Fixed, r.LastAffected} {
		if v == "" {
			continue
		}
		if _, err := version.Parse(purl.Upstream, v); err != nil {
			return false
		}
	}
	s.ranges = append(s.ranges, r)
	return true
}

// exact is the version with its update: "1.0.2-beta1", "1.8.0_392" for Java's 1.8.0 update_392 and 8 update392.
func (c cpe) exact() string {
	if c.update == "*" || c.update == "-" {
		return c.version
	}
	n, isUpdate := strings.CutPrefix(c.update, "update")
	n = strings.TrimPrefix(n, "_")
	switch java := c.product == "jdk" || c.product == "jre" || c.product == "openjdk"; {
	case java && isUpdate && strings.Contains(c.version, "."):
		return c.version + "_" + n
	case java && isUpdate:
		return "1." + c.version + ".0_" + n
	}
	return c.version + "-" + c.update
}
