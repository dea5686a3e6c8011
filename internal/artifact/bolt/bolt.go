// Package bolt reads Bolt databases (go.etcd.io/bbolt's file format, version 2) while another process has them open and
// writes them, without its lock and without a copy of the file.
//
// A bolt file is copy-on-write: a commit writes pages that nothing refers to yet, then one of two meta pages. The pages of
// the newest commit N stay as they are until commit N+1 is complete, for only the writer after that may use them again.
// So whatever was read between two looks at the meta pages is one whole state if both looks show the same newest commit;
// else the reading is done again.
//
// It promises that: a view is of one commit, or an error. It promises further that a damaged or hostile file gives an error:
// each page is read into memory and checked before it is used, and a view reads a bounded number of bytes. Nothing is ever
// written. Contents mean nothing to it.
package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"time"
)

// ErrBusy says that a writer committed again and again while the file was read.
var ErrBusy = errors.New("the database is being written too often to be read")

// ErrCorrupt marks a file that is not a bolt database, or a damaged one.
var ErrCorrupt = errors.New("not a whole bolt database")

// The format, as go.etcd.io/bbolt writes it on little-endian machines.
const (
	magic       = 0xED0CDAED
	version     = 2
	headerSize  = 16 // of a page: id, flags, count, overflow
	metaSize    = 64
	elementSize = 16
	bucketSize  = 16 // of a bucket's value: root page, sequence

	flagBranch = 0x01
	flagLeaf   = 0x02
	flagMeta   = 0x04
	flagBucket = 0x01 // of a leaf's element

	smallestPage = 512
	largestPage  = 1 << 20
)

const (
	attempts  = 8
	firstWait = time.Millisecond
	// maxDepth is of one tree: a branch has two children at least.
	maxDepth = 32
	// maxBuckets is how deep buckets may lie in buckets; containerd has about ten.
	maxBuckets = 128
	// maxRead is what one view may read; look-ups read a few pages, a list of all images of a busy host some hundred.
	maxRead = 128 << 20
	// maxSteps bounds the entries that one view walks over: buckets of a hostile file may share their pages.
	maxSteps = 1 << 20
	// maxRun is the longest value's pages.
	maxRun = 64 << 20
)

// View calls read with the newest state of the file, and again with a newer one when a commit came between, so read must
// begin anew each time it is called. Its error wraps [ErrBusy], [ErrCorrupt], or is that of read or the file.
func View(ctx context.Context, file io.ReaderAt, read func(*Bucket) error) error {
	wait := firstWait
	for range attempts {
		before, err := newest(file)
		if err == nil {
			v := &view{ctx: ctx, file: file, meta: before, pages: map[uint64][]byte{}}
			err = read(&Bucket{view: v, root: before.root})
		}
		after, again := newest(file)
		if again == nil && after.txid == before.txid {
			return err // the state was whole from beginning to end, so an error is one of the state
		}
		if err != nil && again != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
		wait *= 2
	}
	return ErrBusy
}

// meta is what a meta page says.
type meta struct {
	pageSize uint32
	root     uint64 // page of the root bucket
	pages    uint64 // the first page that is not in use
	txid     uint64
}

// newest reads both meta pages and takes the valid one of the later commit. One that is just being written does not
// have its checksum yet.
func newest(file io.ReaderAt) (meta, error) {
	var best meta
	head := make([]byte, headerSize+metaSize)
	if _, err := file.ReadAt(head, 0); err != nil {
		if errors.Is(err, io.EOF) {
			return meta{}, fmt.Errorf("%w: it has no meta page", ErrCorrupt)
		}
		return meta{}, err
	}
	sizes := []int64{4096, 16384, 65536, 8192, 32768}
	if m, ok := parseMeta(head); ok {
		best, sizes = m, []int64{int64(m.pageSize)}
	}
	for _, at := range sizes {
		n, err := file.ReadAt(head, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return meta{}, err
		}
		if m, ok := parseMeta(head[:n]); ok && int64(m.pageSize) == at && (best.pageSize == 0 || m.txid > best.txid) {
			best = m
		}
	}
	if best.pageSize == 0 {
		return meta{}, fmt.Errorf("%w: neither meta page is valid", ErrCorrupt)
	}
	return best, nil
}

func parseMeta(page []byte) (meta, bool) {
	if len(page) < headerSize+metaSize || binary.LittleEndian.Uint16(page[8:])&flagMeta == 0 {
		return meta{}, false
	}
	b := page[headerSize:]
	sum := fnv.New64a()
	sum.Write(b[:56])
	m := meta{
		pageSize: binary.LittleEndian.Uint32(b[8:]),
		root:     binary.LittleEndian.Uint64(b[16:]),
		pages:    binary.LittleEndian.Uint64(b[40:]),
		txid:     binary.LittleEndian.Uint64(b[48:]),
	}
	ok := binary.LittleEndian.Uint32(b) == magic && binary.LittleEndian.Uint32(b[4:]) == version &&
		binary.LittleEndian.Uint64(b[56:]) == sum.Sum64() &&
		m.pageSize >= smallestPage && m.pageSize <= largestPage && m.pageSize&(m.pageSize-1) == 0
	return m, ok
}

// view is one state of the file.
type view struct {
	ctx   context.Context // of the call of View, which it does not outlive
	file  io.ReaderAt
	meta  meta
	pages map[uint64][]byte
	read  int64
	steps int
}

// page reads a page with those that continue it, and checks its header.
func (v *view) page(id uint64) (*node, error) {
	b, ok := v.pages[id]
	if !ok {
		if v.ctx.Err() != nil {
			return nil, context.Cause(v.ctx)
		}
		if id < 2 || id >= v.meta.pages {
			return nil, fmt.Errorf("%w: page %d of %d", ErrCorrupt, id, v.meta.pages)
		}
		size := uint64(v.meta.pageSize)
		b = make([]byte, size)
		if err := v.fill(b, id, 0); err != nil {
			return nil, err
		}
		if more := uint64(binary.LittleEndian.Uint32(b[12:])); more > 0 {
			if more >= v.meta.pages-id || more > maxRun/size {
				return nil, fmt.Errorf("%w: page %d goes on for %d pages", ErrCorrupt, id, more)
			}
			whole := make([]byte, (more+1)*size)
			copy(whole, b)
			if err := v.fill(whole[size:], id, size); err != nil {
				return nil, err
			}
			b = whole
		}
		if got := binary.LittleEndian.Uint64(b); got != id {
			return nil, fmt.Errorf("%w: page %d says that it is page %d", ErrCorrupt, id, got)
		}
		v.pages[id] = b
	}
	return parseNode(b)
}

// fill reads the bytes of page id from the offset inside it on.
func (v *view) fill(b []byte, id, offset uint64) error {
	if v.read += int64(len(b)); v.read > maxRead {
		return fmt.Errorf("%w: more than %d bytes were read for one look", ErrCorrupt, int64(maxRead))
	}
	at := id*uint64(v.meta.pageSize) + offset
	if id > 1<<44 {
		return fmt.Errorf("%w: page %d", ErrCorrupt, id)
	}
	if n, err := v.file.ReadAt(b, int64(at)); n < len(b) {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: page %d is past its end", ErrCorrupt, id)
		}
		return err
	}
	return nil
}
