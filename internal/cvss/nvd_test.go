package cvss_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sightline-sec/sightline/internal/cvss"
)

// nvdFiles finds the yearly files of the NVD feed.
func nvdFiles(t *testing.T) []string {
	t.Helper()
	dir := os.Getenv("SIGHTLINE_FEEDS")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			if root == filepath.Dir(root) {
				t.Fatal("no go.mod above the test")
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared", "feeds")
	}
	files, err := filepath.Glob(filepath.Join(dir, "nvd/feeds/json/cve/2.0/nvdcve-2.0-*.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no NVD feed under ", dir)
	}
	return files
}

// metric is one rating in NVD's format, cvssMetricV2 and its successors.
type metric struct {
	CVSSData struct {
		Version      string
		VectorString string
		BaseScore    float64
		BaseSeverity string
	}
}

// TestNVD scores every vector of the NVD feed and compares with NVD's own score.
func TestNVD(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, name := range nvdFiles(t) {
		for _, m := range readMetrics(t, name) {
			want := m.CVSSData
			v, err := cvss.Parse(want.VectorString)
			if err != nil {
				t.Errorf("%s: %v", filepath.Base(name), err)
				continue
			}
			seen[v.Version()]++
			if v.Version() != want.Version || v.Score() != want.BaseScore {
				t.Errorf("%s: %s is version %s, score %.1f; NVD says %s, %.1f",
					filepath.Base(name), want.VectorString, v.Version(), v.Score(), want.Version, want.BaseScore)
			}
		}
	}
	t.Logf("vectors: %v", seen)
	for _, version := range []string{"2.0", "3.0", "3.1"} {
		if seen[version] < 1000 {
			t.Errorf("only %d vectors of version %s", seen[version], version)
		}
	}
}

func readMetrics(t *testing.T, name string) []metric {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var feed struct {
		Vulnerabilities []struct {
			CVE struct{ Metrics map[string][]metric }
		}
	}
	if err := json.NewDecoder(z).Decode(&feed); err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
	var all []metric
	for _, v := range feed.Vulnerabilities {
		for _, m := range v.CVE.Metrics {
			all = append(all, m...)
		}
	}
	return all
}
