package suse

import "github.com/sightline-sec/sightline/internal/vuln"

// Decode reads one document, without the archive and the goroutines around it.
func Decode(vex bool, text []byte) ([]*vuln.Advisory, error) {
	return (&decoder{feed: "suse", vex: vex}).Decode("", text)
}
