package vulndb

import (
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// Ordinal is the number of a vulnerability inside one database file. It means nothing in another file.
type Ordinal uint32

// Package is everything that the database says of one package in one namespace. Slices of rows may be shared between
// rows, so they are not to be changed.
type Package struct {
	// Versions are the distinct versions that the rows name, so that a caller parses and compares each once.
	// Versions[:Bounds] are the ends of intervals; the rest occur in lists only, where being equal is enough.
	Versions []string
	Bounds   int
	Rows     []Row // by vulnerability, then feed, then advisory
}

// Row is what one advisory says of one vulnerability in the package. The package is affected when any interval holds
// or its version is listed; with neither intervals nor a list, every version is affected.
type Row struct {
	Vuln     Ordinal
	Advisory string // id as the feed writes it: DSA-5020-1, GHSA-...
	Feed     string
	// Bundle is true when the row comes from a notice that covers the vulnerability, perhaps among others (a DSA, an
	// ALSA), and not from a record about it. A row with Bundle false of the same vulnerability, namespace and package is more specific.
	Bundle   bool
	Binary   bool // the advisory names binary packages; else those of a distribution are source packages
	Status   vuln.Status
	Severity vuln.Severity // the feed's own for this package and release
	// Module is the rpm module stream that the package must belong to; [vuln.AnyModule] where the feed does not say which.
	Module string
	// Intervals and Listed hold indexes into Package.Versions.
	Intervals []Interval
	Listed    []int32
	FixedAt   time.Time // when the fix was first published, where the feed says so
	// Imports are the Go packages and symbols that are vulnerable; none: all of the module.
	Imports []vuln.Import
}

// Interval is a [vuln.Range] by indexes into Package.Versions; -1 is none. Introduced -1 or the version "0" is before every version.
type Interval struct {
	Introduced, Fixed, LastAffected, Limit int32
}

// Range gives the interval in words.
func (p *Package) Range(in Interval) vuln.Range {
	at := func(i int32) string {
		if i < 0 || int(i) >= len(p.Versions) {
			return ""
		}
		return p.Versions[i]
	}
	return vuln.Range{
		Introduced: at(in.Introduced), Fixed: at(in.Fixed), LastAffected: at(in.LastAffected), Limit: at(in.Limit),
	}
}

// AffectedPackage is one row about a vulnerability with its package and versions in words.
type AffectedPackage struct {
	Namespace string
	Name      string
	Advisory  string
	Feed      string
	Bundle    bool
	Binary    bool
	Module    string
	Status    vuln.Status
	Severity  vuln.Severity
	Ranges    []vuln.Range
	Versions  []string // listed one by one
	FixedAt   time.Time
	Imports   []vuln.Import
}
