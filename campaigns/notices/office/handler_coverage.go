package office

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/evidence"
	"assent/campaigns/notices/broadcasts"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// open names the list of those whom nothing has reached yet.
const open = "open"

// shown is the filter that the address names.
func shown(c echo.Context) (broadcasts.Filter, string) {
	switch show := c.QueryParam("show"); {
	case show == open:
		return broadcasts.Filter{Open: true}, open
	case slices.Contains(broadcasts.Outcomes, show):
		return broadcasts.Filter{Outcome: show}, show
	}
	return broadcasts.Filter{}, ""
}

// covered is a broadcast and whom it has reached.
func (o *Office) covered(c echo.Context) (b *broadcasts.Broadcast, covered broadcasts.Coverage, err error) {
	ctx := c.Request().Context()
	if b, err = o.Broadcasts.Get(ctx, o.DB, c.Param("id")); err == nil {
		covered, err = o.Broadcasts.Coverage(ctx, b)
	}
	return b, covered, err
}

func (o *Office) coverage(c echo.Context) error {
	ctx := c.Request().Context()
	b, err := o.Broadcasts.Get(ctx, o.DB, c.Param("id"))
	if err != nil {
		return err
	}
	_, show := shown(c)
	f, err := o.figures(c, b, broadcastURL(b.ID)+"/coverage", "show", show, "after", c.QueryParam("after"))
	if err != nil {
		return err
	}
	var covered broadcasts.Coverage
	if !f.Waiting() {
		if covered, err = o.Broadcasts.Coverage(ctx, b); err != nil {
			return err
		}
	}
	v, err := o.report(c, b, covered, f)
	if err != nil {
		return err
	}
	if v.CountURL == "" && b.Status == broadcasts.Sending && v.Showing == "" {
		c.Response().Header().Set("Refresh", "15")
	}
	return staff.Render(c, http.StatusOK, site.Coverage(v))
}

func (o *Office) report(c echo.Context, b *broadcasts.Broadcast, covered broadcasts.Coverage, figures site.Figures) (site.CoverageReport, error) {
	ctx, here := c.Request().Context(), broadcastURL(b.ID)
	f, show := shown(c)
	p := o.page(c, site.NavNotices)
	described, err := o.described(ctx, p, b)
	if err != nil {
		return site.CoverageReport{}, err
	}
	v := site.CoverageReport{Page: p, CoverageView: coverageOf(covered), Figures: figures, Subject: b.Text.Subject, URL: here, Status: b.Status, Audience: described.Audience, EffectiveAt: b.EffectiveAt, AcceptBy: described.AcceptBy, Lead: described.Lead,
		CSVURL: screen.Address(here+"/coverage.csv", "show", show), JSONURL: here + "/coverage.json", PrintURL: here + "/paper", ByURL: here + "/coverage?show=", Showing: show}
	l := v.Locale
	v.Today = screen.Clock(p, o.Now())[:len(time.DateOnly)]
	v.Moving = v.Moving && show == ""
	tab := func(key, label string, n int) {
		count := ""
		if !v.Waiting() {
			count = l.Number(int64(n))
		}
		v.Tabs = append(v.Tabs, ui.Tab{Label: label, URL: screen.Address(here+"/coverage", "show", key), Count: count, Current: key == show})
	}
	tab("", l.T("site.broadcast.all"), v.Addressed)
	tab(open, l.T("site.broadcast.open"), v.Open())
	for _, outcome := range broadcasts.Outcomes {
		tab(outcome, l.T("site.delivery."+outcome), map[string]int{broadcasts.Accepted: v.Accepted, broadcasts.Pending: v.Pending, broadcasts.Bounced: v.Bounced, broadcasts.Unserved: v.Unserved}[outcome])
	}
	write := screen.May(c, writers...)
	if v.Flash != nil && write {
		v.Flash.Undo = undoOf(p, c, here)
	}
	if write && v.Open() > 0 {
		v.ServeAll = here + "/served-all"
	}
	message, subscriber, _ := strings.Cut(c.QueryParam("after"), "~")
	people, err := o.Broadcasts.Addressed(ctx, b, f, broadcasts.Place{Message: message, Subscriber: subscriber}, screen.PageSize+1)
	if err != nil {
		return v, err
	}
	people, v.Pager = screen.Paged(p, people, here+"/coverage", c.QueryParam("after"), func(one broadcasts.Person) string { return one.Place().Message + "~" + one.Place().Subscriber }, "show", show)
	for _, one := range people {
		row := personOf(p, one)
		if write && one.SubscriberID != "" && one.Served == nil && (one.Outcome == broadcasts.Bounced || one.Outcome == broadcasts.Unserved) {
			row.ServeURL = here + "/served"
		}
		if write && one.SubscriberID != "" && one.Served != nil {
			row.UndoURL = here + "/served/undo"
		}
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}

func personOf(p site.Page, one broadcasts.Person) site.CoveragePerson {
	row := site.CoveragePerson{Email: one.Email, URL: personURL(one.SubscriberID), Outcome: one.Outcome, Reason: one.Reason, Reply: one.Reply, SubscriberID: one.SubscriberID, Joined: one.Joined}
	if one.ID != "" {
		row.NoticeURL = noticeURL(one.ID)
	}
	if one.At != nil {
		row.At = *one.At
	}
	if one.Outcome == broadcasts.Accepted {
		row.Reply = ""
	}
	if s := one.Served; s != nil {
		on := s.On
		if day, err := time.Parse(time.DateOnly, s.On); err == nil {
			on = p.Locale.Date(day)
		}
		row.Served, row.ServedNote = p.Locale.T("site.broadcast.served_by", "channel", p.Locale.T("site.channel."+s.Channel), "on", on), s.Note
	}
	return row
}

func (o *Office) coverageJSON(c echo.Context) error {
	b, covered, err := o.covered(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="coverage-`+b.ID+`.json"`)
	return c.JSONPretty(http.StatusOK, covered, "  ")
}

func (o *Office) coverageCSV(c echo.Context) error {
	ctx := c.Request().Context()
	b, err := o.Broadcasts.Get(ctx, o.DB, c.Param("id"))
	if err != nil {
		return err
	}
	f, _ := shown(c)
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="coverage-`+b.ID+`.csv"`)
	return o.Broadcasts.WriteCSV(ctx, b, f, c.Response())
}

// backTo is the list on which people were marked; kv tells the page what was done there, so that it offers to take it back.
func backTo(c echo.Context, kv ...string) string {
	return screen.Address(broadcastURL(c.Param("id"))+"/coverage", append(kv, "show", open)...)
}

// undo is the button that takes a mark back.
func undo(p site.Page, action string, kv ...string) *ui.Post {
	post := &ui.Post{Label: p.Locale.T("site.broadcast.unserve"), Action: action, Icon: "undo"}
	for i := 0; i+1 < len(kv); i += 2 {
		post.Fields = append(post.Fields, ui.Hidden{Name: kv[i], Value: kv[i+1]})
	}
	return post
}

// undoOf takes back what was noted just now; nil when nothing was.
func undoOf(p site.Page, c echo.Context, here string) *ui.Post {
	if one := c.QueryParam("noted"); one != "" {
		return undo(p, here+"/served/undo", "subscriber_id", one)
	}
	if from, to := c.QueryParam("noted_from"), c.QueryParam("noted_to"); from != "" && to != "" {
		return undo(p, here+"/served-all/undo", "from", from, "to", to)
	}
	return nil
}

func (o *Office) served(c echo.Context) error {
	val := screen.Values(c)
	_, err := o.Broadcasts.MarkServed(c.Request().Context(), actor(c), c.Param("id"), broadcasts.ServedInput{SubscriberID: val["subscriber_id"], Channel: val["channel"], On: val["on"], Note: val["note"]})
	if err != nil {
		return o.did(c, err, backTo(c), "")
	}
	return o.did(c, nil, backTo(c, "noted", val["subscriber_id"]), "site.broadcast.noted")
}

func (o *Office) undoServed(c echo.Context) error {
	err := o.Broadcasts.UndoServed(c.Request().Context(), actor(c), c.Param("id"), screen.Values(c)["subscriber_id"])
	return o.did(c, err, backTo(c), "site.broadcast.unserved")
}

// servedAll notes the same for everybody whom nothing has reached yet, such as after a round of letters.
func (o *Office) servedAll(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	b, err := o.Broadcasts.Get(ctx, o.DB, c.Param("id"))
	if err != nil {
		return err
	}
	done, from := 0, o.Now()
	var after broadcasts.Place
	for err == nil {
		var people []broadcasts.Person
		if people, err = o.Broadcasts.Addressed(ctx, b, broadcasts.Filter{Open: true}, after, screen.PageSize); len(people) == 0 {
			break
		}
		after = people[len(people)-1].Place()
		for _, one := range people {
			if one.SubscriberID == "" { // erased meanwhile: nobody to reach
				continue
			}
			if _, err = o.Broadcasts.MarkServed(ctx, actor(c), b.ID, broadcasts.ServedInput{SubscriberID: one.SubscriberID, Channel: val["channel"], On: val["on"], Note: val["note"]}); err != nil {
				break
			}
			done++
		}
	}
	if err != nil || done == 0 {
		return o.did(c, err, backTo(c), "site.broadcast.noted_all", "n", done)
	}
	return o.did(c, nil, backTo(c, "noted_from", instant(from), "noted_to", instant(o.Now())), "site.broadcast.noted_all", "n", done)
}

func instant(at time.Time) string { return at.Format(time.RFC3339Nano) }

// undoServedAll takes back what whoever asks has noted from one instant to another.
func (o *Office) undoServedAll(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	b, err := o.Broadcasts.Get(ctx, o.DB, c.Param("id"))
	if err != nil {
		return err
	}
	from, bad := time.Parse(time.RFC3339Nano, val["from"])
	to, worse := time.Parse(time.RFC3339Nano, val["to"])
	if bad != nil || worse != nil {
		return problem.Invalid("from", "must be a date and a time")
	}
	done := 0
	for err == nil {
		var people []string
		if people, err = o.Broadcasts.NotedBetween(ctx, b, actor(c).Name, from, to, screen.PageSize); len(people) == 0 {
			break
		}
		for _, one := range people {
			if err = o.Broadcasts.UndoServed(ctx, actor(c), b.ID, one); err != nil {
				break
			}
			done++
		}
	}
	return o.did(c, err, backTo(c), "site.broadcast.unserved_all", "n", done)
}

// listed bounds whom the document lists by name.
const listed = 2000

func (o *Office) paper(c echo.Context) error {
	ctx := c.Request().Context()
	b, covered, err := o.covered(c)
	if err != nil {
		return err
	}
	p := o.page(c, site.NavNotices)
	v := site.PaperView{Page: p, CoverageView: coverageOf(covered), ID: b.ID, PrintedAt: o.Now(), BackURL: broadcastURL(b.ID) + "/coverage"}
	if v.Broadcast, err = o.described(ctx, p, b); err != nil {
		return err
	}
	head, err := evidence.Head(ctx, o.DB)
	if err != nil {
		return err
	}
	v.Head = head.String()
	written := append([]string{b.Locale}, sortedTags(b.Translations)...)
	for _, tag := range written {
		if tag == "" {
			tag = o.People.Site.Languages(ctx)[0]
		}
		mail, err := o.Broadcasts.Preview(ctx, b, tag)
		if err != nil {
			return err
		}
		v.Texts = append(v.Texts, site.PaperText{Language: localeName(tag), Tag: tag, Subject: mail.Subject, Text: mail.Text})
	}
	for _, outcome := range []string{broadcasts.Bounced, broadcasts.Unserved} {
		people, err := o.Broadcasts.Addressed(ctx, b, broadcasts.Filter{Outcome: outcome}, broadcasts.Place{}, listed-len(v.Unreached))
		if err != nil {
			return err
		}
		for _, one := range people {
			v.Unreached = append(v.Unreached, personOf(p, one))
		}
		if len(v.Unreached) >= listed {
			break
		}
	}
	v.More = v.Bounced + v.Unserved - len(v.Unreached)
	return staff.Render(c, http.StatusOK, site.Paper(v))
}
