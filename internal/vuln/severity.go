package vuln

import (
	"fmt"
	"strings"
)

// Severity is how bad a vulnerability is, in the words that feeds share. The zero value is Unknown. Severities are
// ordered: Negligible < Low < Medium < High < Critical, and Unknown is below all.
type Severity uint8

// The severities.
const (
	Unknown Severity = iota
	Negligible
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"unknown", "negligible", "low", "medium", "high", "critical"}

// Severities lists all severities, worst first.
func Severities() []Severity {
	return []Severity{Critical, High, Medium, Low, Negligible, Unknown}
}

// String is the lower-case word.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// ParseSeverity reads a severity word in any case, with the synonyms that feeds use (moderate, important,
// unimportant, none, ...). What is not a severity word gives Unknown and false.
func ParseSeverity(s string) (Severity, bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "critical":
		return Critical, true
	case "high", "important":
		return High, true
	case "medium", "moderate":
		return Medium, true
	case "low", "minor":
		return Low, true
	case "negligible", "unimportant", "none":
		return Negligible, true
	case "unknown", "":
		return Unknown, true
	}
	return Unknown, false
}

// MarshalText writes the word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *Severity) UnmarshalText(b []byte) error {
	v, ok := ParseSeverity(string(b))
	if !ok {
		return fmt.Errorf("unknown severity %q", b)
	}
	*s = v
	return nil
}

// OfScore gives the severity of a CVSS base score by the qualitative scale of CVSS v3.1 section 5 (also v4.0 section 6);
// for v2 scores, the bands that NVD uses: low, medium and high.
func OfScore(version string, score float64) Severity {
	if strings.HasPrefix(version, "2") {
		switch {
		case score >= 7:
			return High
		case score >= 4:
			return Medium
		case score > 0:
			return Low
		}
		return Negligible
	}
	switch {
	case score >= 9:
		return Critical
	case score >= 7:
		return High
	case score >= 4:
		return Medium
	case score > 0:
		return Low
	}
	return Negligible
}
