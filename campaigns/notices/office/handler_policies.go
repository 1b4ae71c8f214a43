package office

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/campaigns/policies"
	"assent/preferences/names"
	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (o *Office) registerPolicies(r screen.Routes) {
	r.Get("", o.policies)
	r.Get("/new", o.newPolicy, writers...)
	r.Post("", o.addPolicy, writers[0])
	r.Get("/:slug", o.policy)
	r.Post("/:slug", o.renamePolicy, writers[0])
	r.Get("/:slug/new", o.newVersion, writers...)
	r.Post("/:slug/versions", o.addVersion, writers[0])
	r.Get("/:slug/changes", o.changes)
	r.Get("/:slug/versions/:version", o.version)
	r.Get("/:slug/versions/:version/edit", o.editVersion, writers...)
	r.Post("/:slug/versions/:version", o.changeVersion, writers[0])
	r.Post("/:slug/versions/:version/date", o.dateVersion, writers[0])
	r.Post("/:slug/versions/:version/now", o.enforceVersion, writers[0])
	r.Post("/:slug/versions/:version/publish", o.publishVersion, writers[0])
	r.Post("/:slug/versions/:version/delete", o.dropVersion, writers[0])
}

func policyURL(slug string) string { return site.Path(site.NavPolicies) + "/" + slug }

func versionURL(slug, version string) string { return policyURL(slug) + "/versions/" + version }

func (o *Office) publicURL(slug, version string) string {
	return strings.TrimSuffix(o.Base+"/policies/"+slug+"/"+version, "/")
}

func (o *Office) policies(c echo.Context) error {
	ctx, after := c.Request().Context(), c.QueryParam("after")
	v := site.PoliciesView{Page: o.page(c, site.NavPolicies)}
	v.Write = screen.May(c, writers...)
	list, err := o.Policies.List(ctx, after, screen.PageSize+1)
	if err != nil {
		return err
	}
	list, v.Pager = screen.Paged(v.Page, list, site.Path(site.NavPolicies), after, func(p policies.Policy) string { return p.Slug })
	for _, p := range list {
		if p, err = o.Policies.Get(ctx, o.DB, p.Slug); err != nil {
			return err
		}
		row := site.PolicyRow{Slug: p.Slug, URL: policyURL(p.Slug), Name: p.Names.In(v.Locale.Tag())}
		for _, version := range p.Versions { // the latest first: of those to come, the next one is the last
			switch version.Status {
			case policies.Current:
				row.Version, row.Since = version.Version, *version.TakesEffectAt
			case policies.Superseded:
			default:
				row.Coming, row.ComingAt, row.State = version.Version, version.EffectiveAt, string(version.Status)
			}
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, http.StatusOK, site.Policies(v))
}

func (o *Office) newPolicy(c echo.Context) error { return o.policyForm(c, http.StatusOK, nil, nil) }

func (o *Office) policyForm(c echo.Context, status int, val, wrong map[string]string) error {
	return staff.Render(c, status, site.PolicyForm(site.PolicyFormView{Page: o.page(c, site.NavPolicies), Action: site.Path(site.NavPolicies), Values: val, Errors: o.named(c, "names", wrong), Languages: o.People.Site.Languages(c.Request().Context())}))
}

// named puts what is wrong with a text in all its languages at the first of them.
func (o *Office) named(c echo.Context, field string, wrong map[string]string) map[string]string {
	if text, ok := wrong[field]; ok {
		delete(wrong, field)
		wrong[field+"."+o.People.Site.Languages(c.Request().Context())[0]] = text
	}
	return wrong
}

func (o *Office) addPolicy(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	languages := o.People.Site.Languages(ctx)
	p, err := o.Policies.Create(ctx, actor(c), cmp.Or(strings.TrimSpace(val["slug"]), names.KeyOf(val["names."+languages[0]])), names.Texts(screen.Texts(val, "names", languages)))
	if wrong := staff.Problems(c, err); wrong != nil {
		if text, ok := wrong[""]; ok { // the name is taken
			wrong = map[string]string{"slug": text}
		}
		return o.policyForm(c, http.StatusUnprocessableEntity, val, wrong)
	}
	return o.did(c, err, policyURL(p.Slug), "site.policies.made")
}

func (o *Office) policy(c echo.Context) error { return o.policyPage(c, http.StatusOK, nil, nil) }

func (o *Office) policyPage(c echo.Context, status int, val, wrong map[string]string) error {
	ctx := c.Request().Context()
	p, err := o.Policies.Get(ctx, o.DB, c.Param("slug"))
	if err != nil {
		return err
	}
	v := site.PolicyVersionsView{Page: o.page(c, site.NavPolicies), Slug: p.Slug}
	v.Name = p.Names.In(v.Locale.Tag())
	if len(p.Public().Versions) > 0 {
		v.PublicURL = o.publicURL(p.Slug, "")
	}
	if len(p.Versions) > 1 {
		v.CompareURL = policyURL(p.Slug) + "/changes"
	}
	if screen.May(c, writers...) {
		v.NewURL = policyURL(p.Slug) + "/new"
		form := ui.FormOf{Action: policyURL(p.Slug), Submit: v.Locale.T("site.save")}
		for i, tag := range o.People.Site.Languages(ctx) {
			value := p.Names[tag]
			if val != nil {
				value = val["names."+tag]
			}
			form.Fields = append(form.Fields, ui.Field{Name: "names." + tag, Label: v.Locale.T("site.topics.name") + " (" + localeName(tag) + ")", Value: value, Required: i == 0, MaxLength: 200})
		}
		form = form.WithErrors(o.named(c, "names", wrong))
		v.Rename = &form
	}
	about, err := o.about(ctx, p.Slug)
	if err != nil {
		return err
	}
	for i, version := range p.Versions {
		row := site.PolicyVersionRow{Version: version.Version, URL: versionURL(p.Slug, version.Version), State: string(version.Status), EffectiveAt: version.EffectiveAt, AffectsRights: version.AffectsRights, BroadcastURL: about[version.Version]}
		if version.TakesEffectAt != nil {
			row.EffectiveAt = *version.TakesEffectAt
		}
		if i+1 < len(p.Versions) {
			row.ChangesURL = screen.Address(policyURL(p.Slug)+"/changes", "from", p.Versions[i+1].Version, "to", version.Version)
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, status, site.PolicyVersions(v))
}

// about is the page of the newest broadcast about each version that was not called off.
func (o *Office) about(ctx context.Context, slug string) (map[string]string, error) {
	list, err := o.Broadcasts.About(ctx, slug, "")
	out := map[string]string{}
	for _, b := range list {
		if _, newer := out[b.Policy.Version]; !newer && b.Status != "cancelled" {
			out[b.Policy.Version] = broadcastURL(b.ID)
		}
	}
	return out, err
}

func (o *Office) renamePolicy(c echo.Context) error {
	ctx, val, slug := c.Request().Context(), screen.Values(c), c.Param("slug")
	_, err := o.Policies.Rename(ctx, actor(c), slug, names.Texts(screen.Texts(val, "names", o.People.Site.Languages(ctx))))
	if wrong := staff.Problems(c, err); wrong != nil {
		return o.policyPage(c, http.StatusUnprocessableEntity, val, wrong)
	}
	return o.did(c, err, policyURL(slug), "site.policies.renamed")
}

// changes compares two versions: from and to, or else the newest with the one before it.
func (o *Office) changes(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := o.Policies.Get(ctx, o.DB, c.Param("slug"))
	if err != nil {
		return err
	}
	from, to := c.QueryParam("from"), c.QueryParam("to")
	if len(p.Versions) > 0 && to == "" {
		to = p.Versions[0].Version
	}
	for i, version := range p.Versions {
		if from == "" && version.Version == to {
			from = p.Versions[min(i+1, len(p.Versions)-1)].Version
		}
	}
	older, err := o.Policies.Version(ctx, o.DB, p, from)
	if err != nil {
		return err
	}
	newer, err := o.Policies.Version(ctx, o.DB, p, to)
	if err != nil {
		return err
	}
	v := site.PolicyDiffView{Page: o.page(c, site.NavPolicies), PolicyURL: policyURL(p.Slug), Action: policyURL(p.Slug) + "/changes", From: from, To: to, Language: c.QueryParam("language")}
	v.Name = p.Names.In(v.Locale.Tag())
	for _, version := range p.Versions {
		v.Versions = append(v.Versions, ui.Option{Value: version.Version, Label: version.Version + " – " + v.Locale.T("site.policies.state."+string(version.Status))})
	}
	both := names.Texts{}
	for tag := range newer.Bodies {
		if _, ok := older.Bodies[tag]; ok {
			both[tag] = ""
		}
	}
	wanted := v.Language
	if wanted == "" {
		wanted = v.Locale.Tag()
	}
	v.NewerLang = both.Language(wanted)
	v.OlderLanguage = v.NewerLang
	if v.NoLanguage = len(both) == 0; v.NoLanguage {
		v.NewerLang, v.OlderLanguage = newer.Bodies.Language(wanted), older.Bodies.Language(wanted)
	}
	for _, tag := range both.Languages() {
		v.Languages = append(v.Languages, ui.Tab{Label: localeName(tag), URL: screen.Address(v.Action, "from", from, "to", to, "language", tag), Current: tag == v.NewerLang})
	}
	compared := policies.Compare(older.Bodies[v.OlderLanguage], newer.Bodies[v.NewerLang])
	v.Added, v.Removed = compared.Added, compared.Removed
	ops := map[policies.Op]string{policies.Added: "added", policies.Removed: "removed"}
	for _, paragraph := range compared.Paragraphs {
		out := site.DiffParagraph{Kind: paragraph.Kind}
		for _, s := range paragraph.Spans {
			out.Spans = append(out.Spans, site.DiffSpan{Op: ops[s.Op], Text: s.Text})
		}
		v.Paragraphs = append(v.Paragraphs, out)
	}
	return staff.Render(c, http.StatusOK, site.PolicyDiff(v))
}
