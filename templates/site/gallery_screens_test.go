package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

func listing(p Page) Listing {
	return Listing{
		Sort: "-name", SortURL: func(k string) string { return "?sort=" + k }, Write: true, ExportURL: "/admin/export.csv",
		Pager: ui.Pager{Locale: p.Locale, Next: "?cursor=x", Shown: Shown(p.Locale, 1, 50, 1234)},
	}
}

func post(label, action string) *ui.Post { return &ui.Post{Label: label, Action: action} }

func removal(say func(string) string) *ui.Post {
	return &ui.Post{Label: say("Delete"), Action: "/admin/x/delete", Tone: ui.Bad, Back: say("No, go back"), Ask: say("Delete it?"), AskText: say("It cannot be undone."), Fields: []ui.Hidden{{Name: "id", Value: say("x")}}}
}

func entries(say func(string) string) []ui.Entry {
	return []ui.Entry{
		{At: "3 March 2026, 10:05 CET", Machine: "2026-03-03T09:05:00Z", Title: say("Confirmed the newsletter"), Text: say("from the link in the mail"), Tone: ui.Good, Badge: ui.Badge{Text: say("consent")}},
		{At: "2 March 2026, 10:05 CET", Machine: "2026-03-02T09:05:00Z", Title: say("What is new in March"), URL: say("/admin/campaigns/1"), Badge: ui.Badge{Text: say("sent"), Tone: ui.Info}},
		{At: "1 March 2026, 10:05 CET", Machine: "2026-03-01T09:05:00Z", Title: say("Bounced"), Text: say("550 5.1.1 no such user"), Tone: ui.Bad},
	}
}

func addCampaigns(out map[string]templ.Component, p Page, say func(string) string) {
	l := listing(p)
	rows := []CampaignRow{
		{say("What is new in March"), "/admin/campaigns/1", say("Newsletter"), "sending", 4210, 9120, at},
		{say("Spring offer"), "/admin/campaigns/2", say("Offers"), "paused", 120, 3100, at},
		{say("Open day"), "/admin/campaigns/3", say("Events"), "draft", 0, 0, at},
		{say("Winter"), "/admin/campaigns/4", say("Offers"), "finished", 3000, 3100, at},
		{say("Odd"), "/admin/campaigns/5", say("Offers"), say("some_new_status"), 3000, 3100, at},
	}
	out["campaigns"] = Campaigns(CampaignsView{p, l, rows})
	out["campaigns-empty"] = Campaigns(CampaignsView{p, Listing{Write: true}, nil})
	out["campaigns-read-only"] = Campaigns(CampaignsView{p, Listing{}, nil})
	out["campaigns-nothing"] = Campaigns(CampaignsView{p, Listing{Search: say("zzz"), Chosen: map[string]string{"status": "draft"}}, nil})
	counts := []Count{{"no_consent", 2100, "/admin/campaigns/1/audience?reason=no_consent"}, {"withdrawn", 640, ""}, {"frequency_capped", 120, ""}, {"quiet_hours", 44, ""}, {say("some_new_reason"), 3, ""}}
	base := CampaignView{
		Page: p, Name: say("What is new in March"), Status: "draft", Subject: say("What is new, and one thing that is not"), Preheader: say("Five minutes of reading"), Topic: say("Newsletter"), Segment: say("Dutch customers"), Brand: say("Nordlicht"), Excluded: []string{say("Staff"), say("Press")},
		Author: say("Ada"), Approver: say("Bo"), PreviewURL: "/admin/campaigns/1/preview", DeliveriesURL: "/admin/campaigns/1/deliveries",
		Links: []ui.Link{{Label: say("Edit"), URL: "/admin/campaigns/1/edit"}}, Posts: []ui.Post{*removal(say)},
		Audience:     &AudienceView{Total: 12027, Allowed: 9120, ByReason: counts, At: at},
		Checks:       []Check{{say("The unsubscribe link is there"), "", ui.Good}, {say("2 images have no alt text"), say("Add it in the editor."), ui.Bad}, {say("The mail has 91 KB"), say("Gmail cuts it off at 102 KB."), ui.Warn}},
		RefuseAction: "/admin/campaigns/1/refuse",
		Schedule:     &ScheduleForm{Action: "/admin/campaigns/1/schedule", Errors: map[string]string{"window": say("Write it as 09:00-17:00.")}, Review: true},
		Test:         &TestForm{Action: "/admin/campaigns/1/test", To: say("ada@nordlicht.example")}, History: entries(say),
	}
	out["campaign-draft"] = Campaign(base)
	over := ui.Chart{Locale: p.Locale, Title: say("Sent over time"), Summary: say("Most in the first ten minutes."), PointName: say("Time"), Series: []ui.Series{{Name: say("Sent"), Values: []int{0, 1200, 2600, 3900, 4210}}}, Points: []string{"10:00", "10:05", "10:10", "10:15", "10:20"}}
	run := base
	run.Status, run.Audience, run.Checks, run.Schedule, run.Test = "paused", nil, nil, &ScheduleForm{Action: "/x"}, nil
	run.StatusReason = say("Paused by itself: five refusals in a row.")
	run.StartedAt, run.FinishedAt, run.ScheduledAt, run.ExpiresAt = at, at.Add(time.Hour), at, at.AddDate(0, 0, 2)
	run.LocalTime, run.Window, run.Rate = say("09:00"), "09:00-17:00", "5000"
	run.Report = &ReportView{Total: 12027, Sent: 4210, Waiting: 4800, Claimed: 12, Deferred: 98, Failed: 3, Uncertain: 1, Bounced: 22, Complained: 1, Unsubscribed: 17, Skipped: counts, Over: over}
	run.Compared = []Compared{{say("What is new in March"), "/admin/campaigns/1", at, Counts{0, 12027, 4210, 2907, 22, 1, 17}, true, 88}, {say("February"), "/admin/campaigns/2", at.AddDate(0, -1, 0), Counts{0, 11000, 9000, 2000, 40, 0, 90}, true, -1}}
	run.Tried = &TestView{Tried: []TriedRow{{say("What is new"), 1000, 20, 0.02, 0.013, 0.0307}, {say("Five minutes of news"), 1010, 11, 0.0109, 0.0061, 0.0194}}, Best: 2, Winner: 2, By: say("Bo"),
		Posts: []ui.Post{{Label: say("Send this to the rest"), Action: "/admin/campaigns/1/winner", Fields: []ui.Hidden{{Name: "variant", Value: "1"}}}}}
	run.Clicks = &ClicksView{Tracked: 1200, Machines: 31, People: 88, Links: []LinkRow{{say("https://nordlicht.example/news"), 80}, {say("https://nordlicht.example/x"), -1}}}
	out["campaign-variants"] = Variants(VariantsView{Page: p, Name: say("What is new in March"), Action: "/admin/campaigns/1/variants", BackURL: "/admin/campaigns/1", Links: []ui.Link{{Label: say("Edit text B"), URL: "/admin/campaigns/1/text/2/edit"}}, End: removal(say), Values: map[string]string{"subject": say("What is new"), "share": "20", "wait": say("90m"), "measure": "clicks", "subject.2": say("Five minutes of news"), "subject.3": say("News")}, Errors: map[string]string{"share": say("Too much.")}})
	run.LiveURL, run.Speed = "/admin/campaigns/1/live", Speed{0.4, 95 * time.Minute}
	run.Alerts = []Check{{say("0.25 % of 1,200 recipients reported it as spam."), say("Told to the staff."), ui.Warn}, {say("gmail.com put off 34 % of 80 mails."), say("Mail to this domain waits until 10:35."), ui.Bad}}
	out["campaign-running"] = Campaign(run)
	run.LiveURL = ""
	compared := []Compared{{say("What is new in March"), "/admin/campaigns/1", at, Counts{0, 12027, 4210, 2907, 22, 1, 17}, false, 0}, {say("February"), "/admin/campaigns/2", at.AddDate(0, -1, 0), Counts{2, 11000, 9000, 2000, 40, 0, 90}, false, 0}}
	after := over
	after.Title, after.Series = say("What came of it"), []ui.Series{{Name: say("Unsubscribed"), Values: []int{0, 3, 4, 5, 5}}, {Name: say("Bounced"), Values: []int{0, 9, 9, 4, 0}}}
	reports := ReportsView{Page: p, Listing: l, Spans: []string{"30", "90", "365"}, Topics: []ui.Option{{Value: "news", Label: say("Newsletter")}}, Brands: []ui.Option{{Value: "n", Label: say("Nordlicht")}}, All: compared[1].Counts,
		Sent: over, After: after, ByTopic: compared, Campaigns: compared}
	reports.Chosen = map[string]string{"topic": "news", "days": "90"}
	out["reports"] = Reports(reports)
	out["reports-empty"] = Reports(ReportsView{Page: p, Listing: Listing{Chosen: map[string]string{"days": "30"}}, Spans: []string{"30"}})
	run.Report = &ReportView{}
	run.StatusReason, run.Segment, run.Alerts = "", "", nil
	out["campaign-started"] = Campaign(run)
	deliveries := []DeliveryRow{
		{say("anna.de.vries@example.com"), "/admin/subscribers/1", "sent", "allowed", say("250 2.0.0 ok"), at}, {say("bo@example.com"), "/admin/subscribers/2", "skipped", "withdrawn", "", at},
		{say("cy@example.com"), "", "bounced", "", say("550 5.1.1 no such user"), at}, {say("di@example.com"), "", "uncertain", "", "", time.Time{}},
	}
	out["deliveries"] = Deliveries(DeliveriesView{Page: p, Listing: l, Campaign: say("What is new in March"), CampaignURL: "/admin/campaigns/1", ListURL: "/admin/campaigns/1/deliveries", Rows: deliveries, Reasons: []string{"withdrawn"}})
	out["deliveries-empty"] = Deliveries(DeliveriesView{Page: p, Campaign: say("What is new in March"), CampaignURL: "/admin/campaigns/1", ListURL: "/admin/campaigns/1/deliveries"})
	out["error"] = ErrorPage(p, say("There is nothing here"), say("It may have been deleted."), say("01JB"))
}

func addPeople(out map[string]templ.Component, p Page, say func(string) string) {
	l := listing(p)
	options := []ui.Option{{Value: "news", Label: say("Newsletter")}, {Value: "offers", Label: say("Offers"), Hint: say("A few times a year.")}}
	var rows []SubscriberRow
	for _, s := range append(personStates, "erased") {
		rows = append(rows, SubscriberRow{"01a2", say("anna.de.vries@example.com"), "/admin/subscribers/1", say("Anna de Vries"), s, 3, at})
	}
	out["subscribers"] = Subscribers(SubscribersView{Page: p, Listing: l, Topics: options, Rows: rows})
	out["subscribers-withdraw"] = Subscribers(SubscribersView{Page: p, Listing: l, Topics: options, Rows: rows, Bulk: BulkForm{Values: map[string]string{"do": "withdraw", "all": "1"}, Errors: map[string]string{"of": say("Please choose one."), "note": say("Please fill this in.")}}})
	out["subscribers-empty"] = Subscribers(SubscribersView{Page: p, Listing: Listing{Write: true}})
	person := SubscriberView{
		Page: p, Email: say("anna.de.vries@example.com"), Name: say("Anna de Vries"), Status: "active", ExternalID: say("C-1024"), Company: say("De Vries B.V."), Phone: say("+31 20 123 45 67"), Country: say("NL"), Language: say("nl"), TimeZone: say("Europe/Amsterdam"), BirthDate: say("1980-01-01"),
		CustomerSince: at.AddDate(-3, 0, 0), CreatedAt: at.AddDate(-3, 0, 0), PausedUntil: at.AddDate(0, 1, 0), Frequency: "weekly", Attributes: []Header{{say("plan"), say("pro")}},
		Consents:     []ConsentLine{{say("Newsletter"), "/admin/topics/news", "given", say("form at nordlicht.example"), at, at.AddDate(2, 0, 0)}, {say("Offers"), "", "withdrawn", say("unsubscribe link"), at, time.Time{}}, {say("Surveys"), "", "", "", time.Time{}, time.Time{}}},
		Suppressions: []SuppressionRow{{Reason: "manual", Note: say("asked on the telephone"), At: at}}, Partners: []string{say("Hub Resellers")},
		WhatIf:  []WhatIf{{say("Newsletter"), "allow", "allowed", time.Time{}}, {say("Offers"), "deny", "withdrawn", time.Time{}}, {say("Events"), "defer", "quiet_hours", at}},
		History: entries(say), HistoryMore: "/admin/subscribers/1/history", Links: []ui.Link{{Label: say("Change"), URL: "/admin/subscribers/1/edit"}}, Posts: []ui.Post{*removal(say)},
		Give: &ConsentForm{Action: "/admin/subscribers/1/consents", Topics: options, Values: map[string]string{"source": say("telephone")}, Errors: map[string]string{"wording": say("Please fill this in.")}},
	}
	out["subscriber"] = Subscriber(person)
	out["subscriber-bare"] = Subscriber(SubscriberView{Page: p, Email: say("bo@example.com"), Status: "none"})
	out["subscriber-new"] = SubscriberForm(SubscriberFormView{Page: p, Record: Record{New: true, Errors: map[string]string{"email": say("This is not an e-mail address."), "country": say("Two letters.")}}, Action: "/admin/subscribers", Back: "/admin/subscribers", Values: map[string]string{"email": say("anna@")}})
	out["subscriber-edit"] = SubscriberForm(SubscriberFormView{Page: p, Record: Record{Remove: removal(say)}, Action: "/admin/subscribers/1", Back: "/admin/subscribers/1"})
	blocked := []SuppressionRow{{say("cy@example.com"), "/admin/subscribers/3", "bounced", say("550 5.1.1"), at, nil}, {say("di@example.com"), "", "manual", say("asked"), at, post(say("Lift"), "/admin/suppressions/lift")}, {"", "", "erased", "", at, nil}, {say("ed@example.com"), "", "complained", "", at, nil}}
	out["suppressions"] = Suppressions(SuppressionsView{Page: p, Listing: l, Rows: blocked, Action: "/admin/suppressions", ExportURL: "/admin/suppressions/export.csv", ImportAction: "/admin/suppressions/import", Errors: map[string]string{"email": say("Not an address.")}})
	out["suppression-lift"] = Lift(LiftView{Page: p, Action: "/admin/suppressions/lift", Back: "/admin/suppressions", Email: say("cy@example.com"), Reason: "bounced", Missing: say("Please say why.")})
	out["suppressions-empty"] = Suppressions(SuppressionsView{Page: p})
	segments := []SegmentRow{{"dutch", "/admin/segments/dutch", say("Dutch customers"), 4210, at}, {"all", "/admin/segments/all", say("Everybody"), -1, at}}
	out["segments"] = Segments(SegmentsView{p, l, segments})
	out["segments-empty"] = Segments(SegmentsView{Page: p, Listing: Listing{Write: true}})
	out["segment"] = SegmentForm(SegmentFormView{Page: p, Record: Record{Errors: map[string]string{"rules": say("Not a rule.")}, Remove: removal(say)}, Action: "/admin/segments/dutch", Values: map[string]string{"key": "dutch", "name": say("Dutch customers"), "rules": say(`{"field": "country", "op": "eq", "value": "NL"}`)}, Count: SegmentCount{People: 4210}})
	imports := []ImportRow{{"/admin/imports/1", say("readers.csv"), say("Ada"), "running", false, 20000, 9000, 12, at}, {"/admin/imports/2", say("trial.csv"), say("Ada"), "finished", true, 200, 190, 10, at}}
	job := JobRow{"/admin/subscribers/together/1", "tag", say("vip"), say("Ada"), "running", 120500, 119000, at}
	blocks := JobRow{"/admin/subscribers/together/2", "suppress", "", say("Olga"), "finished", 40, 38, at}
	left := JobRow{"/admin/subscribers/together/3", "withdraw", say("Newsletter"), say("Ada"), "running", 120500, 119000, at}
	out["jobs"] = Jobs(JobsView{p, l, []JobRow{job, blocks, left}})
	out["job-withdraw"] = Job(JobView{Page: p, JobRow: left, Open: true, Note: say("Letter of 3 May, folder 7"), Topic: say("Newsletter"), Skipped: []Count{{"same", 1500, ""}}, Posts: []ui.Post{{Label: say("Stop"), Action: "/x", Tone: ui.Bad}}})
	out["jobs-empty"] = Jobs(JobsView{Page: p})
	out["job"] = Job(JobView{Page: p, JobRow: job, Open: true, Standing: say("Active"), Topic: say("Newsletter"), Skipped: []Count{{"same", 1480, ""}, {"restricted", 20, ""}}, Posts: []ui.Post{{Label: say("Stop"), Action: "/x", Tone: ui.Bad}}})
	out["job-done"] = Job(JobView{Page: p, JobRow: blocks, Note: say("Left the company"), Skipped: []Count{{"same", 2, ""}}, FinishedAt: at, Posts: []ui.Post{*post("Take it back", "/x")}})
	job.Status = "undone"
	out["job-undone"] = Job(JobView{Page: p, JobRow: job, Restored: 118990, Kept: 10, FinishedAt: at})
	job.Status = "failed"
	out["job-failed"] = Job(JobView{Page: p, JobRow: job})
	out["subscribers-looking"] = Subscribers(SubscribersView{Page: p, Listing: Listing{Chosen: map[string]string{"status": "paused"}, Further: Further{URL: "/admin/subscribers?status=paused&after=1&have=2&seen=48000", Link: "/admin/subscribers?after=1", Seen: 48000}}, Rows: []SubscriberRow{{"1", "ann@example.com", "/admin/subscribers/1", say("Ann"), "paused", 2, at}}})
	out["imports"] = Imports(ImportsView{p, l, imports})
	out["imports-empty"] = Imports(ImportsView{Page: p, Listing: Listing{Write: true}})
	out["import-file"] = ImportForm(ImportFormView{Page: p, Action: "/admin/imports/new"})
	targets := []ui.Option{{Value: "", Label: say("Leave out")}, {Value: "email", Label: say("E-mail address")}}
	out["import-map"] = ImportForm(ImportFormView{Page: p, Action: "/admin/imports", Topics: options, Ticked: []string{"news"}, File: say("readers.csv"), Upload: say("u1"), Targets: targets, Columns: []ImportColumn{{say("mail"), say("anna@example.com, bo@example.com"), "email"}, {say("naam"), "", ""}}, Errors: map[string]string{"wording": say("Please fill this in.")}})
	out["import"] = Import(ImportView{Page: p, ImportRow: imports[0], Done: 1200000, Size: 2000000, Updated: 100, Confirmations: 4, LiveURL: "/admin/imports/1/live", SkippedBy: []Count{{"withdrawn", 8, ""}, {"duplicate", 4, ""}}, Mistakes: []Mistake{{17, say("“anna@” is not an address")}}, MoreMistakes: 3, RejectsURL: "/admin/imports/1/rejects.csv", Posts: []ui.Post{*removal(say)}})
	out["import-done"] = Import(ImportView{Page: p, ImportRow: imports[1], PartlyBy: []Count{{"withdrawn", 3, ""}}, Settings: []Header{{say("Topics"), say("Newsletter")}, {say("mail"), say("E-mail address")}}, Posts: []ui.Post{*post(say("Import it now"), "/admin/imports/2/apply")}})
	failed := imports[0]
	failed.Status = "failed"
	out["import-failed"] = Import(ImportView{Page: p, ImportRow: failed, Failure: say("After line 7: a row is too long."), Actions: []ui.Link{{Label: say("Undo"), URL: "/admin/imports/1/undo"}}})
	failed.Status = "undone"
	out["import-undone"] = Import(ImportView{Page: p, ImportRow: failed, Undone: &ImportUndone{Removed: 12, Restored: 3, Kept: 1}})
	three := 3321
	out["campaign-now"] = SendNow(SendNowView{Page: p, Name: say("Spring"), Action: "/admin/campaigns/1/schedule", Back: "/admin/campaigns/1", Window: "09:00-17:00", People: &three})
	out["import-undo"] = ImportUndo(ImportUndoView{Page: p, File: say("readers.csv"), Action: "/admin/imports/1/undo", Back: "/admin/imports/1", Removed: 12, Restored: 3, Changed: 1})
	var requests []RequestRow
	for i, s := range []string{"unconfirmed", "open", "in_progress", "done", "refused", "withdrawn"} {
		requests = append(requests, RequestRow{say("DR-2026-0007"), "/admin/requests/1", "erasure", say("anna.de.vries@example.com"), s, at.AddDate(0, -1, i), at.AddDate(0, 0, 8*i-8)})
	}
	part := func(part string) string { return "/admin/requests?show=" + part }
	out["requests"] = Requests(RequestsView{Page: p, Listing: l, Rows: requests, Now: at, Show: "waiting", Counts: map[string]int{"waiting": 3, "unconfirmed": 1, "all": 6}, Overdue: 1, Soon: 1, Closed: 12, Late: 1, PartURL: part})
	out["requests-calm"] = Requests(RequestsView{Page: p, Listing: Listing{Write: true}, Now: at, Show: "waiting", Counts: map[string]int{"all": 6}, PartURL: part})
	out["requests-empty"] = Requests(RequestsView{Page: p, Listing: Listing{Write: true}})
	tasks := []RequestTask{{Name: TaskDecide, Action: "/admin/requests/1/decide", ByItself: true, Known: true, Errors: map[string]string{"answer": say("Please write something.")}}, {Name: TaskExtend, Action: "/admin/requests/1/extend", Values: map[string]string{"extended": say("Many requests.")}}}
	out["request"] = Request(RequestView{Page: p, RequestRow: requests[1], PersonURL: "/admin/subscribers/1", Message: say("Please erase all."), Source: say("preference centre"), Change: []Header{{say("First name"), say("Anna")}}, Now: at.AddDate(0, 0, 9), Verified: at, VerifiedBy: say("letter"), Extended: say("many requests"), Answer: say("Done."), Files: []ui.Link{{Label: say("data.json"), URL: "/x.json"}, {Label: say("data.csv"), URL: "/x.csv"}}, Posts: []ui.Post{*removal(say)}, Tasks: tasks, History: entries(say)})
	out["request-unverified"] = Request(RequestView{Page: p, RequestRow: requests[0], Now: at, Tasks: []RequestTask{{Name: TaskIdentify, Action: "/admin/requests/1/identify"}, {Name: TaskDecide, Action: "/admin/requests/1/decide"}}})
	out["request-new"] = RequestForm(RequestFormView{Page: p, Action: "/admin/requests", Errors: map[string]string{"email": say("Not an address.")}})
}

func addOffers(out map[string]templ.Component, p Page, say func(string) string) {
	l := listing(p)
	options := []ui.Option{{Value: "a", Label: say("Nordlicht")}, {Value: "b", Label: say("Südlicht")}}
	out["topics"] = Topics(TopicsView{p, l, []TopicRow{{"news", "/admin/topics/news", say("Newsletter"), "marketing", "consent", true, 9120, 44, []string{say("Deutsch"), say("Français")}}, {"survey", "/admin/topics/survey", say("Surveys"), "research", "legitimate_interests", false, 12000, 0, nil}}, true, ""})
	out["topics-counting"] = Topics(TopicsView{p, l, []TopicRow{{Key: "news", URL: "/admin/topics/news", Name: say("Newsletter"), Class: "marketing", Basis: "consent"}}, false, "/admin/topics?count=1"})
	out["topics-usual"] = UsualTopics(UsualTopicsView{p, "/admin/topics/usual", []UsualTopic{{"newsletter", say("Newsletter"), say("Once a month."), "consent", true}, {"surveys", say("Surveys"), say("Questions."), "research", false}}, map[string]string{"topics": say("Choose at least one.")}})
	due := []Header{{say("Sign-ups that were never confirmed"), "12"}, {say("Audit log"), "1,204"}}
	out["processing"] = Processing(ProcessingView{Page: p, Made: at, Controller: []Header{{"Controller", say("Nordlicht B.V.")}}, Recipients: []string{say("relay.example.net (mail relay)")}, Security: []string{say("Roles.")},
		Activities: []ProcessingActivity{{say("Newsletter"), "Consent", "People who said yes", say("Name, e-mail address"), []string{say("Hub")}, "30 days."}}, Due: due, Counted: true, Last: due, LastRun: at, Write: true,
		Rules: SettingsForm{ID: "rules", Form: ui.FormOf{Action: "/admin/processing/rules", Submit: "Save", Fields: []ui.Field{{Name: "audit", Label: "Audit log", Value: say("x"), Error: say("must be a number")}}}},
		Who:   SettingsForm{ID: "who", Form: ui.FormOf{Action: "/admin/processing/controller", Submit: "Save", Fields: []ui.Field{{Name: "name", Label: "Controller", Value: say("Nordlicht")}}}}})
	out["processing-new"] = Processing(ProcessingView{Page: p, Made: at})
	out["topics-empty"] = Topics(TopicsView{Page: p, Listing: Listing{Write: true}})
	out["topic-new"] = TopicForm(TopicFormView{Page: p, Record: Record{New: true, Errors: map[string]string{"key": say("Taken."), "names.en": say("Please fill this in."), "basis": say("Choose another.")}}, Action: "/admin/topics", Brands: options, Partners: options, Languages: []string{"en", "nl"}})
	out["topic"] = TopicForm(TopicFormView{Page: p, Record: Record{Remove: removal(say)}, Action: "/admin/topics/news", Values: map[string]string{"key": "news", "names.en": say("Newsletter"), "double_opt_in": "1", "descriptions.en": say("Once a month.")}, Languages: []string{"en"}, Lacking: []Lack{{"names", []string{say("Deutsch"), say("Français")}, say("Newsletter")}, {"descriptions", []string{say("Deutsch")}, ""}}})
	out["brands"] = Brands(BrandsView{p, l, []BrandRow{{"default", "/admin/brands/default", say("Nordlicht"), say("news@nordlicht.example"), true}, {"sud", "/admin/brands/sud", say("Südlicht"), say("news@sud.example"), false}}})
	out["brands-empty"] = Brands(BrandsView{Page: p, Listing: Listing{Write: true}})
	out["brand"] = BrandForm(BrandFormView{Page: p, Record: Record{Errors: map[string]string{"postal_address": say("Please fill this in.")}}, Action: "/admin/brands/default", Values: map[string]string{"key": "default", "name": say("Nordlicht"), "color": "#3a4fb0"}})
	out["brand-new"] = BrandForm(BrandFormView{Page: p, Record: Record{New: true}, Action: "/admin/brands"})
	out["partner"] = PartnerForm(PartnerFormView{Page: p, Record: Record{Errors: map[string]string{"name": say("must be one line")}}, Action: "/admin/partners/hub", Values: map[string]string{"key": "hub", "name": say("Hub Resellers")}})
	out["partners"] = Partners(PartnersView{Page: p, Listing: l, Rows: []PartnerRow{{"hub", say("Hub Resellers"), "/admin/partners/hub", 12, at}}, Action: "/admin/partners", Errors: map[string]string{"key": say("Taken.")}})
	out["partners-empty"] = Partners(PartnersView{Page: p, Listing: Listing{Write: true}, Action: "/admin/partners"})
	var forms []FormRow
	for _, k := range formKinds {
		forms = append(forms, FormRow{k, "/admin/forms/" + k, say("A form"), k, say("Newsletter, Offers"), 120, 80, k == "survey"})
	}
	out["forms"] = Forms(FormsView{p, l, forms})
	out["forms-empty"] = Forms(FormsView{Page: p, Listing: Listing{Write: true}})
	out["form-new"] = FormEdit(FormEditView{Page: p, Record: Record{New: true, Errors: map[string]string{"topics": say("Choose one.")}}, Action: "/admin/forms", Topics: options, Languages: []string{"en", "nl"}})
	out["form"] = FormEdit(FormEditView{Page: p, Record: Record{Remove: removal(say)}, Action: "/admin/forms/a", Values: map[string]string{"key": "a", "names.en": say("White paper"), "kind": "download", "q.0.label.en": say("What for?")}, Topics: options, Brands: []ui.Option{{Value: "a", Label: say("A")}, {Value: "b", Label: say("B")}}, Ticked: []string{options[0].Value}, Questions: 2, Languages: []string{"en"}, PublicURL: say("https://assent.nordlicht.example/subscribe/a"), Preview: "/subscribe/a/embed", Embed: say("<iframe src=\"https://assent.nordlicht.example/subscribe/a\"></iframe>"), Links: []ui.Link{{Label: say("Wordings"), URL: "/admin/forms/a/wordings"}}, Archived: true, Started: 120, Confirmed: 80})
	out["responses"] = Responses(ResponsesView{Page: p, Listing: l, Form: say("Contact"), Back: "/admin/forms/a", Tabs: []ui.Tab{{Label: say("Open"), URL: "?show=open", Current: true}, {Label: say("All"), URL: "?show=all"}}, Rows: []ResponseRow{{say("anna@example.com"), "/admin/subscribers/1", "7f3a", say("message: Hello"), "", at, post(say("Handled"), "/x")}, {say("bo@example.com"), "", "7f3b", "", say("Ada"), at, nil}}})
	out["responses-empty"] = Responses(ResponsesView{Page: p, Form: say("Contact"), Back: "/admin/forms/a"})
	out["wordings"] = Wordings(WordingsView{Page: p, Form: say("Contact"), Back: "/admin/forms/a", Rows: []WordingRow{{"a1b2", say("English"), say("Newsletter"), say("Yes, mail me the newsletter."), at}}})
}

func addManage(out map[string]templ.Component, p Page, say func(string) string) {
	out["settings"] = Settings(SettingsView{p, []SettingsForm{
		{"cap", say("Frequency cap"), say("Over all campaigns."), ui.FormOf{Action: "/admin/settings/cap", Submit: say("Save"), Fields: []ui.Field{{Name: "value", Label: say("Cap"), Value: say("3/168h"), Short: true, Hint: say("Mails, a slash, and a time.")}}}},
		{"quiet", say("Quiet hours"), "", ui.FormOf{Action: "/admin/settings/quiet", Submit: say("Save"), Fields: []ui.Field{{Name: "value", Label: say("Hours"), Value: say("22:00-07:00"), Short: true}}}},
	}, []Header{{"BASE_URL", say("https://assent.nordlicht.example")}, {"DATABASE_URL", say("sqlite:data/assent.db")}}})
}

func addRunning(out map[string]templ.Component, p Page, say func(string) string) {
	l := listing(p)
	addOffice(out, p, say)
	audiences := []ui.Option{{Value: "customers", Label: say("All customers")}}
	var events []EventRow
	for _, s := range []string{"draft", "open", "full", "closed", "over", "cancelled"} {
		events = append(events, EventRow{"/admin/events/1", say("Open day"), say("Amsterdam"), s, 12, 3, 40, at, "Europe/Amsterdam"})
	}
	out["events"] = Events(EventsView{Page: p, Listing: l, Tabs: []ui.Tab{{Label: say("Coming"), URL: "?show=coming", Current: true}, {Label: say("Past"), URL: "?show=past"}}, Rows: events})
	out["events-empty"] = Events(EventsView{Page: p, Listing: Listing{Write: true}})
	out["event"] = Event(EventView{Page: p, EventRow: events[1], PublicURL: say("https://assent.nordlicht.example/events/open-day"), EndsAt: at.Add(time.Hour), Came: 8, Guests: []GuestRow{{say("Anna de Vries"), say("anna.de.vries@example.com"), "/admin/subscribers/1", "registered", say("Fair Events"), at, []ui.Post{*post(say("Came"), "/x")}}, {say("Bo"), say("bo@example.com"), "", "waiting", "", at, nil}}, GuestsPager: l.Pager, Partners: []EventPartner{{say("Fair Events"), say("Fair Events may have my name and address."), "/admin/events/1/partners/fair.csv", 4, 1, post(say("They were told"), "/told")}}, Links: []ui.Link{{Label: say("Guests as CSV"), URL: "/admin/events/1/guests.csv", Icon: "download"}}, Posts: []ui.Post{*removal(say)}})
	out["event-nobody"] = Event(EventView{Page: p, EventRow: EventRow{Name: say("Open day"), Status: "open", StartsAt: at}, PublicURL: "https://news.example.net/events/open-day", Came: -1, Guest: &GuestForm{Action: "/x", Shares: []ui.Option{{Value: "fair", Label: say("Fair Events"), Hint: say("In these words: “My details may go to Fair Events.”")}}, Values: map[string]string{"email": say("anna@")}, Errors: map[string]string{"email": say("This is not an e-mail address.")}}})
	out["event-form"] = EventForm(EventFormView{Page: p, Record: Record{New: true, Errors: map[string]string{"ends_at": say("Before the beginning.")}}, Action: "/admin/events", Partners: audiences, Brands: []ui.Option{{Value: "a", Label: say("A")}, {Value: "b", Label: say("B")}}, Wording: say("In these words: …"), Languages: []string{"en"}})
	out["queues"] = Queues(QueuesView{Page: p, Rows: []QueueRow{{"notices", "transactional", 12, 2, 0, 1, 0, 1500 * time.Millisecond, false, nil}, {"campaigns", "marketing", 4910, 8, 2, 3, 1, time.Minute, true, []ui.Post{*post(say("Resume"), "/admin/queues/campaigns/resume")}}}, Down: say("connection refused")})
	out["queues-empty"] = Queues(QueuesView{Page: p})
	out["deliverability"] = Deliverability(DeliverabilityView{Page: p, Streams: []Stream{{Key: "marketing", Relay: say("smtp.example")}, {Key: "transactional"}}, Examined: at, Running: at, Fault: say("The relay is not named."), Examine: &ui.Post{Label: say("Examine now"), Action: "/admin/deliverability/examine"}, Try: &TryForm{Action: "/admin/deliverability/mail", To: say("a@b"), Errors: map[string]string{"to": say("is no address")}}, NewKey: &KeyForm{Action: "/admin/deliverability/keys", Domain: say("nordlicht"), Errors: map[string]string{"domain": say("must be a domain")}}, Returned: Returned{Addr: say("0.0.0.0:25"), Mailbox: say("imap.example/INBOX"), Providers: []string{"Postmark", "Amazon SES"}, ProvidersURL: "/admin/deliverability/providers", GoodAt: at, Fails: 3, Mails: 4711, Fault: say("no such folder")}, Keys: []SigningKey{{Stream: "marketing", Domain: say("nordlicht.example"), Selector: "m202611", State: "waiting", Fault: say("no record"), Looked: at, Keep: at, Posts: []ui.Post{*post(say("Look at DNS again"), "/x"), *removal(say)}, Records: []Header{{"m202611._domainkey.nordlicht.example", say("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA")}}}, {Stream: "transactional", Domain: say("nordlicht.example"), Selector: "t202611", State: "signing"}}, Checks: []Check{{say("SPF passes"), "", ui.Good}, {say("PTR: not known"), say("Look at it."), ui.Mute}, {say("No DMARC record"), say("Add one at _dmarc."), ui.Bad}}, WarmUp: &WarmUp{3, 14, 400, 2000}})
	backs := []CameBackRow{
		{at, "bounce", "hard", "5.1.1", say("no such user here"), "suppress", say("anna.de.vries@example.com"), "/admin/subscribers/1", say("What is new in March"), "/admin/campaigns/1", "smtp"},
		{at, "delayed", "full", "4.2.2", say("mailbox is full"), "none", say("bo@example.com"), "/admin/subscribers/2", say("A single message"), "/admin/notices/single/1", "ses"},
		{at, "complaint", "", "", say("abuse"), "complain", "", "", "", "", "imap"}, {at, "auto_reply", "vacation", "", say("I am away"), "none", "", "", "", "", "file"},
	}
	out["cameback"] = CameBack(CameBackView{Page: p, Tabs: []ui.Tab{{Label: say("All"), URL: "?", Current: true}, {Label: say("Hard"), URL: "?show=hard"}}, Rows: backs, Listing: Listing{Pager: l.Pager}})
	out["cameback-empty"] = CameBack(CameBackView{Page: p})
	out["providers"] = Providers(ProvidersView{Page: p, Rows: []Provider{
		{Key: "postmark", Address: say("https://assent.nordlicht.example/api/v1/webhooks/postmark"), Action: "/admin/deliverability/providers/postmark", On: true, Off: removal(say), Values: map[string]string{"user": say("assent")}},
		{Key: "ses", Address: "https://assent.nordlicht.example/api/v1/webhooks/ses", Action: "/admin/deliverability/providers/ses", Values: map[string]string{"topics": say("arn:aws:sns")}, Errors: map[string]string{"topics": say("must be such as arn:aws:sns:eu-west-1:123456789012:name")}},
		{Key: "sendgrid", Address: "https://assent.nordlicht.example/api/v1/webhooks/sendgrid", Action: "/admin/deliverability/providers/sendgrid"}, {Key: "mailgun", Address: "https://assent.nordlicht.example/api/v1/webhooks/mailgun", Action: "/admin/deliverability/providers/mailgun", Errors: map[string]string{"": say("needs something")}},
	}})
	out["webhooks"] = Webhooks(WebhooksView{Page: p, Rows: []WebhookRow{{say("https://app.nordlicht.example/hooks"), "/admin/webhooks/1", say("notice.*"), "", false, at, []ui.Post{*removal(say)}}, {say("https://old.example/"), "", say("consent.*"), say("answered 500"), false, at, nil}, {say("https://gone.example/"), "", say("consent.*"), say("410 Gone"), true, at, nil}}, Action: "/admin/webhooks", Events: audiences, Ticked: []string{"customers"}, Errors: map[string]string{"url": say("Not allowed.")}, Secret: say("whsec_0123")})
	calls := []CallRow{{say("consent.given"), "done", "01a2", say("200 OK"), 1, at, at, nil}, {say("consent.withdrawn"), "waiting", "01a3", say("answered 503"), 2, at, at.Add(time.Hour), post(say("Try now"), "/x")}, {say("subscriber.erased"), "failed", "01a4", "", 13, at, at, post(say("Try again"), "/y")}}
	out["webhook"] = Webhook(WebhookView{Page: p, Target: say("https://app.nordlicht.example/hooks"), Description: say("CRM"), Action: "/admin/webhooks/1", Off: say("410 Gone"), Secret: say("whsec_0123"), Tabs: []ui.Tab{{Label: say("All"), URL: "?", Current: true}, {Label: say("Failed"), URL: "?show=failed", Count: "1"}}, Calls: calls, Pager: l.Pager, Events: audiences, Ticked: []string{"customers"}, Errors: map[string]string{"events": say("Not one.")}, Posts: []ui.Post{*removal(say)}})
	out["webhook-empty"] = Webhook(WebhookView{Page: p, Target: say("https://app.nordlicht.example/hooks"), Action: "/admin/webhooks/1", Events: audiences, Tabs: []ui.Tab{{Label: say("All"), URL: "?", Current: true}}})
	out["webhooks-empty"] = Webhooks(WebhooksView{Page: p, Action: "/admin/webhooks", Events: audiences})
}
