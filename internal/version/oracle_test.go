package version_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sightline-sec/sightline/internal/purl"
	"github.com/sightline-sec/sightline/internal/version"
)

// An oracle is the package manager itself, or the library it is made with. Its command reads pairs, one a line with a
// tab between, and answers each with -1, 0, 1, or "x" where it refuses one of the two.
type oracle struct {
	name  string
	order purl.Ecosystem
	feeds []purl.Ecosystem // whose versions are asked about
	tool  string           // must be in PATH
	args  func(t *testing.T, dir, pairs string) []string
	pairs int
	// strict: what the oracle refuses has no order here either.
	strict bool
	// differ explains pairs where the answers differ on purpose.
	differ func(a, b string) bool
}

func oracles() []oracle {
	script := func(args ...string) func(*testing.T, string, string) []string {
		return func(*testing.T, string, string) []string { return args }
	}
	return []oracle{
		{
			name: "perl Dpkg::Version", order: purl.Debian, feeds: []purl.Ecosystem{purl.Debian, purl.Ubuntu}, tool: "perl", pairs: 10000,
			// Dpkg::Version orders what dpkg refuses: words before a colon, an empty revision or upstream version.
			args: script("-MDpkg::Version", "-e", `while (<STDIN>) {
				chomp; my @v = split /\t/;
				if (grep { !/^([0-9]{1,9}:|(?!.*:))[^-]/ || /-$/ || /^[0-9]+:$/ } @v) { print "x\n"; next }
				my ($x, $y) = map { Dpkg::Version->new($_, check => 0) } @v;
				print $x <=> $y, "\n" }`),
		},
		{
			name: "dpkg --compare-versions", order: purl.Debian, feeds: []purl.Ecosystem{purl.Debian, purl.Ubuntu}, tool: "dpkg", pairs: 200,
			strict: true,
			args:   func(*testing.T, string, string) []string { return nil },
		},
		{
			name: "rpm.vercmp", order: purl.Rocky, feeds: []purl.Ecosystem{purl.Rocky, purl.AlmaLinux}, tool: "rpm", pairs: 10000,
			args: func(_ *testing.T, _, pairs string) []string {
				return []string{"--eval", `%{lua:
					for line in io.lines("` + pairs + `") do
						local a, b = line:match("^(.-)\t(.*)$")
						print(rpm.vercmp(a, b) .. "\n")
					end}`}
			},
		},
		{
			name: "apk version -t", order: purl.Alpine, feeds: []purl.Ecosystem{purl.Alpine}, tool: "apk", pairs: 500,
			strict: true,
			args:   func(*testing.T, string, string) []string { return nil },
		},
		{
			name: "node-semver", order: purl.NPM, feeds: []purl.Ecosystem{purl.NPM, purl.CratesIO}, tool: "node", pairs: 10000,
			args: func(t *testing.T, _, _ string) []string {
				return []string{"-e", `const semver = require(` + fmt.Sprintf("%q", nodeSemver(t)) + `);
					for (const line of require("fs").readFileSync(0, "utf8").split("\n")) {
						if (!line) continue;
						const [a, b] = line.split("\t");
						// Loose mode, but not where it makes 1.2.34 and .5 of "1.2.34.5".
						const loose = /^[v=]*\d+\.\d+\.\d+(?![\d.])/;
						try {
							if (!loose.test(a) || !loose.test(b)) throw 0;
							console.log(semver.compare(a, b, true));
						} catch { console.log("x") }
					}`}
			},
		},
		{
			name: "python packaging", order: purl.PyPI, feeds: []purl.Ecosystem{purl.PyPI}, tool: "python3", pairs: 10000, strict: true,
			args: script("-c", `
import sys
try: from packaging.version import Version
except ImportError: from pip._vendor.packaging.version import Version
for line in sys.stdin:
    a, b = line.rstrip("\n").split("\t")
    try: a, b = Version(a), Version(b)
    except ValueError: print("x"); continue
    print((a > b) - (a < b))`),
		},
		{
			name: "ruby Gem::Version", order: purl.RubyGems, feeds: []purl.Ecosystem{purl.RubyGems}, tool: "ruby", pairs: 10000, strict: true,
			args: script("-e", `STDIN.each_line { |l| a, b = l.chomp.split("\t")
				begin; puts Gem::Version.new(a) <=> Gem::Version.new(b); rescue ArgumentError; puts "x"; end }`),
		},
		{
			name: "maven ComparableVersion", order: purl.Maven, feeds: []purl.Ecosystem{purl.Maven}, tool: "java", pairs: 10000,
			args: func(t *testing.T, dir, _ string) []string {
				jars, _ := filepath.Glob("/usr/share/maven/lib/maven-artifact-3*.jar")
				if len(jars) == 0 {
					t.Skip("no maven-artifact jar")
				}
				source := filepath.Join(dir, "Oracle.java")
				if err := os.WriteFile(source, []byte(`
					import java.util.Scanner;
					import org.apache.maven.artifact.versioning.ComparableVersion;
					class Oracle {
						public static void main(String[] args) {
							for (Scanner in = new Scanner(System.in); in.hasNextLine();) {
								String[] p = in.nextLine().split("\t");
								System.out.println(Integer.signum(new ComparableVersion(p[0]).compareTo(new ComparableVersion(p[1]))));
							}
						}
					}`), 0o600); err != nil {
					t.Fatal(err)
				}
				return []string{"-cp", jars[0] + ":/usr/share/maven/lib/*", source}
			},
		},
		{
			name: "composer/semver", order: purl.Packagist, feeds: []purl.Ecosystem{purl.Packagist}, tool: "php", pairs: 10000,
			args: func(t *testing.T, _, _ string) []string {
				autoload := "/usr/share/php/Composer/Semver/autoload.php"
				if _, err := os.Stat(autoload); err != nil {
					t.Skip("composer/semver is not installed: ", err)
				}
				return []string{"-r", `require "` + autoload + `"; $p = new Composer\Semver\VersionParser();
					while (($line = fgets(STDIN)) !== false) {
						[$a, $b] = explode("\t", rtrim($line, "\n"));
						try { $a = $p->normalize($a); $b = $p->normalize($b); } catch (UnexpectedValueException $e) { echo "x\n"; continue; }
						if (strpos($a . $b, "dev-") !== false) { echo "x\n"; continue; }
						echo Composer\Semver\Comparator::lessThan($a, $b) ? -1 : (Composer\Semver\Comparator::equalTo($a, $b) ? 0 : 1), "\n";
					}`}
			},
		},
	}
}

// TestOracle compares thousands of pairs of real and slightly changed versions with the tools that define their order.
func TestOracle(t *testing.T) {
	t.Parallel()
	for _, o := range oracles() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				t.Skip("oracles take their time")
			}
			if _, err := exec.LookPath(o.tool); err != nil {
				t.Skipf("%s is not installed", o.tool)
			}
			var versions []string
			for _, e := range o.feeds {
				versions = append(versions, feedVersions(t, e, 800)...)
			}
			asked := pairs(versions, o.pairs)
			compareWithOracle(t, o, asked, ask(t, o, asked))
		})
	}
}

func compareWithOracle(t *testing.T, o oracle, asked [][2]string, answers []string) {
	t.Helper()
	refused, lenient, wrong := 0, 0, 0
	for i, p := range asked {
		got, err := version.Compare(o.order, p[0], p[1])
		if err != nil && !errors.Is(err, version.ErrUnordered) {
			t.Fatal(err)
		}
		switch want := answers[i]; {
		case want == "x":
			refused++
			if err == nil {
				lenient++
			}
			if err == nil && o.strict {
				wrong++
				t.Errorf("Compare(%q, %q) = %d, but %s refuses", p[0], p[1], got, o.name)
			}
		case o.differ != nil && o.differ(p[0], p[1]):
		case err != nil:
			wrong++
			t.Errorf("Compare(%q, %q): %v; %s says %s", p[0], p[1], err, o.name, want)
		case fmt.Sprint(got) != want:
			wrong++
			t.Errorf("Compare(%q, %q) = %d, %s says %s", p[0], p[1], got, o.name, want)
		}
		if wrong > 20 {
			t.Fatal("too many differences")
		}
	}
	t.Logf("%d pairs; the oracle refuses %d, of which %d have an order here", len(asked), refused, lenient)
	if refused > len(asked)*3/4 {
		t.Errorf("the oracle refuses %d of %d pairs: too few are left to prove anything", refused, len(asked))
	}
}

// ask puts the pairs to the oracle.
func ask(t *testing.T, o oracle, asked [][2]string) []string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "pairs")
	var in bytes.Buffer
	for _, p := range asked {
		fmt.Fprintf(&in, "%s\t%s\n", p[0], p[1])
	}
	if err := os.WriteFile(file, in.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	args := o.args(t, dir, file)
	if args == nil {
		return askEach(t, o, asked)
	}
	cmd := exec.CommandContext(t.Context(), o.tool, args...)
	cmd.Stdin = &in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("running %s: %v\n%.2000s", o.name, err, stderr.String())
	}
	answers := strings.Fields(string(out))
	if len(answers) != len(asked) {
		t.Fatalf("%s gave %d answers to %d pairs\n%.2000s", o.name, len(answers), len(asked), stderr.String())
	}
	return answers
}

// askEach runs the tool once for each question, where it cannot take more.
func askEach(t *testing.T, o oracle, asked [][2]string) []string {
	t.Helper()
	answers := make([]string, len(asked))
	for i, p := range asked {
		switch o.tool {
		case "dpkg":
			answers[i] = dpkgAnswer(t, p[0], p[1])
		case "apk":
			out, err := exec.CommandContext(t.Context(), "apk", "version", "-t", p[0], p[1]).Output()
			valid := exec.CommandContext(t.Context(), "apk", "version", "-c", p[0], p[1]).Run() == nil
			answers[i] = map[string]string{"<": "-1", "=": "0", ">": "1"}[strings.TrimSpace(string(out))]
			if err != nil || !valid || answers[i] == "" {
				answers[i] = "x"
			}
		}
	}
	return answers
}

func dpkgAnswer(t *testing.T, a, b string) string {
	t.Helper()
	for _, try := range [][2]string{{"lt", "-1"}, {"eq", "0"}, {"gt", "1"}} {
		err := exec.CommandContext(t.Context(), "dpkg", "--compare-versions", "--", a, try[0], b).Run()
		if err == nil {
			return try[1]
		}
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
			return "x"
		}
	}
	return "x"
}

// nodeSemver finds node-semver: npm carries it. SIGHTLINE_NODE_SEMVER names another one.
func nodeSemver(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("SIGHTLINE_NODE_SEMVER"); dir != "" {
		return dir
	}
	out, err := exec.CommandContext(t.Context(), "npm", "root", "--global").Output()
	if err != nil {
		t.Skip("npm, which carries node-semver, is not installed: ", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "npm", "node_modules", "semver")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no node-semver in npm: ", err)
	}
	return dir
}
