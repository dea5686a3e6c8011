package redhat_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/redhat"
	"github.com/sightline-sec/sightline/internal/outbound"
	"github.com/sightline-sec/sightline/internal/vuln"
)

// TestFetch fetches the archive of a day and that of the next from a server laid out like upstream, and reads what came.
func TestFetch(t *testing.T) {
	t.Parallel()
	var latest atomic.Value
	body := string(archive(t, [2]string{"2024/cve-2024-0001.json", file(t, "cve-2024-0001.json")}))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		day := latest.Load().(string)
		switch r.URL.Path {
		case "/data/csaf/v2/vex/archive_latest.txt":
			_, _ = fmt.Fprintln(w, day)
		case "/data/csaf/v2/vex/" + day:
			w.Header().Set("ETag", fmt.Sprintf("%q", day))
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	client, err := outbound.New(outbound.Options{AllowPrivate: true, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	dir := t.TempDir()
	resources := redhat.New().Resources()
	for i := range resources {
		u, err := url.Parse(resources[i].URL)
		if err != nil {
			t.Fatal(err)
		}
		resources[i].URL = s.URL + u.Path
	}
	for _, step := range []struct {
		day     string
		outcome feed.Outcome
	}{
		{"csaf_vex_2026-11-22.tar.zst", feed.Updated},
		{"csaf_vex_2026-11-22.tar.zst", feed.Unchanged},
		{"csaf_vex_2026-11-23.tar.zst", feed.Updated},
	} {
		latest.Store(step.day)
		report, err := feed.Fetch(t.Context(), client, dir, resources, feed.FetchOptions{})
		if err != nil || report.Files[0].Outcome != step.outcome || report.Files[1].Outcome != feed.Missing {
			t.Fatal(step, report, err)
		}
	}
	raw, err := feed.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	read := 0
	err = redhat.New().Parse(t.Context(), raw, func(*vuln.Advisory) error { read++; return nil }, func(s feed.Skipped) { t.Error(s) })
	if err != nil || read != 1 {
		t.Error(read, err)
	}
}
