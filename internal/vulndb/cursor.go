package vulndb

import (
	"encoding/binary"
	"math"
	"time"
)

// A cursor reads the values that the append functions below write. After the first value that does not fit, bad is set
// and everything reads as zero, so that callers check once, at the end. A count is never larger than the bytes
// that are left allow, which bounds what damaged bytes can make a caller allocate.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) fail() { c.b, c.bad = nil, true }

func (c *cursor) uvarint() uint64 {
	if len(c.b) > 0 && c.b[0] < 0x80 { // most values
		v := c.b[0]
		c.b = c.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.b = c.b[n:]
	return v
}

// below reads a number smaller than limit.
func (c *cursor) below(limit int) int {
	v := c.uvarint()
	if limit <= 0 || v >= uint64(limit) {
		c.fail()
		return 0
	}
	return int(v)
}

func (c *cursor) uint32() uint32 {
	v := c.uvarint()
	if v > math.MaxUint32 {
		c.fail()
		return 0
	}
	return uint32(v)
}

// count reads how many values follow, each of which takes at least size bytes.
func (c *cursor) count(size int) int {
	v := c.uvarint()
	if v > uint64(len(c.b)/size) {
		c.fail()
		return 0
	}
	return int(v)
}

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		c.fail()
		return 0
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.fail()
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

func (c *cursor) string() string { return string(c.bytes(c.count(1))) }

func (c *cursor) bool() bool { return c.byte() != 0 }

// time reads seconds since 1970 in UTC; zero is the zero time.
func (c *cursor) time() time.Time {
	v := c.uvarint()
	if v == 0 {
		return time.Time{}
	}
	v--
	return time.Unix(int64(v>>1)^-int64(v&1), 0).UTC()
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendInt(b []byte, n int) []byte { return binary.AppendUvarint(b, uint64(n)) }

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendTime keeps whole seconds; times outside the years 1 to 9999, which JSON cannot write, become the zero time.
func appendTime(b []byte, t time.Time) []byte {
	if y := t.UTC().Year(); t.IsZero() || y < 1 || y > 9999 {
		return append(b, 0)
	}
	s := t.Unix()
	return binary.AppendUvarint(b, uint64(s<<1)^uint64(s>>63)+1)
}
