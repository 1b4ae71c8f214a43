package desk

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/content"
	"assent/campaigns/edits"
	"assent/campaigns/events"
	"assent/preferences/staff"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func campaignURL(id string) string { return site.Path(site.NavCampaigns) + "/" + id }

// typed is the editor's form as it was typed.
type typed struct {
	Values   map[string]string `json:"values"`
	Excluded []string          `json:"excluded"`
	Blocks   []site.EditBlock  `json:"blocks"`
	Text     int               `json:"text,omitempty"` // which of the texts of a test; 1: the campaign's own
}

// formFields are the fields of the form beside its blocks.
var formFields = []string{"name", "topic", "segment", "brand", "subject", "preheader", "expires_after"}

// readForm is what the editor's form says, after what the pressed button does.
func readForm(c echo.Context) (f typed, do string, version int64) {
	val := values(c)
	f = typed{Values: map[string]string{}, Text: textOf(c), Blocks: rearrange(blocksOf(val), val["do"])}
	for _, name := range formFields {
		f.Values[name] = val[name]
	}
	form, _ := c.FormParams() // values has read it
	f.Excluded = append([]string{}, form["exclude_segments"]...)
	if n, err := strconv.ParseInt(val["version"], 10, 64); err == nil && val["do"] != "force" {
		return f, val["do"], n
	}
	return f, val["do"], campaigns.AnyVersion
}

// draft is the campaign that the form makes.
func (f typed) draft() campaigns.Draft {
	text := func(name string) *string { s := f.Values[name]; return &s }
	return campaigns.Draft{Name: text("name"), Topic: text("topic"), Segment: text("segment"), ExcludeSegments: &f.Excluded, Brand: text("brand"), Subject: text("subject"),
		Preheader: text("preheader"), Blocks: encode(f.Blocks), ExpiresAfter: text("expires_after")}
}

// keep is whether a button keeps the form, and does not only rearrange it.
func keep(do string) bool { return do == "" || do == "save" || do == "stay" || do == "force" }

// formOf is a stored campaign as the form, with one of its texts.
func (d *Desk) formOf(ctx context.Context, m *campaigns.Campaign, text int) (typed, error) {
	m = m.As(text)
	topic, err := d.People.TopicByID(ctx, d.DB, m.TopicID)
	if err != nil {
		return typed{}, err
	}
	f := typed{Excluded: m.ExcludeSegments, Blocks: decode(m.Blocks), Text: text,
		Values: map[string]string{"name": m.Name, "topic": topic.Key, "segment": m.Segment, "brand": m.Brand, "subject": m.Subject, "preheader": m.Preheader}}
	if m.ExpiresAfter > 0 {
		f.Values["expires_after"] = m.ExpiresAfter.String()
	}
	return f, nil
}

func (d *Desk) newCampaign(c echo.Context) error {
	f := typed{Values: map[string]string{}, Blocks: []site.EditBlock{{Type: "heading", Values: map[string]string{"level": "1"}}, {Type: "text", Values: map[string]string{}}}}
	if e, err := events.Get(c.Request().Context(), d.DB, c.QueryParam("event")); err == nil { // it invites to one
		name := e.Names.In(d.page(c, "").Locale.Tag())
		f.Values["name"], f.Values["subject"], f.Blocks[0].Values["text"] = name, name, name
		f.Blocks = append(f.Blocks, site.EditBlock{Type: "event", Values: map[string]string{"event": e.Slug}})
	}
	return d.editor(c, http.StatusOK, nil, edits.Edit{}, f, nil)
}

// editor shows a draft; a nil one is not stored yet.
func (d *Desk) editor(c echo.Context, status int, m *campaigns.Campaign, e edits.Edit, f typed, wrong map[string]string) error {
	ctx := c.Request().Context()
	path := site.Path(site.NavCampaigns)
	p := d.page(c, site.NavCampaigns)
	v := site.CampaignEditView{Page: p, Record: site.Record{New: m == nil, Errors: wrong}, Action: path, BackURL: path, Values: f.Values, Excluded: f.Excluded, Blocks: f.Blocks,
		Merge: content.Fields(), PeopleURL: path + "/readers", MediaURL: site.Path(site.NavMedia) + "/pick", State: p.Locale.T("site.build.not_saved")}
	place(v.Blocks, wrong)
	if m != nil {
		v.Name, v.BackURL = m.Name, campaignURL(m.ID)
		here := textURL(m.ID, f.Text)
		v.Action, v.PreviewURL, v.FrameURL = here+"/edit", address(v.BackURL+"/preview", "text", strconv.Itoa(max(f.Text, 1))), here+"/frame?draft=1"
		if f.Text < 2 { // another text is taken out where the test is set
			v.Remove = remove(v.Page, "site.editor.delete_text", v.BackURL+"/delete")
		}
		v.Texts = tabs(p.Locale, m, f.Text, func(n int) string { return textURL(m.ID, n) + "/edit" })
		v.TextOnly = f.Text > 1
		v.Version, v.State = strconv.FormatInt(e.Version, 10), d.saved(p, m, e)
		if e.Pending() {
			l := p.Locale
			v.Unfinished = &ui.Post{Label: l.T("site.build.go_back"), Action: here + "/discard", Icon: "undo", Back: l.T("site.dialog.back"), Ask: l.T("site.build.go_back_ask"), AskText: l.T("site.build.go_back_text")}
		}
		var err error
		if v.Panel, err = d.panel(ctx, p, m, f.Text, wrong); err != nil {
			return err
		}
	}
	for _, tag := range d.People.Site.Languages(ctx) {
		v.Languages = append(v.Languages, ui.Option{Value: tag, Label: locale.Name(tag)})
	}
	var err error
	if v.Topics, err = d.topicOptions(ctx, v.Locale); err != nil {
		return err
	}
	if v.Segments, err = d.segmentOptions(ctx); err != nil {
		return err
	}
	if v.Brands, err = d.brandOptions(ctx); err != nil {
		return err
	}
	if v.Events, err = d.eventOptions(ctx, p); err != nil {
		return err
	}
	if status == http.StatusConflict {
		v.Conflict = who(p.Locale, e)
		v.Version = strconv.FormatInt(e.Version-1, 10) // only who says so writes over theirs
	}
	return staff.Render(c, status, site.CampaignEdit(v))
}

// saved says when a draft was saved or kept, and by whom if by somebody else.
func (d *Desk) saved(p site.Page, m *campaigns.Campaign, e edits.Edit) string {
	at := m.UpdatedAt
	if e.Pending() {
		return p.Locale.T("site.build.kept_at", "at", d.clock(p, e.At))
	}
	if e.At.After(at) {
		at = e.At
	}
	if e.Editor != "" && e.Editor != p.User.Name {
		return p.Locale.T("site.build.saved_by", "at", d.clock(p, at), "by", e.Editor)
	}
	return p.Locale.T("site.build.saved_at", "at", d.clock(p, at))
}

// clock is a time of today as its wall clock, and any other with its day.
func (d *Desk) clock(p site.Page, at time.Time) string {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		zone = time.UTC
	}
	if now := d.Now().In(zone); now.Format(time.DateOnly) == at.In(zone).Format(time.DateOnly) {
		return p.Locale.Time(at.In(zone))
	}
	return p.Locale.DateTime(at, p.Zone)
}

func who(l *locale.Locale, e edits.Edit) string {
	if e.Editor == "" {
		return l.T("site.build.somebody")
	}
	return e.Editor
}

// topicNames are the names of topics by id and by key.
func (d *Desk) topicNames(ctx context.Context, tags ...string) (map[string]string, error) {
	topics, err := d.People.Topics(ctx, d.DB)
	names := map[string]string{}
	for _, t := range topics {
		names[t.ID] = t.Name(tags...)
		names[t.Key] = names[t.ID]
	}
	return names, err
}
