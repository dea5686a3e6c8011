package cache

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Info says what a cache holds.
type Info struct {
	Dir     string    `json:"dir"`
	Entries int       `json:"entries"`
	Bytes   int64     `json:"bytes"`
	Max     int64     `json:"max_bytes"`
	Oldest  time.Time `json:"oldest,omitzero"` // last use of the entry that is dropped first
}

// Info looks through the whole folder.
func (c *Cache) Info() (Info, error) {
	i := Info{Dir: c.dir, Max: c.max * shards}
	for _, shard := range c.shards() {
		list, _, err := entries(shard)
		if err != nil {
			return Info{}, err
		}
		for _, e := range list {
			i.Entries++
			i.Bytes += e.size
			if i.Oldest.IsZero() || e.used.Before(i.Oldest) {
				i.Oldest = e.used
			}
		}
	}
	return i, nil
}

// Pruned says what was dropped.
type Pruned struct {
	Entries int   `json:"entries"`
	Bytes   int64 `json:"bytes"`
}

// Prune drops entries until at most keep bytes are left, those first that were not used for longest.
func (c *Cache) Prune(keep int64) (Pruned, error) {
	var all Pruned
	for _, shard := range c.shards() {
		p, err := c.trim(shard, max(keep, 0)/shards)
		all.Entries += p.Entries
		all.Bytes += p.Bytes
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

func (c *Cache) shards() []string {
	list := make([]string, shards)
	for i := range list {
		list[i] = filepath.Join(c.dir, strconv.FormatInt(int64(i), 16))
	}
	return list
}

// entry is a file of a shard.
type entry struct {
	name string
	size int64
	used time.Time
}

// entries lists a shard; those that vanish meanwhile are left out.
func entries(shard string) (list, temporaries []entry, _ error) {
	dir, err := os.ReadDir(shard)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("looking through the cache: %w", err)
	}
	for _, d := range dir {
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		e := entry{filepath.Join(shard, d.Name()), info.Size(), info.ModTime()}
		if isEntry(d.Name()) {
			list = append(list, e)
		} else {
			temporaries = append(temporaries, e)
		}
	}
	return list, temporaries, nil
}

// trim brings a shard within its part of the size, and removes what killed writers left. Below the bound some room is made, so that
// not each write has to.
func (c *Cache) trim(shard string, most int64) (Pruned, error) {
	var p Pruned
	list, temporaries, err := entries(shard)
	if err != nil {
		return p, err
	}
	for _, t := range temporaries {
		if c.now().Sub(t.used) > abandoned {
			_ = os.Remove(t.name)
		}
	}
	sum := int64(0)
	for _, e := range list {
		sum += e.size
	}
	if sum <= most {
		return p, nil
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.name, b.name)) })
	for _, e := range list {
		if sum <= most-most/8 {
			break
		}
		// Another process may have been first: the entry is gone either way.
		if err := os.Remove(e.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return p, fmt.Errorf("making room in the cache: %w", err)
		}
		sum -= e.size
		p.Entries++
		p.Bytes += e.size
	}
	return p, nil
}
