package dotnet

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/executable"
)

// bundle reads single-file programs: a host with the program's files behind it. In the host's data stand a signature and, before it, the place of the
// header, which comes last and lists the files; deps.json is one of them. See
// https://github.com/dotnet/designs/blob/main/accepted/2020/single-file/bundler.md and src/native/corehost/bundle of the runtime.
type bundle struct{}

var _ extract.Extractor = bundle{}

func (bundle) Name() string  { return "dotnet-bundle" }
func (bundle) Revision() int { return 1 }

func (bundle) Claims() []extract.Claim {
	return []extract.Claim{{Executable: true, Stream: true, RandomAccess: true, Head: executable.Magic}}
}

const (
	// signature is the SHA-256 sum of ".net core bundle\n".
	signature = "\x8b\x12\x02\xb9\x6a\x61\x20\x38\x72\x7b\x93\x02\x14\xd7\xa0\x32\x13\xf5\xb9\xe6\xef\xae\x33\x18\xee\x3b\x2d\xce\x24\xb3\x6a\xae"
	marker    = 8 + len(signature) // the place of the header, and the signature
	pieceSize = 64 << 10
	// maxHeader bounds the list of files. A self-contained program has 200 to 500, of about 60 bytes.
	maxHeader = 4 << 20
)

func (bundle) Extract(ctx context.Context, file *extract.File, facts *extract.Facts) error {
	ra := file.ReaderAt()
	if ra == nil {
		header, err := findMarker(ctx, file.Reader())
		if header != 0 && err == nil {
			facts.Report(artifact.FileTooLarge, fmt.Sprintf("a single-file program of .NET of %d bytes: what is inside is not read where it does not fit into a buffer", file.Size))
		}
		return err
	}
	x := executable.Open(ra, file.Size)
	if x == nil {
		return nil
	}
	var header int64
	for _, s := range x.Segments {
		if !s.Data || s.Off >= file.Size {
			continue
		}
		var err error
		if header, err = findMarker(ctx, io.NewSectionReader(ra, s.Off, min(s.Size, file.Size-s.Off))); err != nil {
			return err
		}
		if header != 0 {
			break
		}
	}
	if header == 0 {
		return nil // no .NET, or a host whose program lies beside it
	}
	return readBundle(io.NewSectionReader(ra, 0, file.Size), header, facts)
}

// findMarker gives the place of the header; zero where there is no marker, or none that was filled in.
func findMarker(ctx context.Context, r io.Reader) (int64, error) {
	buf, have := make([]byte, pieceSize), 0
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := r.Read(buf[have:])
		have += n
		for at := 0; ; {
			i := bytes.Index(buf[at:have], []byte(signature))
			if i < 0 {
				break
			}
			if at += i; at >= 8 {
				if header := binary.LittleEndian.Uint64(buf[at-8:]); header != 0 {
					return int64(header), nil //nolint:gosec // a negative place is refused by who reads there
				}
			}
			at += len(signature)
		}
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		keep := min(have, marker-1)
		have = copy(buf, buf[have-keep:have])
	}
}

// place is where a file stands in a bundle.
type place struct{ off, size int64 }

// readBundle reads the header of a bundle, and the deps.json that it names.
func readBundle(r *io.SectionReader, at int64, facts *extract.Facts) error {
	if at < 0 || at >= r.Size() {
		return fmt.Errorf("bundle: its header is at %d of %d: %w", at, r.Size(), artifact.ErrCorrupt)
	}
	b := make([]byte, min(maxHeader, r.Size()-at))
	if _, err := r.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	where, version, ok := parseHeader(b)
	switch {
	case version != 1 && version != 2 && version != 6:
		facts.Report(artifact.Unsupported, fmt.Sprintf("a single-file program of .NET of version %d", version))
		return nil
	case !ok:
		return fmt.Errorf("bundle: its header makes no sense: %w", artifact.ErrCorrupt)
	case where.off == 0:
		facts.Report(artifact.Unsupported, "a single-file program of .NET without a deps.json: its packages are not known")
		return nil
	case where.off < 0 || where.size < 0 || where.off > r.Size() || where.size > r.Size()-where.off:
		return fmt.Errorf("bundle: its deps.json is outside: %w", artifact.ErrCorrupt)
	}
	if err := tooLarge(where.size); err != nil {
		return err
	}
	text := make([]byte, where.size)
	if _, err := r.ReadAt(text, where.off); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return readDeps(text, facts)
}

// parseHeader gives the place of deps.json, zero where there is none. ok is false where the header is damaged.
//
//	uint32 major, minor; int32 files; string id
//	since major 2: int64 offset, size of deps.json; the same of runtimeconfig.json; uint64 flags
//	files times: int64 offset, size; since major 6: int64 compressed size; byte type; string path
func parseHeader(b []byte) (where place, version uint32, ok bool) {
	h := header{b: b}
	version = uint32(h.number(4)) //nolint:gosec // four bytes
	h.number(4)
	files := int32(h.number(4)) //nolint:gosec // four bytes
	h.text()
	if version >= 2 {
		where = place{h.number(8), h.number(8)}
		h.number(8)
		h.number(8)
		h.number(8)
		if where.off != 0 || h.bad {
			return where, version, !h.bad
		}
	}
	for range files {
		f := place{h.number(8), h.number(8)}
		compressed := int64(0)
		if version >= 6 {
			compressed = h.number(8)
		}
		h.number(1)
		path := h.text()
		if h.bad {
			return place{}, version, false
		}
		// The bundler compresses assemblies and native libraries only.
		if strings.HasSuffix(path, ".deps.json") && compressed == 0 {
			return f, version, true
		}
	}
	return place{}, version, files >= 0 && !h.bad
}

// header reads the fields of a bundle's header, as .NET's BinaryWriter wrote them.
type header struct {
	b   []byte
	bad bool // it ended too early
}

// number is an integer of n bytes.
func (h *header) number(n int) int64 {
	if len(h.b) < n {
		h.b, h.bad = nil, true
		return 0
	}
	var word [8]byte
	copy(word[:], h.b[:n])
	h.b = h.b[n:]
	return int64(binary.LittleEndian.Uint64(word[:])) //nolint:gosec // as it was written
}

// text is a string after its length, of seven bits a byte.
func (h *header) text() string {
	n, k := binary.Uvarint(h.b)
	if k <= 0 || n > uint64(len(h.b)-k) {
		h.b, h.bad = nil, true
		return ""
	}
	s := string(h.b[k : k+int(n)]) //nolint:gosec // at most what is there
	h.b = h.b[k+int(n):]           //nolint:gosec // likewise
	return s
}
