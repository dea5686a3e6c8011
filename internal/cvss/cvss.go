// Package cvss reads CVSS vectors of versions 2.0, 3.0, 3.1 and 4.0, scores them, and says in words what their metrics
// mean. It promises the scores of FIRST's specifications. What a feed says beside the vector (its own score, its own
// word of severity) is left to others.
package cvss

import (
	"errors"
	"fmt"
	"strings"

	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"
)

// ErrVector says that a string is no CVSS vector.
var ErrVector = errors.New("not a CVSS vector")

// maxLength bounds the strings that are looked at; the longest possible vector, v4.0 with every metric, has 216 bytes.
const maxLength = 512

// Vector is a parsed CVSS vector. Vectors that say the same are equal by ==. The zero value is no vector: it has no
// version, no factors and the score 0.
type Vector struct {
	version version
	v2      gocvss20.CVSS20
	v30     gocvss30.CVSS30
	v31     gocvss31.CVSS31
	v4      gocvss40.CVSS40
}

type version uint8

const (
	none version = iota
	v2
	v30
	v31
	v4
)

// Parse reads a vector with all its metric groups. Vectors of version 2 may come bare, in parentheses as in its
// specification, or with a prefix ("CVSS:2.0/", "CVSS2#"). The error wraps [ErrVector].
func Parse(s string) (Vector, error) {
	v, err := parse(strings.TrimSuffix(strings.TrimSpace(s), "/"))
	if err != nil {
		return Vector{}, fmt.Errorf("%w: %.100q: %w", ErrVector, s, err)
	}
	return v, nil
}

func parse(s string) (Vector, error) {
	if len(s) > maxLength {
		return Vector{}, errors.New("it is too long")
	}
	head, rest, _ := strings.Cut(s, "/")
	switch head {
	case "CVSS:3.0":
		p, err := gocvss30.ParseVector(s)
		if err != nil {
			return Vector{}, err
		}
		return Vector{version: v30, v30: *p}, nil
	case "CVSS:3.1":
		p, err := gocvss31.ParseVector(s)
		if err != nil {
			return Vector{}, err
		}
		return Vector{version: v31, v31: *p}, nil
	case "CVSS:4.0":
		p, err := gocvss40.ParseVector(s)
		if err != nil {
			return Vector{}, err
		}
		return Vector{version: v4, v4: *p}, nil
	case "CVSS:2.0":
		s = rest
	}
	if strings.HasPrefix(s, "CVSS:") {
		return Vector{}, fmt.Errorf("unknown version %q", head)
	}
	s = strings.TrimPrefix(s, "CVSS2#")
	if in, ok := strings.CutPrefix(s, "("); ok {
		if s, ok = strings.CutSuffix(in, ")"); !ok {
			return Vector{}, errors.New("its parenthesis is not closed")
		}
	}
	p, err := gocvss20.ParseVector(s)
	if err != nil {
		return Vector{}, err
	}
	return Vector{version: v2, v2: *p}, nil
}

// Version is the version of CVSS: "2.0", "3.0", "3.1" or "4.0".
func (v Vector) Version() string {
	switch v.version {
	case v2:
		return "2.0"
	case v30:
		return "3.0"
	case v31:
		return "3.1"
	case v4:
		return "4.0"
	}
	return ""
}

// Score is the base score, 0 to 10. For version 4.0 it is the score of the whole vector, threat and environmental
// metrics included, for there is no other.
func (v Vector) Score() float64 {
	switch v.version {
	case v2:
		return v.v2.BaseScore()
	case v30:
		return v.v30.BaseScore()
	case v31:
		return v.v31.BaseScore()
	case v4:
		return v.v4.Score()
	}
	return 0
}

// Severity is the word for the score in the qualitative scale of versions 3 and 4: "none", "low", "medium", "high" or
// "critical". Version 2 has no scale of its own; NVD's, used here, ends with "high".
func (v Vector) Severity() string {
	score := v.Score()
	switch {
	case score >= 9 && v.version != v2:
		return "critical"
	case score >= 7:
		return "high"
	case score >= 4:
		return "medium"
	case score > 0:
		return "low"
	}
	return "none"
}

// String is the vector in canonical form. Parse takes it back to an equal vector.
func (v Vector) String() string {
	switch v.version {
	case v2:
		return v.v2.Vector()
	case v30:
		return v.v30.Vector()
	case v31:
		return v.v31.Vector()
	case v4:
		return v.v4.Vector()
	}
	return ""
}

// metric is the value of a metric that the version has, or empty.
func (v Vector) metric(name string) string {
	var value string
	switch v.version {
	case v2:
		value, _ = v.v2.Get(name)
	case v30:
		value, _ = v.v30.Get(name)
	case v31:
		value, _ = v.v31.Get(name)
	case v4:
		value, _ = v.v4.Get(name)
	}
	return value
}

// Network says whether the vulnerability can be attacked over a network.
func (v Vector) Network() bool { return v.metric("AV") == "N" }

// NoPrivileges says whether an attack needs no privileges; in version 2, no authentication.
func (v Vector) NoPrivileges() bool {
	if v.version == v2 {
		return v.metric("Au") == "N"
	}
	return v.metric("PR") == "N"
}

// NoInteraction says whether an attack works without anybody's help. A vector of version 2 does not say so, and it is
// false.
func (v Vector) NoInteraction() bool { return v.metric("UI") == "N" }
