package office

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/imports"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (o *Office) registerImports(e *echo.Echo) {
	r := o.at(e, site.NavImports)
	marketer, officer := access.Marketer, access.PrivacyOfficer
	r.Get("", o.imports)
	r.Get("/new", o.newImport, marketer, officer)
	e.POST(site.Path(site.NavImports), o.upload, o.Site.GuardUpload(marketer, officer))
	r.Post("/start", o.startImport, marketer, officer)
	r.Get("/:id", o.importPage)
	r.Get("/:id/live", o.importLive)
	r.Get("/:id/rejects.csv", o.rejects, marketer, officer)
	r.Post("/:id/apply", o.applyImport, marketer, officer)
	r.Get("/:id/undo", o.askUndo, marketer, officer)
	r.Post("/:id/undo", o.undoImport, marketer, officer)
}

func importURL(id string) string { return site.Path(site.NavImports) + "/" + id }

func (o *Office) imports(c echo.Context) error {
	path, before := site.Path(site.NavImports), c.QueryParam("after")
	v := site.ImportsView{Page: o.page(c, site.NavImports)}
	v.Write = may(c, access.Marketer, access.PrivacyOfficer)
	list, err := o.Imports.List(c.Request().Context(), before, screen.PageSize+1)
	if err != nil {
		return err
	}
	list, v.Pager = screen.Paged(v.Page, list, path, before, func(i *imports.Import) string { return i.ID })
	for _, i := range list {
		v.Rows = append(v.Rows, importRow(i))
	}
	return staff.Render(c, http.StatusOK, site.Imports(v))
}

func importRow(i *imports.Import) site.ImportRow {
	row := site.ImportRow{URL: importURL(i.ID), File: i.FileName, By: i.By(), Status: i.Status, DryRun: i.DryRun, Rows: int(i.Rows), Created: int(i.Created), At: i.CreatedAt}
	for _, n := range i.Skipped {
		row.Skipped += int(n)
	}
	return row
}

// newImport asks for a file and, of one that was uploaded, what its columns are.
func (o *Office) newImport(c echo.Context) error {
	id := c.QueryParam("upload")
	if id == "" {
		return staff.Render(c, http.StatusOK, site.ImportForm(site.ImportFormView{Page: o.page(c, site.NavImports), Action: site.Path(site.NavImports)}))
	}
	p, err := o.Imports.Pending(actor(c), id)
	if err != nil {
		return err
	}
	val := map[string]string{}
	for i, column := range p.Columns {
		val["map."+strconv.Itoa(i)] = column.Guess
	}
	return o.mapping(c, http.StatusOK, p, val, nil, nil)
}

// ownField is the choice that a column becomes an attribute of its name.
const ownField = "attributes"

func (o *Office) mapping(c echo.Context, status int, p *imports.Pending, val map[string]string, ticked []string, wrong map[string]string) error {
	v := site.ImportFormView{Page: o.page(c, site.NavImports), Action: site.Path(site.NavImports) + "/start", Values: val, Ticked: ticked, Errors: wrong, File: p.FileName, Upload: p.ID}
	var err error
	if v.Topics, err = o.topics(c.Request().Context(), v.Locale); err != nil {
		return err
	}
	v.Targets = []ui.Option{{Value: "", Label: v.Locale.T("site.imports.left_out")}}
	for _, field := range imports.Fields() {
		if field != ownField { // a column of JSON is for the API; here it is a field of one's own
			v.Targets = append(v.Targets, ui.Option{Value: field, Label: v.Locale.T("site.imports.field." + field)})
		}
	}
	v.Targets = append(v.Targets, ui.Option{Value: ownField, Label: v.Locale.T("site.imports.attribute")})
	for i, column := range p.Columns {
		v.Columns = append(v.Columns, site.ImportColumn{Name: column.Name, Sample: strings.Join(column.Samples, " · "), Target: val["map."+strconv.Itoa(i)]})
	}
	return staff.Render(c, status, site.ImportForm(v))
}

func (o *Office) startImport(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	p, err := o.Imports.Pending(actor(c), val["upload"])
	if err != nil {
		return err
	}
	ticked := c.Request().Form["topics"]
	in := imports.Request{FileName: p.FileName, Mapping: imports.Mapping{}, DryRun: val["dry_run"] != ""}
	for i, column := range p.Columns {
		field := val["map."+strconv.Itoa(i)]
		if field == ownField {
			field = ownField + "." + attributeName(column.Name)
		}
		if field != "" {
			in.Mapping[column.Name] = field
		}
	}
	page := o.page(c, site.NavImports)
	if len(ticked) > 0 {
		e := &imports.Evidence{Topics: ticked, Action: val["action"], Source: strings.TrimSpace(val["source"]), Wording: strings.TrimSpace(val["wording"]), URL: strings.TrimSpace(val["url"]),
			Document: strings.TrimSpace(val["document"]), Confirmed: val["confirmed"] != ""}
		at, bad := screen.Moment(page, "collected_at", val["collected_at"])
		if !at.IsZero() {
			e.CollectedAt = &preferences.Date{Time: at}
		}
		in.Evidence, err = e, bad
	}
	var imp *imports.Import
	if err == nil && len(in.Mapping) == 0 { // without any, the names would be gone by
		err = problem.Invalid("mapping", page.Locale.T("site.imports.no_email"))
	}
	if err == nil {
		var f *imports.Spool
		if f, err = o.Imports.Release(actor(c), p.ID); err == nil {
			imp, err = o.Imports.Create(ctx, actor(c), f, in)
		}
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return o.mapping(c, http.StatusUnprocessableEntity, p, val, ticked, ofForm(wrong))
	}
	if err != nil {
		return err
	}
	o.Imports.Kick()
	return c.Redirect(http.StatusSeeOther, importURL(imp.ID))
}

// ofForm names the fields of a request as the form does.
func ofForm(wrong map[string]string) map[string]string {
	out := map[string]string{}
	for name, detail := range wrong {
		switch name = strings.TrimPrefix(name, "evidence."); name {
		case "mapping", "file":
			name = ""
		case "topic":
			name = "topics"
		}
		out[name] = detail
	}
	return out
}

// attributeName makes the name of an attribute of the heading of a column.
func attributeName(heading string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, strings.TrimSpace(heading))
	if name = strings.Trim(name, "_"); name == "" {
		return "column"
	}
	return name[:min(len(name), 60)]
}

// mistakesShown is how many refused lines the page itself shows.
const mistakesShown = 20

func (o *Office) importView(c echo.Context, i *imports.Import) site.ImportView {
	v := site.ImportView{Page: o.page(c, site.NavImports), ImportRow: importRow(i), Done: int(i.Done), Size: int(i.Size), Updated: int(i.Updated), Confirmations: int(i.Confirmations),
		SkippedBy: counts(i.Skipped), PartlyBy: counts(i.Partly), LiveURL: importURL(i.ID) + "/live"}
	v.Failure = site.Told(v.Locale, i.Failure)
	for _, e := range i.Errors[:min(len(i.Errors), mistakesShown)] {
		v.Mistakes = append(v.Mistakes, site.Mistake{Line: e.Line, Text: mistake(v.Locale, e)})
	}
	v.MoreMistakes = max(len(i.Errors), int(i.Skipped["invalid"])) - len(v.Mistakes) // an import remembers the first mistakes only
	if u := i.Undone; u != nil {
		v.Undone = &site.ImportUndone{Removed: int(u.Removed), Restored: int(u.Restored), Kept: int(u.Kept)}
	}
	return v
}

// mistake is what is wrong with a line.
func mistake(l *locale.Locale, e imports.RowError) string {
	if e.Field == "" {
		return l.Said(e.Detail)
	}
	return site.FieldName(l, e.Field) + ": " + l.Said(e.Detail)
}

func counts(by map[string]int64) []site.Count {
	var out []site.Count
	for reason, n := range by {
		out = append(out, site.Count{Reason: reason, N: int(n)})
	}
	slices.SortFunc(out, func(a, b site.Count) int { return cmp.Or(b.N-a.N, strings.Compare(a.Reason, b.Reason)) })
	return out
}

func (o *Office) importPage(c echo.Context) error {
	i, err := o.Imports.Get(c.Request().Context(), o.DB, c.Param("id"))
	if err != nil {
		return err
	}
	v := o.importView(c, i)
	l := v.Locale
	v.Settings = o.settings(c, v.Page, i)
	if may(c, access.Marketer, access.PrivacyOfficer) {
		if len(v.SkippedBy)+len(v.PartlyBy) > 0 {
			v.RejectsURL = importURL(i.ID) + "/rejects.csv"
		}
		if o.Imports.Repeatable(i) {
			post := ask(v.Page, "site.imports.apply", importURL(i.ID)+"/apply", ui.Good)
			v.Posts = []ui.Post{post}
		}
		if i.Status == imports.StatusFinished && !i.DryRun {
			v.Actions = []ui.Link{{Label: l.T("site.imports.see"), URL: site.Path(site.NavSubscribers)}}
		}
		if o.Imports.Undoable(i) == nil {
			v.Actions = append(v.Actions, ui.Link{Label: l.T("site.imports.undo.link"), URL: importURL(i.ID) + "/undo"})
		}
	}
	return staff.Render(c, http.StatusOK, site.Import(v))
}

// settings are what an import was told to do.
func (o *Office) settings(c echo.Context, p site.Page, i *imports.Import) []site.Header {
	l := p.Locale
	var out []site.Header
	add := func(name, value string) {
		if value != "" {
			out = append(out, site.Header{Name: name, Value: value})
		}
	}
	if e := i.Evidence; e != nil {
		topics := append([]string{}, e.Topics...)
		if e.Topic != "" {
			topics = append(topics, e.Topic)
		}
		if named, err := o.topics(c.Request().Context(), l, topics...); err == nil {
			for i, key := range topics {
				if at := slices.IndexFunc(named, func(t ui.Option) bool { return t.Value == key }); at >= 0 {
					topics[i] = named[at].Label
				}
			}
		}
		add(l.T("site.nav.topics"), strings.Join(topics, ", "))
		add(l.T("site.person.action"), l.T("site.person."+cmp.Or(e.Action, "give")))
		add(l.T("site.person.source"), e.Source)
		add(l.T("site.person.wording"), e.Wording)
		if e.CollectedAt != nil {
			add(l.T("site.person.collected"), l.DateTime(e.CollectedAt.Time, p.Zone))
		}
		add(l.T("site.person.proof"), e.URL)
		add(l.T("site.imports.document"), e.Document)
	}
	var columns []string
	for column, field := range i.Mapping {
		name, own := strings.CutPrefix(field, ownField+".")
		if key := "site.imports.field." + field; !own && l.Has(key) {
			name = l.T(key)
		}
		columns = append(columns, column+" → "+name)
	}
	slices.Sort(columns)
	add(l.T("site.imports.columns"), strings.Join(columns, ", "))
	return out
}

func (o *Office) rejects(c echo.Context) error {
	ctx := c.Request().Context()
	i, err := o.Imports.Get(ctx, o.DB, c.Param("id"))
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="rejects-`+i.ID+`.csv"`)
	c.Response().WriteHeader(http.StatusOK)
	return o.Imports.Rejects(ctx, i, c.Response())
}

// applyImport carries out what a dry run has tried.
func (o *Office) applyImport(c echo.Context) error {
	i, err := o.Imports.Again(c.Request().Context(), actor(c), c.Param("id"))
	if err != nil {
		return o.did(c, err, importURL(c.Param("id")), "")
	}
	o.Imports.Kick()
	return o.did(c, nil, importURL(i.ID), "site.imports.applied")
}

func (o *Office) askUndo(c echo.Context) error {
	ctx := c.Request().Context()
	i, err := o.Imports.Get(ctx, o.DB, c.Param("id"))
	if err != nil {
		return err
	}
	if err := o.Imports.Undoable(i); err != nil {
		return o.did(c, err, importURL(i.ID), "")
	}
	u, err := o.Imports.Foresee(ctx, i.ID)
	if err != nil {
		return err
	}
	here := importURL(i.ID)
	return staff.Render(c, http.StatusOK, site.ImportUndo(site.ImportUndoView{Page: o.page(c, site.NavImports), File: i.FileName, Action: here + "/undo", Back: here, Removed: u.Removed, Restored: u.Restored, Changed: u.Changed}))
}

func (o *Office) undoImport(c echo.Context) error {
	_, err := o.Imports.Undo(c.Request().Context(), actor(c), c.Param("id"))
	if err == nil {
		o.Imports.Kick()
	}
	return o.did(c, err, importURL(c.Param("id")), "site.imports.undo.begun")
}
