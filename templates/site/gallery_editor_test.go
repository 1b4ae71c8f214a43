package site

import (
	"github.com/a-h/templ"

	"assent/templates/site/ui"
)

// addEditor shows the campaign editor with a block of every type, and with everything that can be wrong.
func addEditor(out map[string]templ.Component, p Page, say func(string) string) {
	p.Current = NavCampaigns
	options := []ui.Option{{Value: "a", Label: say("Newsletter")}, {Value: "b", Label: say("Offers")}}
	text := func(kind string, kv ...string) EditBlock {
		b := EditBlock{Type: kind, Values: map[string]string{}}
		for i := 0; i < len(kv); i += 2 {
			b.Values[kv[i]] = kv[i+1]
		}
		return b
	}
	blocks := []EditBlock{
		text("heading", "text", say("What is new"), "level", "1"), text("text", "markdown", say("**Hello** {{ first_name | \"you\" }}")), text("image", "url", say("https://example.com/a.png"), "alt", say("A ship")),
		text("button", "label", say("Read on"), "url", say("https://example.com/")), text("divider"),
		{Type: "columns", Values: map[string]string{"columns": "2"}, Columns: [][]EditBlock{{text("text", "markdown", say("Left"))}, {text("button", "label", say("Go"), "url", say("https://example.com/")), text("event", "event", say("open-day"))}}},
		text("video", "json", say(`{"type": "video"}`)),
	}
	checks := EditPanel{Faults: 2, Checks: []EditCheck{{Check{say("Block 3: What the picture shows: is required"), "", ui.Bad}, "2"}, {Check{say("There is no preheader"), say("Many inboxes show it."), ui.Warn}, "preheader"}, {Check{say("12 KB of HTML"), "", ui.Good}, ""}}}
	v := CampaignEditView{
		Page: p, Name: say("What is new in March"), Action: "/admin/campaigns/1/edit", BackURL: "/admin/campaigns/1", Values: map[string]string{"name": say("March"), "topic": "a", "subject": say("What is new")}, Topics: options, Segments: options, Brands: options,
		Blocks: blocks, Merge: []string{"first_name", "unsubscribe_url"}, PreviewURL: "/admin/campaigns/1/preview", FrameURL: "/admin/campaigns/1/frame?draft=1", Version: "3", State: say("Saved 12:03 by Bo"),
		Languages: options, PeopleURL: "/admin/campaigns/readers", MediaURL: "/admin/media/pick", Panel: checks, Record: Record{Remove: removal(say)},
	}
	v.Events = []ui.Option{{Value: "open-day", Label: say("Open day · 1 May 2026")}, {Value: "fair", Label: say("Fair · 1 May 2025 (over)")}}
	out["editor"] = CampaignEdit(v)
	other := v
	other.Action, other.TextOnly, other.Remove = "/admin/campaigns/1/text/2/edit", true, nil
	other.Texts = []ui.Tab{{Label: say("Text A"), URL: "/admin/campaigns/1/edit"}, {Label: say("Text B"), URL: "/admin/campaigns/1/text/2/edit", Current: true}}
	out["editor-text"] = CampaignEdit(other)
	wrong := v
	wrong.Conflict, wrong.Unfinished = say("Bo"), &ui.Post{Label: say("Go back"), Action: "/admin/campaigns/1/discard", Back: say("No, go back"), Ask: say("Go back?")}
	wrong.Errors = map[string]string{"subject": say("is required"), "blocks[2].alt": say("is required"), "topic": say("is archived")}
	wrong.Blocks = append([]EditBlock{}, blocks...)
	wrong.Blocks[2].Errors = map[string]string{"alt": say("is required"), "url": say("is not a link")}
	wrong.Blocks[5].Errors = map[string]string{"columns": say("must be two or three lists")}
	out["editor-wrong"] = CampaignEdit(wrong)
	seen := PreviewView{Page: p, Name: say("Spring"), Subject: say("What is new"), BackURL: "/admin/campaigns/1", FrameURL: "/admin/campaigns/1/frame", Ways: []ui.Tab{{Label: say("Desk"), URL: "?way=desk", Current: true}, {Label: say("Phone"), URL: "?way=phone"}},
		Languages: []ui.Tab{{Label: say("English"), URL: "?language=en", Current: true}, {Label: say("Nederlands"), URL: "?language=nl"}}, Texts: []ui.Tab{{Label: say("Text A"), URL: "?text=1", Current: true}, {Label: say("Text B"), URL: "?text=2"}}, Action: "/admin/campaigns/1/preview", As: say("anna@example.com"), Language: "en"}
	out["preview"] = Preview(seen)
	seen.FrameURL, seen.Phone, seen.Plain, seen.Wrong = "", true, say("Hello Anna"), say("There is nobody with this address.")
	out["preview-text"] = Preview(seen)
	picture := MediaPicture{Src: "/media/a.png", URL: "https://example.com/media/a.png", Title: say("ship.png"), Alt: say("A ship"), Width: 600, Height: 200, Bytes: 20000, Remove: *removal(say)}
	second := picture
	second.Alt, second.Src, second.Remove.Action = "", "/media/b.png", "/admin/media/b/delete"
	library := p
	library.Current = NavMedia
	out["media"] = Media(MediaView{Page: library, Action: "/admin/media", Write: true, Pictures: []MediaPicture{picture, second}, Pager: ui.Pager{Locale: p.Locale, Next: "?after=2"}, Errors: map[string]string{"alt": say("is required")}})
	out["media-empty"] = Media(MediaView{Page: library, Action: "/admin/media", Pager: ui.Pager{Locale: p.Locale}})
	segments := p
	segments.Current = NavSegments
	root := RuleNode{Is: "all", Members: []RuleNode{
		{What: "country", Op: "in", Value: say("NL\nDE"), Ops: []string{"eq", "in"}, Takes: "list"}, {What: "attributes.", Attribute: say("plan"), Op: "eq", Value: say("pro"), Ops: []string{"eq"}, Takes: "text", Error: say("is required")},
		{Is: "none", Members: []RuleNode{{What: "topic", Topic: "a", State: "given", Days: "30"}, {What: "delivery", Outcome: "bounced", Campaign: "b"}, {What: "birth_date", Op: "exists", Ops: []string{"exists"}, Takes: "nothing"}, {What: "customer", Op: "eq", Value: "true", Ops: []string{"eq", "ne"}, Takes: "truth"}, {What: "created_at", Op: "after", Value: "2026-03-01", Ops: []string{"after"}, Takes: "time"}}},
		{Is: "any"}}}
	rules := SegmentFormView{Page: segments, Action: "/admin/segments/nl", Values: map[string]string{"key": "nl", "name": say("Dutch customers"), "rules": say("{}")}, Root: &root, Fields: []string{"country", "customer", "created_at", "birth_date"}, Topics: options, Campaigns: options,
		BuildURL: "/admin/segments/new/build", CountURL: "/admin/segments/new/count", Write: true, Count: SegmentCount{People: 1204, Sample: []SamplePerson{{say("ann@example.com"), say("Ann"), "/admin/subscribers/1"}}}, Record: Record{Remove: removal(say)}}
	out["segment-rules"] = SegmentForm(rules)
	rules.Write, rules.Count = false, SegmentCount{People: -1, Why: say("Counting takes longer.")}
	out["segment-read-only"] = SegmentForm(rules)
	out["editor-new"] = CampaignEdit(CampaignEditView{Page: p, Record: Record{New: true}, Action: "/admin/campaigns", BackURL: "/admin/campaigns", Values: map[string]string{}, Topics: options, Brands: options, Blocks: []EditBlock{text("heading", "level", "1"), text("text")}, State: say("Not saved yet")})
}
