// Package sample makes a small image for the demo and for tests: a Debian 12 base, an application on Node.js and one
// on Python, in four layers, with packages whose vulnerabilities are well known. It promises the same bytes at each
// call. The image holds package metadata and no programs: it is for scanning, not for running.
package sample

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// created is the time that the image claims.
var created = time.Date(2023, 3, 14, 9, 26, 53, 0, time.UTC)

// file is one entry of a layer.
type file struct{ path, content string }

// layers of the image, lowest first, with the instruction that each claims.
func layers() []struct {
	by    string
	files []file
} {
	osRelease := `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
`
	base := status(
		deb{"base-files", "12.4", "", "amd64"},
		deb{"libc6", "2.36-9", "glibc", "amd64"},
		deb{"libssl3", "3.0.9-1", "openssl", "amd64"},
		deb{"openssl", "3.0.9-1", "", "amd64"},
		deb{"zlib1g", "1:1.2.13.dfsg-1", "zlib", "amd64"},
	)
	full := status(
		deb{"base-files", "12.4", "", "amd64"},
		deb{"curl", "7.88.1-10", "", "amd64"},
		deb{"libc6", "2.36-9", "glibc", "amd64"},
		deb{"libcurl4", "7.88.1-10", "curl", "amd64"},
		deb{"liblzma5", "5.4.1-0.2", "xz-utils", "amd64"},
		deb{"libssl3", "3.0.9-1", "openssl", "amd64"},
		deb{"libwebp7", "1.2.4-0.2", "libwebp", "amd64"},
		deb{"openssl", "3.0.9-1", "", "amd64"},
		deb{"zlib1g", "1:1.2.13.dfsg-1", "zlib", "amd64"},
	)
	return []struct {
		by    string
		files []file
	}{
		{"/bin/sh -c #(nop) ADD rootfs.tar / ", []file{
			{"etc/os-release", osRelease}, {"var/lib/dpkg/status", base},
		}},
		{"RUN apt-get install -y curl libwebp7", []file{{"var/lib/dpkg/status", full}}},
		{"RUN npm ci", []file{
			npm("express", "4.17.1"), npm("lodash", "4.17.15"), npm("minimist", "1.2.0"), npm("qs", "6.7.0"),
			npm("axios", "0.21.0"), npm("json5", "2.2.1"), npm("left-pad", "1.3.0"),
		}},
		{"RUN pip install -r requirements.txt", []file{
			wheel("Django", "3.2.12"), wheel("Jinja2", "2.11.2"), wheel("PyYAML", "5.3.1"), wheel("requests", "2.25.1"),
			wheel("urllib3", "1.26.4"), wheel("six", "1.16.0"),
		}},
	}
}

type deb struct{ name, version, source, arch string }

func status(packages ...deb) string {
	var b strings.Builder
	for _, p := range packages {
		fmt.Fprintf(&b, "Package: %s\nStatus: install ok installed\nArchitecture: %s\n", p.name, p.arch)
		if p.source != "" {
			fmt.Fprintf(&b, "Source: %s\n", p.source)
		}
		fmt.Fprintf(&b, "Version: %s\n\n", p.version)
	}
	return b.String()
}

func npm(name, version string) file {
	return file{
		"srv/web/node_modules/" + name + "/package.json",
		fmt.Sprintf("{\n  \"name\": %q,\n  \"version\": %q,\n  \"license\": \"MIT\"\n}\n", name, version),
	}
}

func wheel(name, version string) file {
	return file{
		fmt.Sprintf("usr/local/lib/python3.11/site-packages/%s-%s.dist-info/METADATA", name, version),
		fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n\n", name, version),
	}
}

// Write writes the image as a docker-archive: a tar as docker save makes it.
func Write(w io.Writer) error {
	type history struct {
		Created   time.Time `json:"created"`
		CreatedBy string    `json:"created_by"`
		Empty     bool      `json:"empty_layer,omitempty"`
	}
	var config struct {
		Architecture string    `json:"architecture"`
		OS           string    `json:"os"`
		Created      time.Time `json:"created"`
		Config       struct {
			User       string
			Env        []string
			Entrypoint []string
			WorkingDir string
			Labels     map[string]string
		} `json:"config"`
		History []history `json:"history"`
		RootFS  struct {
			Type    string   `json:"type"`
			DiffIDs []string `json:"diff_ids"`
		} `json:"rootfs"`
	}
	config.Architecture, config.OS, config.Created = "amd64", "linux", created
	config.Config.User = "root"
	config.Config.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "NODE_ENV=production"}
	config.Config.Entrypoint = []string{"node", "/srv/web/server.js"}
	config.Config.WorkingDir = "/srv/web"
	config.Config.Labels = map[string]string{"org.opencontainers.image.title": "sightline demo"}
	config.RootFS.Type = "layers"

	var names []string
	var blobs []file
	for _, l := range layers() {
		var buf bytes.Buffer
		if err := writeTar(&buf, l.files); err != nil {
			return err
		}
		digest := sum(buf.Bytes())
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, "sha256:"+digest)
		config.History = append(config.History, history{Created: created, CreatedBy: l.by})
		names = append(names, digest+"/layer.tar")
		blobs = append(blobs, file{digest + "/layer.tar", buf.String()})
	}
	config.History = append(config.History, history{Created: created, CreatedBy: `ENTRYPOINT ["node" "/srv/web/server.js"]`, Empty: true})
	cfg, err := json.Marshal(config)
	if err != nil {
		return err
	}
	cfgName := sum(cfg) + ".json"
	manifest, err := json.Marshal([]map[string]any{{
		"Config": cfgName, "RepoTags": []string{"sightline-demo:latest"}, "Layers": names,
	}})
	if err != nil {
		return err
	}
	return writeTar(w, append(blobs, file{cfgName, string(cfg)}, file{"manifest.json", string(manifest)}))
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func writeTar(w io.Writer, files []file) error {
	tw := tar.NewWriter(w)
	for _, f := range files {
		h := &tar.Header{Name: f.path, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(f.content)), ModTime: created}
		if err := tw.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.WriteString(tw, f.content); err != nil {
			return err
		}
	}
	return tw.Close()
}
