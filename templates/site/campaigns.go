package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// CampaignsView lists campaigns. Filters: status.
type CampaignsView struct {
	Page
	Listing
	Rows []CampaignRow
}

// CampaignRow is one of them. At is when it finished, goes out, or was last changed.
type CampaignRow struct {
	Name, URL, Topic, Status string
	Sent, Total              int
	At                       time.Time
}

// Campaigns is the list of campaigns. Sort keys: name, at.
func Campaigns(v CampaignsView) templ.Component {
	p := v.Page
	p.Current = NavCampaigns
	create := v.create(p, NavCampaigns, "site.campaigns.new")
	t := ui.Table{Caption: p.t("site.nav.campaigns"), Columns: []ui.Column{
		v.column(p.t("site.campaigns.name"), "name"), v.column(p.t("site.campaigns.status"), ""), quiet(v.column(p.t("site.campaigns.topic"), "")),
		number(v.column(p.t("site.campaigns.sent"), "")), quiet(v.column(p.t("site.campaigns.at"), "at")),
	}}
	for _, r := range v.Rows {
		sent := "–"
		if r.Total > 0 {
			sent = p.t("site.progress", "done", r.Sent, "total", r.Total)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: r.Name, URL: r.URL}, {Badge: CampaignStatus(p.Locale, r.Status)}, {Text: r.Topic}, {Text: sent}, {Text: p.when(r.At)}}})
	}
	return listPage(sheet{
		Page: p, Listing: v.Listing, Table: t,
		Head:   ui.Head{Title: p.t("site.nav.campaigns"), Lead: p.t("site.campaigns.lead"), Actions: create},
		Filter: v.filter(p, NavCampaigns, p.t("site.campaigns.search"), choose(p, "status", p.t("site.campaigns.status"), p.t("site.campaigns.any_status"), "site.status.", "draft", "in_review", "scheduled", "sending", "paused", "finished", "cancelled")),
		Empty:  ui.Empty{Icon: NavCampaigns, Title: p.t("site.campaigns.empty"), Text: p.t("site.campaigns.empty_text"), Action: first(create)},
	})
}

// Count is how many have one reason. URL leads to those people; empty: nowhere.
type Count struct {
	Reason string
	N      int
	URL    string
}

// AudienceView is who would get a campaign and who would not, and why.
type AudienceView struct {
	Total, Allowed int
	ByReason       []Count // of those who would not, most first
	// Deferred are those of ByReason who get it later.
	At time.Time // when it was counted
	// NextURL is this page with more of the audience counted; empty: that is all of it.
	NextURL string
}

// ReportView is how a campaign stands.
type ReportView struct {
	Total, Sent, Waiting, Claimed, Deferred, Failed, Uncertain int
	Bounced, Complained, Unsubscribed                          int
	Skipped                                                    []Count // most first
	// Over is what went out over time; no points: nothing yet.
	Over ui.Chart
	// After is what came of it over time.
	After ui.Chart
}

// CampaignView is one campaign: what it is, who gets it, how it goes.
type CampaignView struct {
	Page
	Name, Status string
	// StatusReason says why it is paused or cancelled, if it is.
	StatusReason string
	// Alerts are what mailbox providers' reports led to.
	Alerts                                        []Check
	Subject, Preheader, Topic, Segment, Brand     string
	Excluded                                      []string
	Author, Approver                              string
	ScheduledAt, StartedAt, FinishedAt, ExpiresAt time.Time
	LocalTime, Window, Rate                       string
	Audience                                      *AudienceView
	Report                                        *ReportView
	Checks                                        []Check
	// PreviewURL serves the bare mail under FramePolicy.
	PreviewURL    string
	DeliveriesURL string
	// Links and Posts are what this person may do now: edit, test; schedule, pause, resume, cancel, approve.
	Links    []ui.Link
	Posts    []ui.Post
	Schedule *ScheduleForm // nil: it cannot be scheduled now
	Test     *TestForm
	History  []ui.Entry
	// Tried is what its test shows, Clicks what is told of clicks. Nil: there is none.
	Tried  *TestView
	Clicks *ClicksView
	// Compared is this campaign and earlier ones of its topic and brand.
	Compared []Compared
	// RefuseAction takes a reason and gives it back to its author. Empty: not offered.
	RefuseAction string
	// LiveURL sends CampaignProgress anew whenever it changes. Empty: not live.
	LiveURL string
	Speed   Speed
}

// Check is one thing that was looked at before sending.
type Check struct {
	Text, Help string
	Tone       ui.Tone
}

// ScheduleForm says when it goes out. Fields: at, local_time, window, rate.
type ScheduleForm struct {
	Action                      string
	At, LocalTime, Window, Rate string
	Errors                      map[string]string
	// Review tells that it goes to a second person first.
	Review bool
}

// TestForm sends a test. Field: to (addresses, by comma or line).
type TestForm struct {
	Action, To string
	Errors     map[string]string
}

func (v CampaignView) head() ui.Head {
	return ui.Head{Title: v.Name, Lead: v.Subject, Back: v.back(NavCampaigns), Badge: CampaignStatus(v.Locale, v.Status), Actions: v.Links, Posts: v.Posts}
}

func (v CampaignView) scheduleForm() ui.FormOf {
	s := v.Schedule
	submit := "site.campaign.schedule_do"
	if s.Review {
		submit = "site.campaign.review_do"
	}
	return ui.FormOf{Action: s.Action, Submit: v.t(submit), Fields: []ui.Field{
		{Name: "at", Kind: "datetime-local", Label: v.t("site.campaign.at"), Hint: v.t("site.campaign.at_hint", "zone", zoneName(v.Zone)), Value: s.At},
		{Name: "local_time", Kind: "datetime-local", Label: v.t("site.campaign.local"), Hint: v.t("site.campaign.local_hint"), Value: s.LocalTime},
		{Name: "window", Label: v.t("site.campaign.window"), Hint: v.t("site.campaign.window_hint"), Value: s.Window, Placeholder: "09:00-17:00", Short: true},
		{Name: "rate", Kind: "number", Label: v.t("site.campaign.rate"), Hint: v.t("site.campaign.rate_hint"), Value: s.Rate, InputMode: "numeric", Short: true},
	}}.WithErrors(s.Errors)
}

func (v CampaignView) refuseForm() ui.FormOf {
	return ui.FormOf{Action: v.RefuseAction, Submit: v.t("site.review.refuse"), Danger: true, Fields: []ui.Field{
		{Name: "reason", Kind: "textarea", Rows: 3, Label: v.t("site.review.reason"), Hint: v.t("site.review.reason_hint"), Required: true, MaxLength: 500},
	}}
}

func (v CampaignView) testForm() ui.FormOf {
	return ui.FormOf{Action: v.Test.Action, Submit: v.t("site.campaign.test_do"), Fields: []ui.Field{
		{Name: "to", Label: v.t("site.campaign.test_to"), Hint: v.t("site.campaign.test_hint"), Value: v.Test.To, Required: true},
	}}.WithErrors(v.Test.Errors)
}

func zoneName(zone string) string {
	if zone == "" {
		return "UTC"
	}
	return zone
}

// shares are counts by reason as parts of a chart.
func (p Page) shares(counts []Count) []ui.Share {
	out := make([]ui.Share, 0, len(counts))
	for _, c := range counts {
		out = append(out, ui.Share{Name: reason(p.Locale, c.Reason), Value: c.N, URL: c.URL, Tone: ui.Warn})
	}
	return out
}

func (a AudienceView) skipped() int {
	n := 0
	for _, c := range a.ByReason {
		n += c.N
	}
	return n
}

func (v CampaignView) audienceShares() []ui.Share {
	return []ui.Share{
		{Name: v.t("site.campaign.gets"), Value: v.Audience.Allowed, Tone: ui.Good},
		{Name: v.t("site.campaign.not"), Value: v.Audience.skipped(), Tone: ui.Warn},
	}
}

func (r ReportView) skipped() int {
	n := 0
	for _, c := range r.Skipped {
		n += c.N
	}
	return n
}

// done are those who have a final result.
func (r ReportView) done() int { return r.Sent + r.skipped() + r.Failed + r.Uncertain }

func (v CampaignView) reportShares() []ui.Share {
	r := v.Report
	all := []ui.Share{
		{Name: v.t("site.delivery.sent"), Value: r.Sent, Tone: ui.Good},
		{Name: v.t("site.delivery.skipped"), Value: r.skipped(), Tone: ui.Warn},
		{Name: v.t("site.delivery.deferred"), Value: r.Deferred, Tone: ui.Info},
		{Name: v.t("site.delivery.failed"), Value: r.Failed, Tone: ui.Bad},
		{Name: v.t("site.delivery.uncertain"), Value: r.Uncertain},
		{Name: v.t("site.campaign.waiting"), Value: r.Waiting + r.Claimed, Tone: ui.Mute},
	}
	out := all[:0]
	for i, s := range all {
		if s.Value > 0 || i == 0 {
			out = append(out, s)
		}
	}
	return out
}

func (v CampaignView) reportStats() []ui.Stat {
	r := v.Report
	stat := func(key string, n int, tone ui.Tone) ui.Stat {
		s := ui.Stat{Label: v.t(key), Value: v.n(n), Note: v.t("site.campaign.of_sent", "share", ui.ShareOf(n, r.Sent))}
		if n > 0 {
			s.Tone = tone
		}
		return s
	}
	return []ui.Stat{
		{Label: v.t("site.delivery.sent"), Value: v.n(r.Sent), Note: v.t("site.campaign.of_total", "total", r.Total), URL: v.DeliveriesURL},
		stat("site.delivery.bounced", r.Bounced, ui.Plain),
		stat("site.campaign.complained", r.Complained, ui.Bad),
		stat("site.campaign.unsubscribed", r.Unsubscribed, ui.Plain),
	}
}

// running tells that the page shows how it goes rather than who would get it.
func (v CampaignView) running() bool { return v.Report != nil && !v.StartedAt.IsZero() }
