package java

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// nested reads an archive that is an entry of another: a stored one where it lies, a compressed one inflated into memory.
func (r *reading) nested(ctx context.Context, z *zipFile, e zipEntry, at location) error {
	if e.size == 0 {
		emptyArchive(r.facts, at)
		return nil
	}
	if at.depth > maxNesting {
		r.facts.Report(artifact.NestingLimit, at.in(fmt.Sprintf("archives are read %d deep", maxNesting)))
		return nil
	}
	if r.archives++; r.archives > maxArchives {
		if r.archives == maxArchives+1 {
			r.facts.Report(artifact.FilesLimit, at.in(fmt.Sprintf("this and the archives behind it, past %d", maxArchives)))
		}
		return nil
	}
	if err := r.spend(workPerEntry, at); err != nil {
		return err
	}
	raw, err := z.raw(e)
	if err != nil {
		return r.damage(err, at)
	}
	if e.method == 0 {
		return r.archive(ctx, raw, e.size, at)
	}
	return r.inflated(ctx, raw, e, at)
}

// inflated reads a compressed archive. The memory is asked for once, by the outermost, also for what may be nested in it, so that
// no two extractions wait for each other.
func (r *reading) inflated(ctx context.Context, raw *io.SectionReader, e zipEntry, at location) error {
	if e.size > maxInflated {
		r.facts.Report(artifact.FileTooLarge, at.in(fmt.Sprintf("%d bytes inflated; the limit is %d", e.size, maxInflated)))
		return nil
	}
	outermost := r.held == 0
	if outermost {
		// Archives hardly shrink: what is in it is together about as large as it.
		n := min(max(3*e.size, 16<<20), maxMemory)
		if err := r.memory.Acquire(ctx, n); err != nil {
			return err
		}
		r.held, r.free = n, n
		defer r.release()
	}
	if e.size > r.free {
		r.facts.Report(artifact.FileTooLarge, at.in(fmt.Sprintf("%d bytes inflated, inside archives that are inflated too", e.size)))
		return nil
	}
	r.free -= e.size
	defer func() { r.free += e.size }()
	if err := r.spend(e.size, at); err != nil {
		return err
	}
	data, err := r.inflate(raw, e, r.scratch.nested[at.depth-1][:0], e.size)
	if cap(data) <= 8<<20 {
		r.scratch.nested[at.depth-1] = data // for the next one
	}
	if err != nil {
		if err = r.damage(err, at); err != nil {
			return err
		}
	}
	if len(data) == 0 {
		return nil
	}
	return r.archive(ctx, bytes.NewReader(data), int64(len(data)), at)
}

// release gives back the memory of the outermost inflated archive.
func (r *reading) release() {
	if r.held > 0 {
		r.memory.Release(r.held)
		r.held, r.free = 0, 0
	}
}

// maxRatio is about the most that deflate can do: what claims more lies.
const maxRatio = 1032

// inflate appends at most limit bytes of an entry to dst. With an error comes what was read before it.
func (r *reading) inflate(raw *io.SectionReader, e zipEntry, dst []byte, limit int64) ([]byte, error) {
	in := io.Reader(raw)
	if e.method != 0 {
		r.scratch.compressed.Reset(raw)
		if err := r.scratch.inflate.(flate.Resetter).Reset(r.scratch.compressed, nil); err != nil {
			return dst, fmt.Errorf("inflating %s: %w", clip(e.name), err)
		}
		in = r.scratch.inflate
	}
	limit = min(limit, e.size)
	if need := min(limit, raw.Size()*maxRatio); int64(cap(dst)) < need {
		dst = make([]byte, 0, need)
	}
	for int64(len(dst)) < limit && len(dst) < cap(dst) {
		if err := r.alive(); err != nil {
			return dst, err
		}
		n, err := in.Read(dst[len(dst):min(cap(dst), len(dst)+1<<20, int(limit))])
		dst = dst[:len(dst)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if _, bad := errors.AsType[flate.CorruptInputError](err); bad || errors.Is(err, io.ErrUnexpectedEOF) {
				err = artifact.ErrCorrupt
			}
			return dst, fmt.Errorf("inflating %s: %w", clip(e.name), err)
		}
	}
	switch {
	case int64(len(dst)) < limit:
		return dst, fmt.Errorf("%s has %d bytes and not %d: %w", clip(e.name), len(dst), e.size, artifact.ErrCorrupt)
	case limit == e.size && crc32.ChecksumIEEE(dst) != e.crc:
		return dst, fmt.Errorf("%s has another checksum: %w", clip(e.name), artifact.ErrCorrupt)
	}
	return dst, nil
}

// metadata reads a small entry whole. What is damaged or too large is reported, and what could be read is used.
func (r *reading) metadata(z *zipFile, e *zipEntry, at location) ([]byte, error) {
	limit := min(e.size, maxMetadata)
	if err := r.spend(workPerEntry+limit*workPerPomByte, at); err != nil {
		return nil, err
	}
	raw, err := z.raw(*e)
	if err != nil {
		return nil, r.damage(err, at)
	}
	data, err := r.inflate(raw, *e, nil, limit)
	if err == nil && e.size > limit {
		r.facts.Report(artifact.FileTooLarge, at.in(fmt.Sprintf("%s has %d bytes; %d are read", clip(e.name), e.size, limit)))
	}
	if err != nil {
		err = r.damage(err, at)
	}
	return data, err
}
