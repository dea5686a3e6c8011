package ospkg

import (
	"errors"
	"fmt"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

const (
	diversionsBase = "diversions"
	// maxDiversions is far above what packages make; a Debian system has some dozens.
	maxDiversions = 10_000
)

// diversions reads dpkg's file of them: for each the name in the packages, the name on the disk, and the package that has the first one for
// itself, or a colon where the administrator diverted it; a line each.
func diversions(text []byte, facts *extract.Facts) error {
	for rest := string(text); rest != ""; {
		if len(facts.Diverted) == maxDiversions {
			facts.Report(artifact.Unparsable, fmt.Sprintf("more than %d diversions; the rest is left out", maxDiversions))
			return nil
		}
		var from, to, by string
		from, rest = cutLine(rest)
		to, rest = cutLine(rest)
		by, rest = cutLine(rest)
		d := extract.Diversion{By: by}
		var ok [2]bool
		d.From, ok[0] = relative(from)
		d.To, ok[1] = relative(to)
		if !ok[0] || !ok[1] || by != ":" && !legalName([]byte(by)) {
			return errors.New("a diversion that is not a path, another path and a package") // what follows is out of step
		}
		if by == ":" {
			d.By = ""
		}
		facts.Diverted = append(facts.Diverted, d)
	}
	return nil
}
