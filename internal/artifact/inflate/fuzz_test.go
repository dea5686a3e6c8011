package inflate_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"io"
	"testing"
	"testing/iotest"

	"github.com/sightline-sec/sightline/internal/artifact/inflate"
)

// fuzzLimit keeps bombs from slowing the fuzzer down; both decoders are cut there.
const fuzzLimit = 1 << 20

func limited(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, fuzzLimit))
}

// FuzzReader: of any bytes, the same comes out as of the standard library's readers, and it ends in the same way.
func FuzzReader(f *testing.F) {
	for _, gz := range streams(f) {
		if data, _ := standard(gz); len(data) > 100_000 || len(gz) > 10_000 {
			continue // a good seed is quick
		}
		f.Add(gz, false)
		if len(gz) > 18 {
			f.Add(gz[10:len(gz)-8], true)
		}
	}
	r := inflate.NewRawReader(bytes.NewReader(nil))
	f.Fuzz(func(t *testing.T, b []byte, raw bool) {
		var want []byte
		var wantErr error
		if raw {
			want, wantErr = limited(flate.NewReader(bytes.NewReader(b)))
		} else if z, err := gzip.NewReader(bytes.NewReader(b)); err != nil {
			wantErr = err
		} else {
			want, wantErr = limited(z)
		}
		for way, src := range map[string]io.Reader{"whole": bytes.NewReader(b), "by halves": iotest.HalfReader(bytes.NewReader(b)), "by bytes": iotest.OneByteReader(bytes.NewReader(b))} {
			var err error
			if raw {
				r.ResetRaw(src)
			} else {
				err = r.Reset(src)
			}
			var got []byte
			if err == nil {
				got, err = limited(r)
			}
			same(t, way, got, err, want, wantErr)
		}
	})
}

// FuzzRoundTrip: what the standard library compressed comes back, at all levels, with flushes and members in between.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("abcabcabcabc"), int8(6), uint16(5), uint8(3))
	f.Add(sample(70_000, 1), int8(9), uint16(40_000), uint8(1))
	f.Add(sample(5_000, 2), int8(-2), uint16(100), uint8(200))
	f.Fuzz(func(t *testing.T, data []byte, level int8, every uint16, times uint8) {
		data = bytes.Repeat(data, 1+int(times))
		if len(data) > fuzzLimit {
			return
		}
		level = (level%12+12)%12 - 2
		var gz bytes.Buffer
		for rest := data; ; {
			part := rest[:min(len(rest), 100*int(every))]
			rest = rest[len(part):]
			if len(part) == 0 {
				part, rest = rest, nil
			}
			gz.Write(compress(t, part, int(level)))
			if len(rest) == 0 {
				break
			}
		}
		got, err := ours(&gz)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("level %d: got %d bytes of %d, %v", level, len(got), len(data), err)
		}
	})
}
