package desk

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/content"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/templates/site"
)

func campaignURL(id string) string { return site.Path(site.NavCampaigns) + "/" + id }

func (d *Desk) newCampaign(c echo.Context) error {
	return d.editor(c, http.StatusOK, nil, map[string]string{}, nil, []site.EditBlock{
		{Type: "heading", Values: map[string]string{"level": "1"}}, {Type: "text", Values: map[string]string{}}}, nil)
}

// editor shows a draft; a nil one is not stored yet.
func (d *Desk) editor(c echo.Context, status int, m *campaigns.Campaign, val map[string]string, excluded []string, blocks []site.EditBlock, wrong map[string]string) error {
	ctx := c.Request().Context()
	path := site.Path(site.NavCampaigns)
	v := site.CampaignEditView{Page: d.page(c, site.NavCampaigns), Record: site.Record{New: m == nil, Errors: wrong}, Action: path, BackURL: path, Values: val, Excluded: excluded, Blocks: blocks, Merge: content.Fields()}
	place(v.Blocks, wrong)
	if m != nil {
		v.Name, v.BackURL = m.Name, campaignURL(m.ID)
		v.Action, v.PreviewURL, v.FrameURL = v.BackURL+"/edit", v.BackURL+"/preview", v.BackURL+"/frame"
		v.Remove = remove(v.Page, "site.editor.delete_text", v.BackURL+"/delete")
	}
	var err error
	if v.Topics, err = d.topicOptions(ctx, v.Locale); err != nil {
		return err
	}
	if v.Segments, err = d.segmentOptions(ctx); err != nil {
		return err
	}
	if v.Brands, err = d.brandOptions(ctx); err != nil {
		return err
	}
	return staff.Render(c, status, site.CampaignEdit(v))
}

// draft is what the editor's form says, after what the pressed button does.
func draft(c echo.Context) (campaigns.Draft, map[string]string, []string, []site.EditBlock) {
	val := values(c)
	blocks := rearrange(blocksOf(val), val["do"])
	form, _ := c.FormParams() // values has read it
	excluded := append([]string{}, form["exclude_segments"]...)
	text := func(name string) *string { s := val[name]; return &s }
	return campaigns.Draft{Name: text("name"), Topic: text("topic"), Segment: text("segment"), ExcludeSegments: &excluded, Brand: text("brand"), Subject: text("subject"),
		Preheader: text("preheader"), Blocks: encode(blocks), ExpiresAfter: text("expires_after")}, val, excluded, blocks
}

// whole says whether the form is to be kept as it is, and not only rearranged.
func whole(val map[string]string) bool {
	return val["do"] == "" || val["do"] == "save" || val["do"] == "stay"
}

func (d *Desk) addCampaign(c echo.Context) error {
	in, val, excluded, blocks := draft(c)
	if !whole(val) {
		return d.editor(c, http.StatusOK, nil, val, excluded, blocks, nil)
	}
	m, err := d.Campaigns.Create(c.Request().Context(), actor(c), in)
	if wrong := staff.Problems(err); wrong != nil {
		return d.editor(c, http.StatusUnprocessableEntity, nil, val, excluded, blocks, wrong)
	}
	if err != nil {
		return err
	}
	return d.did(c, nil, after(val, m.ID), "site.editor.created")
}

func after(val map[string]string, id string) string {
	if val["do"] == "stay" {
		return campaignURL(id) + "/edit"
	}
	return campaignURL(id)
}

func (d *Desk) editCampaign(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := d.Campaigns.Get(ctx, d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	if m.Status != campaigns.StatusDraft {
		return d.did(c, campaigns.ErrNotDraft, campaignURL(m.ID), "")
	}
	topic, err := d.People.TopicByID(ctx, d.DB, m.TopicID)
	if err != nil {
		return err
	}
	val := map[string]string{"name": m.Name, "topic": topic.Key, "segment": m.Segment, "brand": m.Brand, "subject": m.Subject, "preheader": m.Preheader}
	if m.ExpiresAfter > 0 {
		val["expires_after"] = m.ExpiresAfter.String()
	}
	return d.editor(c, http.StatusOK, m, val, m.ExcludeSegments, decode(m.Blocks), nil)
}

func (d *Desk) changeCampaign(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := d.Campaigns.Get(ctx, d.DB, c.Param("id"))
	if err != nil {
		return err
	}
	in, val, excluded, blocks := draft(c)
	changed, err := d.Campaigns.Update(ctx, actor(c), m.ID, in)
	if !whole(val) { // kept as far as it is complete, and shown in any case
		if _, input := problem.As(err); err != nil && !input {
			return err
		}
		if err == nil {
			m = changed
		}
		return d.editor(c, http.StatusOK, m, val, excluded, blocks, nil)
	}
	if wrong := staff.Problems(err); wrong != nil {
		return d.editor(c, http.StatusUnprocessableEntity, m, val, excluded, blocks, wrong)
	}
	return d.did(c, err, after(val, m.ID), "site.desk.saved")
}

func (d *Desk) deleteCampaign(c echo.Context) error {
	err := d.Campaigns.Delete(c.Request().Context(), actor(c), c.Param("id"))
	return d.did(c, err, site.Path(site.NavCampaigns), "site.desk.deleted")
}

func (d *Desk) topicNames(ctx context.Context, tags ...string) (map[string]string, error) {
	topics, err := d.People.Topics(ctx, d.DB)
	names := map[string]string{}
	for _, t := range topics {
		names[t.ID] = t.Name(tags...)
	}
	return names, err
}
