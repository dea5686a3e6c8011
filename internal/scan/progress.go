package scan

import (
	"context"
	"sync/atomic"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// watched is a source that tells how far its readers are.
type watched struct {
	artifact.Source
	layers []artifact.LayerReader
}

func (w *watched) Layers() []artifact.LayerReader { return w.layers }

type watchedLayer struct {
	artifact.LayerReader
	state *watchState
}

type watchState struct {
	layers  int
	done    atomic.Int64
	entries atomic.Int64
	tell    func(Progress)
}

// every is how many entries pass between two reports.
const every = 512

func watch(src artifact.Source, tell func(Progress)) artifact.Source {
	layers := src.Layers()
	st := &watchState{layers: len(layers), tell: tell}
	w := &watched{Source: src}
	for _, l := range layers {
		w.layers = append(w.layers, &watchedLayer{l, st})
	}
	if one, is := src.(artifact.Ordered); is {
		return &watchedOrdered{w, one}
	}
	return w
}

// watchedOrdered keeps the order of a source that has one.
type watchedOrdered struct {
	*watched
	artifact.Ordered
}

func (l *watchedLayer) Walk(ctx context.Context, visit func(*artifact.Entry) error) error {
	err := l.LayerReader.Walk(ctx, func(e *artifact.Entry) error {
		if n := l.state.entries.Add(1); n%every == 0 {
			l.state.report()
		}
		return visit(e)
	})
	l.state.done.Add(1)
	l.state.report()
	return err
}

func (s *watchState) report() {
	s.tell(Progress{Layers: s.layers, LayersDone: min(s.layers, int(s.done.Load())), Entries: s.entries.Load()})
}
