package events

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/partners"
	"assent/preferences/problem"
	"assent/preferences/sheet"
	"assent/preferences/sqldb"
	"assent/preferences/web"
)

// pageOf reads the page of a list that goes by id.
func pageOf(c echo.Context) (after string, limit int, err error) {
	page, err := web.PageOf(c, 1)
	if err != nil {
		return "", 0, err
	}
	return page.After(), page.Limit, nil
}

// wantsCSV tells whether the caller asks for a table.
func wantsCSV(c echo.Context) bool {
	return c.QueryParam("format") == "csv" || strings.HasPrefix(c.Request().Header.Get(echo.HeaderAccept), "text/csv")
}

// reader reads a page of registrations after an id.
type reader func(after string, limit int) ([]Registration, error)

var cells = map[string]func(Registration) string{
	"id": func(r Registration) string { return r.ID }, "email": func(r Registration) string { return r.Email }, "first_name": func(r Registration) string { return r.FirstName },
	"last_name": func(r Registration) string { return r.LastName }, "company": func(r Registration) string { return r.Company }, "phone": func(r Registration) string { return r.Phone },
	"locale": func(r Registration) string { return r.Locale }, "status": func(r Registration) string { return r.Status }, "share": func(r Registration) string { return strings.Join(r.Share, " ") },
	"created_at": func(r Registration) string { return r.CreatedAt.Format(time.RFC3339) },
}

const tablePage = 1000

// table writes all registrations as CSV whose cells no spreadsheet runs (compliance 66).
func table(c echo.Context, name string, columns []string, read reader) error {
	list, err := read("", tablePage) // a fault is still a problem document here
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`.csv"`)
	c.Response().WriteHeader(http.StatusOK)
	w := sheet.NewWriter(c.Response())
	if err := w.Row(columns...); err != nil {
		return err
	}
	for {
		for _, r := range list {
			row := make([]string, len(columns))
			for i, column := range columns {
				row[i] = cells[column](r)
			}
			if err := w.Row(row...); err != nil {
				return err
			}
		}
		if len(list) < tablePage {
			return w.Flush()
		}
		if list, err = read(list[len(list)-1].ID, tablePage); err != nil {
			return err
		}
	}
}

func (h handler) registrations(c echo.Context) error {
	ctx := c.Request().Context()
	e, err := Get(ctx, h.store.DB, c.Param("slug"))
	if err != nil {
		return err
	}
	read := func(after string, limit int) ([]Registration, error) {
		return h.store.Registrations(ctx, e, after, limit)
	}
	if wantsCSV(c) {
		return table(c, e.Slug, []string{"id", "email", "first_name", "last_name", "company", "phone", "locale", "status", "share", "created_at"}, read)
	}
	after, limit, err := pageOf(c)
	if err != nil {
		return err
	}
	list, err := read(after, limit+1)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, web.ListOf(list, limit, func(r Registration) []string { return []string{r.ID} }))
}

func (h handler) register(c echo.Context) error {
	var in struct {
		Email          string    `json:"email"`
		FirstName      string    `json:"first_name"`
		LastName       string    `json:"last_name"`
		Company        string    `json:"company"`
		Phone          string    `json:"phone"`
		Locale         string    `json:"locale"`
		Share          []string  `json:"share"`
		Wording        string    `json:"wording"` // what was agreed to with share
		WordingVersion string    `json:"wording_version"`
		Source         string    `json:"source"`
		URL            string    `json:"url"`
		Document       string    `json:"document"`
		IP             string    `json:"ip"`
		CollectedAt    time.Time `json:"collected_at"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if in.Source == "" {
		in.Source = "api"
	}
	evidence := preferences.Evidence{Source: in.Source, Wording: in.Wording, WordingVersion: in.WordingVersion, URL: in.URL, Document: in.Document, IP: in.IP, CollectedAt: in.CollectedAt}
	if evidence.CollectedAt.After(h.store.now()) {
		return problem.Invalid("collected_at", "must not be in the future")
	}
	r, created, err := h.store.Add(c.Request().Context(), h.actor(c), c.Param("slug"), Entry{
		Email: in.Email, FirstName: in.FirstName, LastName: in.LastName, Company: in.Company, Phone: in.Phone, Locale: in.Locale, Share: in.Share, Evidence: evidence,
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return c.JSON(status, r)
}

// of reads the event of the path and, if there is one, a registration for it.
func (h handler) of(c echo.Context) (e Event, r Registration, err error) {
	ctx := c.Request().Context()
	if e, err = Get(ctx, h.store.DB, c.Param("slug")); err != nil {
		return e, r, err
	}
	id := c.Param("id")
	if !sqldb.IsID(id) {
		return e, r, ErrNoRegistration
	}
	r, err = find(ctx, h.store.DB, "r.id = $1 AND r.event_id = $2", id, e.id)
	return e, r, err
}

func (h handler) cancel(c echo.Context) error {
	_, r, err := h.of(c)
	if err != nil {
		return err
	}
	if _, err := h.store.Cancel(c.Request().Context(), h.actor(c), r.ID); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// partner reads the event and the partner of the path.
func (h handler) partner(c echo.Context) (Event, string, error) {
	ctx := c.Request().Context()
	e, err := Get(ctx, h.store.DB, c.Param("slug"))
	if err != nil {
		return e, "", err
	}
	p, err := partners.Get(ctx, h.store.DB, c.Param("key"))
	return e, p.Key, err
}

// shared is what a partner gets of a registration: what was agreed to, and nothing else.
type shared struct {
	Email     string `json:"email"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Company   string `json:"company"`
	Phone     string `json:"phone"`

	id string
}

// export gives a partner's list: only those who agreed.
func (h handler) export(c echo.Context) error {
	ctx := c.Request().Context()
	e, partner, err := h.partner(c)
	if err != nil {
		return err
	}
	if err := audit.Record(ctx, h.store.DB, h.store.now(), h.actor(c), "event.partner.export", audit.Object("event", e.Slug), nil, map[string]string{"partner": partner}); err != nil {
		return err
	}
	read := func(after string, limit int) ([]Registration, error) {
		return h.store.Shared(ctx, e, partner, after, limit)
	}
	if wantsCSV(c) {
		return table(c, e.Slug+"-"+partner, []string{"email", "first_name", "last_name", "company", "phone"}, read)
	}
	after, limit, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := read(after, limit+1)
	if err != nil {
		return err
	}
	list := make([]shared, len(found))
	for i, r := range found {
		list[i] = shared{r.Email, r.FirstName, r.LastName, r.Company, r.Phone, r.ID}
	}
	return c.JSON(http.StatusOK, web.ListOf(list, limit, func(s shared) []string { return []string{s.id} }))
}

func (h handler) withdrawals(c echo.Context) error {
	e, partner, err := h.partner(c)
	if err != nil {
		return err
	}
	after, limit, err := pageOf(c)
	if err != nil {
		return err
	}
	list, err := h.store.Withdrawals(c.Request().Context(), e, partner, after, limit+1)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, web.ListOf(list, limit, func(w Withdrawal) []string { return []string{w.RegistrationID} }))
}

func (h handler) told(c echo.Context) error {
	e, partner, err := h.partner(c)
	if err != nil {
		return err
	}
	n, err := h.store.Told(c.Request().Context(), h.actor(c), e.Slug, partner)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]int64{"told": n})
}
