package vulndb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Verify reads the whole file: its checksum first, then every record and cross reference. Its error wraps
// [ErrCorrupt] when anything is wrong with the file.
func (db *DB) Verify(ctx context.Context) error {
	if err := db.closed(); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		db.verifySum, db.verifyPackages, db.verifyVulns, db.verifyTexts, db.verifyIDs,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("verifying the vulnerability database: %w", err)
		}
	}
	return nil
}

func (db *DB) verifySum(ctx context.Context) (err error) {
	defer db.guard(&err)()
	sum := sha256.New()
	for rest := db.data[headerSize:]; len(rest) > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(rest), 1<<20)
		sum.Write(rest[:n])
		rest = rest[n:]
	}
	if !bytes.Equal(sum.Sum(nil), db.data[sumAt:headerSize]) {
		return corrupt("its checksum does not hold")
	}
	return nil
}

// verifyPackages reads every block, and sees that names ascend and that packages and vulnerabilities point at each other.
func (db *DB) verifyPackages(ctx context.Context) (err error) {
	defer db.guard(&err)()
	reached := make([]uint32, db.vulns) // how many packages have rows of it
	for _, ns := range db.spaces {
		var before []byte
		for i := ns.first; i < ns.first+ns.count; i++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			name, err := db.packageName(i)
			if err != nil {
				return err
			}
			if i > ns.first && bytes.Compare(before, name) >= 0 {
				return corrupt("packages of %s are out of order", ns.name)
			}
			before = name
			p, err := db.block(i)
			if err != nil {
				return err
			}
			for k, r := range p.Rows {
				if k == 0 || r.Vuln != p.Rows[k-1].Vuln {
					reached[r.Vuln]++
				}
			}
		}
	}
	for o := range db.vulns {
		packages, err := db.reach(Ordinal(o))
		if err != nil {
			return err
		}
		if uint32(len(packages)) != reached[o] {
			return corrupt("vulnerability %d names %d packages, and %d packages name it", o, len(packages), reached[o])
		}
	}
	return nil
}

func (db *DB) verifyVulns(ctx context.Context) error {
	for o := range db.vulns {
		if err := ctx.Err(); err != nil {
			return err
		}
		v, err := db.Vulnerability(Ordinal(o))
		if err != nil {
			return err
		}
		found, err := db.Lookup(v.ID)
		if err != nil {
			return err
		}
		for i := 0; ; i++ {
			if i == len(found) {
				return corrupt("vulnerability %d is not found by its id", o)
			}
			if found[i] == Ordinal(o) {
				break
			}
		}
	}
	return nil
}

func (db *DB) verifyTexts(ctx context.Context) (err error) {
	defer db.guard(&err)()
	n := len(db.sections[secTextIndex])/8 - 1
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		first, texts, err := db.textBlock(i)
		if err != nil {
			return err
		}
		next := binary.LittleEndian.Uint32(db.sections[secTextIndex][8*(i+1):])
		c := cursor{b: texts}
		for o := uint32(first); o < next && !c.bad; o++ {
			readText(&c, true)
		}
		if c.bad || c.left() != 0 || uint32(first) > next || i == 0 && first != 0 || i == n-1 && int64(next) != int64(db.vulns) {
			return corrupt("block of texts %d is broken", i)
		}
	}
	return nil
}

func (db *DB) verifyIDs(ctx context.Context) (err error) {
	defer db.guard(&err)()
	var before []byte
	var last Ordinal
	for i := range len(db.sections[secIDs]) / 8 {
		if i%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		name, o, err := db.id(i)
		if err != nil {
			return err
		}
		if c := compareFold(before, name); i > 0 && (c > 0 || c == 0 && last >= o) {
			return corrupt("the index of ids is out of order at %d", i)
		}
		before, last = name, o
	}
	return nil
}
