package ospkg_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract/ospkg"
	"github.com/sightline-sec/sightline/internal/extract/realroot"
	"github.com/sightline-sec/sightline/internal/inventory"
)

func TestOSRelease(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path, text string
		want       *inventory.Distro
	}{
		"debian": { // from debian:12
			"etc/os-release",
			"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n",
			&inventory.Distro{ID: "debian", VersionID: "12", Codename: "bookworm", PrettyName: "Debian GNU/Linux 12 (bookworm)", Namespace: "Debian:12"},
		},
		"alpine": { // from alpine:3.18
			"usr/lib/os-release",
			"NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.18.4\nPRETTY_NAME=\"Alpine Linux v3.18\"",
			&inventory.Distro{ID: "alpine", VersionID: "3.18.4", PrettyName: "Alpine Linux v3.18", Namespace: "Alpine:v3.18"},
		},
		"quotes, escapes, comments and rubbish": {
			"etc/os-release",
			"\ufeff\n# ID=commented\n  ID='deb'\"ian\" # a comment\r\nVERSION_ID=\\1\\2\r\nPRETTY_NAME=\"a \\\"b\\\" \\$c \\x 'd'\"\nVERSION_CODENAME=two words\n=x\nno assignment\nBAD KEY=1\nVERSION_ID=\"unended\n",
			&inventory.Distro{ID: "debian", VersionID: "12", PrettyName: "a \"b\" $c \\x 'd'", Namespace: "Debian:12"},
		},
		"nothing to see in a value": {
			"etc/os-release", "ID=debian\nPRETTY_NAME=\"\x1b[31mred\x00\xff\u0085\"\n",
			&inventory.Distro{ID: "debian", PrettyName: "[31mred"},
		},
		"no ID is no distribution": {"etc/os-release", "VERSION_ID=12\n", nil},
		"an empty file":            {"etc/os-release", "", nil},
		"ubuntu's lsb-release": {
			"etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=12.04\nDISTRIB_CODENAME=precise\nDISTRIB_DESCRIPTION=\"Ubuntu 12.04.5 LTS\"\n",
			&inventory.Distro{ID: "ubuntu", VersionID: "12.04", Codename: "precise", PrettyName: "Ubuntu 12.04.5 LTS", Namespace: "Ubuntu:12.04"},
		},
		"alpine-release": {
			"etc/alpine-release", "3.19_alpha20230901\n",
			&inventory.Distro{ID: "alpine", VersionID: "3.19_alpha20230901", PrettyName: "Alpine Linux 3.19_alpha20230901", Namespace: "Alpine:edge"},
		},
		"debian_version": {
			"etc/debian_version", "6.0.10\n",
			&inventory.Distro{ID: "debian", VersionID: "6.0", PrettyName: "Debian GNU/Linux 6.0", Namespace: "Debian:6.0"},
		},
		"debian_version of a later release":               {"etc/debian_version", "12.4\n", &inventory.Distro{ID: "debian", VersionID: "12", PrettyName: "Debian GNU/Linux 12", Namespace: "Debian:12"}},
		"debian_version of testing, or of ubuntu":         {"etc/debian_version", "bookworm/sid\n", nil},
		"debian_version of a release that never was":      {"etc/debian_version", "6\n", nil},
		"alpine-release of something else":                {"etc/alpine-release", "hello world\n", nil},
		"debian_version with a number that is no release": {"etc/debian_version", "123456.7\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := run(t, ospkg.OSRelease{}, tc.path, tc.text)
			if facts.Distro != nil {
				facts.Distro.EndOfLife = nil // of the release, not of the file
			}
			if d := cmp.Diff(tc.want, facts.Distro); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestRealRootIsBookworm(t *testing.T) {
	t.Parallel()
	root := realroot.Debian(t)
	for _, p := range []string{"usr/lib/os-release", "etc/debian_version"} {
		text, err := os.ReadFile(filepath.Join(root, p))
		if err != nil {
			t.Fatal(err)
		}
		if d := run(t, ospkg.OSRelease{}, p, string(text)).Distro; d == nil || d.ID != "debian" || d.Namespace != "Debian:12" {
			t.Errorf("%s: %+v", p, d)
		}
	}
}

// TestQuotesAsTheShellReadsThem compares with sh, since os-release(5) leaves quoting to it.
func TestQuotesAsTheShellReadsThem(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh")
	}
	for _, word := range []string{
		`plain`, `"double"`, `'single'`, `"a \"b\" \\ \$x \n"`, `'a \ "b" $x'`, `a\ b\"c`, `"a"'b'c`, `""`, `''`, ``,
		`"tab	and  spaces "`, `"ünïcode"`, `a#b`, `"#x" # comment`, `"it's"`, `'say "hi"'`, `\\`, `"\\\\"`,
	} {
		script := filepath.Join(t.TempDir(), "os-release")
		if err := os.WriteFile(script, []byte("ID=x\nPRETTY_NAME="+word+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), sh, "-c", `. "$1"; printf %s "$PRETTY_NAME"`, "sh", script).Output()
		if err != nil {
			t.Fatalf("sh on %s: %v", word, err)
		}
		got := run(t, ospkg.OSRelease{}, "etc/os-release", "ID=x\nPRETTY_NAME="+word+"\n").Distro.PrettyName
		want := strings.ReplaceAll(string(out), "\t", "") // control characters are dropped
		if got != want {
			t.Errorf("%s is %q, the shell says %q", word, got, want)
		}
	}
}

// FuzzOSRelease writes a value in each way of quoting and wants it back; as raw text it must not bring control
// characters into a result.
func FuzzOSRelease(f *testing.F) {
	f.Add("Debian GNU/Linux 12 (bookworm)")
	f.Add(`it's "q" \ $x`)
	f.Add("\x00\x1b\n\xff")
	f.Fuzz(func(t *testing.T, value string) {
		raw := run(t, ospkg.OSRelease{}, "etc/os-release", "ID=x\nPRETTY_NAME="+value).Distro
		if raw == nil {
			raw = &inventory.Distro{} // the value had a second ID= line
		}
		plain := func(s string) bool {
			return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\ufffd' })
		}
		if value != "" && (!plain(raw.PrettyName) || !plain(raw.VersionID)) && !strings.Contains(value, "\ufffd") {
			t.Fatalf("unprintable: %+v", raw)
		}
		if !plain(value) || len(value) > 300 {
			return
		}
		double := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(value)
		single := strings.ReplaceAll(value, `'`, `'\''`)
		for _, line := range []string{`"` + double + `"`, `'` + single + `'`} {
			d := run(t, ospkg.OSRelease{}, "etc/os-release", "ID=x\nPRETTY_NAME="+line+"\n").Distro
			if d.PrettyName != value {
				t.Fatalf("%s is read as %q", line, d.PrettyName)
			}
		}
	})
}
