package office

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/events"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/names"
	"assent/preferences/partners"
	"assent/preferences/problem"
	"assent/preferences/sheet"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/pages"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (o *Office) registerEvents(e *echo.Echo) {
	r := o.at(e, site.NavEvents)
	marketer, officer := access.Marketer, access.PrivacyOfficer
	r.Get("", o.events)
	r.Get("/new", o.newEvent, marketer)
	r.Post("", o.addEvent, marketer)
	r.Get("/:slug", o.event)
	r.Get("/:slug/edit", o.editEvent, marketer)
	r.Post("/:slug", o.changeEvent, marketer)
	r.Post("/:slug/cancel", o.cancelEvent, marketer)
	r.Get("/:slug/guests.csv", o.guestList, marketer, officer)
	r.Post("/:slug/guests", o.addGuest, marketer)
	r.Post("/:slug/guests/:id/:act", o.guestAct, marketer)
	r.Get("/:slug/partners/:key", o.partnerList, marketer, officer)
	r.Post("/:slug/partners/:key/told", o.partnerTold, marketer, officer)
}

func eventURL(slug string) string { return site.Path(site.NavEvents) + "/" + slug }

func (o *Office) eventRow(p site.Page, e events.Event) site.EventRow {
	now := o.Now()
	row := site.EventRow{URL: eventURL(e.Slug), Name: e.Names.In(p.Locale.Tag()), Place: e.Place, Status: "open", Registered: e.Registered, Waiting: e.Waiting, StartsAt: e.StartsAt, LocalZone: e.Timezone}
	if e.Capacity != nil {
		row.Capacity = *e.Capacity
	}
	switch {
	case e.CancelledAt != nil:
		row.Status = "cancelled"
	case !e.Open(now):
		row.Status = "over"
	case e.Full():
		row.Status = "full"
	}
	return row
}

func (o *Office) events(c echo.Context) error {
	ctx, path, past := c.Request().Context(), site.Path(site.NavEvents), c.QueryParam("show") == "past"
	v := site.EventsView{Page: o.page(c, site.NavEvents)}
	v.Write = may(c, access.Marketer)
	v.Tabs = []ui.Tab{{Label: v.Locale.T("site.events.coming"), URL: path, Current: !past}, {Label: v.Locale.T("site.events.past"), URL: path + "?show=past", Current: past}}
	after := c.QueryParam("after")
	at, slug := screen.AfterMark(after)
	read := o.Events.Coming
	if past {
		read = o.Events.Past
	}
	list, err := read(ctx, at, slug, screen.PageSize+1)
	if err != nil {
		return err
	}
	list, v.Pager = screen.Paged(v.Page, list, path, after, func(e events.Event) string { return screen.Mark(e.StartsAt, e.Slug) }, "show", c.QueryParam("show"))
	for _, e := range list {
		v.Rows = append(v.Rows, o.eventRow(v.Page, e))
	}
	return staff.Render(c, http.StatusOK, site.Events(v))
}

func (o *Office) newEvent(c echo.Context) error {
	zone := "UTC"
	if settings, err := o.People.Site.Get(c.Request().Context()); err == nil && settings.DefaultTimezone != "" {
		zone = settings.DefaultTimezone
	}
	return o.eventForm(c, http.StatusOK, "", map[string]string{"timezone": zone, "reminder_hours": "24"}, nil, nil)
}

func (o *Office) eventForm(c echo.Context, status int, slug string, val map[string]string, ticked []string, wrong map[string]string) error {
	ctx := c.Request().Context()
	v := site.EventFormView{Page: o.page(c, site.NavEvents), Record: site.Record{New: slug == "", Errors: wrong}, Action: site.Path(site.NavEvents), Values: val, Ticked: ticked, Languages: o.People.Site.Languages(ctx)}
	if slug != "" {
		v.Action = eventURL(slug)
	}
	var err error
	if v.Partners, err = o.partners(ctx); err != nil {
		return err
	}
	if v.Brands, err = o.brands(ctx); err != nil {
		return err
	}
	if v.Wording, err = o.shareWording(c, val["brand"], "…"); err != nil {
		return err
	}
	v.Wording = v.Locale.T("site.events.wording", "wording", v.Wording)
	return staff.Render(c, status, site.EventForm(v))
}

// shareWording is what guests are asked to agree to, for a partner.
func (o *Office) shareWording(c echo.Context, brand, partner string) (string, error) {
	p := pages.Page{Locale: o.page(c, "").Locale}
	list, err := o.Brands.List(c.Request().Context(), "", allOf)
	for _, b := range list {
		if b.Key == brand || (brand == "" && b.Key == "default") {
			p.Brand.Name = b.Name
		}
	}
	return pages.ShareWording(p, partner), err
}

// eventOf writes the fields over e. Times are those of the clocks at the place.
func (o *Office) eventOf(c echo.Context, val map[string]string, e *events.Event) error {
	languages := o.People.Site.Languages(c.Request().Context())
	at := site.Page{Zone: val["timezone"]}
	var bad problem.Collector
	for _, f := range []struct {
		name string
		to   *time.Time
	}{{"starts_at", &e.StartsAt}, {"ends_at", &e.EndsAt}} {
		t, err := screen.Moment(at, f.name, val[f.name])
		if err != nil {
			bad.Add(f.name, "must be a date and a time")
		}
		*f.to = t
	}
	e.Names, e.Descriptions, e.FollowUp = screen.Texts(val, "names", languages), screen.Texts(val, "descriptions", languages), screen.Texts(val, "follow_up", languages)
	e.Timezone, e.Place, e.URL, e.Partners = val["timezone"], strings.TrimSpace(val["place"]), strings.TrimSpace(val["url"]), append([]string{}, c.Request().Form["partners"]...)
	if brand, there := val["brand"]; there {
		e.Brand = brand
	}
	var err error
	if e.ReminderHours, err = strconv.Atoi(val["reminder_hours"]); err != nil {
		bad.Add("reminder_hours", "must be a number of hours; 0 for none")
	}
	e.Capacity = nil
	if text := strings.TrimSpace(val["capacity"]); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			bad.Add("capacity", "must be a number; empty for no limit")
		}
		e.Capacity = &n
	}
	return bad.Err()
}

func (o *Office) addEvent(c echo.Context) error {
	val := screen.Values(c)
	e := events.Event{Slug: cmp.Or(val["slug"], names.KeyOf(val["names."+o.People.Site.Languages(c.Request().Context())[0]]))}
	err := o.eventOf(c, val, &e)
	if err == nil {
		e, err = o.Events.Create(c.Request().Context(), actor(c), e)
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return o.eventForm(c, http.StatusUnprocessableEntity, "", val, c.Request().Form["partners"], wrong)
	}
	if err != nil {
		return err
	}
	return o.did(c, nil, eventURL(e.Slug), "site.desk.saved")
}

func (o *Office) find(c echo.Context) (events.Event, error) {
	return events.Get(c.Request().Context(), o.DB, c.Param("slug"))
}

func (o *Office) editEvent(c echo.Context) error {
	e, err := o.find(c)
	if err != nil {
		return err
	}
	at := site.Page{Zone: e.Timezone}
	val := map[string]string{"slug": e.Slug, "timezone": e.Timezone, "place": e.Place, "url": e.URL, "brand": e.Brand, "reminder_hours": strconv.Itoa(e.ReminderHours), "starts_at": screen.Clock(at, e.StartsAt), "ends_at": screen.Clock(at, e.EndsAt)}
	if e.Capacity != nil {
		val["capacity"] = strconv.Itoa(*e.Capacity)
	}
	for prefix, texts := range map[string]map[string]string{"names.": e.Names, "descriptions.": e.Descriptions, "follow_up.": e.FollowUp} {
		for tag, text := range texts {
			val[prefix+tag] = text
		}
	}
	return o.eventForm(c, http.StatusOK, e.Slug, val, e.Partners, nil)
}

func (o *Office) changeEvent(c echo.Context) error {
	val, slug := screen.Values(c), c.Param("slug")
	var probe events.Event
	err := o.eventOf(c, val, &probe)
	if err == nil {
		_, err = o.Events.Update(c.Request().Context(), actor(c), slug, func(e *events.Event) { _ = o.eventOf(c, val, e) }) // read without a fault above
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		val["slug"] = slug
		return o.eventForm(c, http.StatusUnprocessableEntity, slug, val, c.Request().Form["partners"], wrong)
	}
	return o.did(c, err, eventURL(slug), "site.desk.saved")
}

func (o *Office) cancelEvent(c echo.Context) error {
	now := o.Now()
	_, err := o.Events.Update(c.Request().Context(), actor(c), c.Param("slug"), func(e *events.Event) {
		if e.CancelledAt == nil {
			e.CancelledAt = &now
		}
	})
	return o.did(c, err, eventURL(c.Param("slug")), "site.events.cancelled_done")
}

func (o *Office) event(c echo.Context) error {
	return o.showEvent(c, http.StatusOK, nil, nil)
}

// showEvent is the page of an event, with what was wrong with a guest that was entered on it.
func (o *Office) showEvent(c echo.Context, status int, val, wrong map[string]string) error {
	ctx := c.Request().Context()
	e, err := o.find(c)
	if err != nil {
		return err
	}
	here, after, now := eventURL(e.Slug), c.QueryParam("after"), o.Now()
	v := site.EventView{Page: o.page(c, site.NavEvents), PublicURL: o.Base + "/events/" + e.Slug, EndsAt: e.EndsAt, Came: -1}
	v.EventRow = o.eventRow(v.Page, e)
	l := v.Locale
	day := now.After(e.StartsAt.Add(-12 * time.Hour))
	if day {
		if v.Came, err = o.Events.Attended(ctx, e); err != nil {
			return err
		}
	}
	names, err := partners.Names(ctx, o.DB, e.Partners)
	if err != nil {
		return err
	}
	list, err := o.Events.Registrations(ctx, e, after, screen.PageSize+1)
	if err != nil {
		return err
	}
	list, v.GuestsPager = screen.Paged(v.Page, list, here, after, func(r events.Registration) string { return r.ID })
	write := may(c, access.Marketer)
	for _, r := range list {
		g := site.GuestRow{Name: r.Name(), Email: r.Email, URL: personURL(r.SubscriberID), Status: r.Status, At: r.CreatedAt}
		if r.AttendedAt != nil {
			g.Status = "attended"
		}
		var shares []string
		for _, key := range r.Share {
			shares = append(shares, names[key])
		}
		g.Shares = strings.Join(shares, ", ")
		if write && r.Status != events.Cancelled && e.CancelledAt == nil {
			g.Posts = guestPosts(v.Page, here+"/guests/"+r.ID, r, day, now.Before(e.EndsAt))
		}
		v.Guests = append(v.Guests, g)
	}
	if v.Partners, err = o.eventPartners(c, e, names); err != nil {
		return err
	}
	if may(c, access.Marketer, access.PrivacyOfficer) && len(list) > 0 {
		v.Links = append(v.Links, ui.Link{Label: l.T("site.events.guests_csv"), URL: here + "/guests.csv", Icon: "download"})
	}
	if write {
		v.Links = append([]ui.Link{{Label: l.T("site.events.edit"), URL: here + "/edit"}}, v.Links...)
		if e.Open(now) {
			v.Posts = []ui.Post{ask(v.Page, "site.events.cancel", here+"/cancel", ui.Bad)}
			if o.Site.Serves(site.NavCampaigns) {
				v.Links = append([]ui.Link{{Label: l.T("site.now.invite"), URL: site.Path(site.NavCampaigns) + "/new?event=" + e.Slug}}, v.Links...)
			}
			v.Guest = &site.GuestForm{Action: here + "/guests", Values: val, Errors: wrong}
			if may(c, access.PrivacyOfficer) {
				for i, key := range e.Partners {
					v.Guest.Shares = append(v.Guest.Shares, ui.Option{Value: key, Label: names[key], Hint: l.T("site.events.wording", "wording", v.Partners[i].Wording)})
				}
			}
		}
	}
	return staff.Render(c, status, site.Event(v))
}

func guestPosts(p site.Page, here string, r events.Registration, day, open bool) (out []ui.Post) {
	switch {
	case day && r.AttendedAt != nil:
		out = append(out, ui.Post{Label: p.Locale.T("site.events.mark_absent"), Action: here + "/absent"})
	case day && r.Status == events.Registered:
		out = append(out, ui.Post{Label: p.Locale.T("site.events.mark_came"), Action: here + "/came"})
	}
	if open && r.AttendedAt == nil {
		out = append(out, ask(p, "site.events.deregister", here+"/cancel", ui.Plain))
	}
	return out
}

// eventPartners are those who would like to have guests' details.
func (o *Office) eventPartners(c echo.Context, e events.Event, names map[string]string) ([]site.EventPartner, error) {
	ctx, l := c.Request().Context(), o.page(c, "").Locale
	var out []site.EventPartner
	for _, key := range e.Partners {
		p := site.EventPartner{Name: names[key]}
		var err error
		if p.Wording, err = o.shareWording(c, e.Brand, p.Name); err != nil {
			return nil, err
		}
		if p.Agreed, err = o.Events.CountShared(ctx, e, key); err != nil {
			return nil, err
		}
		if p.Untold, err = o.Events.Untold(ctx, e, key); err != nil {
			return nil, err
		}
		if may(c, access.Marketer, access.PrivacyOfficer) {
			p.ExportURL = eventURL(e.Slug) + "/partners/" + key
			p.Told = &ui.Post{Label: l.T("site.events.told"), Action: p.ExportURL + "/told"}
		}
		out = append(out, p)
	}
	return out, nil
}

// addGuest registers somebody who said so elsewhere. What they agreed to share only an officer records, as with every consent that was
// given elsewhere; a box that is not ticked is none.
func (o *Office) addGuest(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	e, err := o.find(c)
	if err != nil {
		return err
	}
	share := c.Request().Form["share"]
	if len(share) > 0 && !may(c, access.PrivacyOfficer) {
		return problem.Forbidden("Only a privacy officer records a consent that was given elsewhere. What reduces mail anybody may record.")
	}
	names, err := partners.Names(ctx, o.DB, e.Partners)
	if err != nil {
		return err
	}
	wordings := map[string]string{}
	for _, key := range e.Partners {
		if wordings[key], err = o.shareWording(c, e.Brand, names[key]); err != nil {
			return err
		}
	}
	source := strings.TrimSpace(val["source"])
	if source == "" {
		err = problem.Invalid("source", "is required: where the person said so")
	}
	if err == nil {
		_, _, err = o.Events.Add(ctx, actor(c), e.Slug, events.Entry{Email: val["email"], FirstName: val["first_name"], LastName: val["last_name"], Company: val["company"], Phone: val["phone"], Share: share,
			Wording: func(partner string) string { return wordings[partner] }, Evidence: preferences.Evidence{Source: source, Note: "recorded by " + actor(c).Name}})
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return o.showEvent(c, http.StatusUnprocessableEntity, val, wrong)
	}
	return o.did(c, err, eventURL(e.Slug), "site.events.guest_added")
}

func (o *Office) guestAct(c echo.Context) error {
	ctx, id, back := c.Request().Context(), c.Param("id"), eventURL(c.Param("slug"))
	e, r, err := o.Events.Registration(ctx, id)
	if err != nil {
		return err
	}
	if e.Slug != c.Param("slug") {
		return events.ErrNoRegistration
	}
	switch c.Param("act") {
	case "came", "absent":
		_, err = o.Events.Attend(ctx, actor(c), r.ID, c.Param("act") == "came")
	case "cancel":
		_, err = o.Events.Cancel(ctx, actor(c), r.ID)
	default:
		return problem.NotFound("page")
	}
	return o.did(c, err, back, "site.desk.saved")
}

const csvPage = 1000

// table writes registrations as CSV whose cells no spreadsheet runs (compliance 66).
func (o *Office) table(c echo.Context, name string, heads []string, row func(events.Registration) []string, read func(after string, limit int) ([]events.Registration, error)) error {
	list, err := read("", csvPage) // a fault is still an error page here
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`.csv"`)
	c.Response().WriteHeader(http.StatusOK)
	w := sheet.NewWriter(c.Response())
	if err := w.Row(heads...); err != nil {
		return err
	}
	for {
		for _, r := range list {
			if err := w.Row(row(r)...); err != nil {
				return err
			}
		}
		if len(list) < csvPage {
			return w.Flush()
		}
		if list, err = read(list[len(list)-1].ID, csvPage); err != nil {
			return err
		}
	}
}

func (o *Office) guestList(c echo.Context) error {
	e, err := o.find(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := audit.Record(ctx, o.DB, o.Now().UTC(), actor(c), "event.guests.export", audit.Object("event", e.Slug), nil, nil); err != nil {
		return err
	}
	return o.table(c, e.Slug, []string{"email", "first_name", "last_name", "company", "phone", "status", "came", "share", "registered_at"}, func(r events.Registration) []string {
		return []string{r.Email, r.FirstName, r.LastName, r.Company, r.Phone, r.Status, strconv.FormatBool(r.AttendedAt != nil), strings.Join(r.Share, " "), r.CreatedAt.Format(time.RFC3339)}
	}, func(after string, limit int) ([]events.Registration, error) {
		return o.Events.Registrations(ctx, e, after, limit)
	})
}

// partnerList is what a partner gets: those who agreed and come, with what they agreed to share.
func (o *Office) partnerList(c echo.Context) error {
	ctx := c.Request().Context()
	e, err := o.find(c)
	if err != nil {
		return err
	}
	p, err := partners.Get(ctx, o.DB, c.Param("key"))
	if err != nil {
		return err
	}
	if err := audit.Record(ctx, o.DB, o.Now().UTC(), actor(c), "event.partner.export", audit.Object("event", e.Slug), nil, map[string]string{"partner": p.Key}); err != nil {
		return err
	}
	return o.table(c, e.Slug+"-"+p.Key, []string{"email", "first_name", "last_name", "company", "phone"}, func(r events.Registration) []string {
		return []string{r.Email, r.FirstName, r.LastName, r.Company, r.Phone}
	}, func(after string, limit int) ([]events.Registration, error) {
		return o.Events.Shared(ctx, e, p.Key, after, limit)
	})
}

func (o *Office) partnerTold(c echo.Context) error {
	_, err := o.Events.Told(c.Request().Context(), actor(c), c.Param("slug"), c.Param("key"))
	return o.did(c, err, eventURL(c.Param("slug")), "site.events.told_done")
}
