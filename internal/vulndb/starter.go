package vulndb

import (
	_ "embed"
)

//go:embed starter/starter.db
var starterDB []byte

// Starter opens the small database that is embedded in the binary: a few hundred of the best-known vulnerabilities, so that the first scan
// needs no network. Its Meta says that it is the starter.
func Starter() (*DB, error) { return OpenBytes(starterDB) }
