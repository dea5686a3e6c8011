package ospkg_test

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// rpmEntry is one entry of a header that a test writes.
type rpmEntry struct {
	tag, kind, count uint32
	data             []byte
}

func rpmText(tag uint32, s string) rpmEntry { return rpmEntry{tag, 6, 1, []byte(s + "\x00")} }

func rpmTexts(tag uint32, list ...string) rpmEntry {
	return rpmEntry{tag, 8, uint32(len(list)), []byte(strings.Join(list, "\x00") + "\x00")}
}

func rpmNumbers(tag uint32, list ...uint32) rpmEntry {
	e := rpmEntry{tag: tag, kind: 4, count: uint32(len(list))}
	for _, n := range list {
		e.data = binary.BigEndian.AppendUint32(e.data, n)
	}
	return e
}

func rpmShorts(tag uint32, list ...uint16) rpmEntry {
	e := rpmEntry{tag: tag, kind: 3, count: uint32(len(list))}
	for _, n := range list {
		e.data = binary.BigEndian.AppendUint16(e.data, n)
	}
	return e
}

// rpmHeader writes a header as rpm stores it.
func rpmHeader(entries ...rpmEntry) []byte {
	var index, data []byte
	for _, e := range entries {
		align := map[uint32]int{3: 2, 4: 4}[e.kind]
		for align > 0 && len(data)%align != 0 {
			data = append(data, 0)
		}
		for _, n := range []uint32{e.tag, e.kind, uint32(len(data)), e.count} {
			index = binary.BigEndian.AppendUint32(index, n)
		}
		data = append(data, e.data...)
	}
	h := binary.BigEndian.AppendUint32(nil, uint32(len(entries)))
	h = binary.BigEndian.AppendUint32(h, uint32(len(data)))
	return append(append(h, index...), data...)
}

// samplePackage is a header of about the size that real ones have, with files, a changelog and digests.
func samplePackage(i, files int) []byte {
	bases, indexes, modes, digests := make([]string, files), make([]uint32, files), make([]uint16, files), make([]string, files)
	dirs := make([]string, files/10+1)
	for d := range dirs {
		dirs[d] = fmt.Sprintf("/usr/lib/example-%d/part%d/", i, d)
	}
	for f := range files {
		bases[f], indexes[f], modes[f] = fmt.Sprintf("libexample-%d.so", f), uint32(f/10), 0o100644
		digests[f] = fmt.Sprintf("%064x", i*files+f)
	}
	changelog := make([]string, 40)
	for c := range changelog {
		changelog[c] = fmt.Sprintf("- change %d of package %d, about which a line or two are written", c, i)
	}
	entries := []rpmEntry{
		rpmText(1000, fmt.Sprintf("example-%d", i)), rpmText(1001, fmt.Sprintf("1.%d.3", i%50)), rpmText(1002, "4.el9"),
		rpmText(1005, strings.Repeat("An example of a package. ", 12)), rpmText(1011, "Example Vendor"), rpmText(1014, "GPLv2+ and MIT"),
		rpmText(1022, "x86_64"), rpmText(1044, fmt.Sprintf("example-%d-1.%d.3-4.el9.src.rpm", i/2, i%50)), rpmTexts(1082, changelog...),
	}
	if i%3 == 0 {
		entries = append(entries, rpmNumbers(1003, uint32(i%5)))
	}
	if files > 0 {
		entries = append(entries, rpmShorts(1030, modes...), rpmTexts(1035, digests...), rpmNumbers(1116, indexes...), rpmTexts(1117, bases...), rpmTexts(1118, dirs...))
	}
	return rpmHeader(entries...)
}

func putVarint(b []byte, v uint64) []byte {
	var parts []byte
	for first := true; first || v > 0; first = false {
		c := byte(v & 0x7f)
		if !first {
			c |= 0x80
		}
		parts = append([]byte{c}, parts...)
		v >>= 7
	}
	return append(b, parts...)
}

// writeSQLite writes a database with the one table, a tree of at most two levels.
func writeSQLite(blobs [][]byte, pageSize int) []byte {
	file := make([]byte, pageSize) // page 1
	alloc := func() int { file = append(file, make([]byte, pageSize)...); return len(file) / pageSize }
	page := func(n int) []byte { return file[(n-1)*pageSize : n*pageSize] }
	var leaves []int
	// leaf writes cells into a page; it returns false where one does not fit.
	type builder struct{ head, cells, end int }
	at := func(n int, b *builder, kind byte, cell []byte) bool {
		pointers := b.head + 8
		if kind == 5 {
			pointers += 4
		}
		if pointers+2*(b.cells+1) > b.end-len(cell) {
			return false
		}
		p := page(n)
		b.end -= len(cell)
		copy(p[b.end:], cell)
		binary.BigEndian.PutUint16(p[pointers+2*b.cells:], uint16(b.end))
		b.cells++
		p[b.head] = kind
		binary.BigEndian.PutUint16(p[b.head+3:], uint16(b.cells))
		binary.BigEndian.PutUint16(p[b.head+5:], uint16(b.end))
		return true
	}
	cellOf := func(row int, record []byte) []byte {
		cell := putVarint(putVarint(nil, uint64(len(record))), uint64(row))
		most, least := pageSize-35, (pageSize-12)*32/255-23
		if len(record) <= most {
			return append(cell, record...)
		}
		local := least + (len(record)-least)%(pageSize-4)
		if local > most {
			local = least
		}
		cell = append(cell, record[:local]...)
		var link []byte // where the number of the next page belongs
		for rest := record[local:]; len(rest) > 0; {
			n := alloc()
			if link == nil {
				cell = binary.BigEndian.AppendUint32(cell, uint32(n))
			} else {
				binary.BigEndian.PutUint32(page(n-1), uint32(n))
			}
			link = page(n)
			rest = rest[copy(link[4:], rest):]
		}
		return cell
	}
	leaf := builder{end: pageSize}
	leaves = append(leaves, alloc())
	page(leaves[0])[0] = 13
	var lastRow []int
	for i, b := range blobs {
		types := putVarint([]byte{0}, uint64(12+2*len(b)))
		record := append(append(putVarint(nil, uint64(len(types)+1)), types...), b...)
		cell := cellOf(i+1, record)
		if !at(leaves[len(leaves)-1], &leaf, 13, cell) {
			lastRow = append(lastRow, i)
			leaves = append(leaves, alloc())
			leaf = builder{end: pageSize}
			at(leaves[len(leaves)-1], &leaf, 13, cell)
		}
	}
	root := leaves[0]
	if len(leaves) > 1 {
		root = alloc()
		inner := builder{end: pageSize}
		for i, l := range leaves[:len(leaves)-1] {
			if !at(root, &inner, 5, putVarint(binary.BigEndian.AppendUint32(nil, uint32(l)), uint64(lastRow[i]))) {
				panic("too many pages for a tree of two levels")
			}
		}
		binary.BigEndian.PutUint32(page(root)[8:], uint32(leaves[len(leaves)-1]))
	}
	sql := "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)"
	types := append([]byte{13 + 2*5, 13 + 2*8, 13 + 2*8, 4}, putVarint(nil, uint64(13+2*len(sql)))...)
	record := append(append([]byte{byte(len(types) + 1)}, types...), "tablePackagesPackages"...)
	record = append(binary.BigEndian.AppendUint32(record, uint32(root)), sql...)
	schema := builder{head: 100, end: pageSize}
	at(1, &schema, 13, append(putVarint(putVarint(nil, uint64(len(record))), 1), record...))
	h := page(1)
	copy(h, "SQLite format 3\x00")
	binary.BigEndian.PutUint16(h[16:], uint16(pageSize)) // 65536 is written as 0 here and 1 below
	if pageSize == 1<<16 {
		h[17] = 1
	}
	h[18], h[19], h[21], h[22], h[23] = 1, 1, 64, 32, 32
	binary.BigEndian.PutUint32(h[28:], uint32(len(file)/pageSize))
	h[47], h[59] = 4, 1 // schema format, UTF-8
	return file
}

// writeNDB writes a database as rpm's ndb does, without checksums, which rpm does not check when it reads.
func writeNDB(blobs [][]byte) []byte {
	le := binary.LittleEndian
	pages := (32+16*len(blobs))/4096 + 1
	file := make([]byte, pages*4096)
	copy(file, "RpmP")
	le.PutUint32(file[8:], 1)
	le.PutUint32(file[12:], uint32(pages))
	le.PutUint32(file[16:], uint32(len(blobs)+1))
	for at := 32; at < pages*4096; at += 16 {
		copy(file[at:], "Slot")
	}
	for i, b := range blobs {
		start := len(file)
		head := append([]byte("BlbS"), make([]byte, 12)...)
		le.PutUint32(head[4:], uint32(i+1))
		le.PutUint32(head[8:], 1)
		le.PutUint32(head[12:], uint32(len(b)))
		file = append(append(file, head...), b...)
		for (len(file)+12)%16 != 0 {
			file = append(file, 0)
		}
		file = append(file, make([]byte, 4)...)
		file = append(le.AppendUint32(file, uint32(len(b))), "BlbE"...)
		slot := file[32+16*i:]
		le.PutUint32(slot[4:], uint32(i+1))
		le.PutUint32(slot[8:], uint32(start/16))
		le.PutUint32(slot[12:], uint32((len(file)-start)/16))
	}
	return file
}

// writeBerkeley writes a hash file whose packages all lie in overflow pages, or in the hash page where inline is set and they fit.
func writeBerkeley(blobs [][]byte, order binary.ByteOrder, pageSize int, inline bool) []byte {
	file := make([]byte, pageSize)
	alloc := func(kind byte) []byte {
		n := len(file) / pageSize
		file = append(file, make([]byte, pageSize)...)
		p := file[n*pageSize:]
		order.PutUint32(p[8:], uint32(n))
		p[25] = kind
		return p
	}
	put := func(n int, items ...[]byte) bool { // a key and a value into hash page n
		p := file[n*pageSize : (n+1)*pageSize]
		count := int(order.Uint16(p[20:]))
		end := pageSize
		if count > 0 {
			end = int(order.Uint16(p[26+2*(count-1):]))
		}
		for _, item := range items {
			end -= len(item)
		}
		if end < 26+2*(count+len(items)) {
			return false
		}
		for i, item := range items {
			at := end
			for _, later := range items[i+1:] {
				at += len(later)
			}
			copy(p[at:], item)
			order.PutUint16(p[26+2*(count+i):], uint16(at))
		}
		order.PutUint16(p[20:], uint16(count+len(items)))
		return true
	}
	hash := len(file) / pageSize
	alloc(13)
	put(hash, []byte{1, 0, 0, 0, 0}, []byte{1, 9, 0, 0, 0})
	for i, b := range blobs {
		key := binary.LittleEndian.AppendUint32([]byte{1}, uint32(i+1))
		value := append([]byte{1}, b...)
		if !inline || len(b) > pageSize/4 || len(b) < 5 {
			first := len(file) / pageSize
			for rest := b; ; {
				p := alloc(7)
				n := copy(p[26:], rest)
				order.PutUint16(p[22:], uint16(n))
				if rest = rest[n:]; len(rest) == 0 {
					break
				}
				order.PutUint32(p[16:], uint32(len(file)/pageSize))
			}
			value = make([]byte, 12)
			value[0] = 3
			order.PutUint32(value[4:], uint32(first))
			order.PutUint32(value[8:], uint32(len(b)))
		}
		if !put(hash, key, value) {
			hash = len(file) / pageSize
			alloc(13)
			put(hash, key, value)
		}
	}
	order.PutUint32(file[12:], 0x061561)
	order.PutUint32(file[16:], 9)
	order.PutUint32(file[20:], uint32(pageSize))
	file[25] = 8
	order.PutUint32(file[32:], uint32(len(file)/pageSize-1))
	return file
}
