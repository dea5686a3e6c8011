package hostile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
)

func headerCases() []Case {
	return []Case{
		layer("pax-negative-size", "a PAX size below zero", func(*writer) []byte {
			return join(pax("size=-1"), header('0', "x", octal(1), ""), padded([]byte("x")), tarEnd)
		}),
		layer("negative-size", "a base-256 size below zero", func(*writer) []byte {
			return join(header('0', "x", strings.Repeat("\xff", 12), ""), tarEnd)
		}),
		layer("endless-size", "a size of 8 EiB", func(*writer) []byte {
			return join(header('0', "var/lib/dpkg/status", "\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff", ""), padded([]byte(evil)))
		}),
		layer("size-of-link", "links and directories that state a size", func(*writer) []byte {
			return join(header('2', "a", octal(1<<30), "b"), header('5', "d/", octal(1<<30), ""), header('1', "h", octal(1<<30), "a"),
				header('0', "etc/x", octal(1), ""), padded([]byte("x")), tarEnd)
		}),
		layer("unknown-types", "types of archivers, with bodies", func(*writer) []byte {
			var all []byte
			for _, typ := range []byte("VMNDSgXA7z\x00") {
				all = append(all, join(header(typ, "etc/type", octal(1), ""), padded([]byte("x")))...)
			}
			return append(all, tarEnd...)
		}),
		layer("long-name-bomb", "a GNU long name of 4 GiB", func(*writer) []byte {
			zeros := bytes.Repeat(gz(bytes.Repeat([]byte("n"), 64<<20)), 64)
			return join(gz(header('L', "././@LongLink", octal(4<<30), "")), zeros, gz(join(header('0', "x", octal(0), ""), tarEnd)))
		}),
		layer("pax-huge-record", "a PAX header of 4 GiB", func(*writer) []byte {
			zeros := bytes.Repeat(gz(bytes.Repeat([]byte("9"), 64<<20)), 64)
			return join(gz(header('x', "PaxHeaders/x", octal(4<<30), "")), zeros, gz(join(header('0', "x", octal(0), ""), tarEnd)))
		}),
		layer("pax-many-records", "2,000 files, each with 1 MB of PAX records", func(*writer) []byte {
			var records strings.Builder
			for i := 0; records.Len() < 1<<20-64; i++ {
				records.WriteString(paxRecord(fmt.Sprintf("SCHILY.xattr.%d=x", i)))
			}
			b := records.String()
			one := gz(join(header('x', "PaxHeaders/x", octal(int64(len(b))), ""), padded([]byte(b)), header('0', "f", octal(0), "")))
			return join(bytes.Repeat(one, 200), gz(tarEnd))
		}),
		layer("pax-chain", "a million PAX headers and no file", func(*writer) []byte {
			one := gz(bytes.Repeat(pax("comment=x"), 10_000))
			return join(bytes.Repeat(one, 100), gz(tarEnd))
		}),
		layer("pax-global-flood", "300,000 global PAX headers", func(*writer) []byte {
			g := pax("comment=x")
			g[156] = 'g'
			checksum(g[:512])
			return join(bytes.Repeat(gz(bytes.Repeat(g, 10_000)), 30), gz(tarEnd))
		}),
	}
}

func sparseCases() []Case {
	return []Case{
		layer("sparse-10tb", "a sparse file of 10 TB named like a database (PAX 1.0)", func(*writer) []byte {
			sparseMap := padded([]byte("1\n0\n1\n"))
			body := append(sparseMap, padded([]byte("x"))...)
			return join(pax("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=var/lib/dpkg/status", "GNU.sparse.realsize=10995116277760"),
				header('0', "GNUSparseFile.0/status", octal(int64(len(body))), ""), body, tarEnd)
		}),
		layer("sparse-executable", "a sparse file of 8 EB with an execute bit", func(*writer) []byte {
			h := header('0', "GNUSparseFile.0/bin", octal(512), "")
			copy(h[100:108], "0000755\x00")
			checksum(h)
			return join(pax("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=bin/evil", "GNU.sparse.realsize=9223372036854775807"),
				h, padded([]byte("0\n")), tarEnd)
		}),
		layer("sparse-old-gnu", "a sparse file of 8 GB in GNU's old form", func(*writer) []byte {
			h := header('S', "var/lib/dpkg/status", octal(512), "")
			copy(h[257:265], "ustar  \x00")
			copy(h[386:398], octal(0))
			copy(h[398:410], octal(512))
			copy(h[483:495], octal(8<<30-1))
			checksum(h)
			return join(h, make([]byte, 512), tarEnd)
		}),
		layer("sparse-map-bomb", "a sparse map with a billion entries", func(*writer) []byte {
			body := gz(bytes.Repeat([]byte("1\n"), 32<<20))
			size := int64(64 << 20 * 32)
			return join(gz(join(pax("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=x", "GNU.sparse.realsize=1099511627776"),
				header('0', "GNUSparseFile.0/x", octal(size), ""), []byte("1000000000\n"))), bytes.Repeat(body, 32), gz(tarEnd))
		}),
		layer("sparse-overlap", "a sparse map whose parts overlap and run backwards", func(*writer) []byte {
			return join(pax("GNU.sparse.major=0", "GNU.sparse.minor=1", "GNU.sparse.name=x", "GNU.sparse.size=100", "GNU.sparse.numblocks=3",
				"GNU.sparse.map=50,10,40,20,0,9223372036854775807"), header('0', "GNUSparseFile.0/x", octal(512), ""), make([]byte, 512), tarEnd)
		}),
	}
}

// zeros gives compressed chunks of 64 MiB that together are 10 GiB of zeros.
func zeros(compress func([]byte) []byte) []byte {
	return bytes.Repeat(compress(make([]byte, 64<<20)), 160)
}

func bombCases() []Case {
	big := "\x80\x00\x00\x00\x00\x00\x00\x02\x80\x00\x00\x00" // 10 GiB in base 256
	return []Case{
		layer("gzip-bomb", "a database of 10 GiB of zeros, gzip", func(*writer) []byte {
			return join(gz(header('0', "var/lib/dpkg/status", big, "")), zeros(gz), gz(tarEnd))
		}),
		layer("zstd-bomb", "a database of 10 GiB of zeros, zstd", func(*writer) []byte {
			return join(zst(header('0', "var/lib/dpkg/status", big, "")), zeros(zst), zst(tarEnd))
		}),
		layer("unclaimed-bomb", "10 GiB that nobody asks for", func(*writer) []byte {
			return join(gz(header('0', "tmp/zeros", big, "")), zeros(gz), gz(tarEnd))
		}),
		layer("trailing-bomb", "10 GiB behind the end of the archive", func(*writer) []byte {
			return join(gz(tarOf(file("etc/x", "x"))), zeros(gz))
		}),
		layer("zstd-huge-window", "a zstd frame that asks for a window of 2 GiB", func(*writer) []byte {
			return []byte{0x28, 0xb5, 0x2f, 0xfd, 0x04, 21 << 3, 0x01, 0x00, 0x00}
		}),
		layer("zstd-huge-single", "a zstd frame in one segment of 8 EiB", func(*writer) []byte {
			return append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0x01, 0x00, 0x00)
		}),
		layer("zstd-late-window", "a small zstd frame, then one that asks for a window of 512 MiB", func(*writer) []byte {
			return join(zst(tarOf(file("etc/x", "x"))[:1024]), []byte{0x28, 0xb5, 0x2f, 0xfd, 0x04, 19 << 3, 0x01, 0x00, 0x00})
		}),
		layer("zstd-skippable-flood", "a million skippable zstd frames, one of 4 GiB that is not there", func(*writer) []byte {
			skip := append([]byte{0x50, 0x2a, 0x4d, 0x18}, 0, 0, 0, 0)
			endless := append([]byte{0x5f, 0x2a, 0x4d, 0x18}, 0xff, 0xff, 0xff, 0xff)
			return join(bytes.Repeat(skip, 1_000_000), zst(tarOf(file("etc/x", "x"))[:1024]), endless)
		}),
		layer("gzip-empty-members", "500,000 empty gzip members before the first byte", func(*writer) []byte {
			return join(bytes.Repeat(gz(nil), 500_000), gz(tarOf(file("etc/x", "x"))))
		}),
		layer("gzip-header-bomb", "a gzip member with a name of 64 MiB", func(*writer) []byte {
			return join([]byte{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 255}, bytes.Repeat([]byte("n"), 64<<20))
		}),
		layer("gzip-in-gzip", "gzip in gzip in gzip, which is one too many", func(*writer) []byte {
			return gz(gz(gz(tarOf(file("etc/x", evil)))))
		}),
		layer("million-entries", "a million tiny files, compressed", func(*writer) []byte {
			var parts [][]byte
			for i := range 100 {
				var chunk []byte
				for j := range 10_000 {
					chunk = append(chunk, header('0', fmt.Sprintf("d%d/f%d", i, j), octal(0), "")...)
				}
				parts = append(parts, gz(chunk))
			}
			return join(append(parts, gz(tarEnd))...)
		}),
		layer("zip-bomb-jar", "nested archives that claim to hold more than there is", func(*writer) []byte {
			end := make([]byte, 22)
			copy(end, "PK\x05\x06")
			binary.LittleEndian.PutUint16(end[10:], 0xffff)
			binary.LittleEndian.PutUint32(end[12:], 0xffffffff)
			return tarOf(file("app/bomb.jar", string(end)), file("app/bomb.whl", string(end)))
		}),
		layer("json-bomb", "package files that are deep or long", func(*writer) []byte {
			deep := strings.Repeat(`{"a":`, 200_000) + "1" + strings.Repeat("}", 200_000)
			return tarOf(file("node_modules/a/package.json", deep), file("package-lock.json", strings.Repeat("[", 5_000_000)),
				file("node_modules/b/package.json", `{"name":"`+strings.Repeat("n", 10<<20)+`","version":"1"}`))
		}),
		{"archive-bomb", Archive, "the archive itself is gzip and unpacks to 10 GiB", func(w *writer) error {
			return os.WriteFile(w.target, join(gz(header('0', "l0/layer.tar", big, "")), zeros(gz), gz(tarEnd)), 0o644)
		}},
		{"archive-many-members", Archive, "the archive itself has a million members", func(w *writer) error {
			one := header('0', "x", octal(0), "")
			return os.WriteFile(w.target, gz(bytes.Repeat(one, 1_000_000)), 0o644)
		}},
		{"same-layer-1000-times", Layout, "one layer that unpacks to 200 MB, a thousand times", func(w *writer) error {
			l, err := w.layout()
			must(err)
			t := tarOf(file("x", string(make([]byte, 200<<20))))
			d, id := l.put(blob{gzipType, gz(t)}), digestOf(t)
			layers := make([]desc, 1000)
			tars := make([]string, 1000)
			for i := range layers {
				layers[i], tars[i] = d, id
			}
			l.image(l.put(blob{configType, jsonOf(map[string]any{
				"os": "linux", "architecture": "amd64",
				"rootfs": map[string]any{"type": "layers", "diff_ids": tars},
			})}), layers...)
			return nil
		}},
	}
}
