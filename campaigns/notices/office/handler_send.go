package office

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/campaigns/content"
	"assent/campaigns/notices"
	"assent/campaigns/outbox"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/templates/locale"
	"assent/templates/site"
)

// newNotice is the form for a kind of notice, which the address names.
func (o *Office) newNotice(c echo.Context) error {
	kind := c.QueryParam("template")
	if !slices.Contains(content.NoticeTemplates(), kind) {
		kind = ""
	}
	return o.noticeForm(c, http.StatusOK, map[string]string{"template": kind, "to": c.QueryParam("to")}, nil)
}

func (o *Office) noticeForm(c echo.Context, status int, val, wrong map[string]string) error {
	v := site.NoticeFormView{Page: o.page(c, site.NavNotices), Action: site.Path(site.NavNotices) + single, Values: val, Errors: wrong, Templates: content.NoticeTemplates(), Languages: o.People.Site.Languages(c.Request().Context()),
		MaxFiles: notices.MaxAttachments, MaxBytes: notices.MaxAttachmentBytes}
	for _, f := range content.NoticeFields(val["template"]) {
		v.Fields = append(v.Fields, site.NoticeInput{Name: f.Name, Kind: f.Kind, Required: f.Required})
	}
	var err error
	if v.Brands, err = o.brandOptions(c.Request().Context()); err != nil {
		return err
	}
	return staff.Render(c, status, site.NoticeForm(v))
}

// input is what the form says, as the API would take it.
func (o *Office) input(p site.Page, val map[string]string) (in notices.Input, err error) {
	in = notices.Input{To: notices.Recipient{Email: strings.TrimSpace(val["to"]), Name: strings.TrimSpace(val["name"]), Locale: val["locale"]}, Basis: val["basis"], Reference: strings.TrimSpace(val["reference"]), Brand: val["brand"], Template: val["template"]}
	for _, line := range strings.Fields(strings.NewReplacer(",", " ", ";", " ").Replace(val["cc"])) {
		in.CC = append(in.CC, notices.Copy{Email: line})
	}
	if in.Template == "" {
		in.Obligation, in.Subject = val["obligation"], strings.TrimSpace(val["subject"])
		in.Blocks = textBlocks(val["text"])
		return in, nil
	}
	in.Obligation = content.NoticeObligation(in.Template)
	data := map[string]any{}
	for _, f := range content.NoticeFields(in.Template) {
		text := strings.TrimSpace(strings.ReplaceAll(val["data."+f.Name], "\r\n", "\n"))
		switch {
		case text == "" && f.Kind != "flag":
		case f.Kind == "time":
			at, bad := screen.Moment(p, "data."+f.Name, text)
			if bad != nil {
				err = bad
				continue
			}
			data[f.Name] = at.Format("2006-01-02T15:04:05Z07:00")
		case f.Kind == "flag":
			data[f.Name] = text != ""
		case f.Kind == "lines":
			data[f.Name] = filled(text)
		case f.Kind == "facts":
			var facts []map[string]string
			for _, line := range filled(text) {
				name, value, _ := strings.Cut(line, ":")
				facts = append(facts, map[string]string{"name": strings.TrimSpace(name), "value": strings.TrimSpace(value)})
			}
			data[f.Name] = facts
		default:
			data[f.Name] = text
		}
	}
	in.Data, _ = json.Marshal(data) // texts, lists and flags always encode
	return in, err
}

// filled are the lines of a text that are not empty.
func filled(text string) (out []string) {
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// textBlocks is a Markdown text as the blocks of a mail.
func textBlocks(text string) json.RawMessage {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" {
		return json.RawMessage("[]")
	}
	out, _ := json.Marshal([]map[string]string{{"type": "text", "markdown": text}}) // texts always encode
	return out
}

var (
	inBlocks = regexp.MustCompile(`^blocks(\[.*)?$`)
	inCopies = regexp.MustCompile(`^cc(\[.*)?$`)
	inData   = regexp.MustCompile(`^(data\.\w+)\W`)
)

// noticeFaults puts what is wrong with a notice at the fields of the form.
func noticeFaults(wrong map[string]string) map[string]string {
	out := map[string]string{}
	for field, text := range wrong {
		switch {
		case field == "to.email" || field == "to" || field == "to.subscriber_id":
			field = "to"
		case field == "to.name" || field == "to.locale":
			field = strings.TrimPrefix(field, "to.")
		case inBlocks.MatchString(field):
			field = "text"
		case inCopies.MatchString(field):
			field = "cc"
		case inData.MatchString(field):
			field = inData.FindStringSubmatch(field)[1]
		}
		if before := out[field]; before != "" && before != text {
			text = before + "; " + text
		}
		out[field] = text
	}
	return out
}

// files are those that were chosen to go with a notice.
func files(c echo.Context) (out []outbox.Attachment, err error) {
	form, err := c.MultipartForm()
	if errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, problem.Malformed("The upload ended in the middle of the file. Try again.")
	}
	for _, header := range form.File["files"] {
		if header.Filename == "" {
			continue
		}
		file, err := header.Open()
		if err != nil {
			return nil, fmt.Errorf("office: file: %w", err)
		}
		data, err := io.ReadAll(file)
		_ = file.Close()
		if err != nil {
			return nil, fmt.Errorf("office: file: %w", err)
		}
		kind := header.Header.Get(echo.HeaderContentType)
		if kind == "" {
			kind = echo.MIMEOctetStream
		}
		out = append(out, outbox.Attachment{Filename: header.Filename, ContentType: kind, Content: data})
	}
	return out, nil
}

var inFiles = regexp.MustCompile(`^attachments(?:\[(\d+)\].*)?$`)

// fileFaults puts what is wrong with files at their field, each with its name, and asks for them again where anything is wrong.
func fileFaults(l *locale.Locale, wrong map[string]string, list []outbox.Attachment) map[string]string {
	out, said := map[string]string{}, []string{}
	for _, field := range slices.Sorted(maps.Keys(wrong)) {
		m := inFiles.FindStringSubmatch(field)
		if m == nil {
			out[field] = wrong[field]
			continue
		}
		text := wrong[field]
		if i, err := strconv.Atoi(m[1]); err == nil && i < len(list) {
			text = list[i].Filename + ": " + text
		}
		said = append(said, text)
	}
	if len(list) > 0 {
		out["files"] = strings.Join(append(said, l.T("site.notice.files_again")), "; ")
	}
	return out
}

func (o *Office) sendNotice(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	p := o.page(c, site.NavNotices)
	in, err := o.input(p, val)
	if err == nil {
		in.Attachments, err = files(c)
	}
	var id string
	if err == nil {
		made, failed := o.Notices.Create(ctx, actor(c), in)
		if err = failed; err == nil {
			id = made[0].ID
		}
	}
	if wrong := problems(c, err); wrong != nil {
		return o.noticeForm(c, http.StatusUnprocessableEntity, val, fileFaults(p.Locale, noticeFaults(wrong), in.Attachments))
	}
	return o.did(c, err, noticeURL(id), "site.notice.sent")
}

// problems is [staff.Problems], and also of input that is malformed: a form cannot be told apart from its values.
func problems(c echo.Context, err error) map[string]string {
	if p, ok := problem.As(err); ok && p.Status == http.StatusBadRequest {
		return staff.Problems(c, problem.Unprocessable(p.Detail, p.Fields...))
	}
	return staff.Problems(c, err)
}

// answer tells the script of a form what is wrong with it.
type answer struct {
	Errors map[string]string `json:"errors"`
	Says   map[string]string `json:"says"`
}

func (o *Office) checkNotice(c echo.Context) error {
	val := screen.Values(c)
	in, err := o.input(o.page(c, site.NavNotices), val)
	if err == nil {
		_, err = o.Notices.Check(c.Request().Context(), actor(c), in)
	}
	wrong := problems(c, err)
	if err != nil && wrong == nil {
		return err
	}
	return c.JSON(http.StatusOK, answer{Errors: noticeFaults(wrong)})
}

func (o *Office) noPreview(c echo.Context) error {
	return staff.Frame(c, said(o.page(c, "").Locale.T("site.broadcast.preview_hint")))
}

// previewNotice is the mail that the form would send, in a language. The address is not needed for it.
func (o *Office) previewNotice(c echo.Context) error {
	ctx, val := c.Request().Context(), screen.Values(c)
	tag, err := frameLanguage(c)
	if err != nil {
		return err
	}
	in, err := o.input(o.page(c, site.NavNotices), val)
	if in.To.Email == "" {
		in.To.Email = "anna@example.com"
	}
	in.CC = nil
	if err == nil {
		made, failed := o.Notices.Check(ctx, actor(c), in)
		if err = failed; err == nil {
			m := made[0]
			m.Locale = tag
			mail, failed := o.Compose(ctx, &m)
			if failed != nil {
				return failed
			}
			return staff.Frame(c, mail.HTML)
		}
	}
	wrong := problems(c, err)
	if wrong == nil {
		return err
	}
	return staff.Frame(c, faults(locale.Get(tag).T("site.form.check"), noticeFaults(wrong)))
}
