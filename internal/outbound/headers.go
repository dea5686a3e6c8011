package outbound

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Sum is a checksum of a whole file.
type Sum struct {
	Algorithm string `json:"algorithm"` // "sha256", "md5", "crc32c"
	Value     []byte `json:"value"`
}

// sums reads the checksums that servers send: Google's x-goog-hash, Repr-Digest (RFC 9530), Digest (RFC 3230) and Content-MD5.
func sums(h http.Header, status Status) []Sum {
	var out []Sum
	add := func(algorithm, base64Value string, size int) {
		if v, err := base64.StdEncoding.DecodeString(base64Value); err == nil && len(v) == size {
			out = append(out, Sum{Algorithm: algorithm, Value: v})
		}
	}
	// What is stored compressed may be sent decompressed; the checksum is of what is stored.
	if enc := h.Get("X-Goog-Stored-Content-Encoding"); enc == "" || enc == "identity" {
		for _, line := range h.Values("X-Goog-Hash") {
			for field := range strings.SplitSeq(line, ",") {
				name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
				switch name {
				case "md5":
					add("md5", value, 16)
				case "crc32c":
					add("crc32c", value, 4)
				}
			}
		}
	}
	for _, name := range []string{"Repr-Digest", "Digest"} {
		for field := range strings.SplitSeq(h.Get(name), ",") {
			algorithm, value, _ := strings.Cut(strings.TrimSpace(field), "=")
			if strings.EqualFold(algorithm, "sha-256") {
				add("sha256", strings.Trim(value, ":"), 32)
			}
		}
	}
	if status == Whole { // of a part, it may be the part's
		if v := h.Get("Content-MD5"); v != "" {
			add("md5", v, 16)
		}
	}
	return out
}

// contentRange reads "bytes 100-199/200" or "bytes 100-199/*".
func contentRange(s string) (offset, length int64, err error) {
	bad := errors.New("an answer in part does not say which part")
	span, total, ok := strings.Cut(strings.TrimPrefix(s, "bytes "), "/")
	first, last, ok2 := strings.Cut(span, "-")
	if !ok || !ok2 || !strings.HasPrefix(s, "bytes ") {
		return 0, 0, bad
	}
	offset, err = strconv.ParseInt(first, 10, 64)
	if err != nil || offset < 0 {
		return 0, 0, bad
	}
	end, err := strconv.ParseInt(last, 10, 64)
	if err != nil || end < offset {
		return 0, 0, bad
	}
	if total == "*" {
		return offset, -1, nil
	}
	length, err = strconv.ParseInt(total, 10, 64)
	if err != nil || length <= end {
		return 0, 0, bad
	}
	return offset, length, nil
}

// retryAfter reads the header in either form, seconds or a date; zero when it says nothing.
func retryAfter(s string, now time.Time) time.Duration {
	if n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32); err == nil {
		return time.Duration(max(n, 0)) * time.Second
	}
	if at, err := http.ParseTime(s); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// weak says whether an entity tag stands for what is alike only, not byte for byte the same.
func weak(etag string) bool { return strings.HasPrefix(etag, "W/") }
