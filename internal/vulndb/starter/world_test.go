package starter_test

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/all"
	"github.com/sightline-sec/sightline/internal/vuln"
	"github.com/sightline-sec/sightline/internal/vulndb/starter"
)

// world is what the real feeds say of the vulnerabilities in the data.
type world struct {
	byName map[string][]*vuln.Advisory
	redHat map[string]string // vectors by CVE; nil: not at hand
}

// about gives the records of an entry: under its id, and those that name it as their alias.
func (w *world) about(e *starter.Entry) []*vuln.Advisory { return w.byName[e.ID] }

// unread are the feeds with no fact of ours: what changes every day, and distributions that only publish notices.
var unread = []string{"epss", "osv/AlmaLinux", "osv/Rocky Linux"}

// readWorld reads the real feeds, and keeps the records of the entries.
func readWorld(t *testing.T, raw feed.Raw, entries []starter.Entry) *world {
	t.Helper()
	w := &world{byName: map[string][]*vuln.Advisory{}}
	for i := range entries {
		w.byName[entries[i].ID] = nil
	}
	for _, f := range all.Feeds() {
		if slices.Contains(unread, f.Name()) {
			continue
		}
		read := 0
		err := f.Parse(t.Context(), raw, func(a *vuln.Advisory) error {
			read++
			if !a.Withdrawn.IsZero() {
				return nil
			}
			for i, name := range append([]string{a.ID}, a.Aliases...) {
				if _, ok := w.byName[name]; ok && !slices.Contains(a.Aliases[:max(i-1, 0)], name) {
					w.byName[name] = append(w.byName[name], a)
				}
			}
			return nil
		}, func(feed.Skipped) {})
		if errors.Is(err, fs.ErrNotExist) {
			t.Skipf("feed %s is not there: %v", f.Name(), err)
		}
		if err != nil || read == 0 {
			t.Fatalf("feed %s: %d records, %v", f.Name(), read, err)
		}
	}
	w.redHat = readRedHat(t, raw, w.byName)
	return w
}

// readRedHat reads the CVSS vectors of Red Hat's own data, which is not among the feeds.
func readRedHat(t *testing.T, raw feed.Raw, wanted map[string][]*vuln.Advisory) map[string]string {
	t.Helper()
	f, err := raw.Open("redhat/hydra-rest-securitydata-cve.tar.zst")
	if errors.Is(err, fs.ErrNotExist) {
		t.Log("Red Hat's data are not there: its vectors were not checked")
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	vectors := map[string]string{}
	for files := tar.NewReader(z); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return vectors
		}
		if err != nil {
			t.Fatal(err)
		}
		id := strings.TrimSuffix(h.Name[strings.LastIndexByte(h.Name, '/')+1:], ".json")
		if _, ok := wanted[id]; !ok {
			continue
		}
		var record struct {
			CVSS3 struct {
				Vector string `json:"cvss3_scoring_vector"`
			} `json:"cvss3"`
		}
		if err := json.NewDecoder(files).Decode(&record); err != nil {
			t.Fatalf("%s: %v", h.Name, err)
		}
		vectors[id] = record.CVSS3.Vector
	}
}
