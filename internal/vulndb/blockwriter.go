package vulndb

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// A blockWriter makes the block of one package. Rows must come by ascending ordinal.
type blockWriter struct {
	versions   map[string]int32
	order      []string
	bounds     int
	claims     map[string]int
	claimBytes []byte
	rowBytes   []byte
	rows       int
	listed     int
	symbols    int
	last       Ordinal
	lastRef    uint32
	buf        []byte
}

func newBlockWriter() *blockWriter {
	return &blockWriter{versions: map[string]int32{}, claims: map[string]int{}}
}

func (w *blockWriter) reset() {
	clear(w.versions)
	clear(w.claims)
	w.order, w.bounds = w.order[:0], 0
	w.claimBytes, w.rowBytes = w.claimBytes[:0], w.rowBytes[:0]
	w.rows, w.listed, w.symbols, w.last, w.lastRef = 0, 0, 0, 0, 0
}

func (w *blockWriter) version(s string) int32 {
	i, ok := w.versions[s]
	if !ok {
		i = int32(len(w.order))
		w.versions[s] = i
		w.order = append(w.order, s)
	}
	return i
}

// bound gives a number to each version that is the end of an interval. All bounds come before the first claim.
func (w *blockWriter) bound(ranges []vuln.Range) {
	for _, r := range ranges {
		for _, s := range [...]string{r.Introduced, r.Fixed, r.LastAffected, r.Limit} {
			if s != "" {
				w.version(s)
			}
		}
	}
	w.bounds = len(w.order)
}

// claim gives the number of what a says, with fixedAt in the place of its own.
func (w *blockWriter) claim(a *vuln.Affected, fixedAt time.Time) int {
	first := byte(a.Status)&statusBits<<statusShift | byte(a.Severity)&severityBits
	if a.Binary {
		first |= isBinary
	}
	if a.Module != "" || len(a.Imports) > 0 {
		first |= hasMore
	}
	b := append(w.buf[:0], first)
	b = appendTime(b, fixedAt)
	b = appendInt(b, len(a.Ranges))
	for _, r := range a.Ranges {
		at := len(b)
		b = append(b, 0)
		for i, s := range [...]string{r.Introduced, r.Fixed, r.LastAffected, r.Limit} {
			if s != "" {
				b[at] |= 1 << i
				b = appendInt(b, int(w.version(s)))
			}
		}
	}
	listed := make([]int32, 0, len(a.Versions))
	for _, s := range a.Versions {
		listed = append(listed, w.version(s))
	}
	slices.Sort(listed)
	listed = slices.Compact(listed)
	var runs []byte
	count, next := 0, int32(0)
	for i := 0; i < len(listed); {
		j := i + 1
		for j < len(listed) && listed[j] == listed[j-1]+1 {
			j++
		}
		runs = appendInt(runs, int(listed[i]-next))
		runs = appendInt(runs, j-i)
		next = listed[j-1] + 1
		count++
		i = j
	}
	b = appendInt(b, count)
	b = append(b, runs...)
	if first&hasMore != 0 {
		b = appendString(b, a.Module)
		b = appendImports(b, a.Imports)
		w.symbols += countSymbols(a.Imports)
	}
	w.buf = b
	n, ok := w.claims[string(b)]
	if !ok {
		n = len(w.claims)
		w.claims[string(b)] = n
		w.claimBytes = append(w.claimBytes, b...)
		w.listed += len(listed)
	}
	return n
}

func (w *blockWriter) row(o Ordinal, feed int, advisory uint32, bundle bool, claim int) {
	from := uint64(feed) << 1
	if bundle {
		from |= 1
	}
	w.rowBytes = binary.AppendUvarint(w.rowBytes, uint64(o-w.last))
	w.rowBytes = binary.AppendUvarint(w.rowBytes, from)
	w.rowBytes = binary.AppendUvarint(w.rowBytes, zigzag(int64(advisory)-int64(w.lastRef)))
	w.rowBytes = appendInt(w.rowBytes, claim)
	w.last, w.lastRef = o, advisory
	w.rows++
}

// append writes the block.
func (w *blockWriter) append(b []byte) ([]byte, error) {
	if w.rows > maxRows || w.listed > maxListed || w.symbols > maxSymbols {
		return nil, fmt.Errorf("%d rows with %d listed versions and %d symbols are more than a package may have", w.rows, w.listed, w.symbols)
	}
	b = appendInt(b, len(w.order))
	b = appendInt(b, w.bounds)
	for _, s := range w.order {
		b = appendInt(b, len(s))
	}
	for _, s := range w.order {
		b = append(b, s...)
	}
	b = appendInt(b, len(w.claims))
	b = append(b, w.claimBytes...)
	b = appendInt(b, w.rows)
	return append(b, w.rowBytes...), nil
}
