package vulndb

import (
	"fmt"
	"runtime/debug"
	"unsafe"
)

// guard turns a fault in the mapped file into an error: the file was truncated after it was opened, or its disk gave
// an error. Without it the signal (SIGBUS) would end the program. It is used as
//
//	defer db.guard(&err)()
//
// and lets every other panic pass.
func (db *DB) guard(err *error) func() {
	if !db.mapped || len(db.data) == 0 {
		return func() {}
	}
	old := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(old)
		r := recover()
		if r == nil {
			return
		}
		start := uintptr(unsafe.Pointer(unsafe.SliceData(db.data)))
		if fault, ok := r.(interface{ Addr() uintptr }); ok && fault.Addr()-start < uintptr(len(db.data)) {
			*err = fmt.Errorf("%w: %w", ErrCorrupt, errFault)
			return
		}
		panic(r)
	}
}
