package vulndb

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/vuln"
)

type heardKey struct {
	o    Ordinal
	feed int32
}

// heardOf is a heard before its package is named.
type heardOf struct {
	word  vuln.Severity
	fixed int64 // seconds since 1970; math.MaxInt64: none
	pkg   uint32
}

// hear notes what a row says about the vulnerability as a whole.
func (e *encoder) hear(o Ordinal, feed int, a *vuln.Affected, fixedAt time.Time, bundle bool, pkg uint32) {
	if fixedAt.IsZero() && (bundle || a.Severity == vuln.Unknown) {
		return
	}
	key := heardKey{o, int32(feed)}
	h, ok := e.heard[key]
	if !ok {
		h.fixed = math.MaxInt64
	}
	if !bundle {
		h.word = max(h.word, a.Severity)
	}
	if !fixedAt.IsZero() && fixedAt.Unix() < h.fixed {
		h.fixed, h.pkg = fixedAt.Unix(), pkg
	}
	e.heard[key] = h
}

// heardBy gives what was heard of each vulnerability, by feed.
func (e *encoder) heardBy() map[Ordinal][]heard {
	out := make(map[Ordinal][]heard, len(e.heard))
	for key, h := range e.heard {
		one := heard{feed: e.feeds[key.feed], word: h.word}
		if h.fixed != math.MaxInt64 {
			at := 0
			for at+1 < len(e.spaces) && e.spaces[at+1].first <= int(h.pkg) {
				at++
			}
			index := e.sections[secPackages][8*int(h.pkg):]
			name := e.sections[secNames][binary.LittleEndian.Uint32(index):binary.LittleEndian.Uint32(index[8:])]
			one.fixed = vuln.Date{
				Kind: vuln.FixPublished, At: time.Unix(h.fixed, 0).UTC(), Feed: one.feed,
				Subject: e.spaces[at].name + "/" + string(name),
			}
		}
		out[key.o] = append(out[key.o], one)
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b heard) int { return strings.Compare(a.feed, b.feed) })
	}
	return out
}
