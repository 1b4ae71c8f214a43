package desk

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/keys"
	"assent/preferences/web"
	"assent/templates/site"
	"assent/templates/site/ui"
	"assent/workers/mailbox"
)

// pageSize is how many lines a list shows.
const pageSize = 50

// Mailbox serves the built-in mailbox: to the staff as pages, to API keys as JSON. All fields but Real are required.
type Mailbox struct {
	Box  *mailbox.Box
	Site *staff.Site
	Keys *keys.Store
	Real bool // a relay is set for marketing mail
}

// short is the address that is told to whoever starts the product, and that programs read.
const short = "/mailbox"

// Register serves the pages.
func (m *Mailbox) Register(e *echo.Echo) {
	list, see, empty := site.Path(site.NavMailbox), m.Site.Guard(), m.Site.Guard(access.Marketer, access.Approver, access.PrivacyOfficer)
	e.GET(list, m.list, see)
	e.POST(list+"/empty", m.empty, empty)
	e.GET(list+"/:id", m.show, see)
	e.GET(list+"/:id/frame", m.frame, see)
	e.GET(list+"/:id/raw", m.raw, see)
	e.GET(list+"/:id/attachments/:n", m.attachment, see)
	authenticate, read := staff.Authenticate(m.Keys), staff.RequireScope(access.Read)
	program := func(h echo.HandlerFunc) echo.HandlerFunc { return authenticate(read(h)) }
	e.GET(short, m.either(program(m.items), list))
	e.GET(short+"/:id", m.either(program(m.item), list))
	e.GET(short+"/:id/raw", m.either(program(m.raw), list))
}

// either answers a program, and leads a person to the page.
func (m *Mailbox) either(program echo.HandlerFunc, page string) echo.HandlerFunc {
	return web.Private(func(c echo.Context) error {
		if c.Request().Header.Get(echo.HeaderAuthorization) != "" || c.Request().Header.Get(echo.HeaderAccept) == echo.MIMEApplicationJSON {
			return program(c)
		}
		to := page
		if id, err := strconv.ParseInt(c.Param("id"), 10, 64); err == nil {
			to += "/" + strconv.FormatInt(id, 10)
		}
		return c.Redirect(http.StatusSeeOther, to)
	})
}

// itemView is one mail as programs see it.
type itemView struct {
	ID      string    `json:"id"`
	To      string    `json:"to"`
	From    string    `json:"from"`
	Return  string    `json:"return_path"`
	Subject string    `json:"subject"`
	Stream  string    `json:"stream"`
	At      time.Time `json:"at"`
}

func itemOf(m mailbox.Mail) itemView {
	return itemView{strconv.FormatInt(m.ID, 10), m.To, m.From, m.ReturnPath, m.Subject, m.Stream, m.At}
}

func (m *Mailbox) items(c echo.Context) error {
	page, err := web.PageOf(c, 1)
	if err != nil {
		return err
	}
	q := mailbox.Query{Search: c.QueryParam("q"), Stream: c.QueryParam("stream"), Limit: page.Limit + 1}
	if page.Cursor != nil {
		if q.Before, err = strconv.ParseInt(page.Cursor[0], 10, 64); err != nil {
			return problem.Invalid("cursor", "is not one that this list answered with")
		}
	}
	list, err := m.Box.List(c.Request().Context(), q)
	if err != nil {
		return err
	}
	views := make([]itemView, len(list))
	for i, mail := range list {
		views[i] = itemOf(mail)
	}
	return c.JSON(http.StatusOK, web.ListOf(views, page.Limit, func(v itemView) []string { return []string{v.ID} }))
}

func (m *Mailbox) item(c echo.Context) error {
	mail, _, err := m.get(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, itemOf(mail))
}

func (m *Mailbox) get(c echo.Context) (mailbox.Mail, []byte, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return mailbox.Mail{}, nil, problem.NotFound("mail")
	}
	mail, raw, err := m.Box.Get(c.Request().Context(), id)
	if errors.Is(err, mailbox.ErrNotFound) {
		err = problem.NotFound("mail")
	}
	if err == nil && letsIn(raw) && !own(c, mail) {
		err = problem.Forbidden("With this mail its receiver gets into this site. Only the receiver and administrators may open it.")
	}
	return mail, raw, err
}

// letsIn says whether a mail has a link with which whoever has it gets into the account of a member of the staff.
func letsIn(raw []byte) bool {
	html, text := Open(raw)
	for _, link := range staff.SecretLinks() {
		if strings.Contains(html, link) || strings.Contains(text, link) {
			return true
		}
	}
	return false
}

// own says whether the person who looks is an administrator or the one whom a mail is for.
func own(c echo.Context, m mailbox.Mail) bool {
	v := staff.VisitorOf(c)
	return v != nil && (access.Has(v.User.Roles, access.Administrator) || strings.EqualFold(v.User.Email, m.To))
}

func mailURL(id int64) string { return site.Path(site.NavMailbox) + "/" + strconv.FormatInt(id, 10) }

func line(m mailbox.Mail) site.MailLine {
	return site.MailLine{URL: mailURL(m.ID), From: m.From, To: m.To, Subject: m.Subject, Stream: m.Stream, At: m.At}
}

func (m *Mailbox) list(c echo.Context) error {
	v := site.MailboxView{Page: m.Site.Page(c, site.NavMailbox), Search: c.QueryParam("q"), Stream: c.QueryParam("stream"), Real: m.Real}
	before, _ := strconv.ParseInt(c.QueryParam("before"), 10, 64) // what is none begins at the newest
	list, err := m.Box.List(c.Request().Context(), mailbox.Query{Search: v.Search, Stream: v.Stream, Before: before, Limit: pageSize + 1})
	if err != nil {
		return err
	}
	v.Pager = ui.Pager{Locale: v.Locale}
	here := func(before int64) string {
		q := url.Values{}
		for name, value := range map[string]string{"q": v.Search, "stream": v.Stream} {
			if value != "" {
				q.Set(name, value)
			}
		}
		if before != 0 {
			q.Set("before", strconv.FormatInt(before, 10))
		}
		return site.Path(site.NavMailbox) + "?" + q.Encode()
	}
	if len(list) > pageSize {
		list = list[:pageSize]
		v.Pager.Next = here(list[pageSize-1].ID)
	}
	if before != 0 {
		v.Pager.Previous = here(0)
	}
	for _, mail := range list {
		v.Mails = append(v.Mails, line(mail))
	}
	l := v.Locale
	if access.Has(staff.VisitorOf(c).User.Roles, access.Marketer, access.Approver, access.PrivacyOfficer) {
		v.Empty = &ui.Post{Label: l.T("site.desk.mailbox_empty"), Action: site.Path(site.NavMailbox) + "/empty", Icon: "trash", Tone: ui.Bad, Back: l.T("site.dialog.back"), Ask: l.T("site.desk.mailbox_ask"), AskText: l.T("site.desk.mailbox_ask_text")}
	}
	return staff.Render(c, http.StatusOK, site.Mailbox(v))
}

func (m *Mailbox) empty(c echo.Context) error {
	if err := m.Box.DeleteAll(c.Request().Context()); err != nil {
		return err
	}
	return m.Site.Done(c, site.Path(site.NavMailbox), ui.Good, m.Site.Page(c, site.NavMailbox).Locale.T("site.desk.mailbox_emptied"))
}

// sourceShown is how much of a source a page shows.
const sourceShown = 200 << 10

func (m *Mailbox) show(c echo.Context) error {
	mail, raw, err := m.get(c)
	if err != nil {
		return err
	}
	msg := read(raw)
	here := mailURL(mail.ID)
	v := site.MailView{Page: m.Site.Page(c, site.NavMailbox), MailLine: line(mail), Headers: msg.headers, Text: msg.text, DownloadURL: here + "/raw", BackURL: site.Path(site.NavMailbox),
		URLs: map[site.MailPart]string{site.PartHeaders: here + "?part=headers", site.PartSource: here + "?part=source"}}
	if msg.text != "" {
		v.URLs[site.PartText] = here + "?part=text"
	}
	if msg.html != "" {
		v.URLs[site.PartHTML], v.FrameURL = here+"?part=html", here+"/frame"
	}
	v.Part = site.MailPart(c.QueryParam("part"))
	for _, part := range []site.MailPart{site.PartHTML, site.PartText, site.PartSource} {
		if v.URLs[v.Part] == "" {
			v.Part = part
		}
	}
	if v.Phone = c.QueryParam("width") == "phone"; v.Phone {
		v.WidthURL = here
	} else {
		v.WidthURL = here + "?width=phone"
	}
	for i, a := range msg.files {
		v.Attachments = append(v.Attachments, site.Attachment{Name: a.name, Type: a.kind, Size: strconv.Itoa((len(a.body)+1023)/1024) + " KB", URL: here + "/attachments/" + strconv.Itoa(i)})
	}
	if v.Part == site.PartSource {
		v.Cut = len(raw) > sourceShown
		v.Source = clean(string(raw[:min(len(raw), sourceShown)]))
	}
	if older, err := m.Box.List(c.Request().Context(), mailbox.Query{Before: mail.ID, Limit: 1}); err != nil {
		return err
	} else if len(older) > 0 {
		v.Older = mailURL(older[0].ID)
	}
	return staff.Render(c, http.StatusOK, site.Mail(v))
}

// frame is the bare HTML part, in which nothing runs and to which nothing is loaded from elsewhere.
func (m *Mailbox) frame(c echo.Context) error {
	_, raw, err := m.get(c)
	if err != nil {
		return err
	}
	return staff.Frame(c, read(raw).html)
}

func (m *Mailbox) raw(c echo.Context) error {
	mail, raw, err := m.get(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="mail-`+strconv.FormatInt(mail.ID, 10)+`.eml"`)
	return c.Blob(http.StatusOK, "message/rfc822", raw)
}

func (m *Mailbox) attachment(c echo.Context) error {
	_, raw, err := m.get(c)
	if err != nil {
		return err
	}
	files := read(raw).files
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil || n < 0 || n >= len(files) {
		return problem.NotFound("attachment")
	}
	// Never as what it says it is: a file of a mail must not become a page of this host.
	c.Response().Header().Set(echo.HeaderContentDisposition, "attachment; filename*=UTF-8''"+url.PathEscape(files[n].name))
	return c.Blob(http.StatusOK, echo.MIMEOctetStream, files[n].body)
}
