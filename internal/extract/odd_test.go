package extract_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sightline-sec/sightline/internal/extract"
)

// Nothing that has the name of a package file is passed over in silence, unless a later layer took it away.
func TestWhatIsNoFileIsReported(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		layers     source
		present    []string
		incomplete []string
	}{
		{name: "FIFO under a claimed suffix", layers: source{{"a.pkg|"}}, incomplete: []string{"unreadable a.pkg"}},
		{name: "FIFO under a claimed path", layers: source{{"db/installed|"}}, incomplete: []string{"unreadable db/installed"}},
		{name: "FIFO in a claimed directory", layers: source{{"db/parts/x|"}}, incomplete: []string{"unreadable db/parts/x"}},
		{name: "FIFO that nobody claims", layers: source{{"dev/null|"}}},
		{name: "FIFO that a later layer deletes", layers: source{{"a.pkg|"}, {"-a.pkg"}}},
		{name: "FIFO that a later layer replaces", layers: source{{"a.pkg|"}, {"a.pkg=a 1"}}, present: []string{"a@1 L1 a.pkg"}},
		{name: "FIFO that the same layer replaces", layers: source{{"a.pkg|", "a.pkg=a 1"}}, present: []string{"a@1 L0 a.pkg"}},
		{name: "link to a FIFO", layers: source{{"p|", "a.pkg->p"}}, incomplete: []string{"unreadable a.pkg"}},
		{name: "hard link to a FIFO", layers: source{{"p|", "a.pkg=>p"}}, incomplete: []string{"unreadable a.pkg"}},
		{name: "place that links to a FIFO", layers: source{{"p|", "db/installed->../p"}}, incomplete: []string{"unreadable db/installed"}},
		{name: "link that leads nowhere", layers: source{{"a.pkg->gone"}}, incomplete: []string{"broken_link a.pkg"}},
		{name: "link that leads out", layers: source{{"a.pkg->../../../gone"}}, incomplete: []string{"broken_link a.pkg"}},
		{name: "link to itself", layers: source{{"a.pkg->a.pkg"}}, incomplete: []string{"broken_link a.pkg"}},
		{name: "link whose target a later layer deletes", layers: source{{"x=a 1", "a.pkg->x"}, {"-x"}}, incomplete: []string{"broken_link a.pkg"}},
		{name: "link that a later layer deletes", layers: source{{"a.pkg->gone"}, {"-a.pkg"}}},
		{name: "link to a directory", layers: source{{"d/", "a.pkg->d"}}},
		{name: "directory under a claimed suffix", layers: source{{"a.pkg/", "a.pkg/x=a 1"}}},
		{name: "directory under a claimed path", layers: source{{"db/installed/"}}, incomplete: []string{"unreadable db/installed"}},
		{name: "directory of the database leads nowhere", layers: source{{"db->moved/db"}}, incomplete: []string{"broken_link db"}},
		{name: "directory of the database in a circle", layers: source{{"db->e", "e->db"}}, incomplete: []string{"broken_link db"}},
		{name: "directory of the database is a file", layers: source{{"db=x"}}, incomplete: []string{"unreadable db"}},
		{name: "directory of the database links to a file", layers: source{{"x=x", "db->x"}}, incomplete: []string{"broken_link db"}},
		{name: "directory of the database is empty elsewhere", layers: source{{"e/", "db->e"}}},
		{name: "directory of the database is filled elsewhere", layers: source{{"e/installed=a 1", "db->e"}}, present: []string{"a@1 L0 e/installed"}},
		{name: "directory behind two links", layers: source{{"db->e", "e->f"}}, incomplete: []string{"broken_link db"}},
		{name: "directory that a later layer deletes", layers: source{{"e/", "db->e"}, {"-e"}}, incomplete: []string{"broken_link db"}},
		{name: "directory that a later layer brings", layers: source{{"db->e"}, {"e/installed=a 1"}}, present: []string{"a@1 L1 e/installed"}},
		{name: "link that a directory replaces", layers: source{{"db->e"}, {"db/installed=a 1"}}, present: []string{"a@1 L1 db/installed"}},
		{name: "link that a directory replaces in the same layer", layers: source{{"db->e", "db/"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			inv, err := extract.Run(t.Context(), tc.layers, []extract.Extractor{lines{}}, extract.Options{})
			if err != nil {
				t.Fatal(err)
			}
			present, _, incomplete := summary(inv)
			if diff := cmp.Diff(tc.present, present); diff != "" {
				t.Errorf("packages (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.incomplete, incomplete); diff != "" {
				t.Errorf("incomplete (-want +got):\n%s", diff)
			}
		})
	}
}
