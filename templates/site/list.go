package site

import (
	"assent/templates/site/ui"
)

// Listing is what every list has in common: what was searched for, how it is sorted, and where it goes on.
type Listing struct {
	Search string
	// Chosen are the values of the filters by field name.
	Chosen map[string]string
	// Sort is a column's key, with a minus before it for descending. SortURL makes the address that sorts by a key.
	Sort    string
	SortURL func(key string) string
	Pager   ui.Pager
	// Further goes on where a search stopped before the page was full.
	Further Further
	// Write tells whether this person may change things here.
	Write bool
	// ExportURL gives the list as CSV. Empty: not offered.
	ExportURL string
}

// Further is where the rows go on that a search has not reached yet.
type Further struct {
	URL  string // of the rest of this page; empty: all was looked at that was to be
	Link string // of a page that begins there, for a browser without scripts
	Seen int    // rows that were looked at, about
	Went bool   // this is the rest of a page
}

// on lets a table look on for more rows, where there may be some.
func (f Further) on(p Page, t ui.Table) ui.Table {
	if f.URL != "" {
		t.More = &ui.Further{URL: f.URL, Text: p.t("site.looking.seen", "n", p.n(f.Seen)), Link: ui.Link{Label: p.t("site.looking.further"), URL: f.Link}}
	}
	t.Nothing = p.t("site.filter.nothing")
	return t
}

func (l Listing) filtered() bool {
	for _, v := range l.Chosen {
		if v != "" {
			return true
		}
	}
	return l.Search != ""
}

// column is a heading that sorts by key; an empty key does not sort.
func (l Listing) column(label, key string) ui.Column {
	c := ui.Column{Label: label}
	if key == "" || l.SortURL == nil {
		return c
	}
	switch l.Sort {
	case key:
		c.Sorted, c.SortURL = "ascending", l.SortURL("-"+key)
	case "-" + key:
		c.Sorted, c.SortURL = "descending", l.SortURL(key)
	default:
		c.SortURL = l.SortURL(key)
	}
	return c
}

func number(c ui.Column) ui.Column {
	c.Number = true
	return c
}

func date(c ui.Column) ui.Column {
	c.Quiet, c.Date = true, true
	return c
}

func quiet(c ui.Column) ui.Column {
	c.Quiet = true
	return c
}

// filter is the search bar of a list. A nil selects and an empty hint leave it out.
func (l Listing) filter(p Page, key, hint string, selects ...ui.Field) *ui.Filter {
	f := &ui.Filter{Locale: p.Locale, Action: Path(key), Search: l.Search, Hint: hint, NoSearch: hint == "", Selects: selects}
	for i := range f.Selects {
		f.Selects[i].Value = l.Chosen[f.Selects[i].Name]
	}
	if l.filtered() {
		f.Clear = Path(key)
	}
	if l.ExportURL != "" {
		f.Export = ui.Link{Label: p.t("site.list.export"), URL: l.ExportURL}
	}
	return f
}

// choose is a select of a filter: all, then the values with their texts.
func choose(p Page, name, label, all, prefix string, values ...string) ui.Field {
	f := ui.Field{Name: name, Label: label, Options: []ui.Option{{Value: "", Label: all}}}
	for _, v := range values {
		f.Options = append(f.Options, ui.Option{Value: v, Label: p.t(prefix + v)})
	}
	return f
}

// sheet is one list page, ready to draw.
type sheet struct {
	Page
	Listing
	Head   ui.Head
	Notes  []remark
	Stats  []ui.Stat
	Tabs   []ui.Tab
	Filter *ui.Filter
	Table  ui.Table
	Bulk   *bulk
	Empty  ui.Empty
}

// bulk is what can be done with the ticked rows of a list.
type bulk struct {
	Title string
	Form  ui.FormOf
	Open  bool
}

// head leaves its buttons to the empty state while there is nothing in the list.
func (s sheet) head() ui.Head {
	h := s.Head
	if len(s.Table.Rows) == 0 && !s.filtered() && s.Empty.Action.URL != "" {
		h.Actions = nil
	}
	return h
}

type remark struct {
	Tone        ui.Tone
	Title, Text string
}

// form is one page with a form, ready to draw.
type form struct {
	Page
	Head  ui.Head
	Notes []remark
	Form  ui.FormOf
	// Posts are what else can be done with the thing: delete, disable.
	Posts []ui.Post
}

// key is the field of what a thing is called in links and in the API; of a new one it is made from the name when it is left empty.
func (p Page) key(val map[string]string, fresh bool) ui.Field {
	hint := "site.key_hint"
	if fresh {
		hint = "site.now.key_hint"
	}
	return ui.Field{Name: "key", Label: p.t("site.key"), Hint: p.t(hint), Value: val["key"], Disabled: !fresh, Mono: true, Short: true, MaxLength: 64}
}

// slug is [Page.key] for what has a page of its own.
func (p Page) slug(val map[string]string, fresh bool) ui.Field {
	f := p.key(val, fresh)
	f.Name, f.Label, f.Value = "slug", p.t("site.policies.slug"), val["slug"]
	return f
}

// Record is what the page of one thing that can be written has in common.
type Record struct {
	// New tells that it does not exist yet.
	New    bool
	Errors map[string]string // by field; those of no field under ""
	// Locked tells that whoever looks may not change it.
	Locked bool
	// Remove offers to delete it. Nil: it cannot be.
	Remove *ui.Post
}

func (r Record) posts() []ui.Post {
	if r.Remove == nil {
		return nil
	}
	return []ui.Post{*r.Remove}
}

// back leads to the list of an entry.
func (p Page) back(key string) ui.Link { return ui.Link{Label: p.t("site.nav." + key), URL: Path(key)} }

// create is the button that begins a new thing, for whoever may write.
func (l Listing) create(p Page, key, label string) []ui.Link {
	if !l.Write {
		return nil
	}
	return []ui.Link{{Label: p.t(label), URL: Path(key) + "/new", Icon: "plus"}}
}

func first(links []ui.Link) ui.Link {
	if len(links) == 0 {
		return ui.Link{}
	}
	return links[0]
}
