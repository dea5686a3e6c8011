package updateinfo_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed"
	"github.com/sightline-sec/sightline/internal/feed/updateinfo"
	"github.com/sightline-sec/sightline/internal/outbound"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func repomd(href string, body []byte) string {
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>
  <data type="updateinfo"><checksum type="sha256">%x</checksum><location href=%q/><size>%d</size></data>
</repomd>`, sha256.Sum256(body), href, len(body))
}

// TestFetch fetches each feed's own resources from a server laid out like the upstreams, twice, and reads what came.
func TestFetch(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", fmt.Sprintf("%q", fmt.Sprint(len(text))))
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	}))
	t.Cleanup(s.Close)
	body := gzipped(t, notices)
	const fedora = "/pub/fedora/linux/updates/43/Everything/x86_64/repodata/"
	files[fedora+"repomd.xml"] = repomd("repodata/e09d-updateinfo.xml.gz", body)
	files[fedora+"e09d-updateinfo.xml.gz"] = string(body)
	const archived = "/pub/archive/fedora/linux/updates/38/Everything/x86_64/repodata/"
	files[archived+"repomd.xml"] = repomd("repodata/35aa-updateinfo.xml.xz", body)
	for list, base := range map[string]string{
		"/2/core/latest/x86_64/mirror.list":              "/2/core/2.0/x86_64/221a4af0", // without a slash at its end, as upstream's
		"/2/extras/nginx1/latest/x86_64/mirror.list":     "/2/extras/nginx1/2.0/x86_64/77aa",
		"/al2023/core/mirrors/latest/x86_64/mirror.list": "/al2023/core/guids/46ff4933/x86_64/",
	} {
		files[list] = s.URL + base + "\n"
		base = strings.TrimSuffix(base, "/") + "/repodata/"
		files[base+"repomd.xml"] = repomd("repodata/updateinfo.xml.gz", body)
		files[base+"updateinfo.xml.gz"] = string(body)
	}
	client, err := outbound.New(outbound.Options{AllowPrivate: true, Retries: -1, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdle)
	for _, tt := range []struct {
		feed   feed.Feed
		there  []string
		failed map[string]string
		in     []string
	}{
		{updateinfo.Amazon(), []string{"amazon/2/core/updateinfo.xml.gz", "amazon/2/extras/nginx1/updateinfo.xml.gz", "amazon/2023/core/updateinfo.xml.gz"}, map[string]string{}, []string{"Amazon Linux:2", "Amazon Linux:2023"}},
		{updateinfo.Fedora(), []string{"fedora/43/updateinfo.xml.zst"}, map[string]string{"fedora/38/updateinfo.xml.zst": "packed by xz"}, []string{"Fedora:43"}},
	} {
		t.Run(tt.feed.Name(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			resources := tt.feed.Resources()
			for i := range resources {
				u, err := url.Parse(resources[i].URL)
				if err != nil {
					t.Fatal(err)
				}
				resources[i].URL = s.URL + u.Path
			}
			for _, outcome := range []feed.Outcome{feed.Updated, feed.Unchanged} {
				report, err := feed.Fetch(t.Context(), client, dir, resources, feed.FetchOptions{})
				if err != nil {
					t.Fatal(err)
				}
				var there []string
				for _, f := range report.Files {
					switch f.Outcome {
					case outcome:
						there = append(there, f.Resource.Path)
					case feed.Missing:
					default:
						if says := tt.failed[f.Resource.Path]; says == "" || !strings.Contains(fmt.Sprint(f.Err), says) {
							t.Error(f)
						}
					}
				}
				if diff := cmp.Diff(tt.there, there); diff != "" {
					t.Error(outcome, diff)
				}
			}
			raw, err := feed.Dir(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			var in []string
			err = tt.feed.Parse(t.Context(), raw, func(a *vuln.Advisory) error {
				in = append(in, a.Affected[0].Namespace)
				return nil
			}, func(s feed.Skipped) { t.Error(s) })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.in, in); diff != "" {
				t.Error(diff)
			}
		})
	}
}
