package ui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"assent/templates/locale"
)

// Chart is figures over points of time, as lines. It is drawn on the server; its figures stand as a table below it.
type Chart struct {
	Locale *locale.Locale
	Title  string
	// Summary says in one sentence what the picture shows.
	Summary string
	// Points name the columns of figures: "3 March", "4 March".
	Points []string
	// PointName heads them in the table: "Day".
	PointName string
	Series    []Series
	// Area fills below the first line.
	Area bool
}

// Series is one line of a chart: as many values as there are points.
type Series struct {
	Name   string
	Values []int
}

// Share is one part of a whole, for Bars and Donut.
type Share struct {
	Name  string
	Value int
	Tone  Tone
	URL   string
}

const (
	chartHeight = 200
	padTop      = 12
	padBottom   = 26
)

// frame is one drawing of a chart at a width: a wide one for desks, a narrow one for phones.
type frame struct {
	c     Chart
	width int
	class string
}

func (f frame) left() int {
	return 14 + 7*len(f.c.Locale.Number(int64(f.c.top())))
}

// top is the highest gridline: a round number at or above the greatest value.
func (c Chart) top() int {
	highest := 0
	for _, s := range c.Series {
		for _, v := range s.Values {
			highest = max(highest, v)
		}
	}
	return roundUp(highest)
}

// roundUp is the next of 4, 8, 12, 16, 20, 24, 32, 40, 80 … so that four gridlines fall on whole, plain numbers.
func roundUp(n int) int {
	if n <= 4 {
		return 4
	}
	for unit := 1; ; unit *= 10 {
		for _, m := range []int{4, 8, 12, 16, 20, 24, 32} {
			if m*unit >= n {
				return m * unit
			}
		}
		if unit > math.MaxInt/200 {
			return n
		}
	}
}

// last is the place of the last drawn value, or -1.
func (f frame) last(s Series) int { return min(len(s.Values), len(f.c.Points)) - 1 }

type gridline struct {
	Y     int
	Label string
}

func (f frame) grid() []gridline {
	top := f.c.top()
	lines := make([]gridline, 0, 5)
	for i := 0; i <= 4; i++ {
		v := top / 4 * i
		lines = append(lines, gridline{int(math.Round(f.y(v))), f.c.Locale.Number(int64(v))})
	}
	return lines
}

func (f frame) x(i int) float64 {
	span := float64(f.width - f.left() - 10)
	if len(f.c.Points) < 2 {
		return float64(f.left()) + span/2
	}
	return float64(f.left()) + span*float64(i)/float64(len(f.c.Points)-1)
}

func (f frame) y(v int) float64 {
	return padTop + float64(chartHeight-padTop-padBottom)*(1-float64(v)/float64(f.c.top()))
}

func (f frame) line(s Series) string {
	var b strings.Builder
	for i, v := range s.Values {
		if i >= len(f.c.Points) {
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%.1f,%.1f", f.x(i), f.y(v))
	}
	return b.String()
}

func (f frame) area(s Series) string {
	n := min(len(s.Values), len(f.c.Points))
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f,%.1f %s %.1f,%.1f", f.x(0), f.y(0), f.line(s), f.x(n-1), f.y(0))
}

type mark struct {
	X            float64
	Label, Place string
}

// marks are as many names of points as there is room for, the first and the last among them.
func (f frame) marks() []mark {
	n := len(f.c.Points)
	longest := 1
	for _, p := range f.c.Points {
		longest = max(longest, utf8.RuneCountInString(p))
	}
	room := max(2, (f.width-f.left())/(10*longest+10))
	var out []mark
	for k := range min(room, n) {
		i := k
		if n > room {
			i = k * (n - 1) / (room - 1)
		}
		place := "middle"
		if n > 1 && i == 0 {
			place = "start"
		} else if n > 1 && i == n-1 {
			place = "end"
		}
		out = append(out, mark{f.x(i), f.c.Points[i], place})
	}
	return out
}

func num(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

func seriesClass(i int) string { return "s" + strconv.Itoa(i%6+1) }

func valueAt(s Series, i int) int {
	if i < len(s.Values) {
		return s.Values[i]
	}
	return 0
}

// percent is the share of v in total, between 0 and 100.
func percent(v, total int) string {
	if total <= 0 || v <= 0 {
		return "0%"
	}
	return strconv.FormatFloat(min(100, 100*float64(v)/float64(total)), 'f', 1, 64) + "%"
}

// ShareOf is the share as people read it: whole per cents, "<1%" for what is there but rounds to nothing, and ">99%" for what is not all.
func ShareOf(v, total int) string {
	if total <= 0 {
		return "0%"
	}
	p := int(math.Round(100 * float64(v) / float64(total)))
	if p == 0 && v > 0 {
		return "<1%"
	}
	if p == 100 && v < total {
		return ">99%"
	}
	return strconv.Itoa(p) + "%"
}

func sum(shares []Share) int {
	n := 0
	for _, s := range shares {
		n += s.Value
	}
	return n
}

func most(shares []Share) int {
	n := 0
	for _, s := range shares {
		n = max(n, s.Value)
	}
	return n
}

type arc struct {
	Class, Dash, Turn string
}

// arcs are the parts of a ring of radius 15.9155, whose length is 100.
func arcs(shares []Share) []arc {
	total, before := sum(shares), 0.0
	var out []arc
	for i, s := range shares {
		if s.Value <= 0 || total == 0 {
			continue
		}
		part := 100 * float64(s.Value) / float64(total)
		out = append(out, arc{shareClass(i, s), fmt.Sprintf("%.2f %.2f", max(part-0.6, 0.3), 100-max(part-0.6, 0.3)), fmt.Sprintf("%.2f", 25-before)})
		before += part
	}
	return out
}

func shareClass(i int, s Share) string {
	if s.Tone != Plain {
		return "t-" + string(s.Tone)
	}
	return seriesClass(i)
}
