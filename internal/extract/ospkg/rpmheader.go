package ospkg

import (
	"bytes"
	"encoding/binary"
)

// Tags of rpm headers that tell a package and its files (rpm's include/rpm/rpmtag.h).
const (
	rpmName            = 1000
	rpmVersion         = 1001
	rpmRelease         = 1002
	rpmEpoch           = 1003
	rpmVendor          = 1011
	rpmLicense         = 1014
	rpmArch            = 1022
	rpmFileStates      = 1029
	rpmFileModes       = 1030
	rpmSourceRPM       = 1044
	rpmDirIndexes      = 1116
	rpmBaseNames       = 1117
	rpmDirNames        = 1118
	rpmModularityLabel = 5096
)

// rpmTags lists the tags; a header's values are kept in this order.
var rpmTags = [...]uint32{
	rpmName, rpmVersion, rpmRelease, rpmEpoch, rpmVendor, rpmLicense, rpmArch, rpmFileStates, rpmFileModes, rpmSourceRPM,
	rpmDirIndexes, rpmBaseNames, rpmDirNames, rpmModularityLabel,
}

// Types of values.
const (
	rpmChar        = 1
	rpmInt16       = 3
	rpmInt32       = 4
	rpmString      = 6
	rpmStringArray = 8
	rpmI18NString  = 9
)

// Limits that rpm itself sets to headers (lib/header.c).
const (
	rpmMaxTags = 0xffff
	rpmMaxData = 0x0fffffff
)

// rpmHeader is a header taken apart: the values of the tags above, as slices of the record.
//
// A header is two big-endian numbers, the number of entries and of bytes of data; the entries, of 16 bytes each (tag, type,
// offset into the data, count); and the data (rpm's docs/manual/format_header.md). Regions, which tell the part that is
// signed from what was added when the package was installed, are entries with tags of their own and need no care.
type rpmHeader [len(rpmTags)]rpmValue

type rpmValue struct {
	kind, count uint32 // kind 0: not there
	data        []byte // from the value's beginning to the end of all data
}

// parseRPMHeader takes a record apart. Of two entries with one tag the later counts, as it does for rpm: what was added by
// the installation replaces what the package said.
func parseRPMHeader(record []byte) (h rpmHeader, ok bool) {
	if len(record) < 8 {
		return h, false
	}
	entries, size := binary.BigEndian.Uint32(record), binary.BigEndian.Uint32(record[4:])
	if entries == 0 || entries > rpmMaxTags || size > rpmMaxData || 8+16*int64(entries)+int64(size) > int64(len(record)) {
		return h, false
	}
	index, data := record[8:8+16*entries], record[8+16*entries:][:size]
	for ; len(index) > 0; index = index[16:] {
		tag := binary.BigEndian.Uint32(index)
		for i, wanted := range rpmTags {
			if tag != wanted {
				continue
			}
			offset := binary.BigEndian.Uint32(index[8:])
			if offset < size {
				h[i] = rpmValue{
					kind: binary.BigEndian.Uint32(index[4:]), count: binary.BigEndian.Uint32(index[12:]), data: data[offset:],
				}
			}
		}
	}
	return h, true
}

func (h *rpmHeader) value(tag uint32) rpmValue {
	for i, t := range rpmTags {
		if t == tag {
			return h[i]
		}
	}
	return rpmValue{}
}

// text is a string; of a list the first.
func (h *rpmHeader) text(tag uint32) []byte {
	v := h.value(tag)
	if v.kind != rpmString && v.kind != rpmStringArray && v.kind != rpmI18NString || v.count == 0 {
		return nil
	}
	text, _, ok := bytes.Cut(v.data, []byte{0})
	if !ok {
		return nil
	}
	return text
}

// numbers is a list of numbers of one size, as bytes; nil where it is of another kind or not whole.
func (h *rpmHeader) numbers(tag, kind uint32, size int64) []byte {
	v := h.value(tag)
	if v.kind != kind || int64(v.count)*size > int64(len(v.data)) {
		return nil
	}
	return v.data[:int64(v.count)*size]
}

// strings is a list of strings: how many, and their bytes, each with a zero byte after it.
func (h *rpmHeader) strings(tag uint32) (count int, text []byte) {
	v := h.value(tag)
	if v.kind != rpmStringArray || int64(v.count) > int64(len(v.data)) {
		return 0, nil
	}
	return int(v.count), v.data
}
