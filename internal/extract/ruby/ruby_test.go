package ruby_test

import (
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/extract/ruby"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// extractFile runs every extractor that claims the path in an artifact of that kind.
func extractFile(t testing.TB, kind artifact.Kind, name, content string) (extract.Facts, error) {
	t.Helper()
	var facts extract.Facts
	for _, x := range ruby.Extractors() {
		for _, c := range x.Claims() {
			if len(c.In) > 0 && !slices.Contains(c.In, kind) {
				continue
			}
			if c.Base != path.Base(name) && (c.Suffix == "" || c.Suffix != path.Ext(name)) || c.Match != nil && !c.Match(name) {
				continue
			}
			if err := x.Extract(t.Context(), extract.NewFile(name, []byte(content), 0o644), &facts); err != nil {
				return facts, err
			}
		}
	}
	return facts, nil
}

func names(packages []inventory.Package) string {
	var list []string
	for _, p := range packages {
		list = append(list, p.Name+"@"+p.Version)
	}
	return strings.Join(list, " ")
}

const rails = `# -*- encoding: utf-8 -*-
# stub: rails 6.1.7.10 ruby lib

Gem::Specification.new do |s|
  s.name = "rails".freeze
  s.version = "6.1.7.10"

  s.required_rubygems_version = Gem::Requirement.new(">= 1.8.11".freeze) if s.respond_to? :required_rubygems_version=
  s.licenses = ["MIT".freeze]
  s.rubygems_version = "3.3.15".freeze
end
`

func TestPlacesOfGemspecs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{ // the kinds of artifact in which the file says a package
		"usr/lib/ruby/gems/3.1.0/specifications/rails-6.1.7.10.gemspec":         "image directory",
		"usr/lib/ruby/gems/3.1.0/specifications/default/rails-6.1.7.10.gemspec": "image directory",
		"var/lib/gems/3.1.0/specifications/rails-6.1.7.10.gemspec":              "image directory",
		"app/vendor/bundle/ruby/3.1.0/specifications/rails-6.1.7.10.gemspec":    "image directory",
		"app/vendor/bundle/ruby/3.1.0/bundler/gems/rails-abc/rails.gemspec":     "image directory",
		"app/vendor/bundle/ruby/3.1.0/bundler/gems/rails-abc/a/b/c/d.gemspec":   "image directory",
		"app/vendor/bundle/ruby/3.1.0/gems/rails-6.1.7.10/rails.gemspec":        "",
		"app/vendor/bundle/ruby/3.1.0/gems/rails-6.1/test/fixtures/x.gemspec":   "",
		"gems/rails/rails.gemspec":        "directory",
		"gems/x.gemspec":                  "directory",
		"rails.gemspec":                   "directory",
		"gems/rails/gems/a-1.0/a.gemspec": "",
		"specifications/rails.txt":        "",
	} {
		var got []string
		for _, kind := range []artifact.Kind{artifact.Image, artifact.Directory} {
			facts, err := extractFile(t, kind, name, rails)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if names(facts.Packages) == "rails@6.1.7.10" {
				got = append(got, string(kind))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s counts in %q, want %q", name, got, want)
		}
	}
}

func TestPackageOfAGem(t *testing.T) {
	t.Parallel()
	facts, err := extractFile(t, artifact.Image, "usr/lib/ruby/gems/3.1.0/specifications/nokogiri-1.15.4-x86_64-linux.gemspec",
		"# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.15.4 x86_64-linux lib\n\nGem::Specification.new do |s|\n"+
			"  s.name = \"nokogiri\".freeze\n  s.version = \"1.15.4\"\n  s.platform = \"x86_64-linux\".freeze\n  s.licenses = [\"MIT\".freeze]\nend\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []inventory.Package{{
		Name: "nokogiri", Version: "1.15.4", Ecosystem: "RubyGems", Licenses: []string{"MIT"},
		PURL: "pkg:gem/nokogiri@1.15.4?platform=x86_64-linux",
	}}
	if diff := cmp.Diff(want, facts.Packages); diff != "" {
		t.Error(diff)
	}
}

func TestGemspecs(t *testing.T) {
	t.Parallel()
	body := func(lines string) string { return "Gem::Specification.new do |spec|\n" + lines + "\nend\n" }
	for _, c := range []struct{ name, content, want, licenses string }{
		{"as people write it", body("  spec.name = 'a'\n  spec.version     = '1.2.3' # today\n  spec.license = 'MIT'"), "a@1.2.3", "MIT"},
		{"no block variable but braces", "Gem::Specification.new { |x|\nx.name=%q{a}\nx.version=%q<1>\n}", "a@1", ""},
		{"a version object", body(`spec.name="a"` + "\n" + `spec.version = Gem::Version.new("1.0")`), "a@1.0", ""},
		{"a computed version", body("spec.name='a'\nspec.version = A::VERSION"), "", ""},
		{"a version with an interpolation", body("spec.name='a'\nspec.version = \"1.#{x}\""), "", ""},
		{"a version with something behind", body("spec.name='a'\nspec.version = '1.0' + suffix"), "", ""},
		{"a version under a condition", body("spec.name='a'\nspec.version = '1.0' if ENV['X']"), "", ""},
		{"a computed version after a literal", body("spec.name='a'\nspec.version = '1.0'\nspec.version = A::VERSION"), "", ""},
		{"comments", body("# spec.name='x'\n=begin\nspec.name='y'\n=end\nspec.name='a'\nspec.version='1'\n__END__\nspec.name='z'"), "a@1", ""},
		{"another variable", body("other.name='x'\nspec.name='a'\nspec.version='1'"), "a@1", ""},
		{"a comparison", body("spec.name='a'\nspec.version='1'\nspec.name == 'b'\nspec.name =~ 'c'"), "a@1", ""},
		{"licences over lines", body("spec.name='a'\nspec.version='1'\nspec.licenses = [\n 'MIT', # one\n \"GPL-2.0\"\n]"), "a@1", "MIT GPL-2.0"},
		{"licences as words", body("spec.name='a'\nspec.version='1'\nspec.licenses = %w[MIT Ruby]"), "a@1", "MIT Ruby"},
		{"licences known to newer versions", body("spec.name='a'\nspec.version='1'\nspec.licenses = ['MIT'] if spec.respond_to? :licenses="), "a@1", "MIT"},
		{"escapes", body(`spec.name="\u0061\x62\u{63}\#"` + "\nspec.version='1'"), "abc#@1", ""},
		{"carriage returns", strings.ReplaceAll(body("spec.name='a'\nspec.version='1'\nspec.license='MIT'"), "\n", "\r\n"), "a@1", "MIT"},
		{"a string that does not end", body("spec.name='a'\nspec.version='1"), "", ""},
		{"many strings that do not end", body(strings.Repeat("spec.name = \"\n", 300_000)), "", ""},
		{"many words that do not end", body(strings.Repeat("spec.name = %q(\n", 300_000)), "", ""},
		{"many words whose end is escaped", body(strings.Repeat("spec.name = %q(\\)\n", 300_000)), "", ""},
		{"many lists that do not end", body(strings.Repeat("spec.licenses = [\n", 300_000)), "", ""},
		{"many blocks that are none", strings.Repeat("Gem::Specification.new ", 300_000), "", ""},
	} {
		start := time.Now()
		facts, err := extractFile(t, artifact.Directory, "a.gemspec", c.content)
		if got := names(facts.Packages); got != c.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
		if len(facts.Packages) > 0 && strings.Join(facts.Packages[0].Licenses, " ") != c.licenses {
			t.Errorf("%s: licences %q, want %q", c.name, facts.Packages[0].Licenses, c.licenses)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: took %v", c.name, took)
		}
	}
	for content, fails := range map[string]bool{
		"# -*- encoding: utf-8 -*-\n# stub: a 1.0 ruby lib\n": false,
		"": true, "\x00\x01": true, body("spec.name='a'"): true,
	} {
		if _, err := extractFile(t, artifact.Image, "gems/specifications/a.gemspec", content); (err != nil) != fails {
			t.Errorf("installed %q: %v", content, err)
		}
	}
}

const gemfileLock = `GIT
  remote: https://git.example/g.git
  revision: 4c7cf0139502
  branch: main
  specs:
    g (1.4.2)
      rack (>= 2)

PATH
  remote: engines/e
  specs:
    e (0.1.0)

PLUGIN SOURCE
  remote: https://git.example/p.git
  type: svn
  specs:
    p (3.0)

GEM
  remote: https://registry.example/
  specs:
    nokogiri (1.15.4)
      mini_portile2 (~> 2.8.2)
      racc (~> 1.4)
    nokogiri (1.15.4-x86_64-linux)
      racc (~> 1.4)
    nokogiri (1.16.0-arm64-darwin)
    racc (1.7.1)
    racc (1.7.1-java)
    rack (3.0.0.beta1)

PLATFORMS
  arm64-darwin
  ruby
  x86_64-linux

DEPENDENCIES
  e!
  g!
  nokogiri

CHECKSUMS
  nokogiri (1.15.4) sha256=e4a801e5ef643cc0036f0a7e93433d18818b31d48c9c287596b68e92c0173c4d
  other (9.9.9) sha256=aa

RUBY VERSION
   ruby 3.1.2p20

BUNDLED WITH
   2.3.15
`

func TestGemfileLock(t *testing.T) {
	t.Parallel()
	const all = "g@1.4.2 e@0.1.0 p@3.0 nokogiri@1.15.4 nokogiri@1.16.0 racc@1.7.1 rack@3.0.0.beta1 bundler@2.3.15"
	many := "GEM\n  specs:\n" + strings.Repeat("    a (1)\n", 1_000_000)
	for _, c := range []struct {
		name, content, want string
		reports             int
		fails               bool
	}{
		{name: "all sections", content: gemfileLock, want: all},
		{name: "carriage returns", content: strings.ReplaceAll(gemfileLock, "\n", "\r\n"), want: all},
		{name: "a byte order mark", content: "\xef\xbb\xbf" + gemfileLock, want: all},
		{name: "empty lock", content: "GEM\n  specs:\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n", want: ""},
		{name: "a gem without a version", content: "GEM\n  specs:\n    a\n    b (1)\n", want: "b@1", reports: 1},
		{name: "a merge conflict", content: "GEM\n  specs:\n<<<<<<< HEAD\n    a (1)\n=======\n    a (2)\n>>>>>>> x\nDEPENDENCIES\n", fails: true},
		{name: "something else", content: "hello\n", fails: true},
		{name: "nothing", content: "", fails: true},
		{name: "one gem many times", content: many, want: "a@1"},
	} {
		facts, err := extractFile(t, artifact.Directory, "app/Gemfile.lock", c.content)
		if got := names(facts.Packages); got != c.want || (err != nil) != c.fails || len(facts.Incomplete) != c.reports {
			t.Errorf("%s: got %q, %v, %v, want %q", c.name, got, err, facts.Incomplete, c.want)
		}
	}
	for _, name := range []string{"Gemfile.lock", "gems.locked", "app/vendor/Gemfile.lock"} {
		if facts, err := extractFile(t, artifact.Image, name, gemfileLock); len(facts.Packages) > 0 || err != nil {
			t.Errorf("%s in an image: %v, %v", name, facts.Packages, err)
		}
	}
	facts, err := extractFile(t, artifact.Directory, "vendor/bundle/ruby/3.1.0/gems/x-1.0/Gemfile.lock", gemfileLock)
	if len(facts.Packages) > 0 || err != nil {
		t.Errorf("the lock of an installed gem: %v, %v", facts.Packages, err)
	}
}

func TestLockOfTooManyGems(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("GEM\n  specs:\n")
	for i := range 60_000 {
		b.WriteString("    a" + strings.Repeat("b", i%7) + " (" + strings.Repeat("1", 1+i%5) + "." + time.Duration(i).String() + ")\n")
	}
	facts, err := extractFile(t, artifact.Directory, "Gemfile.lock", b.String())
	if err != nil || len(facts.Packages) != 50_000 || len(facts.Incomplete) != 1 || facts.Incomplete[0].Reason != artifact.PackagesLimit {
		t.Errorf("%d packages, %v, %v", len(facts.Packages), facts.Incomplete, err)
	}
}
