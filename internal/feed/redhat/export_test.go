package redhat

import (
	"sync/atomic"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// Decode reads one record, without the archive and the goroutines around it.
func Decode(vex bool, text []byte) ([]*vuln.Advisory, error) {
	if vex {
		return vexDecoder{"redhat"}.Decode("", text)
	}
	return cveDecoder{feed: "redhat", modules: new(atomic.Int64)}.Decode("", text)
}
