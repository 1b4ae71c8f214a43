package desk

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (d *Desk) registerVariants(e *echo.Echo) {
	r := d.at(e, site.NavCampaigns)
	r.getFor("/:id/variants", d.variants, access.Marketer)
	r.get("/:id/text/:n", d.text)
	r.get("/:id/text/:n/frame", d.frame)
	r.getFor("/:id/text/:n/edit", d.editCampaign, access.Marketer)
	r.post("/:id/text/:n/edit", d.changeCampaign, access.Marketer)
	r.post("/:id/text/:n/discard", d.discard, access.Marketer)
	r.post("/:id/variants", d.setVariants, access.Marketer)
	r.post("/:id/winner", d.winner, access.Marketer, access.Approver)
}

// lastVariant is the number of the last text that a test may have.
const lastVariant = 4

func (d *Desk) variants(c echo.Context) error {
	m, err := d.Campaigns.Get(c.Request().Context(), d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	if m.Status != campaigns.StatusDraft {
		return d.did(c, campaigns.ErrNotDraft, campaignURL(m.ID), "")
	}
	val := map[string]string{"share": "20", "wait": "4h", "measure": campaigns.MeasureUnsubscribes, "track_clicks": map[bool]string{true: "1"}[m.TrackClicks]}
	if m.AB != nil {
		val["share"], val["wait"], val["measure"] = strconv.Itoa(m.AB.Share), m.AB.Wait, m.AB.Measure
		for i, v := range m.AB.Variants {
			at := "." + strconv.Itoa(i+2)
			val["subject"+at], val["preheader"+at] = v.Subject, v.Preheader
			if v.Blocks != nil {
				val["own"+at] = "1"
			}
		}
	}
	return d.variantsForm(c, http.StatusOK, m, val, nil)
}

func (d *Desk) variantsForm(c echo.Context, status int, m *campaigns.Campaign, val, wrong map[string]string) error {
	here := campaignURL(m.ID)
	v := site.VariantsView{Page: d.page(c, site.NavCampaigns), Name: m.Name, Action: here + "/variants", BackURL: here, Values: val, Errors: wrong}
	v.Links, val["subject"], val["preheader"] = textLinks(v.Locale, m), m.Subject, m.Preheader
	if m.AB != nil {
		v.End = &ui.Post{Label: v.Locale.T("site.ab.end"), Action: v.Action, Icon: "trash", Tone: ui.Bad, Back: v.Locale.T("site.dialog.back"), Ask: v.Locale.T("site.ab.end_ask"), AskText: v.Locale.T("site.ab.end_text"), Fields: []ui.Hidden{{Name: "end", Value: "1"}, {Name: "track_clicks", Value: val["track_clicks"]}}}
	}
	return staff.Render(c, status, site.Variants(v))
}

// textLinks lead to the editor of each other text.
func textLinks(l *locale.Locale, m *campaigns.Campaign) (out []ui.Link) {
	for n := 2; n <= arms(m); n++ {
		out = append(out, ui.Link{Label: l.T("site.ab.edit", "name", site.VariantName(n)), URL: textURL(m.ID, n) + "/edit"})
	}
	return out
}

// testOf is the test that the form says; null for none. The content of a text is written in its editor: it begins as a copy of
// the campaign's own.
func testOf(val map[string]string, m *campaigns.Campaign) (json.RawMessage, error) {
	t := campaigns.ABTest{Measure: val["measure"], Wait: strings.TrimSpace(val["wait"])}
	for n := 2; n <= lastVariant; n++ {
		at := "." + strconv.Itoa(n)
		v := campaigns.Variant{Subject: strings.TrimSpace(val["subject"+at]), Preheader: strings.TrimSpace(val["preheader"+at])}
		if val["own"+at] != "" {
			if v.Blocks = m.Blocks; n <= arms(m) && m.AB.Variants[n-2].Blocks != nil {
				v.Blocks = m.AB.Variants[n-2].Blocks
			}
		}
		if v.Subject != "" || v.Preheader != "" || v.Blocks != nil {
			t.Variants = append(t.Variants, v)
		}
	}
	if val["end"] != "" || m.AB == nil && len(t.Variants) == 0 { // only whether clicks are counted was said
		return json.RawMessage("null"), nil
	}
	var err error
	if t.Share, err = strconv.Atoi(strings.TrimSpace(val["share"])); err != nil {
		return nil, problem.Invalid("share", "must be 1 to 100 per cent")
	}
	return json.Marshal(t)
}

func (d *Desk) setVariants(c echo.Context) error {
	ctx, val := c.Request().Context(), values(c)
	m, err := d.Campaigns.Get(ctx, d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	track := val["track_clicks"] != ""
	test, err := testOf(val, m)
	if err == nil {
		_, err = d.Campaigns.Update(ctx, actor(c), m.ID, campaigns.Draft{TrackClicks: &track, ABTest: test})
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		placed := map[string]string{}
		for field, text := range wrong {
			field = strings.TrimPrefix(field, "ab_test.")
			if field == "variants" {
				field = "subject.2"
			}
			for n := 2; n <= lastVariant; n++ { // ab_test.variants[0].subject is subject.2
				if rest, ok := strings.CutPrefix(field, "variants["+strconv.Itoa(n-2)+"]."); ok {
					name, _, _ := strings.Cut(strings.SplitN(rest, ".", 2)[0], "[")
					if name == "blocks" {
						name = "own"
					}
					field = name + "." + strconv.Itoa(n)
				}
			}
			placed[field] = text
		}
		return d.variantsForm(c, http.StatusUnprocessableEntity, m, val, placed)
	}
	return d.did(c, err, campaignURL(m.ID), "site.desk.saved")
}

func (d *Desk) winner(c echo.Context) error {
	n, _ := strconv.Atoi(c.FormValue("variant"))
	_, err := d.Campaigns.ChooseWinner(c.Request().Context(), actor(c), c.Param("id"), n)
	return d.did(c, err, campaignURL(c.Param("id")), "site.ab.goes_out")
}

// tried adds what the test of a campaign shows, and what its clicks were.
func (d *Desk) tried(c echo.Context, m *campaigns.Campaign, r campaigns.Report, v *site.CampaignView) {
	if f := r.ABTest; f != nil {
		t := &site.TestView{Clicks: f.Measure == campaigns.MeasureClicks, Best: f.Best, Shown: f.Shown, Winner: m.ABState.Winner, By: m.ABState.By}
		for _, x := range f.Tried {
			row := site.TriedRow{Subject: m.As(x.Variant).Subject, Sent: x.Sent, Hits: x.Unsubscribed}
			if t.Clicks {
				row.Hits = number(x.Clicked)
			}
			if x.Share != nil {
				row.Share, row.Low, row.High = *x.Share, *x.Low, *x.High
			}
			t.Tried = append(t.Tried, row)
			if m.ABState.Winner == 0 && d.lively(m) && may(c, access.Marketer, access.Approver) {
				t.Posts = append(t.Posts, ui.Post{Label: v.Locale.T("site.ab.choose"), Action: campaignURL(m.ID) + "/winner", Fields: []ui.Hidden{{Name: "variant", Value: strconv.Itoa(x.Variant)}}})
			}
		}
		v.Tried = t
	}
	if k := r.Clicks; k != nil {
		v.Clicks = &site.ClicksView{Tracked: k.Tracked, Machines: k.Machines, People: number(k.People)}
		for _, l := range k.Links {
			v.Clicks.Links = append(v.Clicks.Links, site.LinkRow{URL: l.URL, People: number(l.People)})
		}
	}
}

// number is a count of people, -1 for fewer than are told.
func number(n *int64) int64 {
	if n == nil {
		return -1
	}
	return *n
}
