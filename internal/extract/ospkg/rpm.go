package ospkg

import (
	"bytes"
	"context"
	"path"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// Rpm reads the databases of rpm, from the bytes in memory: SQLite (rpm 4.16 and later), NDB (SUSE) and Berkeley DB
// (before that). Which of them a file is, its own magic number says. What is read are the headers of the installed
// packages; the indexes beside them are not needed.
//
// A package counts when it has a header, as for "rpm -qa"; the public keys that rpm keeps as packages (gpg-pubkey) are none.
//
// The write-ahead log of SQLite is another file, and an extractor sees one file at a time: rpm empties it when it closes
// the database, and one that was left with changes in it is reported, since the database lacks them.
type Rpm struct{}

var _ extract.Extractor = Rpm{}

// rpmDirs are the places of rpm's database: rpm's own, where SUSE and Fedora moved it to, and rpm-ostree's.
func rpmDirs() []string {
	return []string{"var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"}
}

// Name implements [extract.Extractor].
func (Rpm) Name() string { return "rpm" }

// Revision implements [extract.Extractor].
func (Rpm) Revision() int { return 2 }

// Claims implements [extract.Extractor].
func (Rpm) Claims() []extract.Claim {
	var claims []extract.Claim
	for _, d := range rpmDirs() {
		for _, base := range []string{"rpmdb.sqlite", "rpmdb.sqlite-wal", "rpmdb.sqlite-journal", "Packages.db", "Packages"} {
			claims = append(claims, extract.Claim{Path: d + "/" + base})
		}
	}
	return claims
}

// Extract implements [extract.Extractor].
func (Rpm) Extract(ctx context.Context, f *extract.File, facts *extract.Facts) error {
	data := f.Bytes()
	switch name := path.Base(f.Path); {
	case strings.HasSuffix(name, "-wal"):
		reportLog(data, facts)
		return nil
	case strings.HasSuffix(name, "-journal"):
		reportJournal(data, facts)
		return nil
	case len(data) == 0:
		facts.Report(artifact.Corrupt, "an empty file, which is no database of rpm's")
		return nil
	}
	d := newRPMDatabase(facts, "package")
	r := recordReader{ended: ctx.Err, data: data, complain: func(what string) { d.complaints.add(what, d.records+1) }, visit: d.header}
	var err error
	switch {
	case bytes.HasPrefix(data, []byte(sqliteMagic)):
		err = readSQLite(&r)
	case bytes.HasPrefix(data, []byte(ndbMagic)):
		err = readNDB(&r)
	default:
		err = readBerkeley(&r)
	}
	d.finish()
	d.complaints.report(facts)
	return err
}

// recordReader is what the readers of the three kinds of database share. They promise that the records given to visit
// take no more bytes together than the file: no byte of it is part of two records.
type recordReader struct {
	ended    func() error // the context's Err
	data     []byte
	complain func(what string)
	// visit takes the header of one package, which is valid during the call only; false ends the reading.
	visit func(record []byte) bool
}
