package desk

import (
	"context"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/ranges"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// looking is how far a list came that is filled by several requests.
type looking struct {
	after      string // the key to look on behind
	have, seen int    // rows that the page shows already, and that were looked at
	later      bool   // the page does not begin with the first row
}

func lookingOf(c echo.Context) looking {
	number := func(name string) int {
		n, _ := strconv.Atoi(c.QueryParam(name))
		return max(0, n)
	}
	l := looking{after: c.QueryParam("after"), have: min(number("have"), pageSize), seen: number("seen"), later: c.QueryParam("later") != ""}
	if l.seen == 0 {
		l.later = l.after != ""
	}
	return l
}

// most is how long the list may be looked for now.
func (d *Desk) most(l looking) time.Duration { return ranges.Patience(d.Patience, l.seen > 0) }

// part is how long one part of what is counted in parts may take. All but the first wait for their turn; call done in the end.
func (d *Desk) part(ctx context.Context, further bool) (most time.Duration, done func(), err error) {
	done = func() {}
	if further {
		done, err = turn(ctx)
	}
	return ranges.Patience(d.Patience, further), done, err
}

// limit is one row more than the page still takes.
func (l looking) limit() int { return pageSize + 1 - l.have }

// looked is [paged] for a list whose search may not be over.
func looked[T any](p site.Page, l looking, list []T, look ranges.Look, path string, key func(T) string, keep ...string) ([]T, ui.Pager, site.Further) {
	pager, further := ui.Pager{Locale: p.Locale}, site.Further{Went: l.seen > 0}
	if l.later {
		pager.Previous = address(path, keep...)
	}
	switch room := pageSize - l.have; {
	case len(list) > room:
		list = list[:room]
		next := l.after
		if room > 0 {
			next = key(list[room-1])
		}
		pager.Next = address(path, append(keep, "after", next)...)
	case !look.End:
		later := ""
		if l.later {
			later = "1"
		}
		further.Seen = l.seen + look.Rows
		further.Link = address(path, append(keep, "after", look.At)...)
		further.URL = address(path, append(keep, "after", look.At, "have", strconv.Itoa(l.have+len(list)), "seen", strconv.Itoa(further.Seen), "later", later)...)
	}
	return list, pager, further
}

// long is how much of what takes long runs at once: the database is there for those who send and those who unsubscribe.
var long = make(chan struct{}, 2)

// turn waits until something long may run, or until nobody waits for it any more.
func turn(ctx context.Context) (done func(), err error) {
	select {
	case long <- struct{}{}:
		return func() { <-long }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
