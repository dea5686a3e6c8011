package feed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// What files begin with, by the end of their names.
var (
	gzipMagic  = []byte{0x1f, 0x8b}
	zstdMagic  = []byte{0x28, 0xb5, 0x2f, 0xfd}
	xzMagic    = []byte{0xfd, '7', 'z', 'X', 'Z', 0}
	bzip2Magic = []byte("BZh")
)

const (
	formBytes  = 4 << 10        // of the head, and of the end
	zipEnd     = 22             // bytes of the end of a zip without its comment
	zipComment = 1<<16 - 1      // the longest
	zipEntry   = "PK\x01\x02"   // begins the directory
	zipLast    = "PK\x05\x06"   // begins the end
	zip64Last  = "PK\x06\x06"   // the same, for large ones
	zip64Place = "PK\x06\x07"   // says where that is
	zip64Large = 1<<32 - 1      // what the end says where the number does not fit
	byteOrder  = "\xef\xbb\xbf" // which some put before text
)

// checkForm says whether a file can be what its name says, by its first bytes and its last ones: a page that asks to sign in, which
// comes with status 200 as the real file does, must not replace it. It reads some KiB. What it lets through may still be damaged inside.
func checkForm(name string, f io.ReaderAt, size int64) error {
	head, err := readRange(f, 0, min(size, formBytes))
	if err != nil {
		return err
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrder)), " \t\r\n")
	ok := true
	what := "what it should be"
	switch end := strings.ToLower(path.Ext(name)); end {
	case ".zip":
		what = "a zip archive"
		if ok, err = zipOpens(f, size); err != nil {
			return err
		}
	case ".gz", ".zst", ".xz", ".bz2":
		// An index may lead to the same file packed another way, or not at all, and readers look at the bytes.
		what = "a packed file"
		packed := func(magic []byte) bool { return bytes.HasPrefix(head, magic) }
		if !slices.ContainsFunc([][]byte{gzipMagic, zstdMagic, xzMagic, bzip2Magic}, packed) {
			return checkForm(strings.TrimSuffix(name, path.Ext(name)), f, size)
		}
	case ".tar":
		what = "a tar archive"
		ok = len(head) > 262 && string(head[257:262]) == "ustar"
	case ".json":
		what = "JSON, or not whole"
		last, err := readRange(f, max(0, size-formBytes), min(size, formBytes))
		if err != nil {
			return err
		}
		last = bytes.TrimRight(last, " \t\r\n")
		ok = bytes.HasPrefix(text, []byte("{")) && bytes.HasSuffix(last, []byte("}")) ||
			bytes.HasPrefix(text, []byte("[")) && bytes.HasSuffix(last, []byte("]"))
	case ".xml":
		what = "XML"
		ok = bytes.HasPrefix(text, []byte("<")) && !isPage(text)
	case ".csv", ".jsonl":
		what = "a list of records"
		ok = len(text) > 0 && text[0] != '<'
	default:
		ok = !isPage(text)
	}
	if ok {
		return nil
	}
	return fmt.Errorf("%w: what came is not %s: %d bytes that begin with %.40q", artifact.ErrCorrupt, what, size, head)
}

// isPage says whether text is a page for people.
func isPage(text []byte) bool {
	start := bytes.ToLower(text[:min(len(text), 64)])
	return bytes.HasPrefix(start, []byte("<html")) || bytes.HasPrefix(start, []byte("<!doctype html"))
}

// zipOpens says whether the directory of a zip is where its end says, whole. It reads none of the entries, of which some have hundreds of thousands.
func zipOpens(f io.ReaderAt, size int64) (bool, error) {
	from := max(0, size-zipEnd-zipComment)
	b, err := readRange(f, from, size-from)
	if err != nil {
		return false, err
	}
	for at := len(b) - zipEnd; at >= 0; at-- {
		if string(b[at:at+4]) != zipLast || int(binary.LittleEndian.Uint16(b[at+20:])) != len(b)-at-zipEnd {
			continue
		}
		length, start := int64(binary.LittleEndian.Uint32(b[at+12:])), int64(binary.LittleEndian.Uint32(b[at+16:]))
		end := from + int64(at)
		if length == zip64Large || start == zip64Large {
			large, err := readRange(f, max(0, end-20), min(end, 20))
			if err != nil {
				return false, err
			}
			if len(large) < 20 || string(large[:4]) != zip64Place {
				return false, nil
			}
			place := binary.LittleEndian.Uint64(large[8:])
			if place > uint64(end) || end-int64(place) < 56 {
				return false, nil
			}
			end = int64(place)
			if large, err = readRange(f, end, 56); err != nil {
				return false, err
			}
			if string(large[:4]) != zip64Last {
				return false, nil
			}
			length, start = int64(binary.LittleEndian.Uint64(large[40:])), int64(binary.LittleEndian.Uint64(large[48:]))
		}
		if start < 0 || length < 46 || start > end-length { // without any entry it is of no use to a feed
			return false, nil
		}
		entry, err := readRange(f, start, 4)
		return string(entry) == zipEntry, err
	}
	return false, nil
}

// readRange reads n bytes, or fewer where the file ends.
func readRange(f io.ReaderAt, at, n int64) ([]byte, error) {
	b := make([]byte, n)
	got, err := f.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b[:got], nil
}
