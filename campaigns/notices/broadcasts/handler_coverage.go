package broadcasts

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/web"
)

func filterOf(c echo.Context) (f Filter, err error) {
	f.Outcome = c.QueryParam("outcome")
	if f.Outcome != "" && !slices.Contains(Outcomes, f.Outcome) {
		return f, problem.Invalid("outcome", "must be one of "+strings.Join(Outcomes, ", "))
	}
	switch c.QueryParam("open") {
	case "", "false":
	case "true":
		f.Open = true
	default:
		return f, problem.Invalid("open", "must be true or false")
	}
	return f, nil
}

func (h handler) coverage(c echo.Context) error {
	if strings.Contains(c.Request().Header.Get(echo.HeaderAccept), "text/csv") {
		return h.coverageCSV(c)
	}
	ctx := c.Request().Context()
	page, err := web.PageOf(c, 2)
	if err != nil {
		return err
	}
	f, err := filterOf(c)
	if err != nil {
		return err
	}
	b, err := h.find(c)
	if err != nil {
		return err
	}
	var after Place
	if page.Cursor != nil {
		after = Place{page.Cursor[0], page.Cursor[1]}
	}
	covered, err := h.s.Coverage(ctx, b)
	if err != nil {
		return err
	}
	people, err := h.s.Addressed(ctx, b, f, after, page.Limit+1)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Coverage
		web.List[Person]
	}{covered, web.ListOf(people, page.Limit, func(p Person) []string { return []string{p.Place().Message, p.Place().Subscriber} })})
}

func (h handler) coverageCSV(c echo.Context) error {
	f, err := filterOf(c)
	if err != nil {
		return err
	}
	b, err := h.find(c)
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	header.Set(echo.HeaderContentDisposition, `attachment; filename="coverage-`+b.ID+`.csv"`)
	return h.s.WriteCSV(c.Request().Context(), b, f, c.Response())
}

func (h handler) served(c echo.Context) error {
	var in ServedInput
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	served, err := h.s.MarkServed(c.Request().Context(), h.actor(c), c.Param("id"), in)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, served)
}

func (h handler) undoServed(c echo.Context) error {
	if err := h.s.UndoServed(c.Request().Context(), h.actor(c), c.Param("id"), c.QueryParam("subscriber_id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
