package main

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		in   []float64
		want float64
	}{
		{"none is zero", nil, 0},
		{"one is itself", []float64{3}, 3},
		{"the middle, not the mean, and in any order", []float64{100, 1, 2}, 2},
		{"of an even number the mean of the middle two", []float64{4, 1, 100, 2}, 3},
	} {
		if got := median(c.in); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	in := []float64{3, 1, 2}
	median(in)
	if diff := cmp.Diff([]float64{3, 1, 2}, in); diff != "" {
		t.Errorf("median changed its argument:\n%s", diff)
	}
}

func TestGeomean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		in   []float64
		want float64
	}{
		{"none is zero", nil, 0},
		{"twice and half is even", []float64{2, 0.5}, 1},
		{"1, 10 and 100 is 10", []float64{1, 10, 100}, 10},
		{"what was not measured does not count", []float64{0, 4, 9}, 6},
	} {
		if got := geomean(c.in); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestSummarizeTakesEachMedianByItself(t *testing.T) {
	t.Parallel()
	got := summarize([]sample{
		{Wall: 3 * time.Second, User: 1 * time.Second, Sys: 5 * time.Second, RSS: 10, Packages: 7},
		{Wall: 1 * time.Second, User: 2 * time.Second, Sys: 1 * time.Second, RSS: 30, Packages: 7},
		{Wall: 2 * time.Second, User: 9 * time.Second, Sys: 2 * time.Second, RSS: 20, Packages: 7},
	})
	want := figures{Wall: 2, User: 2, Sys: 2, CPU: 6, Fastest: 1, Slowest: 3, RSS: 20, Packages: 7, Runs: 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
