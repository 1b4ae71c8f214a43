package office

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/imports"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/screen"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// upload takes a file as it comes, whatever its size, after the form's token has been looked at.
func (o *Office) upload(c echo.Context) error {
	p, err := o.receive(c)
	if wrong := staff.Problems(c, err); wrong != nil {
		return staff.Render(c, http.StatusUnprocessableEntity, site.ImportForm(site.ImportFormView{Page: o.page(c, site.NavImports), Action: site.Path(site.NavImports), Errors: wrong}))
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, screen.Address(site.Path(site.NavImports)+"/new", "upload", p.ID))
}

const maxToken = 1024

func (o *Office) receive(c echo.Context) (*imports.Pending, error) {
	parts, err := c.Request().MultipartReader()
	if err != nil {
		return nil, o.Site.CheckUpload(c, "")
	}
	part, err := parts.NextPart()
	if err != nil || part.FormName() != ui.CSRFField {
		return nil, o.Site.CheckUpload(c, "")
	}
	token, err := io.ReadAll(io.LimitReader(part, maxToken))
	if err != nil {
		return nil, broken(err)
	}
	if err := o.Site.CheckUpload(c, string(token)); err != nil {
		return nil, err
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, broken(err)
		}
		if part.FormName() == "file" && part.FileName() != "" {
			p, err := o.Imports.Hold(c.Request().Context(), actor(c), part, part.FileName())
			if _, ok := problem.As(err); err != nil && !ok {
				err = broken(err)
			}
			return p, err
		}
	}
	return nil, problem.Invalid("file", o.page(c, "").Locale.T("site.imports.no_file"))
}

// broken is a request that ended in its middle: the sender's doing, unless it is the disk's.
func broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "multipart") {
		return problem.Malformed("The upload ended in the middle of the file. Try again.")
	}
	return err
}
