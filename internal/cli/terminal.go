package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/term"
)

// defaultWidth is the width of a page where there is no terminal.
const defaultWidth = 100

// terminalOf gives the file behind w when it is a terminal.
func terminalOf(w io.Writer) (*os.File, bool) {
	if a, is := w.(*answerWriter); is {
		w = a.Writer
	}
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// colored says whether colours go to w: on a terminal, unless NO_COLOR (no-color.org), a dumb terminal or --color say no.
func (e *env) colored(w io.Writer) bool {
	switch e.color {
	case "always":
		return true
	case "never":
		return false
	}
	_, is := terminalOf(w)
	return is && e.getenv("NO_COLOR") == "" && e.getenv("TERM") != "dumb"
}

// width is how many columns w has.
func (e *env) width(w io.Writer) int {
	if f, is := terminalOf(w); is {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
	}
	if n, err := strconv.Atoi(e.getenv("COLUMNS")); err == nil && n >= 40 && n <= 1000 {
		return n
	}
	return defaultWidth
}

// progress is one line on a terminal's stderr, rewritten in place. Where stderr is no terminal it is silent.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	shown bool
	last  time.Time
	start time.Time
	width int
}

// progress makes a progress line, or nil where nobody would see it.
func (e *env) progress() *progress {
	if _, is := terminalOf(e.stderr); !is || e.getenv("TERM") == "dumb" {
		return nil
	}
	return &progress{w: e.stderr, start: time.Now(), width: e.width(e.stderr)}
}

// say replaces the line, at most ten times a second, and not in the first fifth of one: short work needs no words.
func (p *progress) say(format string, args ...any) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.start) < 200*time.Millisecond || now.Sub(p.last) < 100*time.Millisecond {
		return
	}
	p.last, p.shown = now, true
	line := []rune(printable(fmt.Sprintf(format, args...)))
	if len(line) >= p.width {
		line = line[:p.width-1]
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s", string(line))
}

// done clears the line.
func (p *progress) done() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
