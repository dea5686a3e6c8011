package rust

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/executable"
)

// auditable reads what cargo-auditable leaves in executables and WebAssembly modules: a section .dep-v0 with JSON, compressed with zlib. See
// https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md.
type auditable struct{}

var _ extract.Extractor = auditable{}

func (auditable) Name() string  { return "cargo-auditable" }
func (auditable) Revision() int { return 2 }

func (auditable) Claims() []extract.Claim {
	return []extract.Claim{
		{Executable: true, Stream: true, RandomAccess: true, Head: executable.Magic},
		{Suffix: ".wasm", Stream: true, RandomAccess: true, Head: executable.Magic},
	}
}

const (
	section = ".dep-v0"
	// maxAudit bounds the section and what it expands to, as its inventors advise: a thousand crates take 100 KiB.
	maxAudit = 8 << 20
)

// versionInfo is the JSON, see cargo-auditable.schema.json.
type versionInfo struct {
	Packages []struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Kind    string `json:"kind"` // "build", or nothing
	} `json:"packages"`
}

var errNoCrates = errors.New("list of crates without packages")

func (auditable) Extract(ctx context.Context, file *extract.File, facts *extract.Facts) error {
	ra := file.ReaderAt()
	if ra == nil {
		return pass(ctx, file, facts)
	}
	x := executable.Open(ra, file.Size)
	if x == nil {
		return nil
	}
	s, ok := x.Section(section)
	if !ok {
		return nil
	}
	if s.Size > maxAudit {
		return &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("a list of crates of %d bytes; it is read up to %d", s.Size, maxAudit)}
	}
	info, err := read(io.NewSectionReader(ra, s.Off, s.Size))
	if err != nil {
		return fmt.Errorf("list of crates: %w", err)
	}
	if info.Packages == nil {
		return errNoCrates
	}
	found := crates{facts: facts, seen: map[[2]string]bool{}}
	defer found.done()
	for _, p := range info.Packages {
		if p.Kind != "build" {
			found.add(p.Name, p.Version)
		}
	}
	return nil
}

func read(r io.Reader) (*versionInfo, error) {
	z, err := zlib.NewReader(r)
	if err != nil {
		return nil, damage(err)
	}
	b, err := io.ReadAll(io.LimitReader(z, maxAudit+1))
	if err != nil {
		return nil, damage(err)
	}
	if len(b) > maxAudit {
		return nil, &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("a list of crates of more than %d bytes", maxAudit)}
	}
	var info versionInfo
	if err := json.Unmarshal(b, &info); err != nil {
		return nil, err
	}
	return &info, nil
}

// damage marks what zlib cannot read as corrupt.
func damage(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, zlib.ErrHeader) || errors.Is(err, zlib.ErrChecksum) {
		return fmt.Errorf("%w: %w", artifact.ErrCorrupt, err)
	}
	return err
}

// pass reads a program that is too large to be held: its table of sections, at its end, comes too late. All it can tell is that it is Rust's: such
// programs name the sources of the standard library in their messages.
func pass(ctx context.Context, file *extract.File, facts *extract.Facts) error {
	const mark = "/rustc/"
	r, buf, have := file.Reader(), make([]byte, 64<<10), 0
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf[have:])
		have += n
		if bytes.Contains(buf[:have], []byte(mark)) {
			facts.Report(artifact.FileTooLarge, fmt.Sprintf("a Rust program of %d bytes: its crates are not looked for in what does not fit into a buffer", file.Size))
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		keep := min(have, len(mark)-1)
		have = copy(buf, buf[have-keep:have])
	}
}
