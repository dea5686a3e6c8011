// Package vuln holds the words for vulnerabilities: what one feed says ([Advisory]) and what all feeds together say
// of one vulnerability ([Vulnerability]). It promises plain values with the same names in Go, JSON and the
// documentation. Joining advisories into vulnerabilities is vulndb's work, matching them is match's.
package vuln

import "time"

// Vulnerability is everything the database knows of one vulnerability, from all feeds. Slices are sorted, so that
// equal knowledge gives equal bytes.
type Vulnerability struct {
	ID             string   `json:"id"`      // the CVE id where there is one; else GHSA, else the feed's own
	Aliases        []string `json:"aliases"` // all other ids
	Title          string   `json:"title,omitempty"`
	Severity       Severity `json:"severity"`                  // the headline; SeveritySource says whose it is
	SeveritySource string   `json:"severity_source,omitempty"` // feed name
	// SeverityRule is why that feed's rating is the headline; WhySeverity puts it into words.
	SeverityRule SeverityRule `json:"severity_rule,omitempty"`
	Ratings      []Rating     `json:"ratings,omitempty"`    // every feed's word, side by side
	Weaknesses   []string     `json:"weaknesses,omitempty"` // CWE ids
	Dates        []Date       `json:"dates,omitempty"`
	KEV          *KEV         `json:"kev,omitempty"`
	EPSS         *EPSS        `json:"epss,omitempty"`
	Exploits     []Exploit    `json:"exploits,omitempty"`
	Feeds        []string     `json:"feeds,omitempty"` // names of all feeds that report it
	Joins        []Join       `json:"joins,omitempty"` // why records of several names are one
	// State is set where the record is not an ordinary one, and StateFeed says who says so.
	State     State  `json:"state,omitempty"`
	StateFeed string `json:"state_feed,omitempty"`
	// Malicious marks a package that was published to do harm (OSV's MAL- records): there is nothing to fix, only to remove.
	Malicious  bool        `json:"malicious,omitempty"`
	Sightings  []Sighting  `json:"sightings,omitempty"` // reports of exploitation in the wild
	SSVC       *SSVC       `json:"ssvc,omitempty"`
	Details    string      `json:"details,omitempty"`
	References []Reference `json:"references,omitempty"`
}

// Exploited says whether exploitation is known or an exploit is public: listed by CISA KEV, seen in the wild, or any
// exploit record.
func (v *Vulnerability) Exploited() bool {
	return v.KEV != nil || len(v.Exploits) > 0 || len(v.Sightings) > 0
}

// State marks records that are not to be taken at their word.
type State string

// The states. An ordinary record has none.
const (
	Disputed  State = "disputed"  // the vendor or maintainer says that it is no vulnerability
	Rejected  State = "rejected"  // the CVE's numbering authority took the id back
	Withdrawn State = "withdrawn" // every feed that described it took its record back
)

// Sighting is one report that a vulnerability was exploited in the wild.
type Sighting struct {
	Feed string    `json:"feed"`
	At   time.Time `json:"at,omitzero"` // of the report
	URL  string    `json:"url,omitempty"`
}

// SSVC is CISA's decision record (Stakeholder-Specific Vulnerability Categorization) as its "vulnrichment" publishes it.
type SSVC struct {
	Exploitation string    `json:"exploitation,omitempty"` // none, poc, active
	Automatable  string    `json:"automatable,omitempty"`  // yes, no
	Impact       string    `json:"impact,omitempty"`       // technical impact: partial, total
	At           time.Time `json:"at,omitzero"`
}

// Rating is one feed's severity of a vulnerability, with the vector it rests on, where it gave one.
type Rating struct {
	Feed     string   `json:"feed"`              // osv/npm, nvd, ...
	Source   string   `json:"source,omitempty"`  // who inside the feed: nvd@nist.gov, secalert@redhat.com
	Severity Severity `json:"severity"`          // the word, or from the score where there is no word
	Version  string   `json:"version,omitempty"` // CVSS version: 2.0, 3.0, 3.1, 4.0
	Vector   string   `json:"vector,omitempty"`  // as published
	Score    float64  `json:"score,omitempty"`   // base score, 0-10
}

// Date is something that happened to a vulnerability, and which feed says so.
type Date struct {
	Kind DateKind  `json:"kind"`
	At   time.Time `json:"at"` // UTC
	Feed string    `json:"feed"`
	// Subject is what the date speaks of: the package and release for a fix, the exploit's id for an exploit.
	Subject string `json:"subject,omitempty"`
}

// DateKind is what happened.
type DateKind string

// The kinds of date.
const (
	Disclosed        DateKind = "disclosed"         // first published by the feed
	FixPublished     DateKind = "fix_published"     // a fix was first published
	Added            DateKind = "added"             // added to a catalogue: KEV
	ExploitPublished DateKind = "exploit_published" // an exploit was first published, or its repository created
	Modified         DateKind = "modified"          // last changed by the feed
	TakenBack        DateKind = "withdrawn"         // withdrawn or rejected by the feed
)

// KEV is the entry in CISA's catalogue of Known Exploited Vulnerabilities.
type KEV struct {
	Added          time.Time `json:"added"`
	Due            time.Time `json:"due,omitzero"`
	Ransomware     bool      `json:"ransomware"` // known to be used in ransomware campaigns
	Name           string    `json:"name,omitempty"`
	RequiredAction string    `json:"required_action,omitempty"`
}

// EPSS is FIRST's Exploit Prediction Scoring System: the probability, 0-1, of exploitation in the next 30 days, and
// the share, 0-1, of vulnerabilities scored the same or lower.
type EPSS struct {
	Score      float64   `json:"score"`
	Percentile float64   `json:"percentile"`
	At         time.Time `json:"at"` // the day of the model's run
}

// Reference is a link.
type Reference struct {
	Type string `json:"type,omitempty"` // OSV's words in lower case: advisory, article, fix, report, web, package, evidence
	URL  string `json:"url"`
}

// Join says why a record of another name belongs to a vulnerability.
type Join struct {
	ID   string `json:"id"`   // the record that was joined
	Feed string `json:"feed"` // the feed it came from
	// Why is the reason for a person: "names CVE-2021-44228 as its alias", "covers CVE-2021-44228 and 2 others".
	Why string `json:"why"`
}
