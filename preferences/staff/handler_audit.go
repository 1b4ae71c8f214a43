package staff

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/ranges"
	"assent/preferences/staff/access"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// auditLines is how many a page has.
const auditLines = 50

func (s *Site) registerAudit(e *echo.Echo) {
	g := routes{e, []echo.MiddlewareFunc{s.Guard(access.PrivacyOfficer)}}
	g.get(site.Path(site.NavAudit), s.audit)
	g.get(site.Path(site.NavAudit)+".csv", s.auditCSV)
}

// auditFilter reads what the page was asked for.
func (s *Site) auditFilter(c echo.Context) (f audit.Filter, v site.AuditView) {
	v = site.AuditView{Object: strings.TrimSpace(c.QueryParam("q")), Actor: c.QueryParam("actor"), Kind: c.QueryParam("kind"), Period: c.QueryParam("period")}
	if !slices.Contains(site.AuditKinds, v.Kind) {
		v.Kind = ""
	}
	if !slices.Contains(site.AuditPeriods, v.Period) {
		v.Period = ""
	}
	f = audit.Filter{Actor: v.Actor, Object: v.Object}
	if v.Kind != "" {
		f.Action = v.Kind + "."
	}
	if days, err := strconv.Atoi(v.Period); err == nil {
		f.From = s.Accounts.Now().AddDate(0, 0, -days)
	}
	return f, v
}

func (s *Site) audit(c echo.Context) error {
	ctx := c.Request().Context()
	f, v := s.auditFilter(c)
	have, _ := strconv.Atoi(c.QueryParam("have"))
	seen, _ := strconv.Atoi(c.QueryParam("seen"))
	have, seen = min(max(have, 0), auditLines-1), max(seen, 0)
	entries, next, looked, err := audit.Look(ctx, s.DB, f, auditLines-have, c.QueryParam("cursor"), ranges.Patience(0, seen > 0))
	if errors.Is(err, audit.ErrCursor) {
		return problem.Malformed("This page of the log is not there. Go back to its beginning.")
	}
	if err != nil {
		return err
	}
	v.Page = s.Page(c, site.NavAudit)
	if v.Actors, err = s.actors(c); err != nil {
		return err
	}
	query := url.Values{}
	for name, value := range map[string]string{"q": v.Object, "actor": v.Actor, "kind": v.Kind, "period": v.Period} {
		if value != "" {
			query.Set(name, value)
		}
	}
	v.Export = site.Path(site.NavAudit) + ".csv?" + query.Encode()
	if next != "" {
		query.Set("cursor", next)
		v.Older = site.Path(site.NavAudit) + "?" + query.Encode()
	}
	v.Further.Went = seen > 0
	if next != "" && have+len(entries) < auditLines { // it was looked for long enough
		v.Further.Link, v.Older = v.Older, ""
		v.Further.Seen = seen + looked
		query.Set("have", strconv.Itoa(have+len(entries)))
		query.Set("seen", strconv.Itoa(v.Further.Seen))
		v.Further.URL = site.Path(site.NavAudit) + "?" + query.Encode()
	}
	for _, e := range entries {
		v.Lines = append(v.Lines, site.AuditLine{
			At: e.At, Name: e.Actor.Name, Kind: e.Actor.Kind, IP: e.Actor.IP, Action: e.Action, Object: e.Object, Changes: changed(e.Before, e.After),
		})
	}
	return Render(c, http.StatusOK, site.Audit(v))
}

// actors are whom the log can be filtered by: people and keys.
func (s *Site) actors(c echo.Context) ([]ui.Option, error) {
	users, err := s.Accounts.List(c.Request().Context())
	if err != nil {
		return nil, err
	}
	list, err := s.Keys.List(c.Request().Context())
	if err != nil {
		return nil, err
	}
	var options []ui.Option
	for _, u := range users {
		options = append(options, ui.Option{Value: u.ID, Label: u.Name})
	}
	for _, k := range list {
		options = append(options, ui.Option{Value: k.ID, Label: k.Name + " (API)"})
	}
	return options, nil
}

func (s *Site) auditCSV(c echo.Context) error {
	f, _ := s.auditFilter(c)
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	h.Set(echo.HeaderContentDisposition, `attachment; filename="audit-`+s.Accounts.Now().Format(time.DateOnly)+`.csv"`)
	c.Response().WriteHeader(http.StatusOK)
	return audit.WriteCSV(c.Request().Context(), s.DB, f, c.Response())
}

// changed compares two states field by field. What is no JSON object is one field without a name.
func changed(before, after json.RawMessage) []site.Change {
	was, is := fields(before), fields(after)
	names := maps.Clone(was)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, is)
	var list []site.Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if was[name] != is[name] {
			list = append(list, site.Change{Field: name, Before: was[name], After: is[name]})
		}
	}
	return list
}

// fields are the members of a JSON object as short texts.
func fields(state json.RawMessage) map[string]string {
	if len(state) == 0 {
		return nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(state, &object) != nil {
		return map[string]string{"": short(state)}
	}
	texts := make(map[string]string, len(object))
	for name, value := range object {
		texts[name] = short(value)
	}
	return texts
}

func short(value json.RawMessage) string {
	const most = 300
	text := string(bytes.TrimSpace(value))
	var s string
	if json.Unmarshal(value, &s) == nil {
		text = s
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
