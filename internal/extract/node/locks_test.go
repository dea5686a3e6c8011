package node_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// extractorOf tells which extractor reads a lock file.
var extractorOf = map[string]string{
	"yarn.lock": "yarn-lock", "pnpm-lock.yaml": "pnpm-lock", "bun.lock": "bun-lock", "deno.lock": "deno-lock",
}

// The lock files that each generation of each tool wrote for one project give the packages that the tool itself lists;
// testdata/locks/README.md says how they were made.
func TestLockFilesAreThoseOfTheToolThatWroteThem(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/locks/*/*lock*")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d lock files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			list, err := os.ReadFile(filepath.Join(filepath.Dir(file), "want"))
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Fields(string(list))
			if !slices.Contains(want, "fsevents@2.3.3") && !strings.HasSuffix(file, "deno.lock") { // deno pins for its platform only
				want = append(want, "fsevents@2.3.3")
			}
			slices.Sort(want)
			facts, err := extractFile(t, extractorOf[filepath.Base(file)], filepath.Base(file), string(content))
			if err != nil || len(facts.Incomplete) > 0 {
				t.Errorf("%v, %v", err, facts.Incomplete)
			}
			got := strings.Fields(names(facts.Packages))
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-the tool +got):\n%s", diff)
			}
		})
	}
}
