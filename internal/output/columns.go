package output

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/vuln"
)

// style is how a piece of text looks on a terminal. The colours are chosen to read on light and on dark ground.
type style string

const (
	normal  style = ""
	strong  style = "1"
	faint   style = "38;5;245"
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
	keep   bool // of what is too long the end is kept
	widest int  // cell
}

// page gathers the lines of the table.
type page struct {
	b     strings.Builder
	color bool
	width int
}

func (p *page) line(pieces ...piece) {
	var line strings.Builder
	room := p.width
	for _, x := range pieces {
		text := fit(x.text, room)
		room -= width(text)
		line.WriteString(p.paint(text, x.style))
		if room <= 0 {
			break
		}
	}
	p.b.WriteString(strings.TrimRight(line.String(), " "))
	p.b.WriteByte('\n')
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
	for ; total > p.width; total-- {
		var widest *column
		for i := range columns {
			c := &columns[i]
			if c.min > 0 && c.widest > max(c.min, width(c.head)) && (widest == nil || c.widest >= widest.widest) {
				widest = c
			}
		}
		if widest == nil {
			break
		}
		widest.widest--
	}
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
