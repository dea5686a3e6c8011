package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sampleReport() report {
	fig := func(wall, cpu float64, mib int64, packages int) figures {
		return figures{Wall: wall, CPU: cpu, RSS: mib << 20, Packages: packages, Runs: 5}
	}
	return report{
		Date: "2026-01-31", Runs: 5,
		Machine: machine{CPU: "A CPU", Cores: 2, Memory: "24 GiB", Kernel: "6.1", Go: "go1.26", Before: 0.1},
		Tools:   map[string]string{"floor": "", "sightline": "1.0", "trivy": "0.1"},
		Missing: []string{"grype"},
		Cells: []cell{
			{"slim", gzipForm, map[string]figures{"floor": fig(1, 1, 5, 88), "sightline": fig(1.1, 1.5, 20, 88), "trivy": fig(4.4, 6, 100, 88)}},
			{"slim", warmForm, map[string]figures{"sightline": fig(0.2, 0.1, 20, 88), "trivy": fig(0.1, 0.1, 90, 88)}},
			{"fat", gzipForm, map[string]figures{"floor": fig(2, 2, 5, 100), "sightline": fig(5, 5, 300, 100), "trivy": fig(20, 20, 200, 90)}},
		},
		Problems: []string{"fat, oci-zstd: trivy: exit status 1"},
	}
}

func TestPageSaysWhatWasMeasured(t *testing.T) {
	t.Parallel()
	got := render(sampleReport())
	for _, want := range []string{
		"On 2026-01-31, on A CPU, 2 cores, 24 GiB of memory, Linux 6.1; Sightline was built with go1.26.",
		"| slim | sightline | 1.10 | 1.50 | 20 | 88 | 1.10 | 1.50 |",
		"| slim | trivy | 4.40 | 6.00 | 100 | 88 | 4.40 | 6.00 |",
		"| slim | sightline | 0.20 | 0.10 | 20 | 88 |  |  |", // without a floor there is no ratio
		"| trivy | OCI layout, gzip layers, cold | 2 | 4.00 | 4.00 | 1.83 |",
		"| trivy | **all** | 3 | 2.00 |", // 4, 4 and 1/2
		"Not measured, since not there: grype.",
		"- fat, oci-zstd: trivy: exit status 1",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(got, "not quiet") {
		t.Error("a load of 0.1 is quiet")
	}
	loud := sampleReport()
	loud.Machine.Before = 7
	if !strings.Contains(render(loud), "The machine was not quiet") {
		t.Error("a load of 7 on 2 cores is not told")
	}
}

func TestLossesAreTakenFromTheFiguresWorstFirst(t *testing.T) {
	t.Parallel()
	got := losses(sampleReport())
	want := []string{
		"fat, OCI layout, gzip layers, cold: 2.50 times floor's wall (5.00 s against 2.00 s).",
		"fat, OCI layout, gzip layers, cold: 2.50 times floor's CPU (5.00 s against 2.00 s).",
		"slim, OCI layout, gzip layers, warm cache: 2.00 times trivy's wall (0.20 s against 0.10 s).",
		"slim, OCI layout, gzip layers, cold: 1.50 times floor's CPU (1.50 s against 1.00 s).",
		"fat, OCI layout, gzip layers, cold: 1.50 times trivy's peak memory (300 MiB against 200 MiB).",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	r := sampleReport()
	delete(r.Cells[0].Figures, "sightline")
	if got := losses(r); !strings.Contains(got[0], "Sightline has no figure") {
		t.Errorf("a cell that Sightline could not do is not the first loss: %q", got[0])
	}
}

func TestOddCountsAreTold(t *testing.T) {
	t.Parallel()
	r := sampleReport()
	if got := oddCounts(r.Cells); len(got) != 0 {
		t.Errorf("nothing is odd, but got %q", got)
	}
	f := r.Cells[1].Figures["sightline"]
	f.Packages = 60
	r.Cells[1].Figures["sightline"] = f
	f = r.Cells[2].Figures["floor"]
	f.Packages = 200
	r.Cells[2].Figures["floor"] = f
	if got := oddCounts(r.Cells); len(got) != 2 {
		t.Errorf("two counts are odd, but got %q", got)
	}
}

func TestWritePageKeepsWhatOthersWrote(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "benchmarks.md")
	if err := writePage(file, sampleReport()); err != nil { // makes the page
		t.Fatal(err)
	}
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(first), "# Benchmarks\n", "# Benchmarks\n\nA word by hand.\n", 1) + "\nAnother at the end.\n"
	if err := os.WriteFile(file, []byte(own), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writePage(file, sampleReport()); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(file); err != nil || string(again) != own {
		t.Errorf("writing the same again changed the page, %v:\n%s", err, again)
	}
	if err := os.WriteFile(file, []byte("no markers"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writePage(file, sampleReport()); err == nil {
		t.Error("a page without markers was written over")
	}
}
