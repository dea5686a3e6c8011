package hostile

import (
	"archive/tar"
	"fmt"
	"os"
	"strings"
)

const evil = "Package: evil\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n\n"

// layer makes a case of one layer on top of the base.
func layer(name, about string, make func(w *writer) []byte) Case {
	return Case{name, Archive, about, func(w *writer) error { return w.docker(make(w)) }}
}

func nameCases() []Case {
	return []Case{
		layer("parent-path", "a name that climbs out of the root", func(*writer) []byte {
			return tarOf(file("../../outside/status", evil), file("../../../../../../../../tmp/sightline-evil", "x"))
		}),
		layer("absolute-path", "absolute names, which are inside the root for a runtime", func(w *writer) []byte {
			return tarOf(file("/etc/passwd", "x"), file(w.status(), evil), file("//var//lib//dpkg//status", evil))
		}),
		layer("parent-after-clean", "a name that leaves the root only after some steps down", func(*writer) []byte {
			return tarOf(file("a/b/../../../../outside/status", evil), file("./a/./../../x", "x"))
		}),
		layer("nul-in-name", "a NUL byte in the middle of a name", func(*writer) []byte {
			h := header('0', "etc/passwd\x00/../../../x", octal(1), "")
			return join(h, padded([]byte("x")), tarEnd)
		}),
		layer("nul-in-pax-name", "a NUL byte in a PAX path", func(*writer) []byte {
			return join(pax("path=etc/pass\x00wd"), header('0', "x", octal(1), ""), padded([]byte("x")), tarEnd)
		}),
		layer("pax-path-escape", "the PAX path climbs, the ustar name does not", func(*writer) []byte {
			return join(pax("path=../../../outside/status"), header('0', "harmless", octal(1), ""), padded([]byte("x")), tarEnd)
		}),
		layer("empty-and-dot-names", "names that mean the root", func(*writer) []byte {
			return join(header('0', "", octal(1), ""), padded([]byte("x")), header('0', ".", octal(1), ""), padded([]byte("x")),
				header('0', "./", octal(0), ""), header('0', "/", octal(1), ""), padded([]byte("x")), header('5', "..", octal(0), ""), tarEnd)
		}),
		layer("terminal-names", "names that speak to a terminal or break lines", func(*writer) []byte {
			return tarOf(file("\x1b]0;owned\x07\x1b[2J/package.json", `{"name":"x\u001b[31m","version":"1.0.0"}`),
				file("a\nb/../../c\nd", "x"), file("node_modules/x\u202e/package.json", `{"name":"a\nb","version":"1.0.0"}`))
		}),
		layer("broken-utf8-names", "names that are not UTF-8", func(*writer) []byte {
			return join(header('0', "etc/\xff\xfe\x80", octal(1), ""), padded([]byte("x")), header('0', "\xc0\xae\xc0\xae/x", octal(0), ""), tarEnd)
		}),
		layer("backslash-names", "separators of another system", func(*writer) []byte {
			return tarOf(file(`..\..\outside\status`, evil), file(`C:\windows\system32`, "x"))
		}),
		layer("duplicate-entries", "one name a thousand times, of every type", func(*writer) []byte {
			var all []entry
			for i := range 1000 {
				switch i % 5 {
				case 0:
					all = append(all, file("var/lib/dpkg/status", evil))
				case 1:
					all = append(all, symlink("var/lib/dpkg/status", "status"))
				case 2:
					all = append(all, dir("var/lib/dpkg/status/"), file("var/lib/dpkg/status/x", "x"))
				case 3:
					all = append(all, hardlink("var/lib/dpkg/status", "var/lib/dpkg/status"))
				case 4:
					all = append(all, entry{Header: tar.Header{Typeflag: tar.TypeFifo, Name: "var/lib/dpkg/status"}})
				}
			}
			return tarOf(all...)
		}),
		layer("file-replaces-directory", "a file where a directory was, then a file below it", func(*writer) []byte {
			return tarOf(file("var", "x"), file("var/lib/dpkg/status", evil), file("etc", "x"))
		}),
		layer("deep-directories", "2,000 directories in each other", func(*writer) []byte {
			return tarOf(file(strings.Repeat("d/", 2000)+"package.json", `{"name":"deep","version":"1.0.0"}`))
		}),
		layer("very-deep-directories", "300,000 directories in each other, longer than any path", func(*writer) []byte {
			return tarOf(file(strings.Repeat("d/", 300_000)+"package.json", "{}"))
		}),
		layer("long-names", "2,000 different names of 100 KB, compressed", func(*writer) []byte {
			long := strings.Repeat("n", 100_000)
			var parts [][]byte
			for i := range 2000 {
				parts = append(parts, gz(join(pax(fmt.Sprintf("path=%s%d", long, i)), header('0', "x", octal(0), ""))))
			}
			return join(append(parts, gz(tarEnd))...)
		}),
		layer("long-paths", "200,000 different names near the longest allowed, compressed: 800 MB of names", func(*writer) []byte {
			long := strings.Repeat("p/", 2000)
			var parts [][]byte
			for i := range 2000 {
				var chunk []byte
				for j := range 100 {
					chunk = append(chunk, join(pax(fmt.Sprintf("path=%s%d", long, i*100+j)), header('0', "x", octal(0), ""))...)
				}
				parts = append(parts, gz(chunk))
			}
			return join(append(parts, gz(tarEnd))...)
		}),
	}
}

func linkCases() []Case {
	return []Case{
		layer("symlink-then-file", "a link to a directory of the host, then a file through it", func(w *writer) []byte {
			return tarOf(symlink("opt", w.outside), file("opt/status", evil), symlink("srv", "../../../../../../.."), file("srv/tmp/x", "x"))
		}),
		layer("database-is-symlink", "the package database is a link to the host's", func(w *writer) []byte {
			return tarOf(symlink("var/lib/dpkg/status", w.status()), symlink("etc/os-release", w.release()),
				symlink("usr/lib/os-release", "../../../../../../../../../.."+w.release()))
		}),
		layer("directory-is-symlink", "the directory of the database is a link to the host's", func(w *writer) []byte {
			return tarOf(symlink("var/lib/dpkg", w.outside), symlink("etc", w.outside))
		}),
		layer("hardlink-out", "a hard link to a file of the host", func(w *writer) []byte {
			return tarOf(hardlink("var/lib/dpkg/status", "../../../../../../.."+w.status()), hardlink("etc/os-release", w.release()))
		}),
		layer("hardlink-to-itself", "hard links in a circle, and to nothing", func(*writer) []byte {
			return tarOf(hardlink("var/lib/dpkg/status", "var/lib/dpkg/status"), hardlink("a", "b"), hardlink("b", "a"),
				hardlink("etc/os-release", "not/there"), hardlink(".", "etc/passwd"))
		}),
		layer("hardlink-chain", "100,000 hard links, each to the one before", func(*writer) []byte {
			all := []entry{file("0", evil)}
			for i := range 100_000 {
				all = append(all, hardlink(fmt.Sprint(i+1), fmt.Sprint(i)))
			}
			all = append(all, hardlink("var/lib/dpkg/status", "100000"))
			return tarOf(all...)
		}),
		layer("cyclic-symlinks", "links in circles, into themselves, and to directories below themselves", func(*writer) []byte {
			return tarOf(symlink("a", "b"), symlink("b", "a"), symlink("usr", "usr"), symlink("c", "c/c/c"), symlink("etc", "/etc"),
				symlink("var/lib", "../var/lib/dpkg"), file("a/x/package.json", "{}"), file("var/lib/dpkg/status", evil))
		}),
		layer("symlink-fan", "40 links that double the way: 2^40 steps if followed naively", func(*writer) []byte {
			all := []entry{dir("d0/"), file("d0/status", evil)}
			for i := range 40 {
				all = append(all, symlink(fmt.Sprintf("d%d", i+1), fmt.Sprintf("d%d/../d%d", i, i)))
			}
			return tarOf(append(all, symlink("var/lib/dpkg", "/d40"))...)
		}),
		layer("root-is-symlink", "a link in place of the root", func(w *writer) []byte {
			return join(header('2', "/", octal(0), w.outside), header('2', "./", octal(0), "/"), header('2', ".", octal(0), ".."),
				header('1', "/", octal(0), "etc/passwd"), header('0', "status", octal(1), ""), padded([]byte("x")), tarEnd)
		}),
		layer("device-nodes", "devices and FIFOs where files are expected", func(*writer) []byte {
			return tarOf(
				entry{Header: tar.Header{Typeflag: tar.TypeChar, Name: "var/lib/dpkg/status", Devmajor: 1, Devminor: 5}},
				entry{Header: tar.Header{Typeflag: tar.TypeBlock, Name: "etc/os-release", Devmajor: 8}},
				entry{Header: tar.Header{Typeflag: tar.TypeFifo, Name: "package.json"}},
				entry{Header: tar.Header{Typeflag: tar.TypeChar, Name: "etc/passwd"}}, // 0:0 is overlay's whiteout, not a tar's
			)
		}),
	}
}

func whiteoutCases() []Case {
	return []Case{
		layer("whiteout-of-root", "whiteouts of nothing, of the directory itself and of the one above", func(*writer) []byte {
			return tarOf(file(".wh.", ""), file(".wh..", ""), file(".wh...", ""), file("etc/.wh..", ""), file("etc/.wh...", ""), file("var/.wh.", ""))
		}),
		layer("whiteout-outside", "a whiteout above the root", func(*writer) []byte {
			return tarOf(file("../../.wh.outside", ""), file("../.wh..wh..opq", ""), file("etc/../../.wh.etc", ""))
		}),
		layer("opaque-tricks", "opaque marks of all types, twice, of the root, after the files they must not hide", func(*writer) []byte {
			return tarOf(file("var/lib/dpkg/status", evil), file("var/lib/dpkg/.wh..wh..opq", ""), dir("var/lib/.wh..wh..opq/"),
				symlink("etc/.wh..wh..opq", "/"), file(".wh..wh..opq", "x"), file("./.wh..wh..opq", ""), file("no/such/.wh..wh..opq", ""))
		}),
		layer("whiteout-and-file", "a whiteout of a file that the same layer brings, before and after", func(*writer) []byte {
			return tarOf(file("etc/.wh.passwd", ""), file("etc/passwd", "x"), file("new", "x"), file(".wh.new", ""), file(".wh.var", ""),
				file("var/lib/dpkg/status", evil), dir(".wh.etc/"), file(".wh.etc/x", "x"))
		}),
		layer("aufs-leftovers", "bookkeeping of aufs, with links to it", func(*writer) []byte {
			return tarOf(dir(".wh..wh.plnk/"), file(".wh..wh.plnk/1.2", evil), file(".wh..wh.aufs", ""), file("etc/.wh..wh.x", ""),
				hardlink("var/lib/dpkg/status", ".wh..wh.plnk/1.2"))
		}),
	}
}

func treeCases() []Case {
	tree := func(name, about string, make func(w *writer) error) Case {
		return Case{name, RootFS, about, func(w *writer) error {
			must(os.MkdirAll(w.target+"/etc", 0o755))
			must(os.MkdirAll(w.target+"/var/lib/dpkg", 0o755))
			return make(w)
		}}
	}
	return []Case{
		tree("tree-symlinks-out", "an unpacked root whose database is a link to the host's", func(w *writer) error {
			must(os.Symlink(w.status(), w.target+"/var/lib/dpkg/status"))
			must(os.Symlink("../../outside/os-release", w.target+"/etc/os-release"))
			return os.Symlink(w.outside, w.target+"/opt")
		}),
		tree("tree-directory-symlink-out", "an unpacked root whose database directory is a link to the host's", func(w *writer) error {
			must(os.Remove(w.target + "/var/lib/dpkg"))
			must(os.Symlink("../../../outside", w.target+"/var/lib/dpkg"))
			return os.Symlink("/", w.target+"/host")
		}),
		tree("tree-fifo", "an unpacked root whose database is a FIFO that nobody writes to", func(w *writer) error {
			return mkfifo(w.target + "/var/lib/dpkg/status")
		}),
		tree("tree-cycles", "links in circles", func(w *writer) error {
			must(os.Symlink("loop", w.target+"/loop"))
			must(os.Symlink("..", w.target+"/var/up"))
			return os.Symlink("../lib/dpkg/status", w.target+"/var/lib/dpkg/status")
		}),
		tree("tree-deep", "3,000 directories in each other", func(w *writer) error {
			root, err := os.OpenRoot(w.target)
			must(err)
			for range 3000 {
				must(root.Mkdir("d", 0o755))
				next, err := root.OpenRoot("d")
				must(err)
				must(root.Close())
				root = next
			}
			return root.Close()
		}),
		tree("tree-sparse", "a file of 8 TB without content, named like a database", func(w *writer) error {
			must(os.WriteFile(w.target+"/var/lib/dpkg/status", nil, 0o644))
			return os.Truncate(w.target+"/var/lib/dpkg/status", 8<<40)
		}),
	}
}
