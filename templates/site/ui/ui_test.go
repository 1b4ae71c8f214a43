package ui

import (
	"math"
	"strings"
	"testing"

	"assent/templates/locale"
	"assent/templates/pagetest"

	"pgregory.net/rapid"
)

func TestRoundUp(t *testing.T) {
	for n, want := range map[int]int{0: 4, 4: 4, 5: 8, 13: 16, 33: 40, 99: 120, 1240: 1600, 2001: 2400, 999999: 1200000} {
		if got := roundUp(n); got != want {
			t.Errorf("roundUp(%d) = %d, want %d", n, got, want)
		}
	}
	if got := roundUp(math.MaxInt); got < math.MaxInt/2 {
		t.Errorf("roundUp of the greatest is %d", got)
	}
}

func TestSharesAsPeopleReadThem(t *testing.T) {
	for _, c := range []struct {
		v, total int
		want     string
	}{{0, 0, "0%"}, {0, 10, "0%"}, {1, 1000, "<1%"}, {5, 10, "50%"}, {10, 10, "100%"}, {995, 1000, ">99%"}, {998500, 1000000, ">99%"}} {
		if got := ShareOf(c.v, c.total); got != c.want {
			t.Errorf("ShareOf(%d, %d) = %s, want %s", c.v, c.total, got, c.want)
		}
	}
}

// Whatever the figures, the picture stays inside its frame and the table has them all.
func TestChartsHoldAnyFigures(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(rt, "points")
		c := Chart{Locale: locale.Get("nl"), Title: "T", PointName: "P", Area: true}
		for range n {
			c.Points = append(c.Points, rapid.StringN(0, 20, 40).Draw(rt, "name"))
		}
		for range rapid.IntRange(0, 4).Draw(rt, "series") {
			c.Series = append(c.Series, Series{"S", rapid.SliceOfN(rapid.IntRange(0, 1<<40), 0, 50).Draw(rt, "values")})
		}
		page := pagetest.Render(t, Lines(c))
		if strings.Contains(page, "NaN") || strings.Contains(page, "Inf") {
			rt.Fatalf("%+v draws %s", c, page)
		}
		for _, width := range []int{720, 340} {
			f := frame{c, width, ""}
			for _, s := range c.Series {
				for i, v := range s.Values[:min(len(s.Values), n)] {
					if x, y := f.x(i), f.y(v); x < 0 || x > float64(width) || y < 0 || y > chartHeight {
						rt.Fatalf("point %d of %d lies at %f,%f", i, v, x, y)
					}
				}
			}
		}
		if rows := strings.Count(page, `<th scope="row">`); rows != n {
			rt.Fatalf("%d rows for %d points", rows, n)
		}
	})
}

func TestRingIsWhole(t *testing.T) {
	if got := arcs([]Share{{Value: 0}, {Value: 0}}); got != nil {
		t.Errorf("nothing draws %v", got)
	}
	if got := arcs([]Share{{Value: 1}, {Value: 0}, {Value: 3, Tone: Bad}}); len(got) != 2 || got[1].Class != "t-bad" || got[1].Turn != "0.00" {
		t.Errorf("%v", got)
	}
}

func TestQRCode(t *testing.T) {
	path, box := code("otpauth://totp/Assent:ada@nordlicht.example?secret=JBSWY3DPEHPK3PXP&issuer=Assent")
	if !strings.HasPrefix(path, "M4 4h1v1h-1z") || box == "" {
		t.Errorf("box %s, path %.40s", box, path)
	}
	if path, _ := code(strings.Repeat("x", 5000)); path != "" {
		t.Error("what does not fit was drawn")
	}
}

func TestErrorsGoToTheirFields(t *testing.T) {
	f := FormOf{Fields: []Field{{Name: "email"}, {Name: "name"}}}
	g := f.WithErrors(map[string]string{"email": "wrong", "key": "taken"})
	if g.Fields[0].Error != "wrong" || g.Fields[1].Error != "" || g.Problem != "key: taken" || !g.Wrong() {
		t.Errorf("%+v", g)
	}
	if f.Fields[0].Error != "" || f.Wrong() {
		t.Error("the form that was given has changed")
	}
}

// What a person is asked about is what they pressed: two buttons that ask never open the same question, whatever their addresses
// have in common.
func TestEveryButtonAsksItsOwnQuestion(t *testing.T) {
	long := "/admin/notices/01a201a4-59d8-7052-b066-4a3f0fe25377" + strings.Repeat("/more", 40)
	if a, b := postID(Post{Action: long + "/approve"}), postID(Post{Action: long + "/cancel"}); a == b {
		t.Errorf("both open %s", a)
	}
}
