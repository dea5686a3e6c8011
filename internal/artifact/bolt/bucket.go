package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
)

// Bucket is a bucket of a view. What it returns stays valid after the view.
type Bucket struct {
	view   *view
	root   uint64
	inline *node // of a small bucket, which lies in its parent's value
	depth  int   // buckets around this one
}

// node is a page of a tree: a branch or a leaf.
type node struct {
	data  []byte // of the page, header included
	count int
	leaf  bool
}

func parseNode(b []byte) (*node, error) {
	if len(b) < headerSize {
		return nil, fmt.Errorf("%w: a page of %d bytes", ErrCorrupt, len(b))
	}
	n := &node{data: b, count: int(binary.LittleEndian.Uint16(b[10:]))}
	switch flags := binary.LittleEndian.Uint16(b[8:]); flags {
	case flagLeaf:
		n.leaf = true
	case flagBranch:
	default:
		return nil, fmt.Errorf("%w: a page of type %#x in a tree", ErrCorrupt, flags)
	}
	if headerSize+n.count*elementSize > len(b) {
		return nil, fmt.Errorf("%w: a page with %d entries", ErrCorrupt, n.count)
	}
	return n, nil
}

// element is an entry of a node: for a leaf with its value, for a branch with its child.
type element struct {
	flags      uint32
	key, value []byte
	child      uint64
}

func (n *node) element(i int) (element, error) {
	at := headerSize + i*elementSize
	b := n.data[at:]
	var e element
	var pos, ksize, vsize uint64
	if n.leaf {
		e.flags = binary.LittleEndian.Uint32(b)
		pos, ksize = uint64(binary.LittleEndian.Uint32(b[4:])), uint64(binary.LittleEndian.Uint32(b[8:]))
		vsize = uint64(binary.LittleEndian.Uint32(b[12:]))
	} else {
		pos, ksize = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
		e.child = binary.LittleEndian.Uint64(b[8:])
	}
	start := uint64(at) + pos
	if start+ksize+vsize > uint64(len(n.data)) {
		return element{}, fmt.Errorf("%w: an entry reaches out of its page", ErrCorrupt)
	}
	e.key = n.data[start : start+ksize : start+ksize]
	e.value = n.data[start+ksize : start+ksize+vsize : start+ksize+vsize]
	return e, nil
}

// search gives the first entry whose key is not below the wanted one; count where there is none.
func (n *node) search(key []byte) (at int, exact bool, err error) {
	at = sort.Search(n.count, func(i int) bool {
		e, bad := n.element(i)
		if bad != nil {
			err = bad
			return true
		}
		c := bytes.Compare(e.key, key)
		exact = exact || c == 0
		return c >= 0
	})
	return at, exact, err
}

func (b *Bucket) top() (*node, error) {
	if b.inline != nil {
		return b.inline, nil
	}
	return b.view.page(b.root)
}

// find descends to the entry of a key.
func (b *Bucket) find(key []byte) (element, bool, error) {
	n, err := b.top()
	for range maxDepth {
		if err != nil {
			return element{}, false, err
		}
		at, exact, err := n.search(key)
		if err != nil {
			return element{}, false, err
		}
		if n.leaf {
			if !exact || at >= n.count {
				return element{}, false, nil
			}
			e, err := n.element(at)
			return e, bytes.Equal(e.key, key), err
		}
		if !exact && at > 0 {
			at-- // a branch names the first key below each child
		}
		if at >= n.count {
			return element{}, false, fmt.Errorf("%w: a branch without children", ErrCorrupt)
		}
		e, err := n.element(at)
		if err != nil {
			return element{}, false, err
		}
		if n, err = b.view.page(e.child); err != nil {
			return element{}, false, err
		}
	}
	return element{}, false, fmt.Errorf("%w: a tree deeper than %d", ErrCorrupt, maxDepth)
}

// Value gives the value of a key; nil where there is none, or a bucket has that name.
func (b *Bucket) Value(key string) ([]byte, error) {
	e, ok, err := b.find([]byte(key))
	if err != nil || !ok || e.flags&flagBucket != 0 {
		return nil, err
	}
	return bytes.Clone(e.value), nil
}

// Bucket gives the bucket below this one at the end of a path of names; nil where there is none.
func (b *Bucket) Bucket(path ...string) (*Bucket, error) {
	for _, name := range path {
		e, ok, err := b.find([]byte(name))
		if err != nil || !ok || e.flags&flagBucket == 0 {
			return nil, err
		}
		if b, err = b.sub(e.value); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// sub is the bucket that a value describes.
func (b *Bucket) sub(value []byte) (*Bucket, error) {
	if len(value) < bucketSize || b.depth >= maxBuckets {
		return nil, fmt.Errorf("%w: a bucket of %d bytes in %d others", ErrCorrupt, len(value), b.depth)
	}
	s := &Bucket{view: b.view, root: binary.LittleEndian.Uint64(value), depth: b.depth + 1}
	if s.root != 0 {
		return s, nil
	}
	var err error
	if s.inline, err = parseNode(value[bucketSize:]); err == nil && !s.inline.leaf {
		err = fmt.Errorf("%w: a bucket inside a value that is not a leaf", ErrCorrupt)
	}
	return s, err
}

// ErrStop ends a walk over a bucket without an error.
var ErrStop = errors.New("stop")

// Each calls visit for the entries in the order of their keys, with the bucket or the value that each names, until it
// returns an error.
func (b *Bucket) Each(visit func(key string, value []byte, sub *Bucket) error) error {
	n, err := b.top()
	if err != nil {
		return err
	}
	err = b.each(n, 0, map[uint64]bool{b.root: true}, visit)
	if errors.Is(err, ErrStop) {
		return nil
	}
	return err
}

func (b *Bucket) each(n *node, depth int, seen map[uint64]bool, visit func(string, []byte, *Bucket) error) error {
	if depth >= maxDepth {
		return fmt.Errorf("%w: a tree deeper than %d", ErrCorrupt, maxDepth)
	}
	for i := range n.count {
		if b.view.steps++; b.view.steps > maxSteps {
			return fmt.Errorf("%w: more than %d entries in one look", ErrCorrupt, maxSteps)
		}
		e, err := n.element(i)
		if err != nil {
			return err
		}
		switch {
		case !n.leaf:
			if seen[e.child] {
				return fmt.Errorf("%w: page %d is in its tree twice", ErrCorrupt, e.child)
			}
			seen[e.child] = true
			child, err := b.view.page(e.child)
			if err != nil {
				return err
			}
			err = b.each(child, depth+1, seen, visit)
			if err != nil {
				return err
			}
		case e.flags&flagBucket != 0:
			sub, err := b.sub(e.value)
			if err != nil {
				return err
			}
			if err := visit(string(e.key), nil, sub); err != nil {
				return err
			}
		default:
			if err := visit(string(e.key), bytes.Clone(e.value), nil); err != nil {
				return err
			}
		}
	}
	return nil
}
