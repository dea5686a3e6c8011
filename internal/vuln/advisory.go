package vuln

import "time"

// Advisory is what one record of one feed says: the unit that feeds emit and the database joins into
// [Vulnerability] records. Slices and strings belong to the advisory; the feed does not touch them after emitting it.
type Advisory struct {
	Feed string // name of the feed that emitted it: "osv/Debian", "nvd", "cisa-kev", ...
	ID   string // as the feed writes it: CVE-2021-44228, GHSA-..., DSA-5020-1, ALPINE-CVE-...

	// Aliases are other names of the same vulnerability. Covers are vulnerabilities which this advisory speaks of
	// together (a DSA's or RHSA's list; OSV "upstream", and "related" of distribution advisories): each of them is
	// affected as Affected says, but they are not one another's aliases.
	Aliases []string
	Covers  []string

	Withdrawn time.Time // zero: not withdrawn
	State     State     // Disputed or Rejected, where the record says so; withdrawal is told by Withdrawn
	Malicious bool      // the packages that it names are malware
	Published time.Time // zero: not said
	Modified  time.Time

	Title      string // one line
	Details    string // Markdown or plain text
	Ratings    []Rating
	Weaknesses []string // CWE-79
	References []Reference
	Exploits   []Exploit
	KEV        *KEV
	EPSS       *EPSS
	Sightings  []Sighting
	SSVC       *SSVC
	Affected   []Affected
}

// Affected says which versions of one package the advisory is about, and the verdict on them.
type Affected struct {
	// Namespace is the OSV ecosystem with its release, normalised by purl.Namespace: "Debian:12", "Alpine:v3.18",
	// "npm", "Go". Package is the name in that ecosystem, normalised by purl.NormalizeName; for distributions, the
	// source package, or where Binary is set the binary package.
	// A fix by a build of an rpm module is about "nodejs:18/nodejs", stream and source package, and its versions are numbers of builds.
	Namespace string
	Package   string
	Binary    bool
	// Module is the rpm module stream that the package must belong to: "nodejs:18". Empty: the advisory is about the package outside of modules,
	// or of a distribution without them. AnyModule: of a module stream, and the feed does not say which.
	Module string

	Status   Status
	Severity Severity // the feed's own rating for this package and release (Debian urgency, Ubuntu priority)
	Ranges   []Range  // affected when any holds; empty with empty Versions: every version
	Versions []string // affected versions listed one by one

	// FixedAt is when a fix was first published for this package, where the feed says so.
	FixedAt time.Time

	// Imports are the Go packages and symbols that are vulnerable; empty where the feed names none: all are.
	Imports []Import
}

// AnyModule stands for a module stream that a feed does not name, although the versions it gives are those of module builds. Such a row says
// something about packages that belong to a module only; versions of another stream of it may compare without meaning.
const AnyModule = "*"

// Import is a Go package of the affected module, as in the Go vulnerability database's "ecosystem_specific.imports".
type Import struct {
	Path    string   // import path
	Symbols []string // "Func", "Type.Method"; empty: every one
	GOOS    []string // empty: every one
	GOARCH  []string
}

// Status is a verdict on the versions that an Affected names.
type Status uint8

// The verdicts. The zero value is StatusAffected.
const (
	StatusAffected      Status = iota // vulnerable inside the ranges; fixed where a range ends in Fixed
	StatusNotAffected                 // the distribution says that its package is not affected, whatever the version
	StatusWontFix                     // affected, and the distribution says it will not fix
	StatusInvestigating               // not known yet
)

var statusNames = [...]string{"affected", "not_affected", "wont_fix", "investigating"}

// String is the lower-case word.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown"
}

// MarshalText writes the word.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote; an unknown word is StatusInvestigating.
func (s *Status) UnmarshalText(b []byte) error {
	*s = StatusInvestigating
	for i, n := range statusNames {
		if n == string(b) {
			*s = Status(i)
		}
	}
	return nil
}

// Range is one interval of affected versions in the order of its ecosystem, as in the OSV schema, "affected[].ranges[]
// fields": introduced is inside; "0" or "" is before every version. At most one of Fixed (outside), LastAffected (inside) and Limit (outside,
// no claim that it is fixed) is set; with none, the interval is open.
type Range struct {
	Introduced   string `json:"introduced,omitempty"`
	Fixed        string `json:"fixed,omitempty"`
	LastAffected string `json:"last_affected,omitempty"`
	Limit        string `json:"limit,omitempty"`
}
