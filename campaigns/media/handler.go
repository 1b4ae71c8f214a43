package media

import (
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// Pages serves the pictures to everybody, and the library to staff.
type Pages struct {
	Store *Store
	Site  *staff.Site
	Base  string // public address
}

const pageSize = 48

// Register serves the pages.
func (p *Pages) Register(e *echo.Echo) {
	e.GET("/media/:name", p.picture)
	base := site.Path(site.NavMedia)
	e.GET(base, p.library, p.Site.Guard())
	e.GET(base+"/pick", p.pick, p.Site.Guard(access.Marketer))
	e.POST(base, p.add, p.Site.Guard(access.Marketer))
	e.POST(base+"/:hash/delete", p.remove, p.Site.Guard(access.Marketer))
}

// types are what pictures are served as, whatever was uploaded.
var types = map[string]string{"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}

// picture answers with the pixels and nothing else: it is no page, and whatever opens it as one runs nothing.
func (p *Pages) picture(c echo.Context) error {
	pic, err := p.Store.Get(c.Request().Context(), c.Param("name"))
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // it is shown in mails, on any host
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+pic.Hash+`"`)
	if strings.Contains(c.Request().Header.Get("If-None-Match"), pic.Hash) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, types[pic.Extension], pic.Body)
}

// view is the library from where the parameter after says.
func (p *Pages) view(c echo.Context, path string, val, wrong map[string]string) (site.MediaView, error) {
	v := site.MediaView{Page: p.Site.Page(c, site.NavMedia), Action: site.Path(site.NavMedia), Values: val, Errors: wrong}
	v.Write = access.Has(staff.VisitorOf(c).User.Roles, access.Marketer)
	v.Pager.Locale = v.Locale
	at, hash := screen.AfterMark(c.QueryParam("after"))
	if !at.IsZero() {
		v.Pager.Previous = path
	}
	list, err := p.Store.List(c.Request().Context(), at, hash, pageSize+1)
	if err != nil {
		return v, err
	}
	if len(list) > pageSize {
		list = list[:pageSize]
		last := list[pageSize-1]
		v.Pager.Next = path + "?after=" + screen.Mark(last.At, last.Hash)
	}
	for _, e := range list {
		v.Pictures = append(v.Pictures, site.MediaPicture{
			Src: "/media/" + e.Name(), URL: p.Base + "/media/" + e.Name(), Title: e.Title, Alt: e.Alt, Width: e.Width, Height: e.Height, Bytes: e.Size, At: e.At,
			Remove: ui.Post{Label: v.Locale.T("site.desk.delete"), Action: site.Path(site.NavMedia) + "/" + e.Hash + "/delete", Icon: "trash", Tone: ui.Bad, Back: v.Locale.T("site.dialog.back"), Ask: v.Locale.T("site.desk.delete_ask"), AskText: v.Locale.T("site.media.delete_text")},
		})
	}
	return v, nil
}

func (p *Pages) library(c echo.Context) error {
	v, err := p.view(c, site.Path(site.NavMedia), nil, nil)
	if err != nil {
		return err
	}
	return staff.Render(c, http.StatusOK, site.Media(v))
}

// pick is the library as the editor's dialog shows it.
func (p *Pages) pick(c echo.Context) error {
	v, err := p.view(c, site.Path(site.NavMedia)+"/pick", nil, nil)
	if err != nil {
		return err
	}
	return staff.Render(c, http.StatusOK, site.MediaPick(v))
}

// added is what the editor is told of a picture that was taken.
type added struct {
	URL string `json:"url"`
	Alt string `json:"alt"`
}

// refused says why one was not.
type refused struct {
	Detail string `json:"detail"`
}

func (p *Pages) add(c echo.Context) error {
	data, name, err := uploaded(c)
	val := map[string]string{"alt": c.FormValue("alt"), "decorative": c.FormValue("decorative")}
	var e Entry
	if err == nil {
		e, err = p.Store.Add(c.Request().Context(), staff.ActorOf(c), Upload{Name: name, Alt: val["alt"], Decorative: val["decorative"] != "", Data: data})
	}
	if strings.Contains(c.Request().Header.Get(echo.HeaderAccept), echo.MIMEApplicationJSON) {
		if p, ok := problem.As(err); ok {
			said := p.Detail
			if len(p.Fields) > 0 {
				said = p.Fields[0].Detail
			}
			return c.JSON(p.Status, refused{said})
		}
		if err != nil {
			return err
		}
		return c.JSON(http.StatusCreated, added{p.Base + "/media/" + e.Name(), e.Alt})
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		v, err := p.view(c, site.Path(site.NavMedia), val, wrong)
		if err != nil {
			return err
		}
		return staff.Render(c, http.StatusUnprocessableEntity, site.Media(v))
	}
	if err != nil {
		return err
	}
	return p.Site.Done(c, site.Path(site.NavMedia), ui.Good, p.Site.Page(c, "").Locale.T("site.media.added"))
}

// uploaded is the file of the form, up to a byte more than is taken.
func uploaded(c echo.Context) ([]byte, string, error) {
	header, err := c.FormFile("file")
	if err != nil {
		return nil, "", nil //nolint:nilerr // without a file the store says that one is required
	}
	if header.Size > MaxBytes {
		return make([]byte, MaxBytes+1), header.Filename, nil
	}
	file, err := header.Open()
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	return data, header.Filename, err
}

func (p *Pages) remove(c echo.Context) error {
	err := p.Store.Remove(c.Request().Context(), staff.ActorOf(c), c.Param("hash"))
	l := p.Site.Page(c, "").Locale
	if is, ok := problem.As(err); ok && is.Status == http.StatusConflict {
		return p.Site.Done(c, site.Path(site.NavMedia), ui.Bad, is.Detail)
	}
	if err != nil {
		return err
	}
	return p.Site.Done(c, site.Path(site.NavMedia), ui.Good, l.T("site.desk.deleted"))
}
