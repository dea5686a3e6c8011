package output_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/output"
	"github.com/sightline-sec/sightline/internal/sbom/sbomtest"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func write(t testing.TB, format string, r *finding.Result, o output.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := output.Write(&b, format, r, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// results are what is written in these tests.
func results() map[string]*finding.Result {
	clean := sbomtest.Result("x")
	clean.Findings, clean.Fixes, clean.Suppressed, clean.Incomplete, clean.Run.DatabaseStale = nil, nil, nil, nil, false
	clean.Distro.EndOfLife = nil
	clean.Summarize()
	starter := sbomtest.Result("x")
	starter.Database.Starter = true
	unfixable := sbomtest.Result("x")
	unfixable.Findings, unfixable.Fixes, unfixable.Artifact.Layers = unfixable.Findings[2:3], nil, nil
	unfixable.Summarize()
	return map[string]*finding.Result{
		"rich":      sbomtest.Result(sbomtest.Hostile),
		"long":      sbomtest.Result(sbomtest.Long()),
		"large":     sbomtest.Large(500),
		"clean":     clean,
		"starter":   starter,
		"unfixable": unfixable,
		"empty": {
			SchemaVersion: "1", Artifact: artifact.Artifact{Kind: artifact.Directory, Name: "src", Format: "directory"}, Database: vuln.Database{Starter: true},
			Findings: []finding.Finding{{Kind: finding.Vulnerable, Vulnerability: &vuln.Vulnerability{ID: "X-1"}}},
		},
	}
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	now := output.Options{Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	verbose, color, narrow := now, now, now
	verbose.Verbose, verbose.Width = true, 140
	color.Color = true
	narrow.Width = 60
	for name, c := range map[string]struct {
		format, result string
		o              output.Options
	}{
		"rich.table": {"table", "rich", now}, "rich-verbose.table": {"table", "rich", verbose}, "rich-color.table": {"table", "rich", color},
		"rich-narrow.table": {"table", "rich", narrow}, "large.table": {"table", "large", now}, "clean.table": {"table", "clean", now},
		"starter.table": {"table", "starter", now}, "unfixable.table": {"table", "unfixable", now}, "empty.table": {"table", "empty", now},
		"rich.json": {"json", "rich", now}, "rich.sarif": {"sarif", "rich", now},
		"rich.cyclonedx": {"cyclonedx", "rich", now}, "rich.spdx": {"spdx", "rich", now},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := write(t, c.format, results()[c.result], c.o)
			file := filepath.Join("testdata", "golden", name)
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("-want +got:\n%.4000s", diff)
			}
		})
	}
}

func TestUnknownFormatNamesTheKnownOnes(t *testing.T) {
	t.Parallel()
	err := output.Write(&bytes.Buffer{}, "html", &finding.Result{}, output.Options{})
	for _, f := range output.Formats() {
		if err == nil || !strings.Contains(err.Error(), f) {
			t.Errorf("error %v does not name %s", err, f)
		}
	}
}

func TestTheSameResultGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, format := range output.Formats() {
		first := write(t, format, sbomtest.Result("x"), output.Options{Verbose: true})
		for range 5 {
			if !bytes.Equal(first, write(t, format, sbomtest.Result("x"), output.Options{Verbose: true})) {
				t.Fatalf("%s differs", format)
			}
		}
	}
}

func TestWritingChangesNothing(t *testing.T) {
	t.Parallel()
	r := results()["empty"]
	before, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range output.Formats() {
		write(t, format, r, output.Options{Verbose: true})
	}
	after, err := json.Marshal(r)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the result was changed from\n%s\nto\n%s", before, after)
	}
}

func TestJSONDiffersInTheRunOnly(t *testing.T) {
	t.Parallel()
	parts := func(r *finding.Result) (rest, run string) {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(write(t, "json", r, output.Options{}), &m); err != nil {
			t.Fatal(err)
		}
		run = string(m["run"])
		delete(m, "run")
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(b), run
	}
	r, again := sbomtest.Result("x"), sbomtest.Result("x")
	again.Run = finding.Run{StartedAt: r.Run.StartedAt.Add(time.Hour), Scanner: "other"}
	rest, run := parts(r)
	restAgain, runAgain := parts(again)
	if rest != restAgain || run == runAgain {
		t.Errorf("rest equal: %v, run equal: %v", rest == restAgain, run == runAgain)
	}
}

// What JSON says of strings must be what they are, whatever the escaper did to their spelling.
func TestEscapingKeepsTheMeaning(t *testing.T) {
	t.Parallel()
	hostile := sbomtest.Hostile + "\u061c\u2066\ufeff\U000e0041é漢🙂\x7f"
	var back finding.Result
	b := write(t, "json", sbomtest.Result(hostile), output.Options{})
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if got := back.Findings[len(back.Findings)-1].Vulnerability.Title; got != hostile {
		t.Errorf("got %q, want %q", got, hostile)
	}
}

func TestNothingSteersTheTerminal(t *testing.T) {
	t.Parallel()
	for name, r := range results() {
		for _, format := range output.Formats() {
			out := string(write(t, format, r, output.Options{Verbose: true}))
			for i, c := range out {
				if c < 0x20 && c != '\n' || 0x7f <= c && c <= 0x9f || 0x200b <= c && c <= 0x200f || 0x2028 <= c && c <= 0x202e || 0x2060 <= c && c <= 0x206f || c == 0xfeff {
					t.Errorf("%s as %s: %U in %q", name, format, c, out[max(0, i-30):min(len(out), i+30)])
					break
				}
			}
		}
	}
}

// failing is a writer that has no room.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestStreamedJSONIsWhatTheEncoderWrites(t *testing.T) {
	t.Parallel()
	for name, r := range results() {
		if name == "empty" || name == "clean" || name == "unfixable" { // null lists are written as empty ones
			continue
		}
		if name == "rich" || name == "long" {
			r = sbomtest.Result("<&>é漢") // nothing to escape
		}
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), string(write(t, "json", r, output.Options{}))); diff != "" {
			t.Errorf("%s: -encoder +streamed\n%.1000s", name, diff)
		}
	}
}

func TestErrorsOfTheWriterAreTold(t *testing.T) {
	t.Parallel()
	for _, format := range output.Formats() {
		if err := output.Write(failing{}, format, sbomtest.Result(sbomtest.Hostile), output.Options{}); err == nil {
			t.Errorf("%s: no error", format)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	r := sbomtest.Large(5000)
	for _, format := range output.Formats() {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			var buf bytes.Buffer
			for b.Loop() {
				buf.Reset()
				if err := output.Write(&buf, format, r, output.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(buf.Len()))
		})
	}
	b.Run("table-verbose", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := output.Write(&bytes.Buffer{}, "table", r, output.Options{Verbose: true, Color: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestNoTimeIsNoTime: a feed of which no copy was at hand has no date, and a database made of such has none.
func TestNoTimeIsNoTime(t *testing.T) {
	t.Parallel()
	r := sbomtest.Result("x")
	r.Database.AsOf = time.Time{}
	r.Database.Feeds = append(r.Database.Feeds, vuln.FeedInfo{Name: "absent"})
	b := write(t, "json", r, output.Options{})
	if bytes.Contains(b, []byte("0001-01-01")) {
		t.Errorf("the year 1 in the result:\n%.600s", b[bytes.Index(b, []byte(`"database"`)):])
	}
	validate(t, compileSchema(t, schemaFile), b)
}
