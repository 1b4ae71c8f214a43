package desk

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/names"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (d *Desk) registerSegments(e *echo.Echo) {
	r := d.at(e, site.NavSegments)
	r.get("", d.segments)
	r.getFor("/new", d.newSegment, access.Marketer)
	r.post("", d.addSegment, access.Marketer)
	r.post("/new/build", d.buildSegment, access.Marketer)
	r.post("/new/count", d.countSegment, access.Marketer)
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
	return d.segmentForm(c, http.StatusOK, true, map[string]string{"rules": `{"all": [{"field": "country", "op": "eq", "value": "NL"}]}`}, nil)
}

// segmentForm shows a rule with how many people it picks now.
func (d *Desk) segmentForm(c echo.Context, status int, fresh bool, val, wrong map[string]string) error {
	v, err := d.segmentView(c, val, wrong)
	if err != nil {
		return err
	}
	v.New = fresh
	if v.Count, err = d.count(c, v.Page, json.RawMessage(val["rules"])); err != nil {
		return err
	}
	if v.Write {
		v.Count.PostURL = v.CountURL
	}
	if !fresh {
		v.Action += "/" + val["key"]
		v.Count.GetURL = address(v.Action, "count", v.Count.Next)
		if v.Write {
			v.Remove = remove(v.Page, "site.desk.segment_delete", v.Action+"/delete")
		}
	}
	return staff.Render(c, status, site.SegmentForm(v))
}

// segmentView is the form with the rules as the builder shows them. What it cannot show stays JSON.
func (d *Desk) segmentView(c echo.Context, val, wrong map[string]string) (v site.SegmentFormView, err error) {
	ctx := c.Request().Context()
	path := site.Path(site.NavSegments)
	v = site.SegmentFormView{Page: d.page(c, site.NavSegments), Record: site.Record{Errors: rulesWrong(wrong)}, Action: path, Values: val, BuildURL: path + "/new/build", CountURL: path + "/new/count",
		Fields: segments.Fields(), Write: may(c, access.Marketer)}
	root, ok := ruleOf(val, "0", 0)
	if !ok || val["raw"] != "" {
		root, ok = treeOf(json.RawMessage(val["rules"]))
	}
	if ok {
		root = reshape(root, val["do"])
		dress(&root)
		faulty(&root, wrong)
		v.Root = &root
		if val["raw"] == "" {
			v.Values["rules"] = pretty(ruleJSON(root))
		}
	}
	if v.Topics, err = d.topicOptions(ctx, v.Locale); err != nil {
		return v, err
	}
	list, err := d.Campaigns.List(ctx, "", time.Time{}, "", 100)
	for _, m := range list {
		v.Campaigns = append(v.Campaigns, ui.Option{Value: m.ID, Label: m.Name})
	}
	return v, err
}

func pretty(v any) string {
	out, _ := json.MarshalIndent(v, "", "  ") // texts, numbers and truths always encode
	return string(out)
}

// counting is how far the count of a rule came, as the request for its next part carries it.
type counting struct {
	N      int64    `json:"n"`
	Sample []string `json:"sample"` // ids of the first of them
	After  string   `json:"after"`
}

// sampled is how many of those whom a rule picks are shown.
const sampled = 5

// count is how many people a rule picks now and who some of them are, as far as it comes in a moment, or why that is not known.
func (d *Desk) count(c echo.Context, p site.Page, rules json.RawMessage) (out site.SegmentCount, err error) {
	rule, err := segments.Compile(rules)
	if err != nil {
		return site.SegmentCount{People: -1, Why: p.Locale.T("site.rules.incomplete")}, nil
	}
	ctx, text := c.Request().Context(), c.FormValue("count")
	most, done, err := d.part(ctx, text != "")
	if err != nil {
		return out, err
	}
	defer done()
	var so counting
	if json.Unmarshal([]byte(text), &so) != nil || !sqldb.IsID(so.After) || len(so.Sample) > sampled {
		so = counting{}
	}
	n, ids, look, err := segments.CountOn(ctx, d.DB, rule, d.Now(), so.After, sampled-len(so.Sample), most)
	if err != nil {
		return out, err
	}
	so.N, so.Sample, so.After = so.N+n, append(so.Sample, ids...), look.At
	out.People = int(so.N)
	if !look.End {
		text, _ := json.Marshal(so) // numbers and texts always encode
		out.Next = string(text)
	}
	for _, id := range so.Sample {
		if s, err := d.People.Subscriber(ctx, d.DB, id); err == nil {
			out.Sample = append(out.Sample, site.SamplePerson{Email: s.Email, Name: s.Name(), URL: personURL(s.ID)})
		}
	}
	return out, nil
}

// buildSegment redraws the rules after a press of one of their buttons.
func (d *Desk) buildSegment(c echo.Context) error {
	v, err := d.segmentView(c, values(c), nil)
	if err != nil {
		return err
	}
	c.Response().Header().Set("HX-Trigger-After-Swap", "rules")
	return staff.Render(c, http.StatusOK, site.RuleBuilder(v))
}

func (d *Desk) countSegment(c echo.Context) error {
	rules, _ := rulesOf(values(c))
	p := d.page(c, site.NavSegments)
	count, err := d.count(c, p, rules)
	if err != nil {
		return err
	}
	count.PostURL = site.Path(site.NavSegments) + "/new/count"
	return staff.Render(c, http.StatusOK, site.RuleCount(p, count))
}

// arranging tells whether a button only changes the form.
func arranging(val map[string]string) bool { return val["do"] != "" && val["do"] != "save" }

func (d *Desk) addSegment(c echo.Context) error {
	val := values(c)
	rules, err := rulesOf(val)
	if arranging(val) {
		return d.segmentForm(c, http.StatusOK, true, val, nil)
	}
	if err == nil {
		_, err = d.Segments.Create(c.Request().Context(), actor(c), cmp.Or(val["key"], names.KeyOf(val["name"])), strings.TrimSpace(val["name"]), rules)
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.segmentForm(c, http.StatusUnprocessableEntity, true, val, wrong)
	}
	return d.did(c, err, site.Path(site.NavSegments), "site.desk.saved")
}

// rulesOf are the rules as they were put together or, if somebody asked for that or there is no other, as they were written.
func rulesOf(val map[string]string) (json.RawMessage, error) {
	if root, ok := ruleOf(val, "0", 0); ok && val["raw"] == "" {
		dress(&root)
		val["rules"] = pretty(ruleJSON(root))
	}
	_, err := segments.Compile(json.RawMessage(val["rules"]))
	return json.RawMessage(val["rules"]), err
}

// rulesWrong tells at the one field of the rules what is wrong within them.
func rulesWrong(all map[string]string) map[string]string {
	wrong := maps.Clone(all)
	for field, text := range all {
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
		text = pretty(tree)
	}
	return d.segmentForm(c, http.StatusOK, false, map[string]string{"key": s.Key, "name": s.Name, "rules": text}, nil)
}

func (d *Desk) changeSegment(c echo.Context) error {
	val := values(c)
	val["key"] = c.Param("key")
	rules, err := rulesOf(val)
	if arranging(val) {
		return d.segmentForm(c, http.StatusOK, false, val, nil)
	}
	if err == nil {
		_, err = d.Segments.Update(c.Request().Context(), actor(c), val["key"], func(s *segments.Segment) { s.Name, s.Rules = strings.TrimSpace(val["name"]), rules })
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.segmentForm(c, http.StatusUnprocessableEntity, false, val, wrong)
	}
	return d.did(c, err, site.Path(site.NavSegments)+"/"+val["key"], "site.desk.saved")
}

func (d *Desk) deleteSegment(c echo.Context) error {
	err := d.Segments.Delete(c.Request().Context(), actor(c), c.Param("key"))
	return d.did(c, err, site.Path(site.NavSegments), "site.desk.deleted")
}
