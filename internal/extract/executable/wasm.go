package executable

import (
	"encoding/binary"
	"io"
)

// parseWasm lists the custom sections of a WebAssembly module, see https://webassembly.github.io/spec/core/binary/modules.html. A section is
// what follows its name.
func parseWasm(ra io.ReaderAt, size int64) *File {
	x := &File{Format: Wasm, Order: binary.LittleEndian, Named: true}
	var buf [1 + 2*binary.MaxVarintLen32 + maxName]byte
	at := int64(8)
	for range limit {
		if at >= size {
			break
		}
		n, _ := ra.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if n < 2 {
			break
		}
		b := buf[1:n]
		length, k := binary.Uvarint(b)
		body := at + 1 + int64(k)
		if k <= 0 || body > size || length > uint64(size-body) {
			break
		}
		at = body + int64(length)
		if b = b[k:]; buf[0] != 0 {
			continue
		}
		b = b[:min(uint64(len(b)), length)]
		if name, k := binary.Uvarint(b); k > 0 && name <= min(maxName, uint64(len(b)-k)) {
			skip := uint64(k) + name
			x.addSection(string(b[k:skip]), 0, uint64(body)+skip, length-skip, false)
		}
	}
	return x
}
