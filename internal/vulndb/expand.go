package vulndb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The expanded form of a database is what patches are made between: texts are not compressed, and the indexes, in which one
// new vulnerability changes every number behind it, hold differences. It is
//
//	uvarint  length of what lies before the first section
//	uvarint  length of each section, that of texts included
//	the file up to the section of texts, with its indexes as differences
//	uvarint  count of blocks of texts
//	for each: uvarint length, and the block
//
// Texts are compressed again by [Contract], which gives the same bytes as long as the encoder is the same. Whoever transports a
// database in this form compares checksums at the end, and has another way when they differ.

// stride is how many bytes lie between two numbers of the same column of a section; 0 where it holds no columns.
func stride(section int) int {
	switch section {
	case secPackages, secIDs, secTextIndex:
		return 8
	case secVulnIndex, secReach:
		return 4
	case secEPSS:
		return 12
	}
	return 0
}

// maxExpanded bounds what Contract makes of hostile input.
const maxExpanded = 4 << 30

// DetailsAt is where the texts begin, which no scan reads. They go to the end of the file and are compressed already; all before is not.
func (db *DB) DetailsAt() int64 { return int64(len(db.data) - len(db.sections[secTexts])) }

// Expand writes the expanded form.
func (db *DB) Expand(w io.Writer) (err error) {
	if err := db.closed(); err != nil {
		return err
	}
	defer db.guard(&err)()
	head := appendInt(nil, len(db.data)-len(db.body))
	for _, s := range db.sections {
		head = appendInt(head, len(s))
	}
	out := bufio.NewWriterSize(w, 1<<20)
	// A bufio.Writer keeps its first error, which Flush gives.
	_, _ = out.Write(head)
	_, _ = out.Write(db.data[:len(db.data)-len(db.body)])
	for i, s := range db.sections[:secTexts] {
		if n := stride(i); n > 0 {
			s = differences(s, n)
		}
		_, _ = out.Write(s)
	}
	n := len(db.sections[secTextIndex])/8 - 1
	_, _ = out.Write(binary.AppendUvarint(nil, uint64(max(n, 0))))
	for i := range n {
		_, texts, err := db.textBlock(i)
		if err != nil {
			return err
		}
		_, _ = out.Write(binary.AppendUvarint(nil, uint64(len(texts))))
		_, _ = out.Write(texts)
	}
	return out.Flush()
}

// differences gives a copy of s in which each 32-bit number is the difference to the one stride bytes before.
func differences(s []byte, stride int) []byte {
	out := append([]byte(nil), s...)
	for i := len(s)/4*4 - 4; i >= stride; i -= 4 {
		d := binary.LittleEndian.Uint32(s[i:]) - binary.LittleEndian.Uint32(s[i-stride:])
		binary.LittleEndian.PutUint32(out[i:], d)
	}
	return out
}

// Contract writes the file of which r is the expanded form. The caller checks the result: [DB.Verify].
func Contract(w io.Writer, r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<20)
	out := bufio.NewWriterSize(w, 1<<20)
	c := contractor{in: in, out: out}
	if err := c.run(); err != nil {
		return fmt.Errorf("reading an expanded database: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing a database: %w", err)
	}
	return nil
}

type contractor struct {
	in  *bufio.Reader
	out *bufio.Writer
}

func (c *contractor) run() error {
	var sizes [1 + sections]int64
	total := int64(0)
	for i := range sizes {
		n, err := c.length(maxExpanded)
		if err != nil {
			return err
		}
		if total += n; total > maxExpanded {
			return corrupt("an expanded database of more than %d bytes", int64(maxExpanded))
		}
		sizes[i] = n
	}
	if _, err := io.CopyN(c.out, c.in, sizes[0]); err != nil {
		return err
	}
	for i := range secTexts {
		if err := c.section(sizes[1+i], stride(i)); err != nil {
			return err
		}
	}
	if err := c.texts(sizes[1+secTexts]); err != nil {
		return err
	}
	if _, err := c.in.ReadByte(); !errors.Is(err, io.EOF) {
		return corrupt("an expanded database with something behind it")
	}
	return nil
}

func (c *contractor) length(limit int64) (int64, error) {
	n, err := binary.ReadUvarint(c.in)
	if err != nil {
		return 0, err
	}
	if n > uint64(limit) {
		return 0, corrupt("a length of %d", n)
	}
	return int64(n), nil
}

// section copies a section, and adds up its columns.
func (c *contractor) section(size int64, stride int) error {
	whole := size / 4 * 4
	if stride == 0 {
		whole = 0
	}
	var before [3]uint32 // no stride is longer than three numbers
	var word [4]byte
	for i := int64(0); i < whole; i += 4 {
		if _, err := io.ReadFull(c.in, word[:]); err != nil {
			return err
		}
		column := &before[int(i/4)%(stride/4)]
		*column += binary.LittleEndian.Uint32(word[:])
		binary.LittleEndian.PutUint32(word[:], *column)
		if _, err := c.out.Write(word[:]); err != nil {
			return err
		}
	}
	_, err := io.CopyN(c.out, c.in, size-whole)
	return err
}

// texts compresses the blocks again.
func (c *contractor) texts(size int64) error {
	w, err := newTextWriter()
	if err != nil {
		return err
	}
	n, err := c.length(maxExpanded)
	if err != nil {
		return err
	}
	var block, frame []byte
	for range n {
		l, err := c.length(maxBlock)
		if err != nil {
			return err
		}
		block = append(block[:0], make([]byte, l)...)
		if _, err := io.ReadFull(c.in, block); err != nil {
			return err
		}
		frame = w.enc.EncodeAll(block, frame[:0])
		if size -= int64(len(frame)); size < 0 {
			return corrupt("texts take more than was said")
		}
		if _, err := c.out.Write(frame); err != nil {
			return err
		}
	}
	if size != 0 {
		return corrupt("texts take %d bytes less than was said", size)
	}
	return nil
}
