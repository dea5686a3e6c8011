package output

import (
	"iter"
	"strings"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// style is how a piece of text looks on a terminal. The colours are chosen to read on light and on dark ground.
type style string

const (
	normal  style = ""
	strong  style = "1"
	faint   style = "38;5;245"
	command style = "1;4"
	good    style = "38;5;71"
	alarm   style = "1;31"
	caution style = "38;5;172"
)

func ofSeverity(s vuln.Severity) style {
	switch s {
	case vuln.Critical:
		return "1;97;41"
	case vuln.High:
		return alarm
	case vuln.Medium:
		return caution
	case vuln.Low:
		return "38;5;67"
	}
	return faint
}

// piece is a text in one style; a cell of a table is a row of them.
type piece struct {
	text  string
	style style
}

type cell []piece

func plainCell(s string) cell { return cell{{text: plain(s)}} }

func (c cell) width() int {
	n := 0
	for _, p := range c {
		n += width(p.text)
	}
	return n
}

// column is how a column of a table behaves when the terminal is narrow.
type column struct {
	head   string
	right  bool // numbers
	min    int  // never narrower than this, nor than the head; 0: never narrower than its widest cell
	prefer int  // as min, as long as other columns can give way
	keep   bool // of what is too long the end is kept
	widest int  // cell
}

// page gathers the lines of the table.
type page struct {
	b     strings.Builder
	color bool
	width int
	cut   bool // the last table has cells that did not fit
}

// line writes pieces of text, wrapped between words; what goes on is indented.
func (p *page) line(pieces ...piece) {
	used := 0
	blank := "" // waits for its word, which may go to the next line
	for _, x := range pieces {
		var run strings.Builder // what stands on one line in one style
		for word := range words(x) {
			if word[0] == ' ' {
				blank = word
				continue
			}
			if used > indent && used+len(blank)+width(word) > p.width {
				p.b.WriteString(p.paint(run.String(), x.style) + "\n")
				run.Reset()
				used, blank = 0, strings.Repeat(" ", indent)
			}
			word = fit(word, max(p.width-used-len(blank), 1))
			if run.Len() == 0 {
				p.b.WriteString(blank)
			} else {
				run.WriteString(blank)
			}
			run.WriteString(word)
			used += len(blank) + width(word)
			blank = ""
		}
		p.b.WriteString(p.paint(run.String(), x.style))
	}
	p.b.WriteByte('\n')
}

// words cuts a text between blanks and other characters; a command stays whole.
func words(x piece) iter.Seq[string] {
	return func(yield func(string) bool) {
		s := x.text
		if x.style == command && s != "" {
			yield(s)
			return
		}
		start := 0
		for i := 1; i <= len(s); i++ {
			if i < len(s) && (s[i] == ' ') == (s[i-1] == ' ') {
				continue
			}
			if !yield(s[start:i]) {
				return
			}
			start = i
		}
	}
}

func (p *page) paint(text string, s style) string {
	if !p.color || s == normal || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// indent stands before every row, gap between columns.
const indent, gap = 2, 2

// rows lays cells out in columns, as narrow as they can be and at most as wide as the page. Where there is no room, the
// widest column gives way, so that one monstrous name costs its own column only. Columns without any text are left out.
func (p *page) rows(columns []column, rows [][]cell) {
	columns, rows = withText(columns, rows)
	total := indent + gap*(len(columns)-1)
	for i := range columns {
		c := &columns[i]
		c.widest = width(c.head)
		for _, r := range rows {
			c.widest = max(c.widest, r[i].width())
		}
		if c.min > 0 {
			c.widest = min(c.widest, p.width)
		}
		total += c.widest
	}
	total = shrink(columns, total, p.width, func(c *column) int { return max(c.min, c.prefer) })
	shrink(columns, total, p.width, func(c *column) int { return c.min })
	p.cut = false
	head := make([]cell, len(columns))
	for i, c := range columns {
		head[i] = cell{{c.head, faint}}
	}
	p.row(columns, head)
	for _, r := range rows {
		p.row(columns, r)
	}
}

func (p *page) row(columns []column, cells []cell) {
	var line strings.Builder
	line.WriteString(strings.Repeat(" ", indent))
	for i, c := range columns {
		used := 0
		var text strings.Builder
		for _, x := range cells[i] {
			cutTo := fit
			if c.keep {
				cutTo = fitEnd
			}
			s := cutTo(x.text, c.widest-used)
			p.cut = p.cut || s != x.text
			used += width(s)
			text.WriteString(p.paint(s, x.style))
			if used >= c.widest {
				break
			}
		}
		pad := strings.Repeat(" ", max(0, c.widest-used))
		switch {
		case c.right:
			line.WriteString(pad + text.String())
		case i < len(columns)-1:
			line.WriteString(text.String() + pad)
		default:
			line.WriteString(text.String())
		}
		if i < len(columns)-1 {
			line.WriteString(strings.Repeat(" ", gap))
		}
	}
	p.b.WriteString(strings.TrimRight(line.String(), " "))
	p.b.WriteByte('\n')
}

func withText(columns []column, rows [][]cell) ([]column, [][]cell) {
	keep := make([]bool, len(columns))
	for _, r := range rows {
		for i, c := range r {
			keep[i] = keep[i] || c.width() > 0
		}
	}
	var outColumns []column
	outRows := make([][]cell, len(rows))
	for i, c := range columns {
		if !keep[i] {
			continue
		}
		outColumns = append(outColumns, c)
		for n := range rows {
			outRows[n] = append(outRows[n], rows[n][i])
		}
	}
	return outColumns, outRows
}

// shrink takes columns of text from the widest until all fit, or none is wider than its floor or head.
func shrink(columns []column, total, room int, floor func(*column) int) int {
	for ; total > room; total-- {
		var widest *column
		for i := range columns {
			c := &columns[i]
			if c.min > 0 && c.widest > max(floor(c), width(c.head)) && (widest == nil || c.widest >= widest.widest) {
				widest = c
			}
		}
		if widest == nil {
			break
		}
		widest.widest--
	}
	return total
}
