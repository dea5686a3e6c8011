package cli_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/cli"
)

var update = flag.Bool("update", false, "rewrite the generated pages of docs/reference")

func TestReference(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(io.Writer) error{"cli.md": cli.Reference, "feeds.md": cli.FeedsReference} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(repoRoot(t), "docs", "reference", name)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("docs/reference/%s is not current, run go generate ./internal/cli:\n%s", name, d)
			}
		})
	}
}
