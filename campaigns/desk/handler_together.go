package desk

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/templates/site"
)

// mostTogether is how many people one form may reach: an import does for more.
const mostTogether = 5000

// together does one thing with the people who are ticked, or with all whom the filter finds. Each is a change of its own, with
// its entry in the audit log.
func (d *Desk) together(c echo.Context) error {
	ctx, val := c.Request().Context(), values(c)
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	ids := form["id"]
	var bad problem.Collector
	act := d.bulkAct(c, val, &bad)
	if val["all"] != "" {
		if ids, err = d.found(ctx, searched(c)); err != nil {
			return err
		}
		if len(ids) > mostTogether {
			bad.Add("all", "finds more than %d people; narrow the filter, or import a file", mostTogether)
		}
	}
	if len(ids) == 0 {
		bad.Add("all", "has nobody: tick people in the list, or everybody whom the filter finds")
	}
	if wrong := staff.Problems(c, bad.Err()); wrong != nil {
		return d.list(c, http.StatusUnprocessableEntity, site.BulkForm{Values: val, Errors: wrong})
	}
	done := 0
	for _, id := range ids {
		if !sqldb.IsID(id) {
			continue
		}
		changed, err := act(ctx, id)
		if p, gone := problem.As(err); gone && p.Status == http.StatusNotFound {
			continue // erased meanwhile
		}
		if wrong := staff.Problems(c, err); wrong != nil {
			return d.list(c, http.StatusUnprocessableEntity, site.BulkForm{Values: val, Errors: wrong})
		}
		if err != nil {
			return err
		}
		if changed {
			done++
		}
	}
	back := address(site.Path(site.NavSubscribers), "q", val["q"], "status", val["status"], "topic", val["topic"])
	return d.did(c, nil, back, "site.bulk.done", "n", done)
}

// bulkAct is what the form asks to do with each person; it tells whether that changed anything.
func (d *Desk) bulkAct(c echo.Context, val map[string]string, bad *problem.Collector) func(ctx context.Context, id string) (bool, error) {
	who, tag, note := actor(c), strings.TrimSpace(val["tag"]), strings.TrimSpace(val["note"])
	switch val["do"] {
	case "suppress":
		if note == "" {
			bad.Add("note", "is required: why these addresses are blocked")
		}
		return func(ctx context.Context, id string) (bool, error) {
			sub, err := d.People.Subscriber(ctx, d.DB, id)
			if err != nil {
				return false, err
			}
			_, added, err := d.People.Suppress(ctx, who, sub.Email, preferences.SuppressedManual, note, "staff")
			return added, err
		}
	case "tag", "untag":
		if tag == "" {
			bad.Add("tag", "is required")
		}
		var value any
		if val["do"] == "tag" {
			value = true
		}
		return func(ctx context.Context, id string) (bool, error) {
			sub, err := d.People.Subscriber(ctx, d.DB, id)
			if err != nil || sub.Attributes[tag] == value {
				return false, err
			}
			attributes := map[string]any{tag: value}
			_, err = d.People.Update(ctx, who, id, preferences.Profile{Attributes: &attributes})
			return true, err
		}
	}
	bad.Add("do", "must be one of these")
	return nil
}

// found are the ids of everybody whom a search finds, one more than may be reached at most.
func (d *Desk) found(ctx context.Context, in preferences.Search) (ids []string, err error) {
	in.Limit = 500
	for len(ids) <= mostTogether {
		people, err := d.People.Search(ctx, in)
		if err != nil || len(people) == 0 {
			return ids, err
		}
		for _, s := range people {
			ids = append(ids, s.ID)
		}
		in.After = ids[len(ids)-1]
	}
	return ids, nil
}
