package office

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/rights"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (o *Office) registerRequests(e *echo.Echo) {
	r := o.at(e, site.NavRequests)
	officer := access.PrivacyOfficer
	r.Get("", o.requests, officer, access.ReadOnly)
	r.Get("/new", o.newRequest, officer)
	r.Post("", o.receiveRequest, officer)
	r.Get("/:id", o.request, officer, access.ReadOnly)
	r.Post("/:id/identify", o.identifyRequest, officer)
	r.Post("/:id/ask-again", o.askAgain, officer)
	r.Post("/:id/begin", o.beginRequest, officer)
	r.Post("/:id/decide", o.decideRequest, officer)
	r.Post("/:id/extend", o.extendRequest, officer)
	r.Get("/:id/data.json", o.requestPackage, officer)
	r.Get("/:id/data.zip", o.requestPackage, officer)
}

func requestURL(id string) string { return site.Path(site.NavRequests) + "/" + id }

// shown are the statuses of each part of the list.
var shown = map[string][]rights.Status{
	"waiting": {rights.Open, rights.InProgress}, "unconfirmed": {rights.Unconfirmed}, "closed": {rights.Done, rights.Refused, rights.Withdrawn}, "all": rights.Statuses,
}

func (o *Office) requests(c echo.Context) error {
	ctx, path := c.Request().Context(), site.Path(site.NavRequests)
	v := site.RequestsView{Page: o.page(c, site.NavRequests), Now: o.Now(), Show: c.QueryParam("show")}
	if shown[v.Show] == nil {
		v.Show = "waiting"
	}
	v.Search, v.Write = strings.TrimSpace(c.QueryParam("q")), may(c, access.PrivacyOfficer)
	v.Chosen = map[string]string{"kind": c.QueryParam("kind")}
	if !slices.Contains(rights.Kinds, rights.Kind(v.Chosen["kind"])) {
		v.Chosen["kind"] = ""
	}
	f, err := o.Rights.Figures(ctx)
	if err != nil {
		return err
	}
	total := 0
	if err := o.DB.QueryRowContext(ctx, "SELECT count(*) FROM data_requests").Scan(&total); err != nil {
		return err
	}
	v.Counts = map[string]int{"waiting": f.Waiting, "unconfirmed": f.Unconfirmed, "all": total}
	v.Overdue, v.Soon, v.Closed, v.Late = f.Overdue, f.Soon, f.Closed, f.Late
	v.PartURL = func(part string) string { return screen.Address(path, "show", part) }
	filter := rights.Filter{Kind: rights.Kind(v.Chosen["kind"]), Among: shown[v.Show], Text: v.Search, Latest: v.Show == "closed" || v.Show == "all"}
	after, id, at := c.QueryParam("after"), "", time.Time{}
	if micros, rest, ok := strings.Cut(after, "-"); ok {
		if n, err := strconv.ParseInt(micros, 10, 64); err == nil {
			at, id = sqldb.Time(n), rest
		}
	}
	list, err := o.Rights.List(ctx, filter, at, id, screen.PageSize+1)
	if err != nil {
		return err
	}
	list, v.Pager = screen.Paged(v.Page, list, path, after, func(r *rights.Request) string { return strconv.FormatInt(sqldb.Micros(r.DueAt), 10) + "-" + r.ID },
		"show", v.Show, "q", v.Search, "kind", v.Chosen["kind"])
	for _, r := range list {
		v.Rows = append(v.Rows, requestRow(r))
	}
	return staff.Render(c, http.StatusOK, site.Requests(v))
}

func requestRow(r *rights.Request) site.RequestRow {
	return site.RequestRow{Number: r.Number, URL: requestURL(r.ID), Kind: string(r.Kind), Email: r.Email, Status: string(r.Status), Received: r.ReceivedAt, Due: r.DueAt}
}

func (o *Office) newRequest(c echo.Context) error {
	return o.requestForm(c, http.StatusOK, map[string]string{"email": c.QueryParam("email"), "kind": c.QueryParam("kind")}, nil)
}

func (o *Office) requestForm(c echo.Context, status int, val, wrong map[string]string) error {
	return staff.Render(c, status, site.RequestForm(site.RequestFormView{Page: o.page(c, site.NavRequests), Action: site.Path(site.NavRequests), Values: val, Errors: wrong}))
}

func (o *Office) receiveRequest(c echo.Context) error {
	val := screen.Values(c)
	in := rights.Input{Kind: rights.Kind(val["kind"]), Email: val["email"], Detail: val["message"], Source: rights.SourceStaff, Verified: strings.TrimSpace(val["verified_by"])}
	change := rights.Change{Email: strings.TrimSpace(val["change.email"]), FirstName: strings.TrimSpace(val["change.first_name"]), LastName: strings.TrimSpace(val["change.last_name"])}
	if in.Kind == rights.Rectification && change != (rights.Change{}) {
		in.Change = &change
	}
	var err error
	var r *rights.Request
	if in.ReceivedAt, err = screen.Moment(o.page(c, site.NavRequests), "received_at", val["received_at"]); err == nil {
		r, err = o.Rights.Receive(c.Request().Context(), actor(c), in)
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return o.requestForm(c, http.StatusUnprocessableEntity, val, wrong)
	}
	if err != nil {
		return err
	}
	told := "site.requests.recorded"
	if r.Status == rights.Unconfirmed {
		told = "site.requests.recorded_asked"
	}
	return o.did(c, nil, requestURL(r.ID), told, "number", r.Number)
}

func (o *Office) request(c echo.Context) error { return o.showRequest(c, http.StatusOK, "", nil, nil) }

// showRequest is the page of one request. What was sent by the form of a task is shown again there, with what is wrong.
func (o *Office) showRequest(c echo.Context, status int, task string, val, wrong map[string]string) error {
	ctx := c.Request().Context()
	r, err := o.Rights.Get(ctx, o.DB, c.Param("id"))
	if err != nil {
		return err
	}
	v := site.RequestView{Page: o.page(c, site.NavRequests), RequestRow: requestRow(r), Message: r.Detail, Source: r.Source, Now: o.Now(), Verified: r.VerifiedAt, VerifiedBy: r.VerifiedBy, Extended: r.Extended, Answer: r.Answer}
	l := v.Locale
	if key := "site.requests.from." + strings.ReplaceAll(r.Source, " ", "_"); l.Has(key) {
		v.Source = l.T(key)
	}
	if r.SubscriberID != "" {
		v.PersonURL = personURL(r.SubscriberID)
	}
	if change := r.Change; change != nil {
		for _, f := range [][2]string{{"first_name", change.FirstName}, {"last_name", change.LastName}, {"new_email", change.Email}} {
			if f[1] != "" {
				v.Change = append(v.Change, site.Header{Name: l.T("site.requests." + f[0]), Value: f[1]})
			}
		}
	}
	if v.History, err = o.steps(c, v.Page, r); err != nil {
		return err
	}
	if may(c, access.PrivacyOfficer) {
		v.Tasks = tasksOf(r, o.Now())
		for i := range v.Tasks {
			if v.Tasks[i].Name == task {
				v.Tasks[i].Values, v.Tasks[i].Errors = val, wrong
			}
		}
		v.Posts = requestPosts(v.Page, r)
		if !r.VerifiedAt.IsZero() && r.Email != "" && (r.Kind == rights.Access || r.Kind == rights.Portability) {
			v.Files = []ui.Link{{Label: "data.json", URL: requestURL(r.ID) + "/data.json"}, {Label: "data.zip", URL: requestURL(r.ID) + "/data.zip"}}
		}
	}
	return staff.Render(c, status, site.Request(v))
}

// tasksOf is what can be done with a request now.
func tasksOf(r *rights.Request, now time.Time) []site.RequestTask {
	if r.Status.Closed() {
		return nil
	}
	var out []site.RequestTask
	known := r.Status != rights.Unconfirmed
	if !known {
		out = append(out, site.RequestTask{Name: site.TaskIdentify, Action: requestURL(r.ID) + "/identify"})
	}
	out = append(out, site.RequestTask{Name: site.TaskDecide, Action: requestURL(r.ID) + "/decide", Known: known, ByItself: r.ByItself()})
	if r.Extended == "" && !now.After(rights.Due(r.ReceivedAt, 1)) {
		latest := rights.Due(r.ReceivedAt, 3)
		out = append(out, site.RequestTask{Name: site.TaskExtend, Action: requestURL(r.ID) + "/extend", Values: map[string]string{"due_at": latest.Format(time.DateOnly)}})
	}
	return out
}

func requestPosts(p site.Page, r *rights.Request) []ui.Post {
	switch r.Status {
	case rights.Unconfirmed:
		return []ui.Post{{Label: p.Locale.T("site.requests.ask_again"), Action: requestURL(r.ID) + "/ask-again", Icon: "notices"}}
	case rights.Open:
		return []ui.Post{{Label: p.Locale.T("site.requests.begin"), Action: requestURL(r.ID) + "/begin"}}
	}
	return nil
}

var stepTones = map[string]ui.Tone{"done": ui.Good, "verify": ui.Good, "due_soon": ui.Warn, "overdue": ui.Bad, "refused": ui.Warn}

// steps is what was done with a request, from the audit log, the newest first.
func (o *Office) steps(c echo.Context, p site.Page, r *rights.Request) ([]ui.Entry, error) {
	entries, _, err := audit.List(c.Request().Context(), o.DB, audit.Filter{Object: audit.Object("data_request", r.ID)}, timelineShown, "")
	if err != nil {
		return nil, err
	}
	var out []ui.Entry
	for _, e := range entries {
		step := strings.TrimPrefix(e.Action, "data_request.")
		m := ui.Entry{Title: step, Text: e.Actor.Name, At: p.Locale.DateTime(e.At, p.Zone), Machine: e.At.UTC().Format(time.RFC3339), Tone: stepTones[step]}
		if key := "site.requests.step." + step; p.Locale.Has(key) {
			m.Title = p.Locale.T(key)
		}
		switch e.Actor.Kind {
		case audit.KindRecipient:
			m.Text = p.Locale.T("site.requests.by_person")
		case audit.KindSystem:
			m.Text = p.Locale.T("site.requests.by_clock")
		}
		out = append(out, m)
	}
	return out, nil
}

// carryOn changes a request as one of its tasks says.
func (o *Office) carryOn(c echo.Context, task, told string, u rights.Update, err error) error {
	id := c.Param("id")
	var r *rights.Request
	if err == nil {
		r, err = o.Rights.Change(c.Request().Context(), actor(c), id, u)
	}
	if p, ok := problem.As(err); ok && p.Status == http.StatusUnprocessableEntity && task != "" {
		wrong := staff.Problems(c, err)
		if detail, ok := wrong["status"]; ok {
			wrong["outcome"] = detail
		}
		return o.showRequest(c, http.StatusUnprocessableEntity, task, screen.Values(c), wrong)
	}
	if err == nil && r.Email == "" {
		told = "site.requests.told.erased"
	}
	return o.did(c, err, requestURL(id), told)
}

func (o *Office) identifyRequest(c echo.Context) error {
	how := c.FormValue("verified_by")
	return o.carryOn(c, site.TaskIdentify, "site.requests.told.identified", rights.Update{Verified: &how}, nil)
}

func (o *Office) askAgain(c echo.Context) error {
	_, err := o.Rights.AskAgain(c.Request().Context(), actor(c), c.Param("id"))
	return o.did(c, err, requestURL(c.Param("id")), "site.requests.told.asked")
}

func (o *Office) beginRequest(c echo.Context) error {
	status := rights.InProgress
	return o.carryOn(c, "", "site.requests.told.begun", rights.Update{Status: &status}, nil)
}

func (o *Office) decideRequest(c echo.Context) error {
	status, answer := rights.Status(c.FormValue("outcome")), c.FormValue("answer")
	if status != rights.Done && status != rights.Refused && status != rights.Withdrawn {
		return o.carryOn(c, site.TaskDecide, "", rights.Update{}, problem.Invalid("outcome", "is required: what is to become of the request"))
	}
	return o.carryOn(c, site.TaskDecide, "site.requests.told."+string(status), rights.Update{Status: &status, Answer: &answer}, nil)
}

func (o *Office) extendRequest(c echo.Context) error {
	why := c.FormValue("extended")
	due, err := screen.Moment(o.page(c, site.NavRequests), "due_at", c.FormValue("due_at"))
	if !due.IsZero() { // the whole of that day, as far as three months go
		r, missing := o.Rights.Get(c.Request().Context(), o.DB, c.Param("id"))
		if missing != nil {
			return missing
		}
		if latest := rights.Due(r.ReceivedAt, 3); due.AddDate(0, 0, 1).After(latest) && !due.After(latest) {
			due = latest
		} else {
			due = due.AddDate(0, 0, 1).Add(-time.Second)
		}
	}
	return o.carryOn(c, site.TaskExtend, "site.requests.told.extended", rights.Update{DueAt: &due, Extended: &why}, err)
}

// requestPackage is the copy of the person's data, for an officer who answers otherwise than by the mailed link.
func (o *Office) requestPackage(c echo.Context) error {
	r, data, err := o.Rights.Package(c.Request().Context(), actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	kind, media, write := "json", echo.MIMEApplicationJSON, data.WriteJSON
	if strings.HasSuffix(c.Path(), ".zip") {
		kind, media, write = "zip", "application/zip", data.WriteZip
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, media)
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+r.Number+"."+kind+`"`)
	c.Response().WriteHeader(http.StatusOK)
	return write(c.Response())
}
