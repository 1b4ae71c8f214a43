package office

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/policies"
	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// newBroadcast begins with nothing, about a version of a policy, or with the text of one that was refused.
func (o *Office) newBroadcast(c echo.Context) error {
	ctx := c.Request().Context()
	val, again := map[string]string{"audience": "customers", "obligation": "terms_change", "basis": "contract"}, ""
	if id := c.QueryParam("from"); id != "" {
		b, err := o.Broadcasts.Get(ctx, o.DB, id)
		if err != nil {
			return err
		}
		val, again = o.written(o.page(c, site.NavNotices), b, o.People.Site.Languages(ctx)), b.RefusedFor
	}
	if slug, version, ok := strings.Cut(c.QueryParam("policy"), "/"); ok {
		p, err := o.Policies.Get(ctx, o.DB, slug)
		if err != nil {
			return err
		}
		v, err := o.Policies.Version(ctx, o.DB, p, version)
		if err != nil {
			return err
		}
		val["policy"], val["effective_at"] = slug+"/"+version, screen.Clock(o.page(c, site.NavNotices), v.EffectiveAt)
		if strings.Contains(slug, "privacy") {
			val["obligation"], val["basis"] = "privacy_change", "legal_obligation"
		}
	}
	return o.broadcastForm(c, http.StatusOK, val, nil, again)
}

// written is a broadcast as the form has it.
func (o *Office) written(p site.Page, b *broadcasts.Broadcast, languages []string) map[string]string {
	val := map[string]string{"obligation": b.Obligation, "basis": b.Basis, "jurisdiction": b.Jurisdiction, "brand": b.Brand, "effective_at": screen.Clock(p, b.EffectiveAt), "audience": "customers", "contract": b.Contract}
	switch {
	case b.Contract != "":
		val["audience"] = "contract"
	case b.Segment != "":
		val["audience"] = "segment:" + b.Segment
	}
	if b.Policy.Slug != "" {
		val["policy"] = b.Policy.Slug + "/" + b.Policy.Version
	}
	put := func(tag string, t broadcasts.Text) {
		var blocks []struct{ Markdown, Text string }
		_ = json.Unmarshal(t.Blocks, &blocks) // what was written through the API with other blocks is written anew
		var texts []string
		for _, block := range blocks {
			if text := block.Markdown + block.Text; text != "" {
				texts = append(texts, text)
			}
		}
		val["subject."+tag], val["text."+tag] = t.Subject, strings.Join(texts, "\n\n")
	}
	first := b.Locale
	if first == "" {
		first = languages[0]
	}
	put(first, b.Text)
	for tag, t := range b.Translations {
		put(tag, t)
	}
	return val
}

func (o *Office) broadcastForm(c echo.Context, status int, val, wrong map[string]string, again string) error {
	ctx := c.Request().Context()
	v := site.BroadcastFormView{Page: o.page(c, site.NavNotices), Action: site.Path(site.NavNotices), Values: val, Errors: wrong, Languages: o.People.Site.Languages(ctx), Again: again, Checked: val["do"] == "check" && len(wrong) == 0}
	l := v.Locale
	list, err := o.Segments.List(ctx, "", allOf)
	if err != nil {
		return err
	}
	for _, s := range list {
		v.Segments = append(v.Segments, ui.Option{Value: s.Key, Label: s.Name})
	}
	if v.Brands, err = o.brandOptions(ctx); err != nil {
		return err
	}
	if v.Contracts, err = o.Broadcasts.Contracts(ctx); err != nil {
		return err
	}
	v.Jurisdictions = slices.Sorted(maps.Keys(broadcasts.Jurisdictions))
	about, err := o.Policies.List(ctx, "", allOf)
	if err != nil {
		return err
	}
	for _, p := range about {
		if p, err = o.Policies.Get(ctx, o.DB, p.Slug); err != nil {
			return err
		}
		for _, version := range p.Versions {
			if version.Status != policies.Current && version.Status != policies.Superseded {
				v.Policies = append(v.Policies, ui.Option{Value: p.Slug + "/" + version.Version, Label: l.T("site.policies.title", "name", p.Names.In(l.Tag()), "version", version.Version)})
			}
		}
	}
	in, _ := o.broadcastInput(v.Page, val, v.Languages) // what cannot be read is told at its field already
	b, _ := o.Broadcasts.Check(ctx, actor(c), in)
	says, err := o.says(c, v.Page, b)
	if err != nil {
		return err
	}
	v.Lead, v.Who = says["lead"], says["who"]
	return staff.Render(c, status, site.BroadcastForm(v))
}

// broadcastInput is what the form says, as the API would take it.
func (o *Office) broadcastInput(p site.Page, val map[string]string, languages []string) (in broadcasts.Input, err error) {
	in = broadcasts.Input{Obligation: val["obligation"], Basis: val["basis"], Jurisdiction: val["jurisdiction"], Brand: val["brand"], Locale: languages[0], Subject: strings.TrimSpace(val["subject."+languages[0]]), Blocks: textBlocks(val["text."+languages[0]])}
	switch key, isSegment := strings.CutPrefix(val["audience"], "segment:"); {
	case isSegment:
		in.Audience.Segment = key
	case val["audience"] == "contract":
		in.Audience.Contract = val["contract"]
	default:
		in.Audience.Customers = true
	}
	if slug, version, ok := strings.Cut(val["policy"], "/"); ok {
		in.Policy = &broadcasts.Policy{Slug: slug, Version: version}
	}
	in.Translations = map[string]broadcasts.Text{}
	for _, tag := range languages[1:] {
		if subject, text := strings.TrimSpace(val["subject."+tag]), strings.TrimSpace(val["text."+tag]); subject+text != "" {
			in.Translations[tag] = broadcasts.Text{Subject: subject, Blocks: textBlocks(text)}
		}
	}
	in.EffectiveAt, err = screen.Moment(p, "effective_at", val["effective_at"])
	return in, err
}

var ofTranslation = regexp.MustCompile(`^translations\.([\w-]+)\.(.+)$`)

// broadcastFaults puts what is wrong with a broadcast at the fields of the form.
func broadcastFaults(wrong map[string]string, val map[string]string, languages []string) map[string]string {
	out := map[string]string{}
	for field, text := range wrong {
		tag := languages[0]
		if m := ofTranslation.FindStringSubmatch(field); m != nil {
			tag, field = m[1], m[2]
		}
		switch {
		case field == "subject":
			field = "subject." + tag
		case inBlocks.MatchString(field):
			field = "text." + tag
		case strings.HasPrefix(field, "policy"):
			field = "policy"
		case strings.HasPrefix(field, "audience"):
			field = "audience"
			if val["audience"] == "contract" {
				field = "contract"
			}
		}
		if before := out[field]; before != "" && before != text {
			text = before + "; " + text
		}
		out[field] = text
	}
	return out
}

// few says whether there are so few people that they can be counted at every look.
func (o *Office) few(c echo.Context) (bool, error) {
	var n int
	err := o.DB.QueryRowContext(c.Request().Context(), "SELECT count(*) FROM (SELECT 1 FROM subscribers LIMIT $1) s", o.CountAtOnce+1).Scan(&n)
	return n <= o.CountAtOnce, err
}

// says is what a broadcast comes to, in words: its lead time, and whom it is for.
func (o *Office) says(c echo.Context, p site.Page, b *broadcasts.Broadcast) (map[string]string, error) {
	out := map[string]string{}
	if b == nil {
		return out, nil
	}
	l := p.Locale
	out["lead"] = l.T("site.broadcast.lead_none")
	if !b.Lead.Zero() {
		out["lead"] = l.T("site.broadcast.lead_is", "lead", leadWords(l, b.Lead), "earliest", when(p, b.Lead.After(o.Now())))
	}
	few, err := o.few(c)
	if err != nil || !few && screen.Values(c)["do"] != "check" {
		return out, err
	}
	e, err := o.Broadcasts.Explain(c.Request().Context(), b)
	if problems(c, err) != nil { // there is no such segment, or no such policy: said at its field
		return out, nil
	}
	out["who"] = l.T("site.broadcast.who", "addressed", e.Addressed, "unreachable", e.Addressed-e.Deliverable)
	return out, err
}

// looked is the broadcast of the form with all that is wrong with it.
func (o *Office) looked(c echo.Context, val map[string]string) (*broadcasts.Broadcast, map[string]string, error) {
	ctx := c.Request().Context()
	languages := o.People.Site.Languages(ctx)
	p := o.page(c, site.NavNotices)
	in, unread := o.broadcastInput(p, val, languages)
	b, err := o.Broadcasts.Check(ctx, actor(c), in)
	wrong := problems(c, err)
	if err != nil && wrong == nil {
		return nil, nil, err
	}
	wrong = broadcastFaults(wrong, val, languages)
	if b != nil && wrong["effective_at"] != "" && !in.EffectiveAt.IsZero() && b.Latest().Before(o.Now()) {
		wrong["effective_at"] = p.Locale.T("site.broadcast.too_near", "lead", leadWords(p.Locale, b.Lead), "earliest", when(p, b.Lead.After(o.Now()).Add(time.Minute)))
	}
	maps.Copy(wrong, problems(c, unread))
	return b, wrong, nil
}

func (o *Office) checkBroadcast(c echo.Context) error {
	b, wrong, err := o.looked(c, screen.Values(c))
	if err != nil {
		return err
	}
	says, err := o.says(c, o.page(c, site.NavNotices), b)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, answer{Errors: wrong, Says: says})
}

func (o *Office) addBroadcast(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	_, wrong, err := o.looked(c, val)
	if err != nil {
		return err
	}
	switch {
	case len(wrong) > 0:
		return o.broadcastForm(c, http.StatusUnprocessableEntity, val, wrong, "")
	case val["do"] == "check":
		return o.broadcastForm(c, http.StatusOK, val, nil, "")
	}
	in, err := o.broadcastInput(o.page(c, site.NavNotices), val, o.People.Site.Languages(ctx))
	if err != nil {
		return err
	}
	b, err := o.Broadcasts.Create(ctx, actor(c), in)
	if err != nil {
		return o.did(c, err, site.Path(site.NavNotices)+"/new", "")
	}
	return o.did(c, nil, broadcastURL(b.ID), "site.broadcast.created")
}

// previewDraft is the mail that the form would send, in a language.
func (o *Office) previewDraft(c echo.Context) error {
	ctx := c.Request().Context()
	tag, err := frameLanguage(c)
	if err != nil {
		return err
	}
	b, wrong, err := o.looked(c, screen.Values(c))
	if err != nil {
		return err
	}
	title := locale.Get(o.page(c, "").Locale.Tag()).T("site.form.check")
	mail, err := o.Broadcasts.Preview(ctx, b, tag)
	if err != nil {
		if len(wrong) == 0 {
			return fmt.Errorf("office: preview: %w", err)
		}
		return staff.Frame(c, faults(title, wrong))
	}
	for field := range wrong { // a mail that would be refused is shown as such
		if strings.HasPrefix(field, "text.") || strings.HasPrefix(field, "subject.") {
			return staff.Frame(c, faults(title, wrong))
		}
	}
	return staff.Frame(c, mail.HTML)
}
