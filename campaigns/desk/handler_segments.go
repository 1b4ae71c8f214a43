package desk

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/segments"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
)

func (d *Desk) registerSegments(e *echo.Echo) {
	r := d.at(e, site.NavSegments)
	r.get("", d.segments)
	r.getFor("/new", d.newSegment, access.Marketer)
	r.post("", d.addSegment, access.Marketer)
	r.get("/:key", d.segment)
	r.post("/:key", d.changeSegment, access.Marketer)
	r.post("/:key/delete", d.deleteSegment, access.Marketer)
}

func (d *Desk) segments(c echo.Context) error {
	ctx, after := c.Request().Context(), c.QueryParam("after")
	list, err := d.Segments.List(ctx, after, pageSize+1)
	if err != nil {
		return err
	}
	v := site.SegmentsView{Page: d.page(c, site.NavSegments)}
	v.Write = may(c, access.Marketer)
	list, v.Pager = paged(v.Page, list, site.Path(site.NavSegments), after, func(s segments.Segment) string { return s.Key })
	for _, s := range list {
		v.Rows = append(v.Rows, site.SegmentRow{Key: s.Key, URL: site.Path(site.NavSegments) + "/" + s.Key, Name: s.Name, People: -1, ChangedAt: s.UpdatedAt})
	}
	return staff.Render(c, http.StatusOK, site.Segments(v))
}

func (d *Desk) newSegment(c echo.Context) error {
	return d.segmentForm(c, http.StatusOK, true, map[string]string{"rules": "{\n  \"all\": [\n    {\"field\": \"country\", \"op\": \"eq\", \"value\": \"NL\"}\n  ]\n}"}, nil)
}

// segmentForm shows a rule with how many people it picks now.
func (d *Desk) segmentForm(c echo.Context, status int, fresh bool, val, wrong map[string]string) error {
	ctx := c.Request().Context()
	v := site.SegmentFormView{Page: d.page(c, site.NavSegments), Record: site.Record{New: fresh, Errors: wrong}, Action: site.Path(site.NavSegments), Values: val, Counted: -1}
	if rule, err := segments.Compile(json.RawMessage(val["rules"])); err == nil {
		n, err := segments.Count(ctx, d.DB, rule, d.Now())
		if err != nil {
			return err
		}
		v.Counted = int(n)
	}
	if !fresh {
		v.Action += "/" + val["key"]
		if may(c, access.Marketer) {
			v.Remove = remove(v.Page, "site.desk.segment_delete", v.Action+"/delete")
		}
	}
	return staff.Render(c, status, site.SegmentForm(v))
}

func (d *Desk) addSegment(c echo.Context) error {
	val := values(c)
	rules, err := rulesOf(val)
	if err == nil {
		_, err = d.Segments.Create(c.Request().Context(), actor(c), val["key"], strings.TrimSpace(val["name"]), rules)
	}
	if wrong := rulesWrong(err); wrong != nil {
		return d.segmentForm(c, http.StatusUnprocessableEntity, true, val, wrong)
	}
	return d.did(c, err, site.Path(site.NavSegments), "site.desk.saved")
}

// rulesOf are the rules as they were written.
func rulesOf(val map[string]string) (json.RawMessage, error) {
	_, err := segments.Compile(json.RawMessage(val["rules"]))
	return json.RawMessage(val["rules"]), err
}

// rulesWrong tells at the one field of the rules what is wrong within them.
func rulesWrong(err error) map[string]string {
	wrong := staff.Problems(err)
	for field, text := range wrong {
		if strings.HasPrefix(field, "rules") && field != "rules" {
			delete(wrong, field)
			wrong["rules"] = strings.TrimSpace(wrong["rules"] + " " + field + " " + text + ".")
		}
	}
	return wrong
}

func (d *Desk) segment(c echo.Context) error {
	s, err := segments.Get(c.Request().Context(), d.DB, c.Param("key"))
	if err != nil {
		return err
	}
	text := string(s.Rules)
	var tree any
	if json.Unmarshal(s.Rules, &tree) == nil {
		if pretty, err := json.MarshalIndent(tree, "", "  "); err == nil {
			text = string(pretty)
		}
	}
	return d.segmentForm(c, http.StatusOK, false, map[string]string{"key": s.Key, "name": s.Name, "rules": text}, nil)
}

func (d *Desk) changeSegment(c echo.Context) error {
	val := values(c)
	val["key"] = c.Param("key")
	rules, err := rulesOf(val)
	if err == nil {
		_, err = d.Segments.Update(c.Request().Context(), actor(c), val["key"], func(s *segments.Segment) { s.Name, s.Rules = strings.TrimSpace(val["name"]), rules })
	}
	if wrong := rulesWrong(err); wrong != nil {
		return d.segmentForm(c, http.StatusUnprocessableEntity, false, val, wrong)
	}
	return d.did(c, err, site.Path(site.NavSegments)+"/"+val["key"], "site.desk.saved")
}

func (d *Desk) deleteSegment(c echo.Context) error {
	err := d.Segments.Delete(c.Request().Context(), actor(c), c.Param("key"))
	return d.did(c, err, site.Path(site.NavSegments), "site.desk.deleted")
}
