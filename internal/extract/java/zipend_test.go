package java

import (
	"bufio"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A jar cannot hide its entries behind another directory than the one that the JDK reads.
func TestJarsThatCanBeReadInTwoWays(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	jar := jarOf(t, member{name: "real.txt", content: "x", stored: true})
	decoy := jarOf(t, member{name: "not.txt", content: "y", stored: true})
	end := len(jar) - endSize
	size, offset := int(le.Uint32([]byte(jar)[end+12:])), int(le.Uint32([]byte(jar)[end+16:]))
	decoyDirectory := decoy[int(le.Uint32([]byte(decoy)[len(decoy)-endSize+16:])) : len(decoy)-endSize]
	// A directory of another entry stands at the offset that the record tells, if it is counted from the file's beginning.
	inFront := strings.Repeat("#", offset) + decoyDirectory + strings.Repeat("#", 64)
	comment := func(s string, told int) string {
		return jar[:len(jar)-2] + string(le.AppendUint16(nil, uint16(told))) + s
	}
	// zip64 are the records of an archive with a directory at an offset, where they themselves stand at at.
	zip64 := func(at, records, size, offset int) string {
		record := make([]byte, end64Size)
		copy(record, end64Mark)
		le.PutUint64(record[32:], uint64(records))
		le.PutUint64(record[40:], uint64(size))
		le.PutUint64(record[48:], uint64(offset))
		locator := make([]byte, locator64Size)
		copy(locator, locator64Mark)
		le.PutUint64(locator[8:], uint64(at))
		locator[16] = 1
		return string(record) + string(locator)
	}
	// The comment of the only entry holds records of zip64, so that they stand where the archive's own would.
	inEntry := []byte(jar[:end] + zip64(end, 0, 0, offset) + jar[end:])
	le.PutUint16(inEntry[offset+32:], end64Size+locator64Size)
	le.PutUint32(inEntry[len(inEntry)-endSize+12:], uint32(size+end64Size+locator64Size))
	const cutOff = "a comment that is cut off"
	none := endMark + strings.Repeat("\x00", endSize-len(endMark))
	for name, text := range map[string]string{
		"plain":                                 jar,
		"bytes in front":                        "#!/bin/sh\n" + jar,
		"a directory in front":                  inFront + jar,
		"only the mark of one in front":         strings.Repeat("#", offset) + headerMark + strings.Repeat("#", 64) + jar,
		"an end in the comment":                 comment(none+"#", endSize+1),
		"an end far in the comment":             comment(none+strings.Repeat("#", 5000), endSize+5000),
		"bytes behind":                          jar + "#",
		"an end in bytes behind":                jar + none + "#",
		"zip64 where none is needed":            jar[:end] + zip64(end, 1, size, offset) + jar[end:],
		"a directory in front, and zip64":       inFront + jar[:end] + zip64(len(inFront)+end, 1, size, offset) + jar[end:],
		"zip64 in a comment, of something else": string(inEntry),
		cutOff:                                  comment("# #", 4000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := entryNames(text)
			if diff := cmp.Diff([]string{"real.txt"}, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			tool, err := exec.LookPath("jar")
			if err != nil {
				t.Skip("no jar: install openjdk-17-jdk-headless")
			}
			file := filepath.Join(t.TempDir(), "x.jar")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if name == cutOff {
				return // which java.util.zip of 17 refuses, and other readers take
			}
			out, err := exec.CommandContext(t.Context(), tool, "--list", "--file", file).CombinedOutput()
			if err != nil || string(out) != "real.txt\n" {
				t.Errorf("the JDK reads %q, %v", out, err)
			}
		})
	}
}

func entryNames(jar string) ([]string, error) {
	z, err := openZip(strings.NewReader(jar), int64(len(jar)))
	if err != nil {
		return nil, err
	}
	var names []string
	err = z.each(bufio.NewReaderSize(nil, headerSize+2*0xffff), func(r record) error {
		names = append(names, string(r.name))
		e, err := r.entry()
		if err == nil {
			_, err = z.raw(e)
		}
		return err
	})
	return names, err
}
