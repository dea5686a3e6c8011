package hostile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// layoutCases lie in OCI layouts.
func layoutCases() []Case {
	in := func(name, about string, make func(w *writer, l *layout) error) Case {
		return Case{name, Layout, about, func(w *writer) error {
			l, err := w.layout()
			if err != nil {
				return err
			}
			return make(w, l)
		}}
	}
	base := func(l *layout) (config, layer desc) {
		return l.put(blob{configType, configOf(baseLayer())}), l.put(blob{tarType, baseLayer()})
	}
	return []Case{
		in("digest-traversal", "digests that are paths", func(w *writer, l *layout) error {
			cfg, _ := base(l)
			l.image(cfg, desc{"mediaType": tarType, "digest": "sha256:../../../outside/status", "size": 100},
				desc{"mediaType": tarType, "digest": "sha256:" + w.status(), "size": 100}, desc{"mediaType": tarType, "digest": "../outside:status", "size": 1},
				desc{"mediaType": tarType, "digest": "", "size": 1}, desc{"mediaType": tarType, "digest": "md5:d41d8cd98f00b204e9800998ecf8427e", "size": 1})
			return nil
		}),
		in("config-digest-traversal", "a config digest that is a path", func(_ *writer, l *layout) error {
			_, layer := base(l)
			l.image(desc{"mediaType": configType, "digest": "sha256:../../../outside/os-release", "size": 100}, layer)
			return nil
		}),
		in("blob-is-symlink", "layers and config that are links to the host", func(w *writer, l *layout) error {
			cfg, layer := base(l)
			gone, other := digestOf([]byte("gone")), digestOf([]byte("other"))
			l.image(cfg, layer, desc{"mediaType": tarType, "digest": gone, "size": 200}, desc{"mediaType": gzipType, "digest": other, "size": 200})
			must(os.Remove(l.path(cfg["digest"].(string))))
			return errors.Join(os.Symlink(w.status(), l.path(gone)), os.Symlink("../../../outside/status", l.path(other)),
				os.Symlink(w.release(), l.path(cfg["digest"].(string))))
		}),
		in("index-is-symlink", "an index.json that is a link to the host", func(w *writer, l *layout) error {
			return os.Symlink("../outside/status", filepath.Join(l.dir, "index.json"))
		}),
		in("blobs-is-symlink", "a blobs directory that is a link to the host", func(w *writer, l *layout) error {
			cfg, layer := base(l)
			l.image(cfg, layer)
			must(os.Rename(filepath.Join(l.dir, "blobs"), filepath.Join(w.outside, "blobs")))
			return os.Symlink("../outside/blobs", filepath.Join(l.dir, "blobs"))
		}),
		in("blob-is-fifo", "a layer that is a FIFO nobody writes to", func(_ *writer, l *layout) error {
			cfg, layer := base(l)
			gone := digestOf([]byte("gone"))
			l.image(cfg, layer, desc{"mediaType": tarType, "digest": gone, "size": 200})
			return mkfifo(l.path(gone))
		}),
		in("blob-is-directory", "a layer that is a directory", func(_ *writer, l *layout) error {
			cfg, layer := base(l)
			gone := digestOf([]byte("gone"))
			l.image(cfg, layer, desc{"mediaType": tarType, "digest": gone, "size": 200})
			return os.Mkdir(l.path(gone), 0o755)
		}),
		in("missing-blob", "a layer that is not there", func(_ *writer, l *layout) error {
			cfg, layer := base(l)
			l.image(cfg, layer, desc{"mediaType": gzipType, "digest": digestOf([]byte("gone")), "size": 200})
			return nil
		}),
		in("media-type-lies", "plain, gzip and zstd layers under each other's media types", func(_ *writer, l *layout) error {
			a, b, c := tarOf(file("a", "x")), tarOf(file("b", "x")), tarOf(file("c", "x"))
			l.plain([]blob{{gzipType, a}, {zstdType, gz(b)}, {"text/plain", zst(c)}}, [][]byte{a, b, c})
			return nil
		}),
		in("wrong-layer-digest", "a compressed layer that is not the one the manifest names", func(_ *writer, l *layout) error {
			t := tarOf(file("var/lib/dpkg/status", evil))
			l.plain([]blob{{gzipType, gz(t)}}, [][]byte{t})
			return os.WriteFile(l.path(digestOf(gz(t))), gz(tarOf(file("var/lib/dpkg/status", "another"))), 0o644)
		}),
		in("wrong-layer-size", "a layer whose size is not what the manifest says", func(_ *writer, l *layout) error {
			cfg, layer := base(l)
			layer["size"] = 1 << 40
			l.image(cfg, layer)
			return nil
		}),
		in("negative-layer-size", "a layer of fewer than no bytes", func(_ *writer, l *layout) error {
			cfg, layer := base(l)
			layer["size"] = -1
			l.image(cfg, layer)
			return nil
		}),
		in("wrong-config-digest", "a config that is not the one the manifest names", func(_ *writer, l *layout) error {
			cfg, layer := base(l)
			l.image(cfg, layer)
			return os.WriteFile(l.path(cfg["digest"].(string)), []byte(`{"os":"linux","config":{"User":"root"}}`), 0o644)
		}),
		in("wrong-manifest-digest", "a manifest that is not the one the index names", func(_ *writer, l *layout) error {
			cfg, layer := base(l)
			m := l.image(cfg, layer)
			return os.WriteFile(l.path(m["digest"].(string)), []byte(`{"schemaVersion":2,"config":{},"layers":[]}`), 0o644)
		}),
		in("manifest-and-index", "a document that is a manifest and an index at once", func(_ *writer, l *layout) error {
			cfg, layer := base(l)
			l.index(l.put(blob{manifestType, jsonOf(map[string]any{"schemaVersion": 2, "config": cfg, "layers": []desc{layer}, "manifests": []desc{}})}))
			return nil
		}),
		in("layout-100k-layers", "a manifest with 100,000 layers", func(_ *writer, l *layout) error {
			cfg, _ := base(l)
			one := fmt.Sprintf(`{"digest":%q}`, digestOf(baseLayer()))
			l.index(l.put(blob{manifestType, []byte(`{"schemaVersion":2,"config":` + string(jsonOf(cfg)) + `,"layers":[` +
				strings.Repeat(one+",", 40_000) + strings.Repeat("{},", 60_000) + one + `]}`)}))
			return nil
		}),
		in("layout-million-layers", "a manifest of 4 MB that is all layers", func(_ *writer, l *layout) error {
			cfg, _ := base(l)
			l.index(l.put(blob{manifestType, []byte(`{"schemaVersion":2,"config":` + string(jsonOf(cfg)) + `,"layers":[` +
				strings.Repeat("{},", 1_300_000) + `{}]}`)}))
			return nil
		}),
		in("layout-huge-manifest", "a manifest of 100 MB", func(_ *writer, l *layout) error {
			l.index(l.put(blob{manifestType, []byte(`{"schemaVersion":2,"annotations":{"a":"` + strings.Repeat("x", 100<<20) + `"}}`)}))
			return nil
		}),
		in("index-chain", "a thousand indexes in each other", func(_ *writer, l *layout) error {
			cfg, layer := base(l)
			d := l.image(cfg, layer)
			for range 1000 {
				d = l.put(blob{indexType, jsonOf(map[string]any{"schemaVersion": 2, "manifests": []desc{d}})})
			}
			l.index(d)
			return nil
		}),
		in("index-fan", "an index of 2,000 indexes", func(_ *writer, l *layout) error {
			var all []desc
			for i := range 2000 {
				all = append(all, l.put(blob{indexType, jsonOf(map[string]any{"schemaVersion": 2, "manifests": []desc{}, "annotations": map[string]string{"i": fmt.Sprint(i)}})}))
			}
			l.index(all...)
			return nil
		}),
		in("index-million-manifests", "an index.json that is all manifests", func(_ *writer, l *layout) error {
			return os.WriteFile(filepath.Join(l.dir, "index.json"), []byte(`{"schemaVersion":2,"manifests":[`+strings.Repeat("{},", 1_300_000)+`{}]}`), 0o644)
		}),
		in("index-of-itself", "an index.json that names index.json by every trick", func(_ *writer, l *layout) error {
			l.index(desc{"mediaType": indexType, "digest": "sha256:../../index.json", "size": 1}, desc{"mediaType": indexType, "digest": "sha256:", "size": 1})
			return nil
		}),
		in("schema-1", "a manifest of Docker's schema 1", func(_ *writer, l *layout) error {
			l.index(l.put(blob{"application/vnd.docker.distribution.manifest.v1+prettyjws", []byte(`{"schemaVersion":1,"fsLayers":[{"blobSum":"sha256:x"}],"history":[]}`)}))
			return nil
		}),
		in("foreign-layer", "layers that are to be fetched from the host and from a metadata service", func(w *writer, l *layout) error {
			cfg, layer := base(l)
			l.image(cfg, layer, desc{
				"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "digest": digestOf([]byte("a")), "size": 1,
				"urls": []string{"file://" + w.status(), "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:1/"},
			})
			return nil
		}),
		in("only-attestations", "an index that holds nothing but statements about images", func(_ *writer, l *layout) error {
			cfg, layer := base(l)
			m := l.image(cfg, layer)
			m["platform"] = map[string]string{"os": "unknown", "architecture": "unknown"}
			l.index(m)
			return nil
		}),
		in("not-an-image", "an artifact that is no image", func(_ *writer, l *layout) error {
			l.image(l.put(blob{"application/vnd.cncf.helm.config.v1+json", []byte("{}")}), l.put(blob{"application/vnd.cncf.helm.chart.content.v1.tar+gzip", gz(tarOf())}))
			return nil
		}),
	}
}
