package hostile

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// blob is bytes with a media type, as a descriptor speaks of them.
type blob struct {
	mediaType string
	data      []byte
}

const (
	tarType      = "application/vnd.oci.image.layer.v1.tar"
	gzipType     = tarType + "+gzip"
	zstdType     = tarType + "+zstd"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	indexType    = "application/vnd.oci.image.index.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
)

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// entry is a file for a tar, in short.
type entry struct {
	tar.Header
	body string
}

func file(name, body string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(body))}, body}
}

func dir(name string) entry {
	return entry{tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}, ""}
}

func symlink(name, target string) entry {
	return entry{tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}, ""}
}

func hardlink(name, target string) entry {
	return entry{tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target, Mode: 0o644}, ""}
}

// tarOf makes a tar. Where the standard library will not write an entry, the case writes its header by hand.
func tarOf(entries ...entry) []byte {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, e := range entries {
		must(t.WriteHeader(&e.Header))
		_, err := t.Write([]byte(e.body))
		must(err)
	}
	must(t.Close())
	return b.Bytes()
}

// must is for writes to memory and entries that are known to be fine: a failure is a bug of the case.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// header writes a ustar header by hand: no check stands in the way.
func header(typ byte, name string, size string, link string) []byte {
	h := make([]byte, 512)
	copy(h[0:100], name)
	copy(h[100:108], "0000644\x00")
	copy(h[108:116], "0000000\x00")
	copy(h[116:124], "0000000\x00")
	copy(h[124:136], size)
	copy(h[136:148], "00000000000\x00")
	h[156] = typ
	copy(h[157:257], link)
	copy(h[257:265], "ustar\x0000")
	checksum(h)
	return h
}

func checksum(h []byte) {
	copy(h[148:156], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

func octal(n int64) string { return fmt.Sprintf("%011o\x00", n) }

// padded fills a body up to whole blocks.
func padded(b []byte) []byte {
	return append(bytes.Clone(b), make([]byte, (512-len(b)%512)%512)...)
}

// pax is an extended header with its records, for the entry that follows.
func pax(records ...string) []byte {
	var b strings.Builder
	for _, r := range records {
		b.WriteString(paxRecord(r))
	}
	return append(header('x', "PaxHeaders/x", octal(int64(b.Len())), ""), padded([]byte(b.String()))...)
}

// paxRecord writes "length key=value\n", where the length counts itself.
func paxRecord(kv string) string {
	n := len(kv) + 3
	for {
		s := fmt.Sprintf("%d %s\n", n, kv)
		if len(s) == n {
			return s
		}
		n = len(s)
	}
}

var tarEnd = make([]byte, 1024)

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func gz(b []byte) []byte {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	must(err)
	_, err = z.Write(b)
	must(err)
	must(z.Close())
	return out.Bytes()
}

func zst(b []byte) []byte {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	must(err)
	defer func() { _ = z.Close() }()
	return z.EncodeAll(b, nil)
}

// baseLayer is what every image stands on, so that there is something to overwrite, delete and link to.
func baseLayer() []byte {
	return tarOf(
		dir("etc/"), file("etc/passwd", "root:x:0:0::/:/bin/sh\n"),
		file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n"),
		dir("var/"), dir("var/lib/"), dir("var/lib/dpkg/"),
		file("var/lib/dpkg/status", "Package: base-files\nStatus: install ok installed\nVersion: 12.4\nArchitecture: amd64\n"+
			"Maintainer: nobody\nDescription: base\n\n"),
	)
}

// configOf is an image config for the layers, given as plain tars.
func configOf(tars ...[]byte) []byte {
	ids := []string{}
	for _, t := range tars {
		ids = append(ids, digestOf(t))
	}
	return jsonOf(map[string]any{
		"os": "linux", "architecture": "amd64", "config": map[string]any{"User": "app", "Env": []string{"A=b"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": ids},
	})
}

func jsonOf(v any) []byte {
	b, err := json.Marshal(v)
	must(err)
	return b
}

// docker writes a docker-archive whose layers are the base and the given ones.
func (w *writer) docker(layers ...[]byte) error {
	return os.WriteFile(w.target, dockerTar(layers...), 0o644)
}

func dockerTar(layers ...[]byte) []byte {
	all := append([][]byte{baseLayer()}, layers...)
	names := make([]string, 0, len(all))
	var entries []entry
	for i, l := range all {
		names = append(names, fmt.Sprintf("l%d/layer.tar", i))
		entries = append(entries, file(names[i], string(l)))
	}
	return dockerTarOf(configOf(all...), names, entries)
}

// dockerTarOf adds config and manifest to the entries.
func dockerTarOf(config []byte, layers []string, entries []entry) []byte {
	name := strings.TrimPrefix(digestOf(config), "sha256:") + ".json"
	entries = append(entries, file(name, string(config)), file("manifest.json", string(jsonOf([]map[string]any{{
		"Config": name, "RepoTags": []string{"hostile:latest"}, "Layers": layers,
	}}))))
	return tarOf(entries...)
}

// layout is an OCI layout in the making.
type layout struct{ dir string }

func (w *writer) layout() (*layout, error) {
	l := &layout{w.target}
	if err := os.MkdirAll(filepath.Join(l.dir, "blobs", "sha256"), 0o755); err != nil {
		return nil, err
	}
	return l, os.WriteFile(filepath.Join(l.dir, "oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o644)
}

func (l *layout) path(digest string) string {
	return filepath.Join(l.dir, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
}

type desc map[string]any

// put stores a blob and describes it.
func (l *layout) put(b blob) desc {
	d := digestOf(b.data)
	must(os.WriteFile(l.path(d), b.data, 0o644))
	return desc{"mediaType": b.mediaType, "digest": d, "size": len(b.data)}
}

func (l *layout) index(manifests ...desc) {
	must(os.WriteFile(filepath.Join(l.dir, "index.json"), jsonOf(map[string]any{"schemaVersion": 2, "manifests": manifests}), 0o644))
}

// image stores a manifest over the config and layers, and makes it the layout's only one.
func (l *layout) image(config desc, layers ...desc) desc {
	m := l.put(blob{manifestType, jsonOf(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": layers,
	})})
	l.index(m)
	return m
}

// plain stores an image of the base and the given blobs, whose tars are given for the config.
func (l *layout) plain(layers []blob, tars [][]byte) {
	base := baseLayer()
	descs := []desc{l.put(blob{tarType, base})}
	for _, b := range layers {
		descs = append(descs, l.put(b))
	}
	l.image(l.put(blob{configType, configOf(append([][]byte{base}, tars...)...)}), descs...)
}
