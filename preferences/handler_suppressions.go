package preferences

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/web"
)

func (h handler) listSuppressions(c echo.Context) error {
	page, err := web.PageOf(c, 2)
	if err != nil {
		return err
	}
	var at time.Time
	id := ""
	if page.Cursor != nil {
		if at, err = time.Parse(time.RFC3339Nano, page.Cursor[0]); err != nil {
			return problem.Invalid("cursor", "is not one that this list answered with")
		}
		id = page.Cursor[1]
	}
	reason, err := web.Chosen(c, "reason", reasons...)
	if err != nil {
		return err
	}
	blocks, err := h.s.Suppressions(c.Request().Context(), c.QueryParam("email"), reason, at, id, page.Limit+1)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, web.ListOf(suppressionViews(blocks), page.Limit, func(v suppressionView) []string { return []string{v.CreatedAt.Format(time.RFC3339Nano), v.ID} }))
}

type suppressionView struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Reason    string    `json:"reason"`
	Note      string    `json:"note,omitempty"`
	Source    string    `json:"source,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

func suppressionViews(blocks []Suppression) []suppressionView {
	views := make([]suppressionView, len(blocks))
	for i, b := range blocks {
		views[i] = suppressionView{b.ID, b.Email, b.Reason, b.Note, b.Source, b.CreatedAt}
	}
	return views
}

func (h handler) suppress(c echo.Context) error {
	var in struct {
		Email  string `json:"email"`
		Reason string `json:"reason"`
		Note   string `json:"note"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	block, added, err := h.s.Suppress(c.Request().Context(), h.actor(c), in.Email, in.Reason, in.Note, "api")
	if err != nil {
		return err
	}
	status := http.StatusOK
	if added {
		status = http.StatusCreated
	}
	return c.JSON(status, suppressionViews([]Suppression{block})[0])
}

func (h handler) unsuppress(c echo.Context) error {
	in := struct {
		Email  string `json:"email"`
		Reason string `json:"reason"`
		Note   string `json:"note"`
	}{Email: c.QueryParam("email"), Reason: c.QueryParam("reason"), Note: c.QueryParam("note")}
	if in.Email == "" {
		if err := web.DecodeOptional(c, &in); err != nil {
			return err
		}
	}
	if _, err := h.s.Unsuppress(c.Request().Context(), h.actor(c), in.Email, in.Reason, in.Note); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// exportSuppressions is the list as a file.
func (h handler) exportSuppressions(c echo.Context) error {
	reason, err := web.Chosen(c, "reason", reasons...)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="suppressions.csv"`)
	return h.s.ExportSuppressions(c.Request().Context(), c.Response(), reason)
}

// importSuppressions takes such a file.
func (h handler) importSuppressions(c echo.Context) error {
	file, err := c.FormFile("file")
	if err != nil {
		return problem.Invalid("file", "is missing; send the CSV file as multipart/form-data")
	}
	in, err := file.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	reason := c.FormValue("reason")
	if reason == "" {
		reason = SuppressedManual
	}
	out, err := h.s.ImportSuppressions(c.Request().Context(), h.actor(c), in, reason, "import")
	return web.Answer(c, out, err)
}
