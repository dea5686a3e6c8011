// Command floor is the least that a scanner of packages must do, as a measure for those that do more: it inflates, walks tar
// headers, reads the files that name packages and counts them. It verifies no digest, matches nothing and keeps no
// evidence. Layers are read in parallel, the largest first; where bytes lie plain on the disk only headers and claimed files
// are read; a layer that several images share is read once.
//
//	go run ./bench/floor [--inflate klauspost|std] [--digest] PATH...
//
// PATH is an OCI layout, a docker-archive or an unpacked root. It reads what the benchmark's corpus has: dpkg and apk databases,
// package.json, Python's metadata, gemspecs, jars and Go programs; no rpm databases, no archives in archives, no licences.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
)

// Count is what floor prints.
type Count struct {
	Packages int            `json:"packages"`
	By       map[string]int `json:"by"`
	Files    int64          `json:"files"`
	Bytes    int64          `json:"bytes"` // that were inflated or read
	Names    []string       `json:"names,omitempty"`
}

func main() {
	inflate := flag.String("inflate", "klauspost", "decoder of gzip: klauspost or std")
	digest := flag.Bool("digest", false, "also hash what is read of compressed layers, as a scanner that checks digests does")
	names := flag.Bool("names", false, "also list the packages")
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "layers or folders read side by side")
	profile := flag.String("cpuprofile", "", "write a CPU profile to this file")
	flag.Parse()
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			fatal(err)
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			fatal(err)
		}
		defer pprof.StopCPUProfile()
	}
	s := &scanner{std: *inflate == "std", digest: *digest, slots: make(chan struct{}, *workers), shared: map[string]func() (*layer, error){}}
	total := Count{By: map[string]int{}}
	var all []Count
	var mu sync.Mutex
	var wg sync.WaitGroup
	images := make(chan struct{}, *workers)
	var first error
	for _, p := range flag.Args() {
		wg.Go(func() {
			images <- struct{}{}
			defer func() { <-images }()
			c, err := s.count(p, *names)
			mu.Lock()
			defer mu.Unlock()
			first = cmp.Or(first, err)
			all = append(all, c)
		})
	}
	wg.Wait()
	if first != nil {
		fatal(first)
	}
	for _, c := range all {
		total.Packages += c.Packages
		for k, n := range c.By {
			total.By[k] += n
		}
		total.Names = append(total.Names, c.Names...)
	}
	total.Files, total.Bytes = s.files.Load(), s.bytes.Load()
	if err := json.NewEncoder(os.Stdout).Encode(total); err != nil {
		fatal(err)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "floor:", err)
	os.Exit(3)
}

// count opens one artifact by what lies there.
func (s *scanner) count(path string, names bool) (Count, error) {
	var layers []*layer
	var err error
	fi, err := os.Stat(path)
	switch {
	case err != nil:
	case !fi.IsDir():
		layers, err = s.archive(path)
	default:
		if _, e := os.Stat(filepath.Join(path, "index.json")); e == nil {
			layers, err = s.layout(path)
		} else {
			layers, err = s.root(path)
		}
	}
	if err != nil {
		return Count{}, fmt.Errorf("%s: %w", path, err)
	}
	found := merge(layers)
	c := Count{By: map[string]int{}}
	for p := range found {
		c.Packages++
		c.By[p.kind]++
	}
	if names {
		for p := range maps.Keys(found) {
			c.Names = append(c.Names, p.kind+" "+p.name+" "+p.version)
		}
		slices.Sort(c.Names)
	}
	return c, nil
}
