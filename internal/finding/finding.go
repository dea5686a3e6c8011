// Package finding holds the words for what a scan found: one package meets one vulnerability ([Finding]), what to do
// about a package ([Fix]), what was matched but does not count and why ([Suppressed]), and the [Result] that carries
// them all to output, policies and stores. It promises that equal inputs give equal bytes in JSON, but for the one
// block [Run]. Judging packages is match's work.
package finding

import (
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// SchemaVersion is the version of the JSON form of [Result]; docs/reference/result.schema.json describes it.
const SchemaVersion = "1"

// Result is what one scan found.
type Result struct {
	SchemaVersion string            `json:"schema_version"`
	Artifact      artifact.Artifact `json:"artifact"`
	Distro        *inventory.Distro `json:"distro,omitempty"`
	Database      vuln.Database     `json:"database"`
	Summary       Summary           `json:"summary"`
	Findings      []Finding         `json:"findings"`
	Fixes         []Fix             `json:"fixes"` // fixable packages, most severe first
	Suppressed    []Suppressed      `json:"suppressed,omitempty"`

	Packages        []inventory.Package   `json:"packages"`
	RemovedPackages []inventory.Package   `json:"removed_packages,omitempty"`
	Incomplete      []artifact.Incomplete `json:"incomplete,omitempty"`

	// Run holds the facts of this run, the only part that differs between two scans of the same bytes with the same
	// database.
	Run Run `json:"run"`
}

// Finding is one vulnerability of one package.
type Finding struct {
	Package       Package             `json:"package"`
	Vulnerability *vuln.Vulnerability `json:"vulnerability"` // without details and references; shared between findings
	// Severity is the one that counts here: the distribution's own for its package, else the vulnerability's.
	Severity       vuln.Severity `json:"severity"`
	SeveritySource string        `json:"severity_source,omitempty"`
	Status         vuln.Status   `json:"status"` // affected or wont_fix
	// Kind tells malware from vulnerable software.
	Kind Kind `json:"kind"`
	// Linked says of a Go binary whether what the advisory names was linked in; nil where the question does not arise.
	Linked *Linked `json:"linked,omitempty"`
	// FixedVersion is the lowest version that ends this finding; empty where none is known.
	FixedVersion string             `json:"fixed_version"`
	FixPublished time.Time          `json:"fix_published,omitzero"`
	Matches      []Match            `json:"matches"` // why; at least one
	Layer        *artifact.LayerRef `json:"layer"`   // that brought the package; null where there are no layers
}

// Kind is what sort of finding it is.
type Kind string

// The kinds of finding.
const (
	Vulnerable Kind = "vulnerability"
	Malicious  Kind = "malicious" // the package is malware; it has no fixed version
)

// Linked says whether the vulnerable functions are part of a Go binary.
type Linked struct {
	State LinkState `json:"state"`
	// Symbols are those that the advisory names and the binary has, as "import/path.Symbol"; of NotLinked those that were looked for and are not there.
	// At most MaxLinkedSymbols are listed.
	Symbols []string `json:"symbols,omitempty"`
	Detail  string   `json:"detail"` // for a person: what was asked, or why nothing can be told
}

// MaxLinkedSymbols is how many symbols a finding lists.
const MaxLinkedSymbols = 10

// LinkState is the answer.
type LinkState string

// The answers.
const (
	LinkedIn   LinkState = "linked"      // at least one vulnerable function is in the binary
	NotLinked  LinkState = "not_linked"  // none is: the code cannot run
	CannotTell LinkState = "cannot_tell" // the binary does not say, or the advisory names no functions
)

// Package is the short form of an inventory package inside a finding.
type Package struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Ecosystem purl.Ecosystem    `json:"ecosystem"`
	PURL      string            `json:"purl"`
	Source    *inventory.Source `json:"source,omitempty"`
	Paths     []string          `json:"paths,omitempty"`
}

// Match is one reason for a finding: the advisory, the range or version list that holds, and the feed.
type Match struct {
	Advisory  string      `json:"advisory"` // id of the record: DSA-5020-1, GHSA-...
	Feed      string      `json:"feed"`
	Namespace string      `json:"namespace"` // Debian:12, npm
	Name      string      `json:"name"`      // the name that was looked up: source package or package
	Range     *vuln.Range `json:"range,omitempty"`
	Listed    bool        `json:"listed,omitempty"` // the version is in the advisory's list of versions
}

// Fix is what to do about one fixable package.
type Fix struct {
	Package Package `json:"package"`
	// SuggestedVersion is the lowest version that ends all fixable findings of the package.
	SuggestedVersion string `json:"suggested_version"`
	// OfSource is true where SuggestedVersion is a version of the source package while the package itself has another
	// number: what is to be installed is the package that was built from that source.
	OfSource bool `json:"of_source,omitempty"`
	// OtherFlavor is true where SuggestedVersion is as advisories write it and another build than the installed one: 32.0.0-android for 31.1-jre. No
	// record names the release with the installed one's suffix; the project may publish it all the same.
	OtherFlavor bool `json:"other_flavor,omitempty"`
	// Clears and Remains count the package's findings that the version ends, and those it does not; Remains also counts
	// what the version would bring anew.
	// Step is how far SuggestedVersion is from the installed one. Empty where the ecosystem's versions do not tell.
	Step Step `json:"step,omitempty"`
	// Left are the vulnerabilities behind Remains, worst first; at most MaxLeft.
	Left    []string           `json:"left,omitempty"`
	Clears  Counts             `json:"clears"`
	Remains Counts             `json:"remains"`
	Exploit bool               `json:"exploited"` // a cleared finding is in KEV or has a public exploit
	Layer   *artifact.LayerRef `json:"layer,omitempty"`
}

// MaxLeft is how many remaining vulnerabilities a fix lists.
const MaxLeft = 20

// Step is the part of a version number that an upgrade changes.
type Step string

// The steps.
const (
	Patch Step = "patch" // in the same minor line
	Minor Step = "minor" // in the same major line
	Major Step = "major"
)

// Suppressed is a match that does not count, and why.
type Suppressed struct {
	Package       Package `json:"package"`
	Vulnerability string  `json:"vulnerability"`
	Reason        string  `json:"reason"` // one of the words below
	Detail        string  `json:"detail"` // for a person
	// Severity is the one that the finding would have.
	Severity  vuln.Severity `json:"severity"`
	Statement *Statement    `json:"statement,omitempty"` // the VEX statement behind it
}

// Statement is one statement of a VEX document.
type Statement struct {
	Document      string    `json:"document"`                // file name or id
	Author        string    `json:"author,omitempty"`        //
	Status        string    `json:"status"`                  // not_affected, fixed, under_investigation, affected
	Justification string    `json:"justification,omitempty"` // OpenVEX's words
	Impact        string    `json:"impact,omitempty"`        // in the author's words
	Product       string    `json:"product,omitempty"`       // what the statement names, as written
	At            time.Time `json:"at,omitzero"`
}

// The reasons why a match does not count.
const (
	OwnedByOSPackage   = "owned_by_os_package" // an OS package brought it, and its distribution does not list the vulnerability
	DistroAffected     = "distro_affected"     // an OS package brought it, and the finding is counted there
	DistroNotAffected  = "distro_not_affected" // the distribution says that its package is not affected
	DistroFixed        = "distro_fixed"        // the distribution says that the installed version is not, or no longer, affected
	UnderInvestigation = "under_investigation" // the distribution does not know yet
	NotShipped         = "not_shipped"         // a package of headers, documentation or translations, which has none of the source package's code
	OtherModule        = "other_module"        // the advisory is about another rpm module stream, or about none
	RecordRejected     = "rejected"            // the vulnerability's record was rejected or withdrawn
	VEX                = "vex"                 // a VEX statement says not affected or fixed
	CodeNotLinked      = "not_linked"          // the vulnerable functions are not in the Go binary, and such findings are not wanted
)

// Counts are findings by severity.
type Counts struct {
	Critical   int `json:"critical"`
	High       int `json:"high"`
	Medium     int `json:"medium"`
	Low        int `json:"low"`
	Negligible int `json:"negligible"`
	Unknown    int `json:"unknown"`
}

// Of gives the count of one severity as a pointer, so that it can be read and added to.
func (c *Counts) Of(s vuln.Severity) *int {
	switch s {
	case vuln.Critical:
		return &c.Critical
	case vuln.High:
		return &c.High
	case vuln.Medium:
		return &c.Medium
	case vuln.Low:
		return &c.Low
	case vuln.Negligible:
		return &c.Negligible
	}
	return &c.Unknown
}

// Total is the sum over all severities.
func (c Counts) Total() int {
	return c.Critical + c.High + c.Medium + c.Low + c.Negligible + c.Unknown
}

// Summary counts findings.
type Summary struct {
	Packages        int    `json:"packages"`
	FixablePackages int    `json:"fixable_packages"`
	Total           Counts `json:"total"`
	Fixable         Counts `json:"fixable"`
	Exploited       Counts `json:"exploited"` // in KEV, seen in the wild or with a public exploit
	KEV             Counts `json:"kev"`
	Malicious       int    `json:"malicious"` // findings of malware
	Unjudged        int    `json:"unjudged"`  // packages of a distribution that the database knows nothing of
	Suppressed      int    `json:"suppressed"`
	Incomplete      int    `json:"incomplete"`
}

// Summarize counts findings, fixes and packages of a result into its Summary; Unjudged stays as it is.
func (r *Result) Summarize() {
	s := Summary{
		Packages: len(r.Packages), FixablePackages: len(r.Fixes),
		Suppressed: len(r.Suppressed), Incomplete: len(r.Incomplete), Unjudged: r.Summary.Unjudged,
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		*s.Total.Of(f.Severity)++
		if f.FixedVersion != "" {
			*s.Fixable.Of(f.Severity)++
		}
		if f.Vulnerability.Exploited() {
			*s.Exploited.Of(f.Severity)++
		}
		if f.Kind == Malicious {
			s.Malicious++
		}
		if f.Vulnerability.KEV != nil {
			*s.KEV.Of(f.Severity)++
		}
	}
	r.Summary = s
}

// Run holds the facts of one run.
type Run struct {
	StartedAt     time.Time `json:"started_at"`
	DurationMS    int64     `json:"duration_ms"`
	Scanner       string    `json:"scanner"` // sightline version
	DatabasePath  string    `json:"database_path,omitempty"`
	DatabaseAge   string    `json:"database_age,omitempty"`  // how old the oldest feed that answered was at the start: "12d"
	DatabaseFeed  string    `json:"database_feed,omitempty"` // that feed, where it is older than as_of
	DatabaseStale bool      `json:"database_stale"`          // older than the limit that was set (a day by default)
	// DatabaseUnverified says that the database was pulled without asking who had signed it.
	DatabaseUnverified bool `json:"database_unverified,omitempty"`
}
