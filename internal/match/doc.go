// Package match judges the packages of an inventory by a vulnerability database: which vulnerabilities they have, what
// ends them, and which matches do not count and why.
//
// It is pure: the same inventory and database give the same [Outcome], whatever the order of packages, rows and feeds.
// It reads through the small [Database] interface, neither logs nor looks at a clock, and changes nothing that it was
// given. Nothing that could not be judged is left out in silence: it is an entry of Outcome.Incomplete.
//
// # What is looked up
//
// A package of a distribution is looked up in the namespace of its release (Debian:12) by the name of its source
// package, and the source package's version is compared. Notices of rpm distributions list binary packages: there the binary package's name
// and version are looked up too, and what either says counts. An advisory about a stream of an rpm module is about packages of that stream
// only, and one about none about packages outside of modules. A package of a language is looked up by ecosystem and normalised name. A namespace that the database does not know gives
// one entry of reason UnknownRelease with the number of packages.
//
// # What holds
//
// A row holds for a version which its list names, or which lies in any of its intervals: introduced <= v, and v < fixed, or
// v <= last_affected, or v < limit, or no end. A row with neither holds for every version. A version that its ecosystem
// does not order lies in no interval but the one without ends, gives an entry of reason UnorderedVersion, and is still
// found in lists.
//
// # Who is believed
//
// In a distribution, for one package and one vulnerability: a record about the vulnerability beats a notice that covers several
// (a DSA); then the distribution's own feed beats its conversion to OSV; see the function tier. "Not affected" ends the matter.
// In a language all advisories count together, for each of them is one reporter's knowledge: a version is free of a vulnerability when none
// of them covers it.
//
// A language package that an OS package brought is the distribution's: it patches without changing the version, so
// that the generic advisory is wrong there. Where the distribution's release is known, what generic advisories say of
// such a package goes to Outcome.Suppressed with the distribution's own word as the reason.
//
// What a package cannot have goes there too: one that ships nothing but headers, documentation or translations has none of its source's
// vulnerabilities, and a rejected record is nobody's.
//
// # What is linked
//
// Where an advisory names the symbols that are vulnerable and the package is part of a Go binary, the binary's own table of functions is asked.
// The finding stays, and says what the answer was.
//
// # What to do
//
// Finding.FixedVersion is the lowest published fix above the installed version which no row believed for the vulnerability
// still covers. A [finding.Fix] is the lowest of the fixes which ends all fixable findings of the package and brings no new
// critical or high one; it is checked by judging that version like an installed one.
//
// Ordering versions is version's work, joining advisories is vulndb's, and deciding what is tolerable is policy's.
package match
