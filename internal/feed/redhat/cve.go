package redhat

import (
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sightline-sec/sightline/internal/feed/jsonscan"
	"github.com/sightline-sec/sightline/internal/feed/nevra"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// cveDecoder reads the API's records.
type cveDecoder struct {
	feed    string
	modules *atomic.Int64 // fixes by builds of modules of which nothing tells the packages
}

var errNoCVE = errors.New("is not the record of a CVE")

// row is an entry of affected_release or package_state.
type row struct{ cpe, pkg, advisory, state, impact, date []byte }

// Decode reads one record. One that says nothing of RHEL still rates the CVE.
func (d cveDecoder) Decode(_ string, text []byte) ([]*vuln.Advisory, error) {
	a := &vuln.Advisory{Feed: d.feed}
	s := jsonscan.New(text)
	var (
		word             string
		vectors          []string
		details          []string
		statement        string
		refs, releases   []string
		bugzilla         string
		facts            []fact
		builds           []build
		releaseR, stateR []row
	)
	for key := range s.Object() {
		switch string(key) {
		case "name":
			a.ID = s.Text()
		case "threat_severity":
			word = s.Text()
		case "public_date":
			a.Published = stamp(s.Bytes())
		case "bugzilla":
			for key := range s.Object() {
				switch string(key) {
				case "description":
					a.Title = s.Text()
				case "url":
					bugzilla = s.Text()
				}
			}
		case "cvss3":
			vectors = appendVector(vectors, s, "cvss3_scoring_vector")
		case "cvss":
			vectors = appendVector(vectors, s, "cvss_scoring_vector")
		case "cwe":
			a.Weaknesses = weaknesses(s.Text())
		case "details":
			for range s.Array() {
				details = append(details, s.Text())
			}
		case "statement":
			statement = s.Text()
		case "references":
			for range s.Array() {
				refs = append(refs, s.Text())
			}
		case "affected_release":
			releaseR = rows(s)
		case "package_state":
			stateR = rows(s)
		}
	}
	if err := s.End(); err != nil {
		return nil, err
	}
	if !validCVE(a.ID) {
		return nil, errNoCVE
	}
	a.Title = title(a.ID, a.Title)
	whole, _ := vuln.ParseSeverity(word)
	named := newMentions(a.Title)
	for i := range releaseR {
		r := &releaseR[i]
		named.row(string(r.pkg), affected)
		n, m := len(facts), len(builds)
		facts, builds = release(facts, builds, r, whole)
		if main := len(facts) > n && facts[n].minor == "" || len(builds) > m && builds[m].minor == ""; main && len(r.advisory) > 0 {
			releases = append(releases, string(r.advisory))
		}
	}
	for i := range stateR {
		s, _ := stateOf(string(stateR[i].state))
		named.row(string(stateR[i].pkg), s)
		facts = packageState(facts, &stateR[i], whole)
	}
	ofModules, facts, unplaced := settleBuilds(builds, facts, named)
	d.modules.Add(int64(unplaced))
	a.Affected = append(settle(facts), ofModules...)

	a.Details = describe(details, statement)
	if whole != vuln.Unknown {
		a.Ratings = append(a.Ratings, vuln.Rating{Feed: d.feed, Severity: whole})
	}
	for _, v := range vectors {
		if r, ok := rating(d.feed, v); ok {
			a.Ratings = append(a.Ratings, r)
		}
	}
	var links references
	links.add("advisory", "https://access.redhat.com/security/cve/"+a.ID)
	for _, e := range releases {
		links.add("advisory", "https://access.redhat.com/errata/"+e)
	}
	links.add("report", bugzilla)
	for _, lines := range refs {
		for l := range strings.SplitSeq(lines, "\n") {
			links.add("web", l)
		}
	}
	a.References = links.list
	return []*vuln.Advisory{a}, nil
}

func appendVector(to []string, s *jsonscan.Scanner, name string) []string {
	for key := range s.Object() {
		if string(key) == name {
			to = append(to, s.Text())
		}
	}
	return to
}

func rows(s *jsonscan.Scanner) []row {
	var out []row
	for range s.Array() {
		var r row
		for key := range s.Object() {
			switch string(key) {
			case "cpe":
				r.cpe = s.Bytes()
			case "package", "package_name":
				r.pkg = s.Bytes()
			case "advisory":
				r.advisory = s.Bytes()
			case "fix_state":
				r.state = s.Bytes()
			case "impact":
				r.impact = s.Bytes()
			case "release_date":
				r.date = s.Bytes()
			}
		}
		out = append(out, r)
	}
	return out
}

// release reads a row of affected_release. Its package is the source package, a module build or a container.
func release(facts []fact, builds []build, r *row, whole vuln.Severity) ([]fact, []build) {
	st := streamOf(string(r.cpe))
	minor := ""
	switch st.kind {
	case main, extended:
	case update, held:
		if minor = st.minor; minor == "" {
			return facts, builds
		}
	default:
		return facts, builds
	}
	pkg, severity, date := string(r.pkg), impact(string(r.impact), whole), stamp(r.date)
	if n, ok := nevra.Parse(pkg); ok {
		facts = append(facts, fact{
			at: place{major: st.major, pkg: n.Name}, extended: st.kind == extended, minor: minor, fixed: n.EVR(), severity: severity, date: date,
		})
	} else if b, ok := parseBuild(pkg); ok {
		b.major, b.minor, b.severity, b.date = st.major, minor, severity, date
		builds = append(builds, b)
	}
	return facts, builds
}

func packageState(facts []fact, r *row, whole vuln.Severity) []fact {
	st := streamOf(string(r.cpe))
	if st.kind != main && st.kind != anyEL {
		return facts
	}
	module, name, ok := component(string(r.pkg))
	if !ok {
		return facts
	}
	state, _ := stateOf(string(r.state))
	for _, major := range st.majors() {
		facts = append(facts, fact{at: place{major: major, module: module, pkg: name}, state: state, severity: impact(string(r.impact), whole)})
	}
	return facts
}

// component takes "nodejs:18/nodejs" and "kernel" apart. Containers ("ubi9/ruby-33") and flatpaks ("firefox:flatpak/firefox") are none.
func component(s string) (module, name string, ok bool) {
	module, name, found := strings.Cut(s, "/")
	if !found {
		return "", s, nevra.Name(s)
	}
	m, stream, ok := strings.Cut(module, ":")
	return module, name, ok && stream != "flatpak" && nevra.Name(m) && nevra.Name(stream) && nevra.Name(name)
}

// impact is the rating of a row, or else the record's.
func impact(word string, whole vuln.Severity) vuln.Severity {
	if s, ok := vuln.ParseSeverity(word); ok && s != vuln.Unknown {
		return s
	}
	return whole
}

// title drops the ids that old titles begin with: "CVE-2008-0887 gnome-screensaver: ...".
func title(id, s string) string {
	s = strings.Join(strings.Fields(s), " ")
	for {
		word, rest, ok := strings.Cut(s, " ")
		if !ok || !strings.HasPrefix(word, "CVE-") {
			return strings.TrimSpace(strings.TrimPrefix(s, id))
		}
		s = rest
	}
}

// describe gives Red Hat's own words where it has some: the first text is the CVE's.
func describe(details []string, statement string) string {
	if len(details) == 0 {
		return statement
	}
	text := strings.TrimSpace(details[len(details)-1])
	if statement = strings.TrimSpace(statement); statement == "" {
		return text
	}
	return text + "\n\n" + statement
}

func stamp(b []byte) time.Time {
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}
