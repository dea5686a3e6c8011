package main

import (
	"math"
	"slices"
	"time"
)

// median is the middle value, or the mean of the two middle ones; zero for none.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// geomean is the geometric mean of positive values, the mean that ratios have; zero for none.
func geomean(v []float64) float64 {
	var sum float64
	n := 0
	for _, x := range v {
		if x > 0 {
			sum += math.Log(x)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return math.Exp(sum / float64(n))
}

// sample is one run of one tool.
type sample struct {
	Wall, User, Sys time.Duration
	RSS             int64 // bytes, of the largest process
	Packages        int
}

// figures are the medians of a tool's samples, each median by itself, and how far the walls lay apart.
type figures struct {
	Wall     float64 `json:"wall_s"`
	User     float64 `json:"user_s"`
	Sys      float64 `json:"sys_s"`
	CPU      float64 `json:"cpu_s"`
	Fastest  float64 `json:"wall_min_s"`
	Slowest  float64 `json:"wall_max_s"`
	RSS      int64   `json:"peak_rss_bytes"`
	Packages int     `json:"packages"`
	Runs     int     `json:"runs"`
}

func summarize(samples []sample) figures {
	pick := func(of func(sample) float64) []float64 {
		var v []float64
		for _, s := range samples {
			v = append(v, of(s))
		}
		return v
	}
	walls := pick(func(s sample) float64 { return s.Wall.Seconds() })
	f := figures{
		Wall: median(walls),
		User: median(pick(func(s sample) float64 { return s.User.Seconds() })),
		Sys:  median(pick(func(s sample) float64 { return s.Sys.Seconds() })),
		CPU:  median(pick(func(s sample) float64 { return (s.User + s.Sys).Seconds() })),
		RSS:  int64(median(pick(func(s sample) float64 { return float64(s.RSS) }))),
		Runs: len(samples),
	}
	if len(samples) > 0 {
		f.Fastest, f.Slowest, f.Packages = slices.Min(walls), slices.Max(walls), samples[0].Packages
	}
	return f
}
