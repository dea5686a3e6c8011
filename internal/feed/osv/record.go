package osv

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/feed"
)

// record is what is read of a record, in the names of the schema.
type record struct {
	ID         string      `json:"id"`
	Modified   stamp       `json:"modified"`
	Published  stamp       `json:"published"`
	Withdrawn  stamp       `json:"withdrawn"`
	Aliases    []string    `json:"aliases"`
	Upstream   []string    `json:"upstream"`
	Related    []string    `json:"related"`
	Summary    string      `json:"summary"`
	Details    string      `json:"details"`
	Severity   []severity  `json:"severity"`
	Affected   []affected  `json:"affected"`
	References []reference `json:"references"`
	Specific   struct {
		CWEs     words   `json:"cwe_ids"`
		Severity word    `json:"severity"`
		Origins  present `json:"malicious-packages-origins"`
		Reviewed answer  `json:"github_reviewed"`
	} `json:"database_specific"`
}

type severity struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

type reference struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

type affected struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	Severity  []severity `json:"severity"`
	Ranges    []ranges   `json:"ranges"`
	Versions  []string   `json:"versions"`
	Ecosystem struct {
		Urgency  word `json:"urgency"`         // Debian
		Priority word `json:"ubuntu_priority"` // Ubuntu
		Severity word `json:"severity"`
		// https://go.dev/doc/security/vuln/database#schema
		Imports imports      `json:"imports"`
		Custom  customRanges `json:"custom_ranges"`
	} `json:"ecosystem_specific"`
	Database struct {
		Severity word  `json:"severity"`
		CWEs     words `json:"cwe_ids"`
	} `json:"database_specific"`
}

type ranges struct {
	Type   string  `json:"type"`
	Events []event `json:"events"`
}

type event struct {
	Introduced   string `json:"introduced"`
	Fixed        string `json:"fixed"`
	LastAffected string `json:"last_affected"`
	Limit        string `json:"limit"`
}

// word is a string in a place which the schema leaves to each database: anything else there is not ours to judge.
type word string

func (w *word) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*w = word(s)
	}
	return nil
}

// words is a list of strings in such a place.
type words []string

func (w *words) UnmarshalJSON(b []byte) error {
	var s []string
	if json.Unmarshal(b, &s) == nil {
		*w = s
	}
	return nil
}

// present says whether there is a list with anything in it.
type present bool

func (p *present) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	*p = len(b) > 2 && b[0] == '[' && len(bytes.TrimSpace(b[1:len(b)-1])) > 0
	return nil
}

// answer is true or false, or neither.
type answer string

func (a *answer) UnmarshalJSON(b []byte) error {
	*a = answer(bytes.TrimSpace(b))
	return nil
}

// imports are the vulnerable packages and symbols of a Go module. A list that is not as the schema says is none: all of the module is then vulnerable.
type imports []struct {
	Path    string   `json:"path"`
	Symbols []string `json:"symbols"`
	GOOS    []string `json:"goos"`
	GOARCH  []string `json:"goarch"`
}

func (i *imports) UnmarshalJSON(b []byte) error {
	type list imports // without this method
	var l list
	if json.Unmarshal(b, &l) == nil {
		*i = imports(l)
	}
	return nil
}

// stamp is an RFC 3339 time. Nothing, and the year 1 that some writers put for nothing, is zero.
type stamp struct{ time.Time }

func (t *stamp) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil || s == "" {
		return err
	}
	at, err := time.Parse(time.RFC3339Nano, strings.ToUpper(s))
	if err != nil {
		return fmt.Errorf("time %.40q is not of RFC 3339", s)
	}
	if at.Year() > 1 {
		t.Time = at.UTC()
	}
	return nil
}

// decode reads a record. What it may cost is bounded before: a value of two bytes becomes a Go value of hundreds.
func decode(b []byte, r *record) error {
	if n := bytes.Count(b, []byte{'{'}); n > feed.MaxValues/4 {
		return fmt.Errorf("more than %d objects", feed.MaxValues/4)
	}
	if n := bytes.Count(b, []byte{','}) + bytes.Count(b, []byte{'['}); n > feed.MaxValues {
		return fmt.Errorf("more than %d values", feed.MaxValues)
	}
	*r = record{}
	return json.Unmarshal(b, r)
}
