package pack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/sightline-sec/sightline/internal/vulndb"
)

// A patch is a delta between the expanded forms of two databases (see vulndb.Expand): a magic, three uint64 lengths, and three zstd
// frames with the operations, the differences and the new bytes.
const (
	patchMagic = "SLPATCH1"
	patchHead  = len(patchMagic) + 3*8
	maxWindow  = 8 << 20 // of a frame, which is memory
)

// MakePatch gives the patch that makes newFile out of oldFile. It needs memory for both, expanded: some 300 MB for all public feeds.
func MakePatch(oldFile, newFile string) ([]byte, error) {
	old, err := expanded(oldFile)
	if err != nil {
		return nil, err
	}
	b, err := expanded(newFile)
	if err != nil {
		return nil, err
	}
	return encodeDelta(old, b)
}

func expanded(file string) ([]byte, error) {
	db, err := vulndb.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }() // it was only read
	var n count                       // a buffer that grows would take twice the memory
	if err := db.Expand(&n); err != nil {
		return nil, err
	}
	w := bytes.NewBuffer(make([]byte, 0, n))
	err = db.Expand(w)
	return w.Bytes(), err
}

// count counts what is written.
type count int64

func (c *count) Write(b []byte) (int, error) {
	*c += count(len(b))
	return len(b), nil
}

// encodeDelta gives the patch from old to b.
func encodeDelta(old, b []byte) ([]byte, error) {
	var frames [3]bytes.Buffer
	var encoders [3]*zstd.Encoder
	for i := range frames {
		enc, err := newEncoder(&frames[i])
		if err != nil {
			return nil, err
		}
		encoders[i] = enc
	}
	err := delta{ops: encoders[0], diffs: encoders[1], fresh: encoders[2]}.write(old, b)
	out := append(make([]byte, 0, 1<<20), patchMagic...)
	for i := range frames {
		err = errors.Join(err, encoders[i].Close())
		out = binary.LittleEndian.AppendUint64(out, uint64(frames[i].Len()))
	}
	for i := range frames {
		out = append(out, frames[i].Bytes()...)
	}
	return out, err
}

// newEncoder writes the best that the window allows. One goroutine: the same bytes for the same input.
func newEncoder(w io.Writer) (*zstd.Encoder, error) {
	enc, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(maxWindow))
	if err != nil {
		return nil, fmt.Errorf("making a zstd encoder: %w", err)
	}
	return enc, nil
}

func newDecoder(r io.Reader) (*zstd.Decoder, error) {
	dec, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, fmt.Errorf("making a zstd decoder: %w", err)
	}
	return dec, nil
}

// ApplyPatch writes the file that a patch makes out of the one at oldFile. Beside it, dir holds the expanded old file for a
// moment. It does not say whether the result is the right one: compare its checksum.
func ApplyPatch(w io.Writer, oldFile, dir string, patch io.ReaderAt, size int64) (err error) {
	old, err := os.CreateTemp(dir, ".sightline-*.expanded")
	if err != nil {
		return fmt.Errorf("making room for a patch: %w", err)
	}
	_ = os.Remove(old.Name()) // where open files can be removed, nothing stays behind, whatever happens
	defer func() {
		_ = old.Close()
		_ = os.Remove(old.Name())
	}()
	db, err := vulndb.Open(oldFile)
	if err != nil {
		return err
	}
	err = db.Expand(old)
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("expanding %s: %w", filepath.Base(oldFile), err)
	}
	oldSize, err := old.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	r, done, err := openDelta(old, oldSize, patch, size)
	if err != nil {
		return err
	}
	defer done()
	return vulndb.Contract(w, r)
}

// deltaReader gives the new bytes of a delta. Operations that lead outside the old bytes are errors.
type deltaReader struct {
	old          io.ReaderAt
	oldSize      int64
	place        int64
	ops          *bufio.Reader
	diffs, fresh io.Reader
	alike, more  int64 // what is left of the operation
	written      int64
	oldBytes     []byte
}

// openDelta reads a patch; done frees its decoders.
func openDelta(old io.ReaderAt, oldSize int64, patch io.ReaderAt, size int64) (_ io.Reader, done func(), err error) {
	head := make([]byte, patchHead)
	if _, err := patch.ReadAt(head, 0); err != nil || string(head[:len(patchMagic)]) != patchMagic {
		return nil, nil, fmt.Errorf("%w: not a patch", ErrMalformed)
	}
	var decoders []*zstd.Decoder
	done = func() {
		for _, d := range decoders {
			d.Close()
		}
	}
	at := int64(patchHead)
	for i := range 3 {
		n := binary.LittleEndian.Uint64(head[len(patchMagic)+8*i:])
		if n > uint64(size-at) {
			done()
			return nil, nil, fmt.Errorf("%w: a patch that is cut short", ErrMalformed)
		}
		dec, err := newDecoder(io.NewSectionReader(patch, at, int64(n)))
		if err != nil {
			done()
			return nil, nil, err
		}
		decoders = append(decoders, dec)
		at += int64(n)
	}
	if at != size {
		done()
		return nil, nil, fmt.Errorf("%w: a patch with something behind it", ErrMalformed)
	}
	return newDeltaReader(old, oldSize, decoders[0], decoders[1], decoders[2]), done, nil
}

func newDeltaReader(old io.ReaderAt, oldSize int64, ops, diffs, fresh io.Reader) *deltaReader {
	return &deltaReader{
		old: old, oldSize: oldSize, ops: bufio.NewReader(ops), diffs: bufio.NewReaderSize(diffs, 64<<10), fresh: fresh,
		oldBytes: make([]byte, 64<<10),
	}
}

func (r *deltaReader) Read(p []byte) (n int, err error) {
	for r.alike == 0 && r.more == 0 {
		if err := r.op(); err != nil {
			return 0, err
		}
	}
	if len(p) == 0 {
		return 0, nil
	}
	if r.alike == 0 {
		n, err = io.ReadFull(r.fresh, p[:min(int64(len(p)), r.more)])
		r.more -= int64(n)
	} else {
		p = p[:min(int64(len(p)), r.alike, int64(len(r.oldBytes)))]
		if n, err = io.ReadFull(r.diffs, p); err == nil {
			_, err = io.ReadFull(io.NewSectionReader(r.old, r.place, int64(n)), r.oldBytes[:n])
		}
		for i := range n {
			p[i] += r.oldBytes[i]
		}
		r.alike -= int64(n)
		r.place += int64(n)
	}
	if err != nil {
		return n, fmt.Errorf("%w: applying a patch: %w", ErrMalformed, noEOF(err))
	}
	return n, nil
}

// op reads the next operation; io.EOF after the last.
func (r *deltaReader) op() error {
	move, err := binary.ReadVarint(r.ops)
	if errors.Is(err, io.EOF) {
		return io.EOF // the caller's own checks tell whether it came too early
	}
	alike, err2 := binary.ReadUvarint(r.ops)
	fresh, err3 := binary.ReadUvarint(r.ops)
	if err := errors.Join(err, err2, err3); err != nil {
		return fmt.Errorf("%w: the operations of a patch: %w", ErrMalformed, noEOF(err))
	}
	if move < -r.place || move > r.oldSize-r.place || alike > uint64(r.oldSize-r.place-move) || fresh > maxFile || alike+fresh == 0 {
		return fmt.Errorf("%w: a patch leads outside the file", ErrMalformed)
	}
	r.place += move
	r.alike, r.more = int64(alike), int64(fresh)
	if r.written += r.alike + r.more; r.written > maxFile {
		return fmt.Errorf("%w: a patch makes more than %d bytes", ErrMalformed, int64(maxFile))
	}
	return nil
}

// noEOF makes an early end an error that nobody takes for the end.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
