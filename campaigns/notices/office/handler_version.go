package office

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/policies"
	"assent/campaigns/prose"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func localeName(tag string) string { return locale.Name(tag) }

// found is the policy and the version that the address names.
func (o *Office) found(c echo.Context) (policies.Policy, policies.Version, error) {
	ctx := c.Request().Context()
	p, err := o.Policies.Get(ctx, o.DB, c.Param("slug"))
	if err != nil {
		return p, policies.Version{}, err
	}
	v, err := o.Policies.Version(ctx, o.DB, p, c.Param("version"))
	return p, v, err
}

// newVersion begins with the text of the newest version, because most of it stays.
func (o *Office) newVersion(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := o.Policies.Get(ctx, o.DB, c.Param("slug"))
	if err != nil {
		return err
	}
	val := map[string]string{}
	if len(p.Versions) > 0 {
		latest, err := o.Policies.Version(ctx, o.DB, p, p.Versions[0].Version)
		if err != nil {
			return err
		}
		for tag, body := range latest.Bodies {
			val["bodies."+tag] = body
		}
		val["affects_rights"] = "1"
	}
	return o.versionForm(c, http.StatusOK, p, nil, val, nil)
}

// versionForm writes a version; a nil one is new.
func (o *Office) versionForm(c echo.Context, status int, p policies.Policy, version *policies.Version, val, wrong map[string]string) error {
	v := site.PolicyFormView{Page: o.page(c, site.NavPolicies), Action: policyURL(p.Slug) + "/versions", BackURL: policyURL(p.Slug), Slug: p.Slug, Draft: true, Values: val, Errors: o.named(c, "bodies", wrong), Languages: o.People.Site.Languages(c.Request().Context())}
	v.Name = p.Names.In(v.Locale.Tag())
	if version != nil {
		v.Version, v.Draft, v.Action = version.Version, version.Draft, versionURL(p.Slug, version.Version)
		v.BackURL = v.Action
		for _, tag := range version.Bodies.Languages() { // a text in a language that the site has no pages in stays
			if _, ok := val["bodies."+tag]; ok && !contains(v.Languages, tag) {
				v.Languages = append(v.Languages, tag)
			}
		}
	}
	return staff.Render(c, status, site.PolicyForm(v))
}

func contains(list []string, one string) bool {
	for _, s := range list {
		if s == one {
			return true
		}
	}
	return false
}

// drafted is what the form says of a version.
func (o *Office) drafted(c echo.Context, val map[string]string, languages []string) (policies.Draft, error) {
	at, err := screen.Moment(o.page(c, site.NavPolicies), "effective_at", val["effective_at"])
	return policies.Draft{Version: val["version"], EffectiveAt: at, AffectsRights: val["affects_rights"] != "", Bodies: names.Texts(screen.Texts(val, "bodies", languages)), Hidden: val["do"] == "draft"}, err
}

func (o *Office) addVersion(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	p, err := o.Policies.Get(ctx, o.DB, c.Param("slug"))
	if err != nil {
		return err
	}
	d, err := o.drafted(c, val, o.People.Site.Languages(ctx))
	if err == nil {
		_, err = o.Policies.AddVersion(ctx, actor(c), p.Slug, d)
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		if text, ok := wrong[""]; ok { // the name is taken
			wrong = map[string]string{"version": text}
		}
		return o.versionForm(c, http.StatusUnprocessableEntity, p, nil, val, wrong)
	}
	return o.did(c, err, versionURL(p.Slug, d.Version), saved(d.Hidden))
}

func saved(draft bool) string {
	if draft {
		return "site.policies.drafted"
	}
	return "site.policies.published"
}

func (o *Office) editVersion(c echo.Context) error {
	p, version, err := o.found(c)
	if err != nil {
		return err
	}
	if version.Fixed() {
		return o.did(c, problem.Conflict("The version is fixed; make a new one."), versionURL(p.Slug, version.Version), "")
	}
	val := map[string]string{"effective_at": screen.Clock(o.page(c, site.NavPolicies), version.EffectiveAt)}
	if version.AffectsRights {
		val["affects_rights"] = "1"
	}
	for tag, body := range version.Bodies {
		val["bodies."+tag] = body
	}
	return o.versionForm(c, http.StatusOK, p, &version, val, nil)
}

func (o *Office) changeVersion(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	p, version, err := o.found(c)
	if err != nil {
		return err
	}
	d, err := o.drafted(c, val, append(o.People.Site.Languages(ctx), version.Bodies.Languages()...))
	if err == nil {
		_, err = o.Policies.ChangeVersion(ctx, actor(c), p.Slug, version.Version, func(to *policies.Draft) {
			d.Version, d.Hidden = to.Version, d.Hidden && to.Hidden // what is public stays so
			*to = d
		})
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return o.versionForm(c, http.StatusUnprocessableEntity, p, &version, val, wrong)
	}
	return o.did(c, err, versionURL(p.Slug, version.Version), saved(d.Hidden))
}

// edit changes a version in one thing.
func (o *Office) edit(c echo.Context, key string, change func(*policies.Draft)) error {
	slug, version := c.Param("slug"), c.Param("version")
	_, err := o.Policies.ChangeVersion(c.Request().Context(), actor(c), slug, version, change)
	return o.did(c, err, versionURL(slug, version), key)
}

func (o *Office) dateVersion(c echo.Context) error {
	at, err := screen.Moment(o.page(c, site.NavPolicies), "effective_at", screen.Values(c)["effective_at"])
	if err == nil && at.IsZero() {
		err = problem.Invalid("effective_at", "is required")
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return o.versionPage(c, http.StatusUnprocessableEntity, wrong)
	}
	return o.edit(c, "site.policies.scheduled", func(d *policies.Draft) { d.EffectiveAt = at })
}

func (o *Office) enforceVersion(c echo.Context) error {
	now := o.Now().UTC().Truncate(time.Microsecond)
	return o.edit(c, "site.policies.published", func(d *policies.Draft) { d.EffectiveAt, d.Hidden = now, false })
}

func (o *Office) publishVersion(c echo.Context) error {
	return o.edit(c, "site.policies.published", func(d *policies.Draft) { d.Hidden = false })
}

func (o *Office) dropVersion(c echo.Context) error {
	slug, version := c.Param("slug"), c.Param("version")
	err := o.Policies.DropVersion(c.Request().Context(), actor(c), slug, version)
	to := policyURL(slug)
	if err != nil && !errors.Is(err, policies.ErrNoVersion) {
		to = versionURL(slug, version)
	}
	return o.did(c, err, to, "site.policies.dropped")
}

func (o *Office) version(c echo.Context) error { return o.versionPage(c, http.StatusOK, nil) }

func (o *Office) versionPage(c echo.Context, status int, wrong map[string]string) error {
	p, version, err := o.found(c)
	if err != nil {
		return err
	}
	here := versionURL(p.Slug, version.Version)
	v := site.PolicyVersionView{Page: o.page(c, site.NavPolicies), PolicyURL: policyURL(p.Slug), Version: version.Version, State: string(version.Status), EffectiveAt: version.EffectiveAt, AffectsRights: version.AffectsRights}
	l := v.Locale
	v.Name = p.Names.In(l.Tag())
	if !version.Draft {
		v.PublicURL = o.publicURL(p.Slug, version.Version)
	}
	if version.TakesEffectAt != nil {
		v.TakesEffectAt = *version.TakesEffectAt
	}
	if version.AnnouncedAt != nil {
		v.AnnouncedAt = *version.AnnouncedAt
	}
	wanted := c.QueryParam("language")
	if wanted == "" {
		wanted = l.Tag()
	}
	v.Language = version.Bodies.Language(wanted)
	if v.Body, err = prose.HTML(version.Bodies[v.Language]); err != nil {
		return err
	}
	for _, tag := range version.Bodies.Languages() {
		v.Languages = append(v.Languages, ui.Tab{Label: localeName(tag), URL: screen.Address(here, "language", tag), Current: tag == v.Language})
	}
	about, err := o.Broadcasts.About(c.Request().Context(), p.Slug, version.Version)
	if err != nil {
		return err
	}
	for _, b := range about {
		v.Broadcasts = append(v.Broadcasts, ui.Link{Label: b.Text.Subject + " – " + l.T("site.status."+b.Status), URL: broadcastURL(b.ID)})
	}
	if v.Waits, err = o.waits(c.Request().Context(), v.Page, p.Slug, version, about); err != nil {
		return err
	}
	for i, other := range p.Versions {
		if other.Version == version.Version && i+1 < len(p.Versions) {
			v.Links = append(v.Links, ui.Link{Label: l.T("site.policies.compare_before"), URL: screen.Address(policyURL(p.Slug)+"/changes", "from", p.Versions[i+1].Version, "to", version.Version)})
		}
	}
	if screen.May(c, writers...) {
		o.offer(&v, p.Slug, version, wrong)
	}
	return staff.Render(c, status, site.PolicyVersion(v))
}

// offer puts on the page what can be done with a version now.
func (o *Office) offer(v *site.PolicyVersionView, slug string, version policies.Version, wrong map[string]string) {
	here, l := versionURL(slug, version.Version), v.Locale
	if version.Status != policies.Current && version.Status != policies.Superseded {
		v.Links = append([]ui.Link{{Label: l.T("site.policies.announce"), URL: screen.Address(site.Path(site.NavNotices)+"/new", "policy", slug+"/"+version.Version), Icon: "notices"}}, v.Links...)
	}
	if version.Fixed() {
		return
	}
	v.Links = append(v.Links, ui.Link{Label: l.T("site.policies.edit"), URL: here + "/edit"})
	if version.Draft {
		v.Posts = append(v.Posts, ask(v.Page, "site.policies.publish", here+"/publish", "", ui.Plain))
		v.Posts[len(v.Posts)-1].Label = l.T("site.policies.publish_now")
	}
	if !version.AffectsRights {
		v.Posts = append(v.Posts, ask(v.Page, "site.policies.now", here+"/now", "", ui.Plain))
	}
	v.Posts = append(v.Posts, ui.Post{Label: l.T("site.desk.delete"), Action: here + "/delete", Icon: "trash", Tone: ui.Bad, Back: l.T("site.dialog.back"), Ask: l.T("site.desk.delete_ask"), AskText: l.T("site.policies.drop_text")})
	form := ui.FormOf{Action: here + "/date", Submit: l.T("site.policies.schedule_do"), Fields: []ui.Field{{Name: "effective_at", Kind: "datetime-local", Label: l.T("site.policies.effective"), Value: screen.Clock(v.Page, version.EffectiveAt), Required: true}}}.WithErrors(wrong)
	v.When = &form
}
