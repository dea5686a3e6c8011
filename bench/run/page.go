package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// What lies between the markers is written, all else of the page is kept.
const (
	begin = "<!-- bench:begin, written by go run ./bench/run -->"
	end   = "<!-- bench:end -->"
)

// written is a new page.
const written = `# Benchmarks

How fast Sightline is, how that was measured, and where it loses. ` + "`make bench-images DB=vuln.db`" + ` measures on your machine.

` + begin + "\n" + end + "\n"

func writePage(file string, r report) error {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = []byte(written), nil
	}
	if err != nil {
		return err
	}
	page, err := replaceBetween(string(b), render(r))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(page), 0o644)
}

func replaceBetween(page, text string) (string, error) {
	head, rest, ok := strings.Cut(page, begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", errors.New("the page has no markers to write between")
	}
	return head + begin + "\n" + text + end + tail, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// formTitles name the forms for readers.
var formTitles = map[string]string{
	gzipForm: "OCI layout, gzip layers, cold", zstdForm: "OCI layout, zstd layers, cold", archiveForm: "docker-archive, plain layers, cold",
	rootForm: "unpacked root", storeForm: "containerd store, read on disk", warmForm: "OCI layout, gzip layers, warm cache",
	fleetForm: "services over shared bases, cold", fleetWarm: "services over shared bases, warm cache",
}

// order puts the floor and Sightline first.
func order(tools map[string]string) []string {
	names := []string{"floor", "sightline"}
	for _, n := range sortedKeys(tools) {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return slices.DeleteFunc(names, func(n string) bool { _, ok := tools[n]; return !ok })
}

func render(r report) string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "\n## What was measured\n\n")
	fmt.Fprintf(&b, "On %s, on %s, %d cores, %s of memory, Linux %s; Sightline was built with %s. ", r.Date, m.CPU, m.Cores, m.Memory, m.Kernel, m.Go)
	if limit := 0.25 * float64(m.Cores); m.Before > limit {
		fmt.Fprintf(&b, "**The machine was not quiet**: its load was %.1f before the runs and %.1f after. Wall times are too long, and CPU times are the better measure.", m.Before, m.After)
	} else {
		fmt.Fprintf(&b, "Load of the machine before the runs: %.2f.", m.Before)
	}
	fmt.Fprintf(&b, "\n\n| tool | version |\n|---|---|\n")
	tools := order(r.Tools)
	for _, t := range tools {
		fmt.Fprintf(&b, "| %s | %s |\n", t, or(r.Tools[t], "of this tree"))
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(&b, "\nNot measured, since not there: %s.\n", strings.Join(r.Missing, ", "))
	}
	fmt.Fprintf(&b, `
Sightline does the whole scan: packages, matching against the whole database, and the result as JSON. *floor* only inflates, walks and
counts packages, and the other tools list packages without matching (grype, where it has a database, matches too): both comparisons are to Sightline's disadvantage. Floor checks no digests.
Each tool ran once uncounted and then %d times, in turn; figures are medians of wall and of CPU (user and system) seconds, and of the peak
memory of the largest process, as the kernel counted them. All files were in the page cache. The floor of a containerd store is that of the unpacked
root. Packages are different ones: tools list one again for each layer that has it, or do not. The fleet ran as one process where the tool can, else as one process a service.
`, r.Runs)

	for _, form := range forms {
		renderForm(&b, r, form, tools)
	}
	renderRatios(&b, r, tools)
	fmt.Fprintf(&b, "\n## Where Sightline loses\n\n")
	lost := losses(r)
	if len(lost) == 0 {
		fmt.Fprintf(&b, "Nowhere in these figures.\n")
	}
	for _, l := range lost {
		fmt.Fprintf(&b, "- %s\n", l)
	}
	if len(r.Problems) > 0 {
		fmt.Fprintf(&b, "\n## What was odd\n\nRuns that failed are not in the figures.\n\n")
		for _, p := range r.Problems {
			fmt.Fprintf(&b, "- %s\n", strings.ReplaceAll(p, "\n", " "))
		}
	}
	return b.String()
}

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

func renderForm(b *strings.Builder, r report, form string, tools []string) {
	var rows []cell
	for _, c := range r.Cells {
		if c.Form == form && len(c.Figures) > 0 {
			rows = append(rows, c)
		}
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## %s%s\n\n| image | tool | wall s | CPU s | peak MiB | packages | wall : floor | CPU : floor |\n|---|---|--:|--:|--:|--:|--:|--:|\n",
		strings.ToUpper(formTitles[form][:1]), formTitles[form][1:])
	for _, c := range rows {
		floor, has := c.Figures["floor"]
		for _, t := range tools {
			f, ok := c.Figures[t]
			if !ok {
				continue
			}
			wall, cpu := "", ""
			if has && t != "floor" {
				wall, cpu = times(f.Wall/floor.Wall), times(f.CPU/floor.CPU)
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %d | %d | %s | %s |\n", c.Image, t, seconds(f.Wall), seconds(f.CPU), f.RSS>>20, f.Packages, wall, cpu)
		}
	}
}

func seconds(s float64) string {
	switch {
	case s < 0.1:
		return fmt.Sprintf("%.3f", s)
	case s < 10:
		return fmt.Sprintf("%.2f", s)
	}
	return fmt.Sprintf("%.1f", s)
}

func times(x float64) string {
	if x >= 10 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// ratio is another tool's cost over Sightline's, over the cells of one form (all forms for "") which both have.
func ratio(cells []cell, form, tool string, of func(figures) float64) (mean float64, n int) {
	var v []float64
	for _, c := range cells {
		s, ok := c.Figures["sightline"]
		o, ok2 := c.Figures[tool]
		if ok && ok2 && (form == "" || c.Form == form) && of(s) > 0 {
			v = append(v, of(o)/of(s))
		}
	}
	return geomean(v), len(v)
}

func wallOf(f figures) float64 { return f.Wall }
func cpuOf(f figures) float64  { return f.CPU }
func rssOf(f figures) float64  { return float64(f.RSS) }

func renderRatios(b *strings.Builder, r report, tools []string) {
	fmt.Fprintf(b, "\n## Geometric means\n\nWhat each tool costs for one that Sightline costs: above 1 Sightline costs less.\n\n")
	fmt.Fprintf(b, "| tool | form | cells | wall | CPU | peak memory |\n|---|---|--:|--:|--:|--:|\n")
	for _, t := range tools {
		if t == "sightline" {
			continue
		}
		for _, form := range append(slices.Clone(forms), "") {
			wall, n := ratio(r.Cells, form, t, wallOf)
			if n == 0 {
				continue
			}
			cpu, _ := ratio(r.Cells, form, t, cpuOf)
			rss, _ := ratio(r.Cells, form, t, rssOf)
			fmt.Fprintf(b, "| %s | %s | %d | %s | %s | %s |\n", t, or(formTitles[form], "**all**"), n, times(wall), times(cpu), times(rss))
		}
	}
}

// nearFloor is how near a cold scan of gzip layers is meant to come.
const nearFloor = 1.15

// losses says in words where Sightline costs more than another tool, or more than it aims for, the worst first.
func losses(r report) []string {
	type loss struct {
		by   float64
		text string
	}
	var all []loss
	measures := []struct {
		word string
		of   func(figures) float64
		show func(float64) string
	}{
		{"wall", wallOf, func(x float64) string { return seconds(x) + " s" }},
		{"CPU", cpuOf, func(x float64) string { return seconds(x) + " s" }},
		{"peak memory", rssOf, func(x float64) string { return fmt.Sprintf("%.0f MiB", x/(1<<20)) }},
	}
	for _, c := range r.Cells {
		s, ok := c.Figures["sightline"]
		if !ok {
			all = append(all, loss{1e9, fmt.Sprintf("%s, %s: Sightline has no figure.", c.Image, formTitles[c.Form])})
			continue
		}
		for _, tool := range sortedKeys(c.Figures) {
			o := c.Figures[tool]
			for _, m := range measures {
				limit := 1.0
				if tool == "floor" {
					if m.word == "peak memory" {
						continue // it holds no result
					}
					limit = nearFloor
				}
				if tool == "sightline" || m.of(o) == 0 || m.of(s) <= limit*m.of(o) {
					continue
				}
				by := m.of(s) / m.of(o)
				all = append(all, loss{by, fmt.Sprintf("%s, %s: %s times %s's %s (%s against %s).",
					c.Image, formTitles[c.Form], times(by), tool, m.word, m.show(m.of(s)), m.show(m.of(o)))})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b loss) int {
		switch {
		case a.by > b.by:
			return -1
		case a.by < b.by:
			return 1
		}
		return 0
	})
	var out []string
	for _, l := range all {
		out = append(out, l.text)
	}
	return out
}
