package desk

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
)

func (d *Desk) registerSubscribers(e *echo.Echo) {
	r := d.at(e, site.NavSubscribers)
	officers := []access.Role{access.PrivacyOfficer}
	both := []access.Role{access.Marketer, access.PrivacyOfficer}
	r.get("", d.subscribers)
	r.post("/together", d.together, both...)
	r.get("/together", d.jobs)
	r.get("/together/:id", d.job)
	r.post("/together/:id/cancel", d.cancelJob, both...)
	r.post("/together/:id/undo", d.undoJob, both...)
	r.getFor("/export.csv", d.subscriberFile, both...)
	r.getFor("/new", d.newSubscriber, both...)
	r.post("", d.addSubscriber, both...)
	r.get("/:id", d.subscriber)
	r.getFor("/:id/edit", d.editSubscriber, both...)
	r.post("/:id", d.changeSubscriber, both...)
	r.post("/:id/consents", d.recordConsent, both...)
	r.post("/:id/unsubscribe-all", d.personAct, both...)
	r.post("/:id/object", d.personAct, both...)
	r.post("/:id/restrict", d.personAct, officers...)
	r.post("/:id/lift-restriction", d.personAct, officers...)
	r.post("/:id/lift-objection", d.personAct, officers...)
	r.post("/:id/erase", d.erase, officers...)
	r.getFor("/:id/proof", d.proof, officers...)
	r.getFor("/:id/proof.json", d.proofJSON, officers...)
}

func personURL(id string) string { return site.Path(site.NavSubscribers) + "/" + id }

func (d *Desk) subscribers(c echo.Context) error {
	return d.list(c, http.StatusOK, site.BulkForm{})
}

// list is the page of people. The filter is in the address or, after a form that was wrong, in that form.
func (d *Desk) list(c echo.Context, status int, together site.BulkForm) error {
	ctx := c.Request().Context()
	path := site.Path(site.NavSubscribers)
	v := site.SubscribersView{Bulk: together, Page: d.page(c, site.NavSubscribers), NoImport: !d.Site.Serves(site.NavImports)}
	v.Search, v.Write = strings.TrimSpace(c.FormValue("q")), may(c, access.Marketer, access.PrivacyOfficer)
	v.Chosen = map[string]string{"status": c.FormValue("status"), "topic": c.FormValue("topic")}
	var err error
	if v.Topics, err = d.topicOptions(ctx, v.Locale); err != nil {
		return err
	}
	if v.Write {
		v.ExportURL = address(path+"/export.csv", "q", v.Search, "status", v.Chosen["status"], "topic", v.Chosen["topic"])
	}
	in, l := filtered(c).Search(), lookingOf(c)
	if !sqldb.IsID(l.after) {
		l = looking{}
	}
	in.After, in.Limit = l.after, l.limit()
	found, err := d.People.Find(ctx, in, d.most(l))
	if err != nil {
		return err
	}
	people, pager, further := looked(v.Page, l, found.People, found.Look, path, func(s *preferences.Subscriber) string { return s.ID }, "q", v.Search, "status", v.Chosen["status"], "topic", v.Chosen["topic"])
	v.Pager, v.Further = pager, further
	ids := make([]string, len(people))
	for i, s := range people {
		ids[i] = s.ID
	}
	consents, err := d.People.ConsentsOf(ctx, d.DB, ids)
	if err != nil {
		return err
	}
	for _, s := range people {
		row := site.SubscriberRow{ID: s.ID, Email: s.Email, URL: personURL(s.ID), Name: s.Name(), Since: s.CreatedAt}
		states := consents[s.ID]
		row.Status = d.standsAs(s, states)
		for _, state := range states {
			if state.State == preferences.StateGiven {
				row.Topics++
			}
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, status, site.Subscribers(v))
}

// filtered is what the list is narrowed to.
func filtered(c echo.Context) preferences.Filter {
	return preferences.Filter{Text: strings.TrimSpace(c.FormValue("q")), Status: c.FormValue("status"), Topic: c.FormValue("topic")}
}

// subscriberFile is everybody whom the filter finds as CSV, in sets of some hundred. Who took it, and what was asked for, is in the
// audit log; the text that was searched for is not, as it may be somebody's address.
func (d *Desk) subscriberFile(c echo.Context) error {
	ctx := c.Request().Context()
	asked := map[string]any{"status": c.QueryParam("status"), "topic": c.QueryParam("topic"), "searched": c.QueryParam("q") != ""}
	if err := audit.Record(ctx, d.DB, d.Now(), actor(c), "subscriber.export", audit.Object("subscriber", "*"), nil, asked); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="subscribers.csv"`)
	return d.People.ExportFound(ctx, c.Response(), filtered(c).Search(), nil)
}

// standsAs is the one word that the list and the profile show of a person.
func (d *Desk) standsAs(s *preferences.Subscriber, states []preferences.ConsentState) string {
	switch status := s.Status(); {
	case status == "unverified":
		return "pending"
	case status != "active":
		return status
	case s.PausedUntil.After(d.Now()):
		return "paused"
	}
	status := "none"
	for _, state := range states {
		switch state.State {
		case preferences.StateGiven:
			return "active"
		case preferences.StatePending:
			status = "pending"
		}
	}
	return status
}

func (d *Desk) newSubscriber(c echo.Context) error {
	return d.subscriberForm(c, http.StatusOK, "", map[string]string{}, nil)
}

func (d *Desk) subscriberForm(c echo.Context, status int, id string, val, wrong map[string]string) error {
	for field, text := range wrong {
		if name, own := strings.CutPrefix(field, "attributes."); own {
			wrong["attributes"] = name + " " + text
		}
	}
	path := site.Path(site.NavSubscribers)
	v := site.SubscriberFormView{Page: d.page(c, site.NavSubscribers), Record: site.Record{New: id == "", Errors: wrong}, Action: path, Back: path, Values: val}
	if id != "" {
		v.Action = personURL(id)
		v.Back = v.Action
	}
	return staff.Render(c, status, site.SubscriberForm(v))
}

// profile is what the form says of a person.
func profile(val map[string]string) (preferences.Profile, error) {
	text := func(name string) *string {
		s := strings.TrimSpace(val[name])
		return &s
	}
	p := preferences.Profile{Email: text("email"), ExternalID: text("external_id"), FirstName: text("first_name"), LastName: text("last_name"), Company: text("company"), Phone: text("phone"),
		Locale: text("locale"), Timezone: text("timezone"), Country: text("country"), BirthDate: text("birth_date"), CustomerSince: &preferences.Date{}}
	if since := *text("customer_since"); since != "" {
		t, err := time.Parse(time.DateOnly, since)
		if err != nil {
			return p, problem.Invalid("customer_since", "must be a date")
		}
		p.CustomerSince.Time = t
	}
	return p, nil
}

func (d *Desk) addSubscriber(c echo.Context) error {
	val := values(c)
	p, err := profile(val)
	for _, empty := range []**string{&p.ExternalID, &p.FirstName, &p.LastName, &p.Company, &p.Phone, &p.Locale, &p.Timezone, &p.Country, &p.BirthDate} {
		if **empty == "" { // nothing that is known of somebody who exists is taken away
			*empty = nil
		}
	}
	if p.CustomerSince.IsZero() {
		p.CustomerSince = nil
	}
	if err == nil {
		p.Attributes, err = attributes(val, nil)
	}
	var sub *preferences.Subscriber
	if err == nil {
		sub, _, err = d.People.Upsert(c.Request().Context(), actor(c), p, "staff")
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.subscriberForm(c, http.StatusUnprocessableEntity, "", val, wrong)
	}
	if err != nil {
		return err
	}
	return d.did(c, nil, personURL(sub.ID), "site.desk.saved")
}

func (d *Desk) editSubscriber(c echo.Context) error {
	s, err := d.People.Subscriber(c.Request().Context(), d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	val := map[string]string{"email": s.Email, "external_id": s.ExternalID, "first_name": s.FirstName, "last_name": s.LastName, "company": s.Company, "phone": s.Phone,
		"locale": s.Locale, "timezone": s.Timezone, "country": s.Country, "birth_date": s.BirthDate, "attributes": attributeLines(s.Attributes)}
	if !s.CustomerSince.IsZero() {
		val["customer_since"] = s.CustomerSince.Format(time.DateOnly)
	}
	return d.subscriberForm(c, http.StatusOK, s.ID, val, nil)
}

func (d *Desk) changeSubscriber(c echo.Context) error {
	val, id := values(c), c.Param("id")
	s, err := d.People.Subscriber(c.Request().Context(), d.DB, id)
	if err != nil {
		return err
	}
	p, err := profile(val)
	if err == nil {
		p.Attributes, err = attributes(val, s.Attributes)
	}
	if err == nil {
		_, err = d.People.Update(c.Request().Context(), actor(c), id, p)
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.subscriberForm(c, http.StatusUnprocessableEntity, id, val, wrong)
	}
	return d.did(c, err, personURL(id), "site.desk.saved")
}
