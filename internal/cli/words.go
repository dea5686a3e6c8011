package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/sightline-sec/sightline/internal/scan"
)

// counted writes a number with its noun: "1 row", "2 rows", "2 vulnerabilities".
func counted[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, is := strings.CutSuffix(noun, "y"); is {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// day writes a date. Not all feeds say of when they are.
func day(t time.Time) string {
	if t.IsZero() {
		return "an unknown date"
	}
	return t.Format(time.DateOnly)
}

// dayIn is a date in a column.
func dayIn(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format(time.DateOnly)
}

// aged writes how old something is, as a remark behind its date; nothing where that is not known.
func aged(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return scan.Age(now.Sub(t)) + " old"
}

// sized writes a number of bytes.
func sized(n int64) string {
	switch {
	case n < 1000:
		return counted(n, "byte")
	case n < 100_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
