package ospkg_test

import (
	"encoding/binary"
	"strings"
)

// The databases of TestHostileFilesCostBoundedTimeAndMemory: few bytes that would say much if each were read as often as
// something points at it.

// cellsAtOnePlace is a database whose pages have as many cells as fit, all of them the same bytes.
func cellsAtOnePlace(size int) []byte {
	const pageSize = 1 << 16
	file := writeSQLite([][]byte{samplePackage(0, 100)}, pageSize)
	leaf := file[pageSize : 2*pageSize]
	at := binary.BigEndian.Uint16(leaf[8:])
	cells := (int(at) - 8) / 2
	binary.BigEndian.PutUint16(leaf[3:], uint16(cells))
	for i := range cells {
		binary.BigEndian.PutUint16(leaf[8+2*i:], at)
	}
	return underOneRoot(file, leaf, pageSize, size)
}

// branchesToOnePage is a tree of pages that all have as many children as fit: the page itself, and what lies before it.
func branchesToOnePage(size int) []byte {
	const pageSize = 1 << 16
	file := writeSQLite(nil, pageSize)
	branch := make([]byte, pageSize)
	branch[0] = 5
	cells := (pageSize - 12 - 8) / 2
	binary.BigEndian.PutUint16(branch[3:], uint16(cells))
	for i := range cells {
		binary.BigEndian.PutUint16(branch[12+2*i:], pageSize-8)
	}
	binary.BigEndian.PutUint32(branch[pageSize-8:], 3)
	return underOneRoot(file, branch, pageSize, size)
}

// underOneRoot repeats a page and makes all of them children of the table's root.
func underOneRoot(file, page []byte, pageSize, size int) []byte {
	root := make([]byte, pageSize)
	root[0] = 5
	n := size/pageSize - 2
	binary.BigEndian.PutUint16(root[3:], uint16(n))
	file = append(file[:pageSize:pageSize], root...)
	for i := range n {
		at := pageSize - 8*(i+1)
		binary.BigEndian.PutUint16(file[pageSize+12+2*i:], uint16(at))
		binary.BigEndian.PutUint32(file[pageSize+at:], uint32(i+3))
		file = append(file, page...)
	}
	binary.BigEndian.PutUint32(file[pageSize+8:], 3)
	return file
}

func slotsOfOneBlob(size int) []byte {
	file := writeNDB([][]byte{samplePackage(0, 1000)})
	blob := file[4096:]
	pages := size / 4096
	index := make([]byte, pages*4096)
	copy(index, file[:32])
	binary.LittleEndian.PutUint32(index[12:], uint32(pages))
	for at := 32; at < len(index); at += 16 {
		copy(index[at:], file[32:48])
		binary.LittleEndian.PutUint32(index[at+8:], uint32(len(index)/16))
	}
	return append(index, blob...)
}

// itemsOfOneChain is a hash file in which all packages are in the same overflow pages.
func itemsOfOneChain(size int) []byte {
	file := writeBerkeley([][]byte{[]byte(strings.Repeat("x", size/2))}, binary.LittleEndian, 1<<16, false)
	item := []byte{3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}
	binary.LittleEndian.PutUint32(item[8:], uint32(size/2))
	page := make([]byte, 1<<16)
	page[25] = 13
	items := (len(page) - 26) / 14 &^ 1
	binary.LittleEndian.PutUint16(page[20:], uint16(items))
	for i := range items {
		at := len(page) - 12*(i+1)
		binary.LittleEndian.PutUint16(page[26+2*i:], uint16(at))
		copy(page[at:], item)
	}
	for len(file) < size {
		binary.LittleEndian.PutUint32(page[8:], uint32(len(file)>>16))
		file = append(file, page...)
	}
	binary.LittleEndian.PutUint32(file[32:], uint32(len(file)>>16-1))
	return file
}

// endlessChain is a value whose last overflow page leads to its first, and whose length is the file's.
func endlessChain(size int) []byte {
	file := writeBerkeley([][]byte{[]byte(strings.Repeat("x", size))}, binary.LittleEndian, 512, false)
	last := file[len(file)-512:]
	binary.LittleEndian.PutUint32(last[16:], 2)
	return file
}

func headersOfTags(count int) [][]byte {
	entries := make([]rpmEntry, 0xffff)
	for i := range entries {
		entries[i] = rpmText(1117, "")
	}
	h := rpmHeader(entries...)
	headers := make([][]byte, count)
	for i := range headers {
		headers[i] = h
	}
	return headers
}

func headerOfNothing(size int) []byte {
	nothing := rpmEntry{1118, 8, uint32(size), make([]byte, size)}
	return rpmHeader(rpmText(1000, "a"), rpmText(1001, "1"), rpmText(1002, "1"), rpmTexts(1117, "x"), rpmNumbers(1116, 0), nothing)
}

func headerOfLongPaths(files int) []byte {
	return rpmHeader(rpmText(1000, "a"), rpmText(1001, "1"), rpmText(1002, "1"),
		rpmTexts(1117, strings.Split(strings.Repeat("x ", files-1)+"x", " ")...), rpmNumbers(1116, make([]uint32, files)...), rpmTexts(1118, strings.Repeat("/d", 2000)+"/"))
}

func smallHeaders(count int) [][]byte {
	headers := make([][]byte, count)
	name := []byte("aaaaaa")
	for i := range headers {
		for at := len(name) - 1; at >= 0; at-- {
			if name[at]++; name[at] <= 'z' {
				break
			}
			name[at] = 'a'
		}
		headers[i] = rpmHeader(rpmText(1000, string(name)), rpmText(1001, "1"), rpmText(1002, "1"))
	}
	return headers
}
