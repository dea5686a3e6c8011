package vulndb

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// Texts are descriptions and references. A scan does not need them, so they lie apart, some hundred vulnerabilities
// together in a zstd frame. A block of texts holds, for each of its ordinals: description; count of references, and
// type and URL of each.
const (
	textBlock   = 128 << 10 // a block is closed when it has grown larger
	maxText     = 256 << 10 // a longer description is cut
	maxRefs     = 1000      // more references are left out
	maxRefBytes = 4 << 10   // a longer URL is left out
	maxBlock    = textBlock + maxText + maxRefs*(maxRefBytes+64) + 1<<10
)

const textCut = "\n\n[cut: the text is longer than 256 KiB]"

func newTextDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBlock))
}

// Details gives the text and the references of a vulnerability. The text is that of the one feed which says most:
// GitHub's, else NVD's, else another record's, else a notice's. The references are those of all feeds, each URL once.
func (db *DB) Details(o Ordinal) (details string, refs []vuln.Reference, err error) {
	if err := db.closed(); err != nil {
		return "", nil, err
	}
	defer db.guard(&err)()
	index := db.sections[secTextIndex]
	if int64(o) >= int64(db.vulns) {
		return "", nil, corrupt("there is no vulnerability %d", o)
	}
	lo, hi := 0, len(index)/8-1
	for lo+1 < hi { // the last block whose first ordinal is not above o
		mid := (lo + hi) / 2
		first, _, ok := db.pair(secTextIndex, mid)
		if !ok {
			return "", nil, corrupt("the index of texts is broken")
		}
		if int64(first) <= int64(o) {
			lo = mid
		} else {
			hi = mid
		}
	}
	first, texts, err := db.textBlock(lo)
	if err != nil {
		return "", nil, err
	}
	c := cursor{b: texts}
	for i := int64(first); i <= int64(o) && !c.bad; i++ {
		details, refs = readText(&c, i == int64(o))
	}
	if c.bad || int64(first) > int64(o) {
		return "", nil, corrupt("the text of vulnerability %d is broken", o)
	}
	return details, refs, nil
}

// textBlock unpacks the i-th block of texts.
func (db *DB) textBlock(i int) (first Ordinal, texts []byte, err error) {
	f, from, ok := db.pair(secTextIndex, i)
	_, to, ok2 := db.pair(secTextIndex, i+1)
	if !ok || !ok2 {
		return 0, nil, corrupt("there is no block of texts %d", i)
	}
	frame, ok := db.span(secTexts, int64(from), int64(to))
	if !ok {
		return 0, nil, corrupt("block of texts %d lies outside", i)
	}
	dec, err := db.decoder()
	if err != nil {
		return 0, nil, fmt.Errorf("making a zstd decoder: %w", err)
	}
	texts, err = dec.DecodeAll(frame, nil)
	if err != nil {
		return 0, nil, corrupt("block of texts %d: %v", i, err)
	}
	return Ordinal(f), texts, nil
}

// readText reads one text, or passes it by.
func readText(c *cursor, keep bool) (string, []vuln.Reference) {
	text := c.bytes(c.count(1))
	n := c.count(2)
	if !keep {
		for range 2 * n {
			c.bytes(c.count(1))
		}
		return "", nil
	}
	var refs []vuln.Reference
	for range n {
		refs = append(refs, vuln.Reference{Type: c.string(), URL: c.string()})
	}
	return string(text), refs
}

// A textWriter makes the two sections of texts.
type textWriter struct {
	enc   *zstd.Encoder
	index []byte
	body  []byte
	block []byte
	first Ordinal
	next  Ordinal
}

func newTextWriter() (*textWriter, error) {
	// One goroutine and one level: the same bytes for the same texts.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression),
		zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("making a zstd encoder: %w", err)
	}
	return &textWriter{enc: enc}, nil
}

// add takes the text of the next ordinal.
func (w *textWriter) add(details string, refs []vuln.Reference) {
	if len(details) > maxText {
		details = strings.ToValidUTF8(details[:maxText-len(textCut)], "") + textCut
	}
	refs = slices.DeleteFunc(slices.Clone(refs), func(r vuln.Reference) bool { return len(r.URL) > maxRefBytes || len(r.Type) > 32 })
	refs = refs[:min(len(refs), maxRefs)]
	w.block = appendString(w.block, details)
	w.block = appendInt(w.block, len(refs))
	for _, r := range refs {
		w.block = appendString(w.block, r.Type)
		w.block = appendString(w.block, r.URL)
	}
	w.next++
	if len(w.block) > textBlock {
		w.flush()
	}
}

func (w *textWriter) flush() {
	w.mark(w.first)
	w.body = w.enc.EncodeAll(w.block, w.body)
	w.block, w.first = w.block[:0], w.next
}

func (w *textWriter) mark(first Ordinal) {
	w.index = binary.LittleEndian.AppendUint32(w.index, uint32(first))
	w.index = binary.LittleEndian.AppendUint32(w.index, uint32(len(w.body)))
}

// finish gives the sections.
func (w *textWriter) finish() (index, body []byte) {
	if len(w.block) > 0 || len(w.index) == 0 {
		w.flush()
	}
	w.mark(w.next)
	return w.index, w.body
}
