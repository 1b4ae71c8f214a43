package processing

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// Desk is the screen of the record and the rules.
type Desk struct {
	*Service
	Site *staff.Site
}

// Register serves it. Everybody on the staff may read the record; privacy officers change what stands in it.
func (d Desk) Register(e *echo.Echo) {
	r := screen.At(e, d.Site, site.NavProcessing)
	r.Get("", func(c echo.Context) error { return d.show(c, http.StatusOK, nil, nil) })
	r.Get("/record.json", d.json)
	r.Get("/record.csv", d.csv)
	r.Post("/rules", d.changeRules, access.PrivacyOfficer)
	r.Post("/controller", d.changeController, access.PrivacyOfficer)
}

func (d Desk) json(c echo.Context) error {
	record, err := d.Record(c.Request().Context(), d.Site.Page(c, site.NavProcessing).Locale)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/json; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="processing.json"`)
	return record.WriteJSON(c.Response())
}

func (d Desk) csv(c echo.Context) error {
	l := d.Site.Page(c, site.NavProcessing).Locale
	record, err := d.Record(c.Request().Context(), l)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="processing.csv"`)
	return record.WriteCSV(c.Response(), l)
}

// dayRules are the rules that are numbers of days, in the order in which they are shown.
func dayRules(r *Rules) []struct {
	name string
	days *int
} {
	return []struct {
		name string
		days *int
	}{{"unconfirmed", &r.Unconfirmed}, {"inactive", &r.Inactive}, {"deliveries", &r.Deliveries}, {"answers", &r.Answers}, {"notice_bytes", &r.NoticeBytes}, {"requests", &r.Requests}, {"audit", &r.Audit}}
}

// show draws the page; val are the fields that were sent and are wrong.
func (d Desk) show(c echo.Context, status int, val, wrong map[string]string) error {
	ctx := c.Request().Context()
	v := site.ProcessingView{Page: d.Site.Page(c, site.NavProcessing), Write: screen.May(c, access.PrivacyOfficer)}
	if settings, err := d.People.Site.Get(ctx); err == nil {
		v.Zone = settings.DefaultTimezone
	}
	l := v.Locale
	record, err := d.Record(ctx, l)
	if err != nil {
		return err
	}
	v.Made, v.Recipients, v.Security = record.Made, record.Recipients, record.Security
	for _, a := range record.Activities {
		v.Activities = append(v.Activities, site.ProcessingActivity(a))
	}
	rules, err := d.Rules(ctx)
	if err != nil {
		return err
	}
	if v.Counted = c.QueryParam("count") != ""; v.Counted { // it looks at everybody, so only when somebody asks
		due, err := d.Counts(ctx, rules)
		if err != nil {
			return err
		}
		v.Due = sums(l, due)
	}
	last, err := d.LastRun(ctx)
	if err != nil {
		return err
	}
	v.Last, v.LastRun = sums(l, last), last.At

	if val == nil {
		val = map[string]string{}
	}
	rule := func(f ui.Field, value string) ui.Field {
		f.Label = l.T("site.processing." + f.Name)
		if key := "site.processing." + f.Name + "_hint"; l.Has(key) {
			f.Hint = l.T(key)
		}
		f.Value = value
		if sent, ok := val[f.Name]; ok {
			f.Value = sent
		}
		return f
	}
	var fields []ui.Field
	for _, r := range dayRules(&rules) {
		days := ""
		if *r.days > 0 {
			days = strconv.Itoa(*r.days)
		}
		fields = append(fields, rule(ui.Field{Name: r.name, Short: true, InputMode: "numeric"}, days))
	}
	minors := ""
	if rules.Minors {
		minors = "1"
	}
	fields = append(fields, rule(ui.Field{Name: "minors", Kind: "checkbox"}, minors))
	action := site.Path(site.NavProcessing)
	v.Rules = site.SettingsForm{ID: "rules", Form: ui.FormOf{Action: action + "/rules", Submit: l.T("site.save"), Fields: fields}.WithErrors(wrong)}

	who := record.Controller
	fields = nil
	for _, f := range []struct {
		name, kind, value string
	}{{"name", "", who.Name}, {"contact", "textarea", who.Contact}, {"officer", "", who.Officer}, {"representative", "", who.Representative}, {"transfers", "textarea", who.Transfers}, {"own_security", "textarea", who.Security}} {
		fields = append(fields, rule(ui.Field{Name: f.name, Kind: f.kind, Rows: 2, MaxLength: longest}, f.value))
		if f.value != "" {
			v.Controller = append(v.Controller, site.Header{Name: l.T("site.processing." + f.name), Value: f.value})
		}
	}
	v.Who = site.SettingsForm{ID: "who", Form: ui.FormOf{Action: action + "/controller", Submit: l.T("site.save"), Fields: fields}}
	return staff.Render(c, status, site.Processing(v))
}

// longest is how much may be said in one field of the record, in characters.
const longest = 2000

func sums(l *locale.Locale, t Taken) (out []site.Header) {
	for _, sum := range []struct {
		name string
		n    int
	}{{"unconfirmed", t.Unconfirmed}, {"inactive", t.Inactive}, {"minors", t.Minors}, {"deliveries", t.Deliveries}, {"answers", t.Answers}, {"requests", t.Requests}, {"audit", t.Audit}} {
		if sum.n > 0 {
			out = append(out, site.Header{Name: l.T("site.processing." + sum.name), Value: l.Number(int64(sum.n))})
		}
	}
	return out
}

func (d Desk) changeRules(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	rules := Rules{Minors: val["minors"] != ""}
	var bad problem.Collector
	for _, r := range dayRules(&rules) {
		text := strings.TrimSpace(val[r.name])
		if text == "" {
			continue
		}
		days, err := strconv.Atoi(text)
		if err != nil || days < 0 {
			bad.Add(r.name, "must be a number of days, or empty to keep it")
		}
		*r.days = days
	}
	err := bad.Err()
	if err == nil {
		err = d.SetRules(ctx, staff.ActorOf(c), rules)
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.show(c, http.StatusUnprocessableEntity, val, wrong)
	}
	return d.saved(c, err)
}

func (d Desk) changeController(c echo.Context) error {
	val := screen.Values(c)
	for name, text := range val {
		if len([]rune(text)) > longest {
			text = string([]rune(text)[:longest])
		}
		val[name] = strings.TrimSpace(text)
	}
	return d.saved(c, d.SetController(c.Request().Context(), staff.ActorOf(c), Controller{Name: val["name"], Contact: val["contact"], Officer: val["officer"],
		Representative: val["representative"], Transfers: val["transfers"], Security: val["own_security"]}))
}

func (d Desk) saved(c echo.Context, err error) error {
	return screen.Did(c, d.Site, err, site.Path(site.NavProcessing), d.Site.Page(c, "").Locale.T("site.processing.saved"))
}
