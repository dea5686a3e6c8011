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
	at  int // the only thing that changes on the hot path: writing b would cost a write barrier each time
	bad bool
}

func (c *cursor) fail() { c.at, c.bad = len(c.b), true }

// left is the number of bytes that were not read.
func (c *cursor) left() int { return len(c.b) - c.at }

func (c *cursor) uvarint() uint64 {
	if c.at < len(c.b) && c.b[c.at] < 0x80 { // most values are small, and this much is inlined
		c.at++
		return uint64(c.b[c.at-1])
	}
	return c.long()
}

func (c *cursor) long() uint64 {
	v, n := binary.Uvarint(c.b[c.at:])
	if n <= 0 {
		c.fail()
		return 0
	}
	c.at += n
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
	if v > uint64(c.left()/size) {
		c.fail()
		return 0
	}
	return int(v)
}

func (c *cursor) byte() byte {
	if c.at >= len(c.b) {
		c.fail()
		return 0
	}
	c.at++
	return c.b[c.at-1]
}

func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > c.left() {
		c.fail()
		return nil
	}
	c.at += n
	return c.b[c.at-n : c.at]
}

func (c *cursor) string() string { return string(c.bytes(c.count(1))) }

func (c *cursor) bool() bool { return c.byte() != 0 }

// time reads seconds since 1970 in UTC; zero is the zero time.
func (c *cursor) time() time.Time {
	v := c.uvarint()
	if v == 0 {
		return time.Time{}
	}
	return time.Unix(unzigzag(v-1), 0).UTC()
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
	return binary.AppendUvarint(b, zigzag(t.Unix())+1)
}

// zigzag makes small numbers of small numbers of either sign.
func zigzag(n int64) uint64 { return uint64(n<<1) ^ uint64(n>>63) }

func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }
