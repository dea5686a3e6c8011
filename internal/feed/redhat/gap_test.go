package redhat_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/feed/redhat"
	"github.com/sightline-sec/sightline/internal/vuln"
)

func TestGaps(t *testing.T) {
	t.Parallel()
	type fixes map[string]string // product and release -> fixed version
	for name, c := range map[string]struct {
		main         string // fixed version; empty: affected
		streams      fixes
		want         []vuln.Range
		mended, open []string
	}{
		"count before the tag": {
			main: "2.28-225.el8_8.6", streams: fixes{"rhel_eus:8.6": "2.28-189.6.el8_6"},
			want:   []vuln.Range{{Introduced: "0", Limit: "2.28-189.6.el8_6"}, {Introduced: "2.28-190", Fixed: "2.28-225.el8_8.6"}},
			mended: []string{"2.28-189.6.el8_6", "2.28-189.10.el8_6", "2.28-225.el8_8.6", "2.34-1.el8"},
			open:   []string{"2.28-189.5.el8_6", "2.28-189.el8", "2.28-211.el8", "2.28-225.el8_8.5"},
		},
		"count behind the tag": {
			main: "8.7p1-38.el9_4.1", streams: fixes{"rhel_eus:9.2": "8.7p1-30.el9_2.4"},
			want:   []vuln.Range{{Introduced: "0", Limit: "8.7p1-30.el9_2.4"}, {Introduced: "8.7p1-30.el9_3", Fixed: "8.7p1-38.el9_4.1"}},
			mended: []string{"8.7p1-30.el9_2.4", "8.7p1-30.el9_2.10"},
			open:   []string{"8.7p1-30.el9_2.3", "8.7p1-30.el9_3.1", "8.7p1-34.el9", "8.7p1-30.el9"},
		},
		"the first number stays over minor releases": {
			main: "2.12-1.166.el6_7.7", streams: fixes{"rhel_eus:6.6": "2.12-1.149.el6_6.11", "rhel_aus:6.5": "2.12-1.132.el6_5.7"},
			mended: []string{"2.12-1.149.el6_6.12", "2.12-1.132.el6_5.8"}, open: []string{"2.12-1.149.el6", "2.12-1.149.el6_6.7", "2.12-1.166.el6_7.1"},
			want: []vuln.Range{
				{Introduced: "0", Limit: "2.12-1.132.el6_5.7"},
				{Introduced: "2.12-1.132.el6_6", Limit: "2.12-1.149.el6_6.11"},
				{Introduced: "2.12-1.149.el6_7", Fixed: "2.12-1.166.el6_7.7"},
			},
		},
		"nor the number before the tag": {
			main: "3.0.33-3.41.el5_11", streams: fixes{"rhel_aus:5.9": "3.0.33-3.40.el5_9"},
			want:   []vuln.Range{{Introduced: "0", Limit: "3.0.33-3.40.el5_9"}, {Introduced: "3.0.33-3.40.el5_10", Fixed: "3.0.33-3.41.el5_11"}},
			mended: []string{"3.0.33-3.40.el5_9"}, open: []string{"3.0.33-3.40.el5_10", "3.0.33-3.41.el5_9"},
		},
		"up to the main stream's fix": {
			main: "115.5.0-1.el8_9", streams: fixes{"rhel_eus:8.8": "115.5.0-1.el8_8", "rhel_tus:8.6": "115.5.0-1.el8_6"},
			mended: []string{"115.5.0-1.el8_8", "115.5.0-1.el8_6", "115.5.0-1.el8_9"}, open: []string{"115.4.0-1.el8_9", "115.5.0-1.el8_7"},
			want: []vuln.Range{
				{Introduced: "0", Limit: "115.5.0-1.el8_6"},
				{Introduced: "115.5.0-1.el8_7", Limit: "115.5.0-1.el8_8"},
				{Introduced: "115.5.0-1.el8_9~", Fixed: "115.5.0-1.el8_9"},
			},
		},
		"no fix in the main stream": {
			streams: fixes{"rhel_e4s:8.4": "1:1.2-7.el8_4.1"},
			want:    []vuln.Range{{Introduced: "0", Limit: "1:1.2-7.el8_4.1"}, {Introduced: "1:1.2-7.el8_5"}},
			mended:  []string{"1:1.2-7.el8_4.2"}, open: []string{"1:1.2-7.el8_4", "1:1.2-8.el8", "2:1.0-1.el8"},
		},
		"the same minor release": { // the second mends what the first did not
			main: "1.2-7.el8_4.3", streams: fixes{"rhel_eus:8.4": "1.2-7.el8_4.1"},
			want: []vuln.Range{{Introduced: "0", Fixed: "1.2-7.el8_4.3"}}, open: []string{"1.2-7.el8_4.2"},
		},
		"of two fixes the last": {
			main: "1.2-9.el8_6", streams: fixes{"rhel_eus:8.4": "1.2-7.el8_4.1", "rhel_aus:8.4": "1.2-7.el8_4.3"},
			want: []vuln.Range{{Introduced: "0", Limit: "1.2-7.el8_4.3"}, {Introduced: "1.2-7.el8_5", Fixed: "1.2-9.el8_6"}}, open: []string{"1.2-7.el8_4.2"},
		},
		"the tag does not name the stream": {
			main: "3.10.0-1160.el7", streams: fixes{"rhel_aus:7.4": "3.10.0-693.el7", "rhel_eus:7.1": "3.10.0-700.el7_2", "rhel_aus:7.2": "3.10.0-327.1.el7a"},
			want: []vuln.Range{{Introduced: "0", Fixed: "3.10.0-1160.el7"}}, open: []string{"3.10.0-693.el7", "3.10.0-700.el7_2", "3.10.0-327.1.el7a"},
		},
		"kernels, whose tags name no minor release": {
			main: "3.10.0-1160.62.1.el7", streams: fixes{"rhel_aus:7.4": "3.10.0-693.99.1.el7", "rhel_aus:7.6": "3.10.0-957.92.1.el7"},
			want: []vuln.Range{
				{Introduced: "0", Limit: "3.10.0-693.99.1.el7"},
				{Introduced: "3.10.0-694", Limit: "3.10.0-957.92.1.el7"},
				{Introduced: "3.10.0-958", Fixed: "3.10.0-1160.62.1.el7"},
			},
			mended: []string{"3.10.0-693.99.1.el7", "3.10.0-957.92.1.el7", "3.10.0-957.100.1.el7"},
			open:   []string{"3.10.0-957.91.1.el7", "3.10.0-957.el7", "3.10.0-862.99.1.el7", "3.10.0-1062.1.1.el7", "3.10.0-1160.el7", "3.10.0-1160.61.1.el7"},
		},
		"a kernel of the main stream's minor release": {
			main: "3.10.0-1160.62.1.el7", streams: fixes{"rhel_aus:7.9": "3.10.0-1160.60.1.el7"},
			want: []vuln.Range{{Introduced: "0", Fixed: "3.10.0-1160.62.1.el7"}}, open: []string{"3.10.0-1160.60.1.el7"},
		},
		"not lower than the main stream's": {
			main: "1.2-7.el8", streams: fixes{"rhel_eus:8.4": "1.2-8.el8_4"}, want: []vuln.Range{{Introduced: "0", Fixed: "1.2-7.el8"}},
		},
		"a release before the first": {
			main: "1.2-1.el8_6", streams: fixes{"rhel_eus:8.4": "1.2-0.5.el8_4"},
			want: []vuln.Range{{Introduced: "0", Limit: "1.2-0.5.el8_4"}, {Introduced: "1.2-0.5.el8_5", Fixed: "1.2-1.el8_6"}}, open: []string{"1.2-0.6.el8"},
		},
	} {
		major := "8"
		record := struct {
			Name     string              `json:"name"`
			Releases []map[string]string `json:"affected_release"`
			States   []map[string]string `json:"package_state,omitempty"`
		}{Name: "CVE-2024-0001"}
		for stream, v := range c.streams {
			major = stream[len(stream)-3 : len(stream)-2]
			record.Releases = append(record.Releases, map[string]string{"cpe": "cpe:/a:redhat:" + stream + "::baseos", "package": "pkg-" + v})
		}
		cpe := "cpe:/o:redhat:enterprise_linux:" + major
		if c.main != "" {
			record.Releases = append(record.Releases, map[string]string{"cpe": cpe, "package": "pkg-" + c.main})
		} else {
			record.States = []map[string]string{{"cpe": cpe, "package_name": "pkg", "fix_state": "Affected"}}
		}
		text, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		said, err := redhat.Decode(false, text)
		if err != nil {
			t.Fatal(err)
		}
		want := []vuln.Affected{{Namespace: "Red Hat:" + major, Package: "pkg", Ranges: c.want}}
		if diff := cmp.Diff(want, said[0].Affected); diff != "" {
			t.Errorf("%s: %s", name, diff)
			continue
		}
		for _, v := range c.mended {
			if holds(t, c.want, v) {
				t.Errorf("%s: %s is affected", name, v)
			}
		}
		for _, v := range c.open {
			if !holds(t, c.want, v) {
				t.Errorf("%s: %s is not affected", name, v)
			}
		}
	}

	// A stream alone does not say what is affected elsewhere.
	said, err := redhat.Decode(false, []byte(`{"name":"CVE-2024-0001","affected_release":[{"cpe":"cpe:/o:redhat:rhel_eus:8.4::baseos","package":"pkg-1-2.el8_4"}]}`))
	if err != nil || len(said[0].Affected) != 0 {
		t.Error(said, err)
	}
}
