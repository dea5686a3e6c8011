package golang_test

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// What another language's reader would look for in the sections of a program is not passed over where its table of them is damaged.
func TestDamagedSectionsAreReported(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("/bin/sh")
	if err != nil || string(b[:5]) != "\x7fELF\x02" {
		t.Skip("no 64-bit ELF program here")
	}
	if facts := extractNamed(t, "gobinary", "bin/sh", string(b)); len(facts.Incomplete) > 0 {
		t.Errorf("whole: %+v", facts.Incomplete)
	}
	binary.NativeEndian.PutUint64(b[40:], uint64(len(b))) // where the table is
	facts := extractNamed(t, "gobinary", "bin/sh", string(b))
	if len(facts.Incomplete) != 1 || facts.Incomplete[0].Reason != artifact.Corrupt || len(facts.Packages) > 0 {
		t.Errorf("damaged: %+v", facts)
	}
}
