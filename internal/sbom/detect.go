package sbom

// Detect says which format the bytes are in by looking at their head.
func Detect(b []byte) (format string, ok bool) { return "", false }
