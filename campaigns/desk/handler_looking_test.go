package desk_test

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"assent/campaigns/campaignstest"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
)

// crowd makes n people and returns their ids.
func (h *house) crowd(n int) (ids []string) {
	h.World.T.Helper()
	err := h.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		ids = ids[:0]
		for i := range n {
			id := sqldb.NewID()
			ids = append(ids, id)
			if _, err := tx.ExecContext(ctx, "INSERT INTO subscribers (id, email, email_key, created_at, updated_at) VALUES ($1, $2, $3, 1, 1)", id, fmt.Sprintf("p%04d@example.com", i), fmt.Sprintf("p%04d@example.com", i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.World.T.Fatal(err)
	}
	return ids
}

var moreRows = regexp.MustCompile(`<tr class="further" hx-get="([^"]+)"`)

// follow asks for the rest of a page, as the script of the page does, until all was looked at or the page is full.
func follow(t *testing.T, b *stafftest.Browser, path string) (pages []string) {
	t.Helper()
	for range 100 {
		body := b.Get(path).Want(200).Body.String()
		pages = append(pages, body)
		m := moreRows.FindStringSubmatch(body)
		if m == nil {
			return pages
		}
		path = html.UnescapeString(m[1])
	}
	t.Fatal("it never ends")
	return nil
}

// A page whose filter hardly anybody meets comes at once and is filled while the rest is looked at: nobody is left out, nobody
// comes twice, a page has no more rows than any other, and who is not there is told at the end.
func TestAPageThatIsStillLookedForFillsItself(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ids := h.crowd(3000)
		for i := 0; i < len(ids); i += 25 { // 120 people
			if _, err := h.DB.ExecContext(ctx, "UPDATE subscribers SET paused_until = 9000000000000000 WHERE id = $1", ids[i]); err != nil {
				t.Fatal(err)
			}
		}
		b := h.As("Rita", access.ReadOnly)
		row := regexp.MustCompile(`/admin/subscribers/([0-9a-f-]{36})`)
		next := regexp.MustCompile(`href="(/admin/subscribers\?[^"]+)" rel="next"`)
		var seen []string
		path := "/admin/subscribers?status=paused"
		for page := range 3 {
			pages, before := follow(t, b, path), len(seen)
			for _, body := range pages {
				for _, m := range row.FindAllStringSubmatch(body, -1) {
					seen = append(seen, m[1])
				}
			}
			if len(pages) < 2 || !strings.Contains(pages[0], "looked at so far") || !strings.Contains(pages[0], "htmx") {
				t.Errorf("page %d came in %d parts", page, len(pages))
			}
			if n := len(seen) - before; n != []int{50, 50, 20}[page] {
				t.Errorf("page %d has %d rows", page, n)
			}
			last := pages[len(pages)-1]
			if got := strings.Contains(last, `rel="prev"`); got != (page > 0) {
				t.Errorf("page %d leads back: %v", page, got)
			}
			m := next.FindStringSubmatch(last)
			if (m == nil) != (page == 2) {
				t.Fatalf("page %d leads on: %v", page, m)
			}
			if m != nil {
				path = html.UnescapeString(m[1])
			}
		}
		for i, id := range seen {
			if id != ids[25*i] {
				t.Fatalf("row %d is %s, not %s", i, id, ids[25*i])
			}
		}
		pages := follow(t, b, "/admin/subscribers?status=objected")
		if strings.Contains(pages[0], "Nothing fits") || !regexp.MustCompile(`<td [^>]*>Nothing fits`).MatchString(pages[len(pages)-1]) {
			t.Error("that nobody objected is not told, or too early")
		}
	})
}

// What takes long to count comes after the page.
func TestTopicsAreCountedAfterTheirPage(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		for _, name := range []string{"a", "b", "c"} {
			h.Give(h.Person(name+"@example.com", nil), "news")
		}
		b := h.As("Rita", access.ReadOnly)
		b.Get("/admin/topics").Want(200, `<tbody hx-get="/admin/topics?count=1"`, "…")
		if body := b.Get("/admin/topics?count=1").Want(200, `>3</span>`).Body.String(); strings.Contains(body, "hx-get") {
			t.Error("it counts again and again")
		}
	})
}

// A count of people who are more than one looks through in a moment is told while it goes on; its parts make up the whole, and a
// part that somebody made up counts anew.
func TestLongCountsComeInParts(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		c := h.Campaign("news", nil)
		ids := h.crowd(2100)
		if _, err := h.DB.ExecContext(ctx, "UPDATE subscribers SET country = 'NL' WHERE id > $1", ids[599]); err != nil {
			t.Fatal(err)
		}
		sub, err := h.People.Subscriber(ctx, h.DB, ids[1900])
		if err != nil {
			t.Fatal(err)
		}
		h.Give(sub, "news")
		b := h.As("Ada", access.Marketer)
		if _, err := (&segments.Store{DB: h.DB, Now: h.Clock.Now}).Create(ctx, campaignstest.Staff, "dutch", "Dutch", []byte(`{"country": "NL"}`)); err != nil {
			t.Fatal(err)
		}
		// chase asks for part after part as the page does; what it counted so far only grows.
		chase := func(path, done string) (last string) {
			t.Helper()
			for part := 1; ; part++ {
				last = b.Get(path).Want(200).Body.String()
				m := regexp.MustCompile(`<a href="(/admin/[^"]*count=[^"]+)">Count on`).FindStringSubmatch(last)
				if over := strings.Contains(last, done); over != (m == nil) || part > 20 {
					t.Fatalf("part %d: over %v, goes on %v", part, over, m)
				}
				if m == nil {
					if part < 3 {
						t.Errorf("%s was counted in %d parts", path, part)
					}
					return last
				}
				if !strings.Contains(last, "Counting …") {
					t.Errorf("part %d of %s does not tell how far it is", part, path)
				}
				path = html.UnescapeString(m[1])
			}
		}
		chase("/admin/segments/dutch", `data-people="1500"`)
		if last := chase("/admin/campaigns/"+c.ID, "1 of 2,100 would get it now"); !strings.Contains(last, "2,099") {
			t.Error("the reasons are not those of everybody")
		}
		b.Get("/admin/segments/dutch?count="+url.QueryEscape(`{"n": 9000000, "after": "x"}`)).Want(200, "Counting … 0 so far")
		b.Get("/admin/campaigns/"+c.ID+"?count="+url.QueryEscape(`{"total": 9000000, "after": "' OR 1=1"}`)).Want(200, "Counting … 500 so far")
		all := follow(t, b, "/admin/campaigns/"+c.ID+"/people?reason=allowed")
		if len(all) < 2 || strings.Count(strings.Join(all, ""), sub.Email) != 1 || strings.Contains(all[0], sub.Email) {
			t.Errorf("the one who would get it is not found in %d parts", len(all))
		}
	})
}
