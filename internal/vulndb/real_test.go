package vulndb_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/all"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// realInputs gives all feeds over the real files, or skips where they are not at hand.
func realInputs(tb testing.TB) []vulndb.Input {
	tb.Helper()
	dir := os.Getenv("SIGHTLINE_FEEDS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "feeds")
	}
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("the real feeds are not there (set SIGHTLINE_FEEDS): %v", err)
	}
	raw, err := feed.Dir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = raw.Close() })
	var inputs []vulndb.Input
	for _, f := range all.Feeds() {
		inputs = append(inputs, vulndb.Input{Feed: f, Raw: raw})
	}
	return inputs
}
