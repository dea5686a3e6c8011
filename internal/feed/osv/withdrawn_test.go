package osv_test

import (
	"testing"

	"github.com/sightline-sec/sightline/internal/feed/feedtest"
	"github.com/sightline-sec/sightline/internal/feed/osv"
)

func TestWithdrawnByTitle(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]bool{
		"Withdrawn: Code Injection in x":       true,
		"Withdrawn Advisory: XSS in x":         true,
		"WITHDRAWN":                            true,
		"Duplicate Advisory: RCE in x":         true,
		"x does not withdraw tokens":           false,
		"Potentially withdrawn keys are valid": false,
	} {
		for id, counts := range map[string]bool{"GHSA-aaaa-bbbb-cccc": true, "GO-2024-0001": false} {
			record := `{"id": "` + id + `", "modified": "2024-01-02T00:00:00Z", "summary": "` + title + `", "affected": [
				{"package": {"ecosystem": "npm", "name": "x"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}`
			said, skipped, err := feedtest.Parse(t, osv.New("npm"), feedtest.Files{"osv/npm/all.zip": pack(t, map[string]string{id + ".json": record})})
			if err != nil || len(skipped) > 0 || len(said) != 1 {
				t.Fatalf("%d said, %v, %v", len(said), skipped, err)
			}
			if got := !said[0].Withdrawn.IsZero(); got != (want && counts) {
				t.Errorf("%s %q: withdrawn %v", id, title, got)
			}
		}
	}
}
