package office

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/forms"
	"assent/preferences/names"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (o *Office) registerForms(e *echo.Echo) {
	r := o.at(e, site.NavForms)
	r.Get("", o.forms)
	r.Get("/new", o.newForm, access.Marketer)
	r.Post("", o.addForm, access.Marketer)
	r.Get("/:key", o.form)
	r.Post("/:key", o.changeForm, access.Marketer)
	r.Post("/:key/archive", o.archiveForm, access.Marketer)
	r.Post("/:key/restore", o.archiveForm, access.Marketer)
	r.Get("/:key/wordings", o.wordings)
	r.Get("/:key/responses", o.responses, access.Marketer, access.PrivacyOfficer)
	r.Post("/:key/responses/:id", o.handleResponse, access.Marketer)
}

func formURL(key string) string { return site.Path(site.NavForms) + "/" + key }

func (o *Office) forms(c echo.Context) error {
	ctx, path, after := c.Request().Context(), site.Path(site.NavForms), c.QueryParam("after")
	v := site.FormsView{Page: o.page(c, site.NavForms)}
	v.Write = may(c, access.Marketer)
	list, err := o.Forms.List(ctx, after, screen.PageSize+1)
	if err != nil {
		return err
	}
	figures, err := o.Forms.Figures(ctx)
	if err != nil {
		return err
	}
	topics, err := o.topicNames(c, v.Locale)
	if err != nil {
		return err
	}
	list, v.Pager = screen.Paged(v.Page, list, path, after, func(f *forms.Form) string { return f.Key })
	for _, f := range list {
		var offered []string
		for _, key := range f.Topics {
			offered = append(offered, topics[key])
		}
		n := figures[f.ID]
		v.Rows = append(v.Rows, site.FormRow{Key: f.Key, URL: formURL(f.Key), Name: f.Names.In(v.Locale.Tag()), Kind: f.Kind, Topics: strings.Join(offered, ", "), Sent: n.Started, Confirmed: n.Confirmed, Archived: f.ArchivedAt != nil})
	}
	return staff.Render(c, http.StatusOK, site.Forms(v))
}

// topicNames are the names of all topics by key.
func (o *Office) topicNames(c echo.Context, l *locale.Locale) (map[string]string, error) {
	list, err := o.People.Topics(c.Request().Context(), o.DB)
	out := map[string]string{}
	for _, t := range list {
		out[t.Key] = t.Name(l.Tag(), l.Language())
	}
	return out, err
}

func (o *Office) newForm(c echo.Context) error {
	return o.formPage(c, http.StatusOK, nil, map[string]string{"kind": c.QueryParam("kind")}, nil, nil)
}

// spare is how many empty questions a form offers beyond its own.
const spare = 2

// formPage is the page of a form, or of a new one. val and ticked are what its fields hold.
func (o *Office) formPage(c echo.Context, status int, f *forms.Form, val map[string]string, ticked []string, wrong map[string]string) error {
	ctx := c.Request().Context()
	v := site.FormEditView{Page: o.page(c, site.NavForms), Record: site.Record{New: f == nil, Errors: wrong, Locked: !screen.May(c, access.Marketer)}, Action: site.Path(site.NavForms), Values: val, Ticked: ticked, Languages: o.People.Site.Languages(ctx)}
	var err error
	if v.Topics, err = o.topics(ctx, v.Locale, ticked...); err != nil {
		return err
	}
	if v.Brands, err = o.brands(ctx); err != nil {
		return err
	}
	v.Questions = asked(val) + spare
	if f == nil {
		v.Questions = 0
		return staff.Render(c, status, site.FormEdit(v))
	}
	v.Action = formURL(f.Key)
	v.PublicURL = o.Base + "/subscribe/" + f.Key
	figures, err := o.Forms.Figures(ctx)
	if err != nil {
		return err
	}
	v.Started, v.Confirmed, v.Archived = figures[f.ID].Started, figures[f.ID].Confirmed, f.ArchivedAt != nil
	v.Links = []ui.Link{{Label: v.Locale.T("site.forms.wordings"), URL: formURL(f.Key) + "/wordings"}}
	if f.Kind != forms.KindNewsletter && may(c, access.Marketer, access.PrivacyOfficer) {
		v.Links = append([]ui.Link{{Label: v.Locale.T("site.forms.responses"), URL: formURL(f.Key) + "/responses"}}, v.Links...)
	}
	if f.ArchivedAt == nil {
		v.Preview = "/subscribe/" + f.Key + "/embed?lang=" + v.Locale.Language()
		v.Embed = fmt.Sprintf(`<iframe src="%s/embed" title="%s" width="100%%" height="640" style="border:0" referrerpolicy="no-referrer"></iframe>`, v.PublicURL, strings.NewReplacer(`"`, "&quot;", "<", "&lt;", "&", "&amp;").Replace(f.Names.In(v.Locale.Tag())))
		v.Links = append(v.Links, ui.Link{Label: v.Locale.T("site.forms.snippet"), URL: "/subscribe/" + f.Key + "/snippet"})
	}
	if may(c, access.Marketer) {
		post := ask(v.Page, "site.forms.archive", formURL(f.Key)+"/archive", ui.Bad)
		if v.Archived {
			post = ui.Post{Label: v.Locale.T("site.forms.restore"), Action: formURL(f.Key) + "/restore"}
		}
		v.Remove = &post
	}
	return staff.Render(c, status, site.FormEdit(v))
}

func asked(val map[string]string) (n int) {
	for val[fmt.Sprintf("q.%d.name", n)] != "" || filled(val, n) {
		n++
	}
	return n
}

// filled tells whether a question has a text in any language.
func filled(val map[string]string, n int) bool {
	for name, text := range val {
		if text != "" && strings.HasPrefix(name, fmt.Sprintf("q.%d.label.", n)) {
			return true
		}
	}
	return false
}

// fieldsOf are the values of the fields for a form as it is.
func fieldsOf(f *forms.Form) map[string]string {
	val := map[string]string{"key": f.Key, "kind": f.Kind, "document": f.Document, "brand": f.Brand, "country": f.Country, "embed": strings.Join(f.Embed, "\n"), "back_url": f.BackURL}
	put := func(prefix string, texts names.Texts) {
		for tag, text := range texts {
			val[prefix+tag] = text
		}
	}
	put("names.", f.Names)
	put("intros.", f.Intros)
	for topic, texts := range f.Wordings {
		put("wording."+topic+".", texts)
	}
	for i, q := range f.Questions {
		at := fmt.Sprintf("q.%d.", i)
		val[at+"name"], val[at+"kind"], val[at+"options"] = q.Name, q.Kind, strings.Join(q.Options, "\n")
		put(at+"label.", q.Labels)
		if q.Required {
			val[at+"required"] = "1"
		}
	}
	for name, on := range map[string]bool{"ask_names": f.AskNames, "ask_age": f.AskAge} {
		if on {
			val[name] = "1"
		}
	}
	return val
}

func (o *Office) form(c echo.Context) error {
	f, err := o.Forms.Get(c.Request().Context(), o.DB, c.Param("key"))
	if err != nil {
		return err
	}
	return o.formPage(c, http.StatusOK, f, fieldsOf(f), f.Topics, nil)
}

// inputOf reads the fields. What a form that is there has and the page does not ask for stays as it is.
func inputOf(c echo.Context, val map[string]string, languages []string, f *forms.Form) forms.Input {
	ticked := append([]string{}, c.Request().Form["topics"]...)
	line := func(name string) *string {
		text := strings.TrimSpace(val[name])
		return &text
	}
	on := func(name string) *bool {
		yes := val[name] != ""
		return &yes
	}
	lines := func(text string) []string {
		out := []string{}
		for l := range strings.Lines(text) {
			if l = strings.TrimSpace(l); l != "" {
				out = append(out, l)
			}
		}
		return out
	}
	embed := lines(val["embed"])
	in := forms.Input{Names: screen.Texts(val, "names", languages), Intros: screen.Texts(val, "intros", languages), Topics: &ticked, Brand: line("brand"), AskNames: on("ask_names"), AskAge: on("ask_age"),
		Country: line("country"), Embed: &embed, BackURL: line("back_url"), Wordings: map[string]names.Texts{}}
	if _, there := val["document"]; there {
		in.Document = line("document")
	}
	if f == nil {
		in.Key, in.Kind = cmp.Or(val["key"], names.KeyOf(val["names."+languages[0]])), val["kind"]
		if in.Kind != forms.KindDownload {
			in.Document = nil
		}
		return in
	}
	for _, topic := range ticked {
		if texts := screen.Texts(val, "wording."+topic, languages); len(texts) > 0 {
			in.Wordings[topic] = texts
		}
	}
	questions := []forms.Question{}
	for i := range asked(val) {
		at := fmt.Sprintf("q.%d.", i)
		q := forms.Question{Name: val[at+"name"], Kind: val[at+"kind"], Labels: screen.Texts(val, at+"label", languages), Options: lines(val[at+"options"]), Required: val[at+"required"] != ""}
		if len(q.Labels) == 0 {
			continue // taken away
		}
		if q.Name == "" {
			q.Name = fmt.Sprintf("question_%d", i+1)
		}
		for _, old := range f.Questions { // what the page does not ask for
			if old.Name == q.Name {
				q.Hints = old.Hints
			}
		}
		if q.Kind != "choice" && q.Kind != "choices" {
			q.Options = nil
		}
		questions = append(questions, q)
	}
	in.Questions = &questions
	return in
}

// formErrors names the fields of the API as the page does.
func formErrors(wrong map[string]string) map[string]string {
	out := map[string]string{}
	for name, detail := range wrong {
		switch {
		case strings.HasPrefix(name, "wordings."):
			name = "wording." + strings.TrimPrefix(name, "wordings.")
		case strings.HasPrefix(name, "questions."):
			name = strings.Replace(strings.Replace(name, "questions.", "q.", 1), ".labels", ".label", 1)
			name = strings.Replace(name, ".name", ".kind", 1)
		}
		out[name] = detail
	}
	return out
}

func (o *Office) addForm(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	in := inputOf(c, val, o.People.Site.Languages(ctx), nil)
	f, err := o.Forms.Create(ctx, actor(c), in)
	if wrong := staff.Problems(c, err); wrong != nil {
		return o.formPage(c, http.StatusUnprocessableEntity, nil, val, *in.Topics, formErrors(wrong))
	}
	if err != nil {
		return err
	}
	return o.did(c, nil, formURL(f.Key), "site.forms.made")
}

func (o *Office) changeForm(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	f, err := o.Forms.Get(ctx, o.DB, c.Param("key"))
	if err != nil {
		return err
	}
	in := inputOf(c, val, o.People.Site.Languages(ctx), f)
	_, err = o.Forms.Update(ctx, actor(c), f.Key, in)
	if wrong := staff.Problems(c, err); wrong != nil {
		val["key"], val["kind"] = f.Key, f.Kind
		return o.formPage(c, http.StatusUnprocessableEntity, f, val, *in.Topics, formErrors(wrong))
	}
	return o.did(c, err, formURL(f.Key), "site.desk.saved")
}

func (o *Office) archiveForm(c echo.Context) error {
	archived, told := strings.HasSuffix(c.Path(), "/archive"), "site.forms.restored"
	if archived {
		told = "site.forms.archived_done"
	}
	_, err := o.Forms.Update(c.Request().Context(), actor(c), c.Param("key"), forms.Input{Archived: &archived})
	return o.did(c, err, formURL(c.Param("key")), told)
}

func (o *Office) wordings(c echo.Context) error {
	ctx := c.Request().Context()
	f, err := o.Forms.Get(ctx, o.DB, c.Param("key"))
	if err != nil {
		return err
	}
	v := site.WordingsView{Page: o.page(c, site.NavForms), Back: formURL(f.Key)}
	v.Form = f.Names.In(v.Locale.Tag())
	topics, err := o.topicNames(c, v.Locale)
	if err != nil {
		return err
	}
	list, err := o.Forms.Wordings(ctx, f.ID, allOf)
	if err != nil {
		return err
	}
	for _, w := range list {
		for _, key := range slices.Sorted(maps.Keys(w.Texts)) {
			v.Rows = append(v.Rows, site.WordingRow{Version: w.Version, Language: locale.Name(w.Locale), Topic: topics[key], Text: w.Texts[key], Since: w.Since})
		}
	}
	return staff.Render(c, http.StatusOK, site.Wordings(v))
}

func (o *Office) responses(c echo.Context) error {
	ctx := c.Request().Context()
	f, err := o.Forms.Get(ctx, o.DB, c.Param("key"))
	if err != nil {
		return err
	}
	here, before, all := formURL(f.Key)+"/responses", c.QueryParam("after"), c.QueryParam("show") == "all"
	v := site.ResponsesView{Page: o.page(c, site.NavForms), Back: formURL(f.Key)}
	l := v.Locale
	v.Form = f.Names.In(l.Tag())
	v.Tabs = []ui.Tab{{Label: l.T("site.forms.open"), URL: here, Current: !all}, {Label: l.T("site.requests.part.all"), URL: here + "?show=all", Current: all}}
	list, err := o.Forms.Responses(ctx, f.Key, before, !all, screen.PageSize+1)
	if err != nil {
		return err
	}
	list, v.Pager = screen.Paged(v.Page, list, here, before, func(r forms.Response) string { return r.ID }, "show", c.QueryParam("show"))
	for _, r := range list {
		row := site.ResponseRow{Email: r.Email, PersonURL: personURL(r.SubscriberID), Reference: r.Reference, HandledBy: r.HandledBy, At: r.At}
		row.Answers = strings.Join(f.Told(l, r.Answers), " · ")
		if may(c, access.Marketer) {
			label, value := "site.forms.handle", "1"
			if r.HandledAt != nil {
				label, value = "site.forms.reopen", ""
			}
			row.Handle = &ui.Post{Label: l.T(label), Action: here + "/" + r.ID, Fields: []ui.Hidden{{Name: "handled", Value: value}}}
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, http.StatusOK, site.Responses(v))
}

func (o *Office) handleResponse(c echo.Context) error {
	_, err := o.Forms.Handle(c.Request().Context(), actor(c), c.Param("key"), c.Param("id"), c.FormValue("handled") != "")
	return o.did(c, err, formURL(c.Param("key"))+"/responses", "site.desk.saved")
}
