// Package output writes one result for one reader: a table for a person, JSON for programs, SARIF for code scanning,
// CycloneDX and SPDX for those who keep bills of materials. It promises that the same result gives the same bytes but
// for the facts of the run, that nothing from an artifact or a feed reaches a terminal as a control sequence, and that
// what a format or a reader cannot take is cut with a word about it. What to say is decided in finding; here it is said.
package output

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/sbom"
	"github.com/sightline-sec/sightline/internal/vex"
)

// Options say how to write. Most are for the table.
type Options struct {
	Color   bool      // colours for a terminal; default none
	Width   int       // columns of the terminal; default 100
	Now     time.Time // for ages; default the start of the run
	Verbose bool      // list everything: all fixable packages, findings, suppressed and incomplete; default a page
	// Suppressed lists what was matched and does not count, with its reason: in the table, SARIF and CycloneDX; default only how many there
	// are, in the table. JSON and VEX documents have them always.
	Suppressed bool
}

// vexAuthor stands in VEX documents until a person who knows more puts a name there.
const vexAuthor = "Unknown Author (written by sightline)"

// Formats lists the names that Write takes.
func Formats() []string {
	return []string{"table", "json", "sarif", "cyclonedx", "spdx", "openvex", "csaf", "cyclonedx-vex"}
}

// Write writes the result in the format of that name. It does not change the result. An error is the writer's, or says
// that the format is not known.
func Write(w io.Writer, format string, r *finding.Result, o Options) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var err error
	switch format {
	case "table":
		err = writeTable(out, r, o)
	case "json":
		err = writeJSON(escaper{out}, r)
	case "sarif":
		err = writeSARIF(escaper{out}, r, o.Suppressed)
	case "cyclonedx":
		err = sbom.WriteCycloneDX(escaper{out}, r, o.Suppressed)
	case "spdx":
		err = sbom.WriteSPDX(escaper{out}, r)
	case "openvex":
		err = vex.WriteOpenVEX(escaper{out}, r, vexAuthor, r.Run.StartedAt)
	case "csaf":
		err = vex.WriteCSAF(escaper{out}, r, vexAuthor, r.Run.StartedAt)
	case "cyclonedx-vex":
		err = vex.WriteCycloneDX(escaper{out}, r, vexAuthor, r.Run.StartedAt)
	default:
		return fmt.Errorf("unknown format %q: known are %s", format, strings.Join(Formats(), ", "))
	}
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing %s: %w", format, err)
	}
	return nil
}
