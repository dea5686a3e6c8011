package ruby_test

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// run runs a program of Ruby's in a folder, or skips the test where it is not installed.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed", name)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w\n%s", err, failed.Stderr)
	}
	if err != nil {
		t.Fatalf("%s %s: %v", name, args[0], err)
	}
	return string(out)
}

func sorted(lines []string) []string {
	slices.Sort(lines)
	return slices.Compact(lines)
}

// platformOf is the platform that a purl tells.
func platformOf(p inventory.Package) string {
	_, platform, _ := strings.Cut(p.PURL, "?platform=")
	return cmp.Or(platform, "ruby")
}

// Every specification that RubyGems knows on this machine, as Ruby evaluates it.
func TestInstalledGemsAgainstRubyGems(t *testing.T) {
	t.Parallel()
	out := run(t, "", "ruby", "-e", `
		Gem.path.flat_map { |d| Dir["#{d}/specifications/{,default/}*.gemspec"] }.uniq.each do |f|
		  s = Gem::Specification.load(f) or next
		  puts [f, s.name, s.version, s.platform, s.licenses.join("|")].join("\t")
		end`)
	count := 0
	for line := range strings.Lines(out) {
		want := strings.Split(strings.TrimRight(line, "\n"), "\t")
		content, err := os.ReadFile(want[0])
		if err != nil {
			t.Fatal(err)
		}
		facts, err := extractFile(t, artifact.Image, strings.TrimPrefix(want[0], "/"), string(content))
		if err != nil || len(facts.Packages) != 1 {
			t.Errorf("%s: %v, %v", want[0], facts.Packages, err)
			continue
		}
		p := facts.Packages[0]
		got := []string{want[0], p.Name, p.Version, platformOf(p), strings.Join(p.Licenses, "|")}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		count++
	}
	if count < 20 {
		t.Errorf("only %d gems: Ruby itself brings more", count)
	}
	t.Logf("%d gems", count)
}

// What `gem list` shows.
func TestGemList(t *testing.T) {
	t.Parallel()
	var want, got []string
	for line := range strings.Lines(run(t, "", "gem", "list", "--local", "--all")) {
		name, versions, ok := strings.Cut(strings.TrimSpace(line), " (")
		if !ok {
			continue
		}
		for version := range strings.SplitSeq(strings.TrimSuffix(versions, ")"), ", ") {
			version, _, _ = strings.Cut(strings.TrimPrefix(version, "default: "), " ")
			want = append(want, name+"@"+version)
		}
	}
	for dir := range strings.SplitSeq(strings.TrimSpace(run(t, "", "gem", "environment", "gempath")), ":") {
		for _, pattern := range []string{"specifications/*.gemspec", "specifications/default/*.gemspec"} {
			files, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				content, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				facts, err := extractFile(t, artifact.Image, strings.TrimPrefix(file, "/"), string(content))
				if err != nil {
					t.Errorf("%s: %v", file, err)
				}
				got = append(got, names(facts.Packages))
			}
		}
	}
	if diff := gocmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Error(diff)
	}
}

// Specifications with odd values, as RubyGems writes them.
func TestOddGemspecsAsRubyGemsWritesThem(t *testing.T) {
	t.Parallel()
	for i, c := range []struct{ version, platform, licenses string }{
		{"1.0", "ruby", "MIT"},
		{"1.0.pre.1", "x86_64-linux-musl", "MIT|GPL-2.0-or-later"},
		{"0", "java", ""},
		{"2.0.0.rc1", "ruby", "The \"good\" one|C:\\x|#{no}|#no|a'b|über|\u202e|tab\tnew\nline"},
	} {
		script := `l = ARGV[2].split("|"); s = Gem::Specification.new { |s| s.name = "odd-gem_x.y"; s.version = ARGV[0]; s.platform = ARGV[1]; s.summary = "x"
			s.authors = ["a"]; s.description = "s.name = 'other'\n  s.name = \"other\""; s.licenses = l }; puts s.to_ruby`
		content := run(t, "", "ruby", "-e", script, c.version, c.platform, c.licenses)
		withoutStub := strings.Replace(content, "# stub:", "# was:", 1)
		for _, content := range []string{content, withoutStub} {
			facts, err := extractFile(t, artifact.Image, "x/specifications/odd.gemspec", content)
			if err != nil || len(facts.Packages) != 1 {
				t.Errorf("%d: %v, %v\n%s", i, facts.Packages, err, content)
				continue
			}
			p := facts.Packages[0]
			var licenses []string
			for l := range strings.SplitSeq(c.licenses, "|") {
				licenses = append(licenses, l)
			}
			if p.Name != "odd-gem_x.y" || p.Version != c.version || platformOf(p) != c.platform || strings.Join(p.Licenses, "|") != strings.Join(licenses, "|") {
				t.Errorf("%d: got %+v, want %+v\n%s", i, p, c, content)
			}
		}
	}
}

// A lock file that Bundler wrote from the gems of this machine and a git repository, and the vendored bundle beside it.
func TestBundler(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bundle"); err != nil {
		t.Skip("bundle is not installed")
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spec := func(name string) string {
		return "V = %w[1 4 2].join('.') unless defined?(V)\nGem::Specification.new do |s|\n  s.name='" + name +
			"'\n  s.version=V\n  s.summary='x'\n  s.authors=['a']\n  s.files=[]\n  s.license='MIT'\nend\n"
	}
	write("g/g.gemspec", spec("g"))
	write("g/h/h.gemspec", spec("h"))
	write("g/test/fixtures/not/installed.gemspec", "Gem::Specification.new { |s|\n s.name='f'\n s.version='1'\n}")
	write("app/engine/e.gemspec", spec("e"))
	write("app/Gemfile", "source 'https://registry.example'\ngem 'g', git: '"+dir+"/g'\ngem 'h', git: '"+dir+"/g'\ngem 'e', path: 'engine'\ngem 'json'\n")
	git := filepath.Join(dir, "g")
	run(t, git, "git", "init", "-q", ".")
	run(t, git, "git", "add", "-A")
	run(t, git, "git", "-c", "user.email=a@example.com", "-c", "user.name=a", "commit", "-q", "-m", "x")
	app := filepath.Join(dir, "app")
	run(t, app, "bundle", "config", "set", "--local", "path", "vendor/bundle")
	run(t, app, "bundle", "install", "--local", "--quiet")

	lockPath := filepath.Join(app, "Gemfile.lock")
	before, plugin, _ := strings.Cut(gemfileLock, "PLUGIN SOURCE") // which Bundler reads only where that plugin is installed
	_, after, _ := strings.Cut(plugin, "\n\n")
	write("locks/all", before+after)
	for _, file := range []string{lockPath, filepath.Join(dir, "locks/all")} {
		out := run(t, app, "ruby", "-rbundler", "-e", `
			l = Bundler::LockfileParser.new(File.read(ARGV[0]))
			l.specs.each { |s| puts "#{s.name}@#{s.version}" }
			puts "bundler@#{l.bundler_version}"`, file)
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		facts, err := extractFile(t, artifact.Directory, "Gemfile.lock", string(content))
		if err != nil {
			t.Fatal(err)
		}
		want, got := sorted(strings.Fields(out)), sorted(strings.Fields(names(facts.Packages)))
		if diff := gocmp.Diff(want, got); diff != "" || len(want) < 4 {
			t.Errorf("%s: %s", file, diff)
		}
	}

	specs, err := filepath.Glob(filepath.Join(app, "vendor/bundle/ruby/*/bundler/gems/*/*.gemspec"))
	if err != nil {
		t.Fatal(err)
	}
	for _, deeper := range []string{"*", "*/*/*"} {
		more, err := filepath.Glob(filepath.Join(app, "vendor/bundle/ruby/*/bundler/gems/*", deeper, "*.gemspec"))
		if err != nil || len(more) != 1 {
			t.Fatal(more, err)
		}
		specs = append(specs, more...)
	}
	var got []string
	for _, file := range specs {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		facts, err := extractFile(t, artifact.Image, strings.TrimPrefix(file, "/"), string(content))
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		got = append(got, strings.Fields(names(facts.Packages))...)
	}
	if diff := gocmp.Diff([]string{"g@1.4.2", "h@1.4.2"}, got); diff != "" {
		t.Error(diff)
	}
}
