package office

import (
	"context"
	"net/http"
	"sort"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/notices/broadcasts"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// refresh is after how many seconds the page of a broadcast that sends is read anew.
const refresh = "5"

func (o *Office) broadcast(c echo.Context) error { return o.broadcastPage(c, http.StatusOK, "", nil) }

// broadcastPage is one broadcast; reason and wrong are what was written in the form that refuses it.
func (o *Office) broadcastPage(c echo.Context, status int, reason string, wrong map[string]string) error {
	ctx := c.Request().Context()
	b, err := o.Broadcasts.Get(ctx, o.DB, c.Param("id"))
	if err != nil {
		return err
	}
	v, err := o.described(ctx, o.page(c, site.NavNotices), b)
	if err != nil {
		return err
	}
	if v.Figures, err = o.figures(c, b, v.URL); err != nil {
		return err
	}
	if !v.Waiting() {
		if v.Expected, v.Coverage, err = o.reckoned(ctx, b); err != nil {
			return err
		}
	}
	v.Own = b.Author == actor(c).Person()
	o.look(c, &v, b)
	v.Checks = o.checks(v.Page, b)
	o.allow(c, &v, b, reason, wrong)
	if v.CountURL == "" && (b.Status == broadcasts.Sending || b.Status == broadcasts.Scheduled) {
		c.Response().Header().Set("Refresh", refresh)
	}
	return staff.Render(c, status, site.Broadcast(v))
}

// large says whether a broadcast that has begun has so many people that its figures come after the page.
func (o *Office) large(b *broadcasts.Broadcast) bool { return b.Total > int64(o.CountAtOnce) }

// figures is how those of a broadcast come on the page at an address with parameters.
func (o *Office) figures(c echo.Context, b *broadcasts.Broadcast, url string, kv ...string) (f site.Figures, err error) {
	many := o.large(b)
	if b.StartedAt.IsZero() {
		few, err := o.few(c)
		if err != nil {
			return f, err
		}
		many = !few
	}
	if many {
		f = site.Figures{CountURL: screen.Address(url, append(kv, "count", "1")...), Counted: c.QueryParam("count") != "", Moving: b.Status == broadcasts.Sending}
	}
	return f, nil
}

// described is what a broadcast is, without how it goes.
func (o *Office) described(ctx context.Context, p site.Page, b *broadcasts.Broadcast) (site.BroadcastView, error) {
	l := p.Locale
	v := site.BroadcastView{Page: p, Started: !b.StartedAt.IsZero(), URL: broadcastURL(b.ID), Subject: b.Text.Subject, Status: b.Status, Held: b.HeldFor, Refused: b.RefusedFor, Obligation: b.Obligation, Basis: b.Basis, Jurisdiction: b.Jurisdiction, Brand: b.Brand,
		Author: b.AuthorName, EffectiveAt: b.EffectiveAt, Audience: l.T("site.broadcast.customers")}
	switch {
	case b.Contract != "":
		v.Audience = l.T("site.broadcast.contract_of", "name", b.Contract)
	case b.Segment != "":
		v.Audience, v.AudienceURL = l.T("site.broadcast.segment", "name", b.Segment), site.Path(site.NavSegments)+"/"+b.Segment
	}
	if b.RefusedFor != "" {
		v.RefusedBy = b.ApproverName
	} else {
		v.Approver = b.ApproverName
	}
	if !b.Lead.Zero() {
		v.Lead, v.AcceptBy = leadWords(l, b.Lead), b.Latest()
	}
	if b.Policy.Slug != "" {
		policy, err := o.Policies.Get(ctx, o.DB, b.Policy.Slug)
		if err != nil {
			return v, err
		}
		v.PolicyName = l.T("site.policies.title", "name", policy.Names.In(l.Tag()), "version", b.Policy.Version)
		v.PolicyURL = versionURL(b.Policy.Slug, b.Policy.Version)
	}
	if b.Trial > 0 && b.Status == broadcasts.Sending {
		v.Trial = int(b.Trial)
	}
	v.History = history(p, b)
	return v, nil
}

// reckoned is whom it would reach, before it begins, or else how it stands.
func (o *Office) reckoned(ctx context.Context, b *broadcasts.Broadcast) (*site.ExpectedView, *site.CoverageView, error) {
	if b.StartedAt.IsZero() {
		e, err := o.Broadcasts.Explain(ctx, b)
		v := expectedOf(e)
		return &v, nil, err
	}
	covered, err := o.Broadcasts.Coverage(ctx, b)
	v := coverageOf(covered)
	return nil, &v, err
}

func expectedOf(e broadcasts.Explanation) site.ExpectedView {
	v := site.ExpectedView{Addressed: int(e.Addressed), Deliverable: int(e.Deliverable), Elsewhere: int(e.Elsewhere)}
	for reason, n := range e.ByReason {
		v.ByReason = append(v.ByReason, site.Count{Reason: reason, N: int(n)})
	}
	for tag, n := range e.ByLanguage {
		v.ByLanguage = append(v.ByLanguage, site.Count{Reason: tag, N: int(n)})
	}
	for _, list := range [][]site.Count{v.ByReason, v.ByLanguage} {
		sort.Slice(list, func(i, j int) bool {
			return list[i].N > list[j].N || list[i].N == list[j].N && list[i].Reason < list[j].Reason
		})
	}
	return v
}

// look puts the mail on the page, in a language.
func (o *Office) look(c echo.Context, v *site.BroadcastView, b *broadcasts.Broadcast) {
	ctx := c.Request().Context()
	v.Language = c.QueryParam("language")
	if v.Language == "" {
		v.Language = o.People.Site.Languages(ctx)[0]
	}
	v.FrameURL = screen.Address(v.URL+"/frame", "language", v.Language)
	for _, tag := range o.People.Site.Languages(ctx) {
		v.Languages = append(v.Languages, ui.Tab{Label: localeName(tag), URL: screen.Address(v.URL, "language", tag), Current: tag == v.Language})
	}
	v.Reads = v.Subject
	if mail, err := o.Broadcasts.Preview(ctx, b, v.Language); err == nil { // the frame says what is wrong
		v.Reads = mail.Subject
	}
}

func (o *Office) broadcastFrame(c echo.Context) error {
	ctx := c.Request().Context()
	b, err := o.Broadcasts.Get(ctx, o.DB, c.Param("id"))
	if err != nil {
		return err
	}
	mail, err := o.Broadcasts.Preview(ctx, b, c.QueryParam("language"))
	if err != nil {
		return err
	}
	return staff.Frame(c, mail.HTML)
}

// checks are what was looked at before anybody approves.
func (o *Office) checks(p site.Page, b *broadcasts.Broadcast) []site.Check {
	if b.Status != broadcasts.InReview {
		return nil
	}
	l := p.Locale
	out := []site.Check{{Text: l.T("site.broadcast.check_text"), Tone: ui.Good}}
	if b.Policy.Slug != "" {
		out = append(out, site.Check{Text: l.T("site.broadcast.check_policy"), Tone: ui.Good})
	}
	if !b.Lead.Zero() {
		by, lead := when(p, b.Latest()), leadWords(l, b.Lead)
		if b.Latest().Before(o.Now()) {
			out = append(out, site.Check{Text: l.T("site.broadcast.check_lead_bad", "lead", lead, "by", by), Tone: ui.Bad})
		} else {
			out = append(out, site.Check{Text: l.T("site.broadcast.check_lead", "lead", lead, "by", by), Tone: ui.Good})
		}
	}
	if b.Locale != "" {
		names := []string{localeName(b.Locale)}
		for _, tag := range sortedTags(b.Translations) {
			names = append(names, localeName(tag))
		}
		out = append(out, site.Check{Text: l.T("site.broadcast.check_languages", "languages", strings.Join(names, ", ")), Tone: ui.Good})
	}
	return out
}

func sortedTags(texts map[string]broadcasts.Text) (tags []string) {
	for tag := range texts {
		tags = append(tags, tag)
	}
	sort.Strings(tags)
	return tags
}

// allow puts on the page what this person may do with the broadcast now.
func (o *Office) allow(c echo.Context, v *site.BroadcastView, b *broadcasts.Broadcast, reason string, wrong map[string]string) {
	l, here := v.Locale, v.URL
	if !b.StartedAt.IsZero() {
		v.Links = append(v.Links, ui.Link{Label: l.T("site.notices.coverage"), URL: here + "/coverage"}, ui.Link{Label: l.T("site.broadcast.print"), URL: here + "/paper"})
	}
	if b.RefusedFor != "" && screen.May(c, writers...) {
		v.AgainURL = screen.Address(site.Path(site.NavNotices)+"/new", "from", b.ID)
	}
	if b.Status == broadcasts.InReview && !v.Own && screen.May(c, approvers...) {
		form := ui.FormOf{Action: here + "/refuse", Submit: l.T("site.broadcast.refuse_do"), Danger: true, Fields: []ui.Field{{Name: "reason", Kind: "textarea", Rows: 3, Label: l.T("site.broadcast.refuse_reason"), Value: reason, Required: true, MaxLength: 1000}}}.WithErrors(wrong)
		v.Refuse = &form
	}
	if !screen.May(c, access.PrivacyOfficer, access.Approver) {
		return
	}
	if !b.HeldAt.IsZero() {
		v.Posts = append(v.Posts, ask(v.Page, "site.broadcast.resume", here+"/resume", "play", ui.Good))
	}
	if b.Status != broadcasts.Finished && b.Status != broadcasts.Cancelled {
		v.Posts = append(v.Posts, ask(v.Page, "site.broadcast.cancel", here+"/cancel", "", ui.Bad))
	}
}

// history is the life of a broadcast, the latest first.
func history(p site.Page, b *broadcasts.Broadcast) (out []ui.Entry) {
	add := func(at time.Time, key, who string, tone ui.Tone) {
		if !at.IsZero() {
			out = append([]ui.Entry{{At: when(p, at), Machine: at.UTC().Format(time.RFC3339), Title: p.Locale.T("site.broadcast.history." + key), Text: who, Tone: tone}}, out...)
		}
	}
	add(b.CreatedAt, "written", b.AuthorName, ui.Plain)
	add(b.ApprovedAt, "approved", b.ApproverName, ui.Good)
	add(b.StartedAt, "begun", "", ui.Plain)
	add(b.HeldAt, "held", "", ui.Bad)
	switch {
	case b.RefusedFor != "":
		add(b.FinishedAt, "refused", b.ApproverName, ui.Bad)
	case b.Status == broadcasts.Cancelled:
		add(b.FinishedAt, "cancelled", "", ui.Bad)
	default:
		add(b.FinishedAt, "finished", "", ui.Good)
	}
	return out
}
