package version_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/google/osv-scalibr/semantic" // whose fixtures TestScalibrFixtures reads out of the module

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
)

// TestScalibrFixtures runs the comparisons that osv-scalibr keeps for its package semantic: "a < b" lines, many of them
// generated with the package managers. We know better in some, and then a tool of [TestOracle] agrees with us: composer
// counts 1.0 and 1.0.0 as the same, Maven since 3.8.7 has .RC1 as -RC1, and pip refuses what does not follow PEP 440.
func TestScalibrFixtures(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/osv-scalibr").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "semantic", "testdata")
	for _, f := range []struct {
		name            string
		e               purl.Ecosystem
		refused, differ int // at most
	}{
		{"alpine-versions-generated.txt", purl.Alpine, 0, 0},
		{"alpine-versions.txt", purl.Alpine, 6, 8}, // of versions that apk calls invalid
		{"cran-versions-generated.txt", purl.CRAN, 0, 0},
		{"cran-versions.txt", purl.CRAN, 0, 0},
		{"debian-versions-generated.txt", purl.Debian, 0, 0},
		{"debian-versions.txt", purl.Debian, 0, 0},
		{"hackage-versions.txt", purl.Hackage, 0, 0},
		{"maven-versions-generated.txt", purl.Maven, 0, 18},
		{"maven-versions.txt", purl.Maven, 0, 1},
		{"nuget-versions.txt", purl.NuGet, 0, 0},
		{"packagist-versions-generated.txt", purl.Packagist, 0, 10},
		{"packagist-versions.txt", purl.Packagist, 8, 1},
		{"pub-versions.txt", purl.Pub, 0, 0},
		{"pypi-versions-generated.txt", purl.PyPI, 70, 0},
		{"pypi-versions.txt", purl.PyPI, 11, 0},
		{"redhat-versions.txt", purl.RedHat, 0, 2},
		{"rubygems-versions-generated.txt", purl.RubyGems, 0, 0},
		{"rubygems-versions.txt", purl.RubyGems, 2, 0},
		{"semver-versions.txt", purl.SwiftURL, 0, 0},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			testFixture(t, f.e, filepath.Join(dir, f.name), f.refused, f.differ)
		})
	}
}

func testFixture(t *testing.T, e purl.Ecosystem, file string, mayRefuse, mayDiffer int) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Skip("the module is not in the cache: ", err)
	}
	n := 0
	var refused, differ []string
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) != 3 || !strings.Contains("<=>", f[1]) {
			continue
		}
		n++
		switch got, err := version.Compare(e, f[0], f[2]); {
		case errors.Is(err, version.ErrUnordered):
			refused = append(refused, line)
		case err != nil:
			t.Error(err)
		case got != strings.Index("<=>", f[1])-1:
			differ = append(differ, line)
		}
	}
	t.Logf("%d comparisons, refused %d, other %d", n, len(refused), len(differ))
	if n == 0 {
		t.Error("no comparisons")
	}
	if len(refused) > mayRefuse {
		t.Errorf("refused %d, want at most %d: %q", len(refused), mayRefuse, refused)
	}
	if len(differ) > mayDiffer {
		t.Errorf("%d differ, want at most %d: %q", len(differ), mayDiffer, differ)
	}
}
