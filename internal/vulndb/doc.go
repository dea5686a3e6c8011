// Package vulndb builds, opens and looks up the vulnerability database: one immutable file which holds what every
// feed says, joined into one record for each vulnerability.
//
// It promises that a lookup costs microseconds, that any number of processes may read one file at once, that equal
// feeds give equal bytes, that a new database takes the place of the old one whole or not at all, and that a file
// damaged in any way gives an error that wraps [ErrCorrupt] and never a panic. All methods of a [DB] but Close may be
// called from many goroutines. Nothing that they return points into the file: it stays good after Close.
//
// Reading the upstreams' formats is the work of feed's family; ordering versions and judging packages is match's.
package vulndb
