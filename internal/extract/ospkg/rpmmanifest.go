package ospkg

import (
	"bytes"
	"context"
	"strconv"

	"github.com/sightline-sec/sightline/internal/extract"
)

// RpmManifest reads the list of packages that Azure Linux (and Mariner before it) leaves in distroless images, which have no
// rpm database: what "rpm -qa" printed when the image was built, one package a line, fields parted by tabs:
//
//	name  version-release  install time  build time  vendor  epoch  size  architecture  epoch as a number  source rpm
//
// That is container-manifest-2. container-manifest-1 beside it has the same packages as plain "rpm -qa" prints them, without
// epoch, vendor and source, and is not read: it can only say less, or the same package twice.
type RpmManifest struct{}

var _ extract.Extractor = RpmManifest{}

// Name implements [extract.Extractor].
func (RpmManifest) Name() string { return "rpm-manifest" }

// Revision implements [extract.Extractor].
func (RpmManifest) Revision() int { return 1 }

// Claims implements [extract.Extractor].
func (RpmManifest) Claims() []extract.Claim {
	return []extract.Claim{{Path: "var/lib/rpmmanifest/container-manifest-2"}}
}

// Extract implements [extract.Extractor].
func (RpmManifest) Extract(ctx context.Context, f *extract.File, facts *extract.Facts) error {
	d := newRPMDatabase(facts, "line")
	defer func() {
		d.finish()
		d.complaints.report(facts)
	}()
	for line := range bytes.Lines(f.Bytes()) {
		if d.records++; d.records%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			continue
		}
		var fields [10][]byte
		n := 0
		for field := range bytes.SplitSeq(line, []byte("\t")) {
			if n < len(fields) {
				fields[n] = field
			}
			n++
		}
		if n != len(fields) {
			d.complaints.add("a line that has not ten fields", d.records)
			continue
		}
		p := rpmFields{name: fields[0], vendor: fields[4], arch: fields[7], source: fields[9]}
		if i := bytes.LastIndexByte(fields[1], '-'); i >= 0 {
			p.version, p.release = fields[1][:i], fields[1][i+1:]
		}
		epoch, err := strconv.ParseUint(string(fields[8][:min(len(fields[8]), 16)]), 10, 32)
		if err != nil {
			d.complaints.add("an epoch that is not a number", d.records)
			continue
		}
		p.epoch = uint32(epoch)
		if _, more := d.add(&p); !more {
			return nil
		}
	}
	return nil
}
