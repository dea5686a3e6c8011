package hostile

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

func damageCases() []Case {
	cases := []Case{
		layer("truncated-gzip", "a gzip layer that ends in the middle", func(*writer) []byte {
			b := gz(tarOf(file("etc/x", "x"), file("var/lib/dpkg/status", strings.Repeat(evil, 1000))))
			return b[:len(b)*2/3]
		}),
		layer("truncated-zstd", "a zstd layer that ends in the middle", func(*writer) []byte {
			b := zst(tarOf(file("etc/x", "x"), file("var/lib/dpkg/status", strings.Repeat(evil, 1000))))
			return b[:len(b)*2/3]
		}),
		layer("truncated-tar", "a plain layer that ends in the middle of a file", func(*writer) []byte {
			return tarOf(file("etc/x", "x"), file("var/lib/dpkg/status", strings.Repeat(evil, 1000)))[:4000]
		}),
		layer("wrong-gzip-checksum", "a gzip layer whose checksum is wrong", func(*writer) []byte {
			b := gz(tarOf(file("etc/x", "x")))
			b[len(b)-8] ^= 1
			return b
		}),
		layer("garbage-after-gzip", "bytes behind a gzip layer", func(*writer) []byte {
			return append(gz(tarOf(file("etc/x", "x"))), []byte("more")...)
		}),
		layer("garbage-layer", "a layer that is no archive", func(*writer) []byte {
			return []byte(strings.Repeat("this is not a tar archive. ", 1000))
		}),
		layer("one-byte-layer", "a layer of one byte", func(*writer) []byte { return []byte{0x1f} }),
		layer("empty-layer", "a layer of no bytes", func(*writer) []byte { return nil }),
		layer("bad-header-in-the-middle", "a header with a wrong checksum between files", func(*writer) []byte {
			h := header('0', "etc/y", octal(0), "")
			h[0] ^= 1
			return join(tarOf(file("etc/x", "x"))[:1024], h, tarOf(file("etc/z", "z")))
		}),
		layer("xz-layer", "a layer in a compression that is not read", func(*writer) []byte {
			return append([]byte("\xfd7zXZ\x00"), make([]byte, 100)...)
		}),
		{"empty-archive", Archive, "no bytes at all", func(w *writer) error { return os.WriteFile(w.target, nil, 0o644) }},
		{"archive-of-zeros", Archive, "a megabyte of zeros", func(w *writer) error {
			return os.WriteFile(w.target, make([]byte, 1<<20), 0o644)
		}},
	}
	for i := range 12 {
		cases = append(cases, Case{
			fmt.Sprintf("truncated-archive-%02d", i), Archive, fmt.Sprintf("an archive cut off after %d parts of 12", i),
			func(w *writer) error {
				b := dockerTar(tarOf(file("etc/x", strings.Repeat("x", 4000))), gz(tarOf(file("var/lib/dpkg/status", evil))))
				return os.WriteFile(w.target, b[:len(b)*i/12+7], 0o644)
			},
		})
	}
	for i := range 6 {
		cases = append(cases, Case{
			fmt.Sprintf("flipped-bytes-%02d", i), Archive, "an archive with bytes changed here and there",
			func(w *writer) error {
				b := dockerTar(gz(tarOf(file("etc/x", strings.Repeat("x", 4000)), file("var/lib/dpkg/status", evil))))
				for at := 100 + i*131; at < len(b); at += 997 {
					b[at] ^= 0x55
				}
				return os.WriteFile(w.target, b, 0o644)
			},
		})
	}
	return cases
}

// manifestCases lie in the files around the layers of a docker-archive.
func manifestCases() []Case {
	raw := func(name, about string, make func(w *writer) []byte) Case {
		return Case{name, Archive, about, func(w *writer) error { return os.WriteFile(w.target, make(w), 0o644) }}
	}
	docker := func(manifest string, more ...entry) []byte {
		return tarOf(append(more, file("manifest.json", manifest))...)
	}
	config := string(configOf(baseLayer()))
	return []Case{
		raw("manifest-paths-out", "manifest.json names files of the host", func(w *writer) []byte {
			return docker(fmt.Sprintf(`[{"Config":%q,"Layers":[%q,"../outside/status","/etc/passwd","../../../../etc/passwd"]}]`, w.release(), w.status()))
		}),
		raw("manifest-through-symlinks", "manifest.json names members that are links to the host", func(w *writer) []byte {
			return docker(`[{"Config":"c.json","Layers":["l/layer.tar","m/layer.tar","h"]}]`, symlink("c.json", w.release()),
				symlink("l/layer.tar", w.status()), symlink("m", w.outside), hardlink("h", "../outside/status"))
		}),
		raw("member-link-cycle", "members that are links in a circle", func(*writer) []byte {
			return docker(`[{"Config":"a","Layers":["a","b","c"]}]`, symlink("a", "b"), symlink("b", "a"), hardlink("c", "c"))
		}),
		raw("manifest-empty", "manifest.json without an image", func(*writer) []byte { return docker(`[]`) }),
		raw("manifest-null", "manifest.json of null", func(*writer) []byte { return docker(`null`) }),
		raw("manifest-wrong-types", "manifest.json of other types", func(*writer) []byte {
			return docker(`[{"Config":["x"],"Layers":"y","RepoTags":{"a":1}}]`)
		}),
		raw("manifest-missing-files", "manifest.json names what is not there", func(*writer) []byte {
			return docker(`[{"Config":"gone.json","Layers":["gone/layer.tar"]}]`)
		}),
		raw("manifest-huge", "a manifest.json of 64 MB", func(*writer) []byte {
			return docker(`[{"Config":"c","Layers":[` + strings.Repeat(`"layer.tar",`, 6_000_000) + `"x"]}]`)
		}),
		raw("manifest-100k-layers", "manifest.json with 100,000 layers", func(*writer) []byte {
			return docker(`[{"Config":"c.json","Layers":[`+strings.Repeat(`"l",`, 99_999)+`"l"]}]`, file("c.json", config), file("l", string(baseLayer())))
		}),
		raw("manifest-many-images", "manifest.json with 50,000 images", func(*writer) []byte {
			return docker(`[`+strings.Repeat(`{"Config":"c.json","Layers":["l"]},`, 49_999)+`{"Config":"c.json","Layers":["l"]}]`,
				file("c.json", config), file("l", string(baseLayer())))
		}),
		raw("sparse-manifest", "a manifest.json that is a sparse file of 1 TB", func(*writer) []byte {
			return join(pax("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=manifest.json", "GNU.sparse.realsize=1099511627776"),
				header('0', "GNUSparseFile.0/m", octal(512), ""), padded([]byte("0\n")), tarEnd)
		}),
		raw("config-huge", "a config of 64 MB", func(*writer) []byte {
			return dockerTarOf([]byte(`{"os":"`+strings.Repeat("x", 64<<20)+`"}`), []string{"l"}, []entry{file("l", string(baseLayer()))})
		}),
		raw("config-deep", "a config nested a million deep", func(*writer) []byte {
			return dockerTarOf(bytes.Repeat([]byte("["), 1_000_000), []string{"l"}, []entry{file("l", string(baseLayer()))})
		}),
		raw("config-null", "a config of null", func(*writer) []byte {
			return dockerTarOf([]byte("null"), []string{"l"}, []entry{file("l", string(baseLayer()))})
		}),
		raw("config-wrong-types", "a config of other types", func(*writer) []byte {
			return dockerTarOf([]byte(`{"created":5,"os":{},"config":[],"rootfs":"x","history":{"a":1}}`), []string{"l"}, []entry{file("l", string(baseLayer()))})
		}),
		raw("config-wrong-digest", "a config that is not the one its name says", func(*writer) []byte {
			name := strings.Repeat("0", 64) + ".json"
			return docker(`[{"Config":"`+name+`","Layers":["l"]}]`, file(name, config), file("l", string(baseLayer())))
		}),
		raw("config-terminal", "a config that speaks to a terminal", func(*writer) []byte {
			return dockerTarOf([]byte(`{"os":"linux","architecture":"amd64\u001b[2J","author":"\u001b]0;owned\u0007","config":{"User":"\u001b[31mroot",`+
				`"Labels":{"a\nb":"<script>alert(1)</script>"},"Env":["A=\r\n\u0000"]},"history":[{"created_by":"\u001b[1A\u001b[2K"}]}`),
				[]string{"l"}, []entry{file("l", string(baseLayer()))})
		}),
		raw("config-more-diff-ids", "a config with other layers than the manifest", func(*writer) []byte {
			return dockerTarOf([]byte(`{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["sha256:../../x","y",`+strings.Repeat(`"z",`, 100_000)+`"z"]}}`),
				[]string{"l"}, []entry{file("l", string(baseLayer()))})
		}),
		raw("two-faced-archive", "manifest.json names one image, index.json another", func(*writer) []byte {
			cfg := configOf()
			m := jsonOf(map[string]any{"schemaVersion": 2, "config": desc{"mediaType": configType, "digest": digestOf(cfg), "size": len(cfg)}, "layers": []desc{}})
			return dockerTarOf([]byte(config), []string{"l"}, []entry{
				file("l", string(baseLayer())),
				file("blobs/sha256/"+digestOf(cfg)[7:], string(cfg)), file("blobs/sha256/"+digestOf(m)[7:], string(m)),
				file("index.json", string(jsonOf(map[string]any{"schemaVersion": 2, "manifests": []desc{{"mediaType": manifestType, "digest": digestOf(m), "size": len(m)}}}))),
			})
		}),
	}
}
