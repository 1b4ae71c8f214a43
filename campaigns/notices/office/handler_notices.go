package office

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/campaigns/evidence"
	"assent/campaigns/notices"
	"assent/campaigns/outbox"
	"assent/preferences/address"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// single is where the pages of single notices begin, below those of broadcasts.
const single = "/single"

func (o *Office) registerNotices(r screen.Routes) {
	r.Get(single, o.singles)
	r.Get(single+"/new", o.newNotice, writers...)
	r.Post(single, o.sendNotice, writers[0])
	r.Post(single+"/check", o.checkNotice, writers[0])
	r.Get(single+"/preview", o.noPreview, writers...)
	r.Post(single+"/preview", o.previewNotice, writers[0])
	r.Get(single+"/:id", o.notice)
	r.Get(single+"/:id/proof", o.proof)
	r.Get(single+"/:id/proof.json", o.proofJSON)
	r.Get(single+"/:id/proof.txt", o.proofText)
	r.Get(single+"/:id/mail", o.mail, readers...)
	r.Get(single+"/:id/source", o.source, readers...)
	r.Get(single+"/:id/mail.eml", o.raw, readers...)
}

func noticeURL(id string) string { return site.Path(site.NavNotices) + single + "/" + id }

func personURL(id string) string {
	if id == "" {
		return ""
	}
	return site.Path(site.NavSubscribers) + "/" + id
}

// subjectOf is what a notice is called in a list: its subject, or what kind it is.
func subjectOf(p site.Page, m *outbox.Message) string {
	if m.Subject != "" || m.Kind == outbox.KindBlocks {
		return m.Subject
	}
	return site.NoticeTemplate(p, m.Kind)
}

func (o *Office) singles(c echo.Context) error {
	ctx, after := c.Request().Context(), c.QueryParam("after")
	base := site.Path(site.NavNotices)
	v := site.NoticesView{Page: o.page(c, site.NavNotices), SinglesURL: base + single}
	v.Search, v.Chosen, v.Write = strings.TrimSpace(c.QueryParam("q")), map[string]string{"status": c.QueryParam("status"), "obligation": c.QueryParam("obligation")}, screen.May(c, writers...)
	f := notices.Filter{Status: v.Chosen["status"], Obligation: v.Chosen["obligation"], Reference: v.Search, Single: true}
	if parsed, err := address.Parse(v.Search); err == nil { // a person: also what broadcasts sent them
		f.Email, f.Reference, f.Single = parsed.Display, "", false
	}
	list, err := o.Notices.List(ctx, f, after, screen.PageSize+1)
	if err != nil {
		return err
	}
	list, v.Pager = screen.Paged(v.Page, list, v.SinglesURL, after, func(m *outbox.Message) string { return m.ID }, "q", v.Search, "status", v.Chosen["status"], "obligation", v.Chosen["obligation"])
	for _, m := range list {
		v.Rows = append(v.Rows, site.NoticeRow{Subject: subjectOf(v.Page, m), URL: noticeURL(m.ID), Obligation: m.Obligation, Status: m.Status, To: m.Email, Reference: m.Reference, At: m.CreatedAt})
	}
	return staff.Render(c, http.StatusOK, site.Notices(v))
}

func (o *Office) notice(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := o.Notices.Get(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	here := noticeURL(m.ID)
	v := site.NoticeView{Page: o.page(c, site.NavNotices), Status: m.Status, Reason: m.Reason, To: m.Email, PersonURL: personURL(m.SubscriberID), Obligation: m.Obligation, Basis: m.Basis, Reference: m.Reference, At: m.CreatedAt,
		ProofURL: here + "/proof", JSONURL: here + "/proof.json"}
	l := v.Locale
	v.Subject = subjectOf(v.Page, m)
	if m.BroadcastID != "" {
		v.BroadcastURL = broadcastURL(m.BroadcastID)
	} else if m.Kind != outbox.KindBlocks {
		v.Template = m.Kind
	}
	if m.CopyOf != "" {
		v.OriginalURL = noticeURL(m.CopyOf)
	}
	if err := o.deliveries(c, m, &v); err != nil {
		return err
	}
	p, err := o.Notices.Proof(ctx, m.ID)
	if err != nil {
		return err
	}
	for _, a := range p.Attempts {
		e := ui.Entry{At: when(v.Page, a.At), Machine: a.At.Format("2006-01-02T15:04:05Z"), Title: l.T("site.notice.attempt", "n", a.N), Text: strings.Join(notEmpty(a.Relay, a.TLS, a.Reply), " · "), Badge: site.DeliveryStatus(l, a.Outcome), Tone: tones[a.Outcome]}
		v.Attempts = append(v.Attempts, e)
	}
	for _, e := range p.Evidence {
		v.Evidence = append(v.Evidence, evidenceOf(v.Page, e))
	}
	switch {
	case !screen.May(c, readers...):
		v.Unseen = l.T("site.notice.hidden")
	case p.MailKept:
		v.Files = filesOf(m)
		v.FrameURL, v.TextURL, v.RawURL = here+"/mail", here+"/source", here+"/mail.eml"
		v.Sound = &p.MailSound
	case m.SHA256 != "":
		v.Unseen = l.T("site.notice.gone")
	case m.Status == outbox.StatusQueued || m.Status == outbox.StatusSending || m.Status == outbox.StatusDeferred:
		v.Unseen = l.T("site.notice.waiting")
	default:
		v.Unseen = l.T("site.notice.not_sent")
	}
	return staff.Render(c, http.StatusOK, site.Notice(v))
}

var tones = map[string]ui.Tone{outbox.StatusSent: ui.Good, outbox.StatusDeferred: ui.Warn, outbox.StatusBounced: ui.Bad, outbox.StatusUnserved: ui.Bad}

// deliveries are the mail to the person and those to others whom it concerns.
func (o *Office) deliveries(c echo.Context, m *outbox.Message, v *site.NoticeView) error {
	ctx := c.Request().Context()
	row := func(one *outbox.Message) site.NoticeDelivery {
		d := site.NoticeDelivery{To: one.Email, Status: one.Status, Reason: one.Reason, Relay: one.Relay, Reply: one.Reply, Copy: one.CopyOf != "", At: one.At}
		if one.ID != m.ID {
			d.URL = noticeURL(one.ID)
		}
		return d
	}
	v.Deliveries = append(v.Deliveries, row(m))
	ids, err := o.Notices.Outbox.CopiesOf(ctx, m.ID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		one, err := o.Notices.Get(ctx, id)
		if err != nil {
			return err
		}
		v.Deliveries = append(v.Deliveries, row(one))
	}
	return nil
}

func evidenceOf(p site.Page, e evidence.Record) site.EvidenceRow {
	out := site.EvidenceRow{Title: p.Locale.T("site.notice.event." + e.Event), Sound: e.Sound, Erased: e.Content == "", At: e.At}
	if out.Erased {
		out.Title = p.Locale.T("site.notices.evidence")
	}
	for _, h := range []site.Header{{Name: "SHA-256", Value: e.SHA256}, {Name: "Message-ID", Value: e.MessageID}, {Name: "Relay", Value: e.Relay}, {Name: "TLS", Value: e.TLS}, {Name: "SMTP", Value: e.Reply}, {Name: "Status", Value: e.Reason}, {Name: "UTC", Value: e.At.UTC().Format("2006-01-02 15:04:05.000000")}, {Name: "Hash", Value: e.Hash}} {
		if h.Value != "" && !(out.Erased && h.Name == "UTC") {
			out.Facts = append(out.Facts, h)
		}
	}
	return out
}

func notEmpty(list ...string) (out []string) {
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (o *Office) proved(c echo.Context) (notices.Proof, error) {
	return o.Notices.Proof(c.Request().Context(), c.Param("id"))
}

func (o *Office) proof(c echo.Context) error {
	p, err := o.proved(c)
	if err != nil {
		return err
	}
	here := noticeURL(p.Notice)
	v := site.NoticeProofView{Page: o.page(c, site.NavNotices), Subject: p.Subject, BackURL: here, Text: p.Text(), JSONURL: here + "/proof.json", TextURL: here + "/proof.txt"}
	if v.Subject == "" {
		v.Subject = p.To
	}
	return staff.Render(c, http.StatusOK, site.NoticeProof(v))
}

func (o *Office) proofJSON(c echo.Context) error {
	p, err := o.proved(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="proof-`+p.Notice+`.json"`)
	return c.JSONPretty(http.StatusOK, p, "  ")
}

func (o *Office) proofText(c echo.Context) error {
	p, err := o.proved(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="proof-`+p.Notice+`.txt"`)
	return c.String(http.StatusOK, p.Text())
}

// mail is the bare mail for the frame.
func (o *Office) mail(c echo.Context) error {
	raw, err := o.Notices.Raw(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	html, text := o.Open(raw)
	if html == "" {
		html = plain(text)
	}
	return staff.Frame(c, html)
}

func (o *Office) source(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := o.Notices.Get(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	raw, err := o.Notices.Raw(ctx, m.ID)
	if err != nil {
		return err
	}
	v := site.NoticeProofView{Page: o.page(c, site.NavNotices), BackURL: noticeURL(m.ID), Text: strings.ReplaceAll(strings.ToValidUTF8(string(raw), "\uFFFD"), "\x00", "\uFFFD"), TextURL: noticeURL(m.ID) + "/mail.eml"}
	if v.Subject = subjectOf(v.Page, m); v.Subject == "" {
		v.Subject = m.Email
	}
	return staff.Render(c, http.StatusOK, site.NoticeSource(v))
}

func (o *Office) raw(c echo.Context) error {
	raw, err := o.Notices.Raw(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+c.Param("id")+`.eml"`)
	return c.Blob(http.StatusOK, "message/rfc822", raw)
}

// frameLanguage is the one that a preview is asked for in.
func frameLanguage(c echo.Context) (string, error) {
	tag := c.QueryParam("language")
	for _, known := range locale.Languages() {
		if tag == known || tag == "" {
			return tag, nil
		}
	}
	return "", problem.Invalid("language", "must be one of the site's languages")
}

// filesOf names the files that went with a notice, and how large they are.
func filesOf(m *outbox.Message) (out []string) {
	var list []outbox.Attachment
	if json.Unmarshal(m.Attachments, &list) != nil { // none
		return nil
	}
	for _, a := range list {
		out = append(out, fmt.Sprintf("%s (%d KB)", a.Filename, (len(a.Content)+1023)/1024))
	}
	return out
}
