package site

import (
	"time"

	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

// addOffice is the screens of mandatory mail.
func addOffice(out map[string]templ.Component, p Page, say func(string) string) {
	l := listing(p)
	lists := NoticesView{Page: p, Listing: l, Broadcasts: true, SinglesURL: "/admin/notices/single"}
	lists.Rows = []NoticeRow{{Subject: say("Our privacy policy changes"), URL: "/admin/notices/1", Obligation: "privacy_change", Status: "sending", Done: 19000, Total: 20000, Unserved: 14, At: at}, {Subject: say("Terms"), URL: "/admin/notices/2", Obligation: "terms_change", Status: "in_review", At: at}}
	out["notices"] = Notices(lists)
	lists.Rows, lists.Broadcasts = []NoticeRow{{Subject: say("Payment failed"), URL: "/admin/notices/single/1", Obligation: "payment", Status: "unserved", To: say("anna.de.vries@example.com"), Reference: say("INV-7"), At: at}}, false
	out["notices-single"] = Notices(lists)
	lists.Rows, lists.Listing = nil, Listing{Write: true}
	out["notices-single-empty"] = Notices(lists)
	lists.Broadcasts = true
	out["notices-empty"] = Notices(lists)
	leads := LeadTimesView{Page: p, Action: "/admin/notices/lead-times", Laws: []string{"payment_services", "platforms", "telecoms"}, Ticked: []string{"telecoms"}}
	for _, o := range obligations {
		leads.Rows = append(leads.Rows, LeadTimeRow{Obligation: o, Usual: say("None"), Holds: say("None")})
	}
	leads.Rows[0].Holds, leads.Rows[0].ByLaw = say("one month"), true
	leads.Rows[3].Number, leads.Rows[3].Unit, leads.Rows[3].Holds = say("2"), "M", say("two months")
	out["lead-times"] = LeadTimes(leads)
	leads.Wrong, leads.Rows[4].Number, leads.Rows[4].Error = true, say("-1"), say("Must be a number.")
	out["lead-times-wrong"] = LeadTimes(leads)
	leads.Action, leads.Wrong = "", false
	out["lead-times-read"] = LeadTimes(leads)
	addBroadcast(out, p, say)
	addNotice(out, p, say)
	addPolicies(out, p, say)
}

func addBroadcast(out map[string]templ.Component, p Page, say func(string) string) {
	tabs := []ui.Tab{{Label: say("Nederlands"), URL: "?language=nl", Current: true}, {Label: say("English"), URL: "?language=en"}}
	cast := BroadcastView{
		Page: p, URL: "/admin/notices/1", Subject: say("Our privacy policy changes on 1 May"), Status: "sending", Held: say("3 of 12 mails bounced."), Obligation: "privacy_change", Basis: "legal_obligation", Audience: say("Segment: nl"), AudienceURL: "/admin/segments/nl",
		Jurisdiction: "telecoms", Brand: say("default"), Author: say("Ada"), Approver: say("Bo"), PolicyURL: "/admin/policies/privacy/versions/3", PolicyName: say("Privacy policy, version 3"), EffectiveAt: at.AddDate(0, 2, 0), AcceptBy: at.AddDate(0, 1, 0), Lead: say("30 days"),
		Coverage: &CoverageView{Addressed: 20000, Accepted: 18986, Pending: 900, Bounced: 100, Unserved: 14, Served: 10, InTime: 18990, Late: 2, JoinedLate: 4, NotReached: 104, LeadTimeMet: true}, Trial: 200, FrameURL: "/admin/notices/1/frame", Languages: tabs, Reads: say("Ons privacybeleid verandert"),
		Posts: []ui.Post{*removal(say)}, Links: []ui.Link{{Label: say("Coverage"), URL: "/admin/notices/1/coverage"}}, History: entries(say),
	}
	out["broadcast"] = Broadcast(cast)
	review := cast
	review.Status, review.Held, review.Coverage, review.Trial, review.Approver = "in_review", "", nil, 0, ""
	review.Expected = &ExpectedView{Addressed: 240, Deliverable: 232, ByReason: []Count{{Reason: "address_bounced", N: 8}}, ByLanguage: []Count{{Reason: "nl", N: 200}, {Reason: "en", N: 40}}, Elsewhere: 12}
	review.Refuse = &ui.FormOf{Action: "/admin/notices/1/refuse", Submit: say("Refuse"), Danger: true, Fields: []ui.Field{{Name: "reason", Kind: "textarea", Label: say("What has to change"), Required: true, Error: say("Say it.")}}}
	review.Checks = []Check{{say("No promotion found"), "", ui.Good}, {say("The lead time cannot be met"), "", ui.Bad}}
	out["broadcast-review"] = Broadcast(review)
	review.Expected, review.CountURL = nil, "/admin/notices/1?count=1"
	out["broadcast-counting"] = Broadcast(review)
	review.Own, review.Refuse = true, nil
	out["broadcast-own"] = Broadcast(review)
	review.Status, review.Refused, review.RefusedBy, review.AgainURL = "cancelled", say("Say when it ends."), say("Bo"), "/admin/notices/new?from=1"
	out["broadcast-refused"] = Broadcast(review)
	form := BroadcastFormView{Page: p, Action: "/admin/notices", Values: map[string]string{"contract": say("pro"), "subject.en": say("Terms"), "text.en": say("They change.")}, Segments: []ui.Option{{Value: "nl", Label: say("Dutch")}}, Contracts: []string{say("pro"), say("free")}, Policies: []ui.Option{{Value: "privacy/3", Label: say("Privacy policy 3")}}, Brands: []ui.Option{{Value: "default", Label: say("Nordlicht")}, {Value: "b", Label: say("Süd")}}, Jurisdictions: []string{"payment_services", "platforms", "telecoms"}, Languages: []string{"en", "nl"}, Lead: say("30 days"), Who: say("240 people")}
	form.Checked = true
	out["broadcast-form"] = BroadcastForm(form)
	form.Checked, form.Again, form.Errors = false, say("Say when it ends."), map[string]string{"effective_at": say("Too near."), "text.en": say("Offers are not allowed here."), "else": say("Something.")}
	out["broadcast-form-wrong"] = BroadcastForm(form)
	people := []CoveragePerson{
		{Email: say("cy@example.com"), URL: "/admin/subscribers/3", NoticeURL: "/admin/notices/single/3", Outcome: "unserved", Reason: "address_bounced", Reply: say("550 5.1.1 no such user"), SubscriberID: "3", At: at, ServeURL: "/admin/notices/1/served"},
		{Email: say("bo@example.com"), URL: "/admin/subscribers/4", Outcome: "bounced", Reason: "gave_up", At: at, Served: say("Post, 3 May 2026"), ServedNote: say("RR123456785NL"), Joined: true, SubscriberID: "4", UndoURL: "/admin/notices/1/served/undo"},
	}
	many := Figures{CountURL: "/admin/notices/1/coverage?count=1"}
	report := CoverageReport{Page: p, CoverageView: *cast.Coverage, Subject: cast.Subject, URL: cast.URL, Status: "sending", EffectiveAt: at, AcceptBy: at, Lead: say("30 days"), Tabs: []ui.Tab{{Label: say("All"), URL: "?show=", Count: "20,000", Current: true}, {Label: say("Still to be reached"), URL: "?show=open", Count: "104"}}, Rows: people, Pager: ui.Pager{Locale: p.Locale, Next: "?after=1"},
		CSVURL: "/admin/notices/1/coverage.csv", JSONURL: "/admin/notices/1/coverage.json", PrintURL: "/admin/notices/1/paper", ByURL: "/admin/notices/1/coverage?show=", Today: "2026-03-03", ServeAll: "/admin/notices/1/served-all"}
	report.Joined, report.LastAt, report.Earliest = 3, at, at
	out["coverage"] = Coverage(report)
	report.Figures = many
	out["coverage-counting"] = Coverage(report)
	report.Figures = Figures{}
	report.Rows, report.Showing, report.CoverageView = nil, "open", CoverageView{Addressed: 3, Accepted: 3, InTime: 3, LeadTimeMet: true}
	out["coverage-nobody"] = Coverage(report)
	out["paper"] = Paper(PaperView{Page: p, CoverageView: *cast.Coverage, Broadcast: cast, ID: "01JB", PrintedAt: at, Head: "12:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Texts: []PaperText{{"English", "en", say("Our privacy policy changes"), say("Dear Anna")}, {"العربية", "ar", say("Changes"), say("Text")}}, Unreached: people, More: 3, BackURL: "/admin/notices/1/coverage"})
}

func addNotice(out map[string]templ.Component, p Page, say func(string) string) {
	sound := true
	notice := NoticeView{Page: p, Subject: say("Payment failed"), Status: "sent", To: say("anna.de.vries@example.com"), PersonURL: "/admin/subscribers/1", Obligation: "payment", Basis: "contract", Reference: say("INV-7"), Template: "payment_failed", At: at, Attempts: entries(say), Sound: &sound,
		Deliveries: []NoticeDelivery{{To: say("anna.de.vries@example.com"), Status: "sent", Relay: say("mx.example"), Reply: say("250 queued"), At: at}, {To: say("books@example.com"), URL: "/admin/notices/single/2", Status: "unserved", Reason: "address_bounced", Copy: true, At: at}},
		Evidence:   []EvidenceRow{{Title: say("Accepted by the relay"), Sound: true, At: at, Facts: []Header{{"SHA-256", say("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")}, {"Message-ID", say("<01JB@nordlicht.example>")}}}, {Title: say("Bounced"), At: at}, {Title: say("Evidence"), Erased: true}},
		FrameURL:   "/admin/notices/single/1/mail", RawURL: "/admin/notices/single/1/mail.eml", TextURL: "/admin/notices/single/1/source", ProofURL: "/admin/notices/single/1/proof", JSONURL: "/admin/notices/single/1/proof.json"}
	out["notice"] = Notice(notice)
	changed := false
	notice.Sound, notice.FrameURL, notice.RawURL, notice.TextURL, notice.Unseen, notice.Evidence = &changed, "", "", "", say("The mail is not kept any more."), nil
	notice.BroadcastURL, notice.OriginalURL = "/admin/notices/1", "/admin/notices/single/3"
	out["notice-changed"] = Notice(notice)
	proof := NoticeProofView{Page: p, Subject: say("Payment failed"), BackURL: "/admin/notices/single/1", Text: say("Proof of notice 1"), JSONURL: "/admin/notices/single/1/proof.json", TextURL: "/admin/notices/single/1/proof.txt"}
	out["notice-proof"], out["notice-source"] = NoticeProof(proof), NoticeSource(proof)
	form := NoticeFormView{Page: p, Action: "/admin/notices/single", Values: map[string]string{"template": ""}, Templates: []string{"contract_amended", "payment_failed"}, Brands: []ui.Option{{Value: "default", Label: say("Nordlicht")}, {Value: "b", Label: say("Süd")}}, Languages: []string{"en", "nl"}, Errors: map[string]string{"text": say("Offers are not allowed."), "to": say("Is not an address.")}}
	out["notice-form"] = NoticeForm(form)
	form.Values = map[string]string{"template": "contract_amended", "to": say("anna@example.com")}
	form.Fields = []NoticeInput{{"contract", "text", true}, {"effective_at", "time", false}, {"details", "facts", false}, {"summary", "lines", false}, {"planned", "flag", false}, {"text", "markdown", false}, {"url", "url", false}}
	form.Errors = nil
	out["notice-form-typed"] = NoticeForm(form)
}

func addPolicies(out map[string]templ.Component, p Page, say func(string) string) {
	l := listing(p)
	out["policies"] = Policies(PoliciesView{p, l, []PolicyRow{{"privacy", "/admin/policies/privacy", say("Privacy policy"), "2", at, "3", at.AddDate(0, 2, 0), "pending"}, {"terms", "/admin/policies/terms", say("Terms"), "", time.Time{}, "", time.Time{}, ""}}})
	out["policies-empty"] = Policies(PoliciesView{Page: p, Listing: Listing{Write: true}})
	out["policy-new"] = PolicyForm(PolicyFormView{Page: p, Action: "/admin/policies", Languages: []string{"en", "nl"}, Errors: map[string]string{"slug": say("Taken.")}})
	version := PolicyFormView{Page: p, Action: "/admin/policies/privacy/versions", BackURL: "/admin/policies/privacy", Slug: "privacy", Name: say("Privacy policy"), Draft: true, Languages: []string{"en", "nl"}, Values: map[string]string{"bodies.en": say("# Text")}, Errors: map[string]string{"bodies.en": say("Too long."), "": say("Else.")}}
	out["policy-version-new"] = PolicyForm(version)
	version.Version, version.Draft, version.Errors = say("3"), false, nil
	out["policy-version-edit"] = PolicyForm(version)
	rename := ui.FormOf{Action: "/admin/policies/privacy", Submit: say("Save"), Fields: []ui.Field{{Name: "names.en", Label: say("Name"), Value: say("Privacy")}}}
	out["policy"] = PolicyVersions(PolicyVersionsView{Page: p, Slug: "privacy", Name: say("Privacy policy"), PublicURL: "https://assent.nordlicht.example/policies/privacy", NewURL: "/admin/policies/privacy/new", CompareURL: "/admin/policies/privacy/changes", Rename: &rename, Rows: []PolicyVersionRow{
		{say("4"), "/admin/policies/privacy/versions/4", "draft", at, true, "", ""}, {say("3"), "/admin/policies/privacy/versions/3", "pending", at, true, "/admin/notices/1", "/admin/policies/privacy/changes?from=2"}, {say("2"), "/admin/policies/privacy/versions/2", "current", at, false, "", ""}, {say("1"), "/admin/policies/privacy/versions/1", "superseded", at, false, "", ""}}})
	out["policy-none"] = PolicyVersions(PolicyVersionsView{Page: p, Slug: "privacy", Name: say("Privacy policy"), NewURL: "/admin/policies/privacy/new"})
	when := ui.FormOf{Action: "/admin/policies/privacy/versions/3/date", Submit: say("Set"), Fields: []ui.Field{{Name: "effective_at", Kind: "datetime-local", Label: say("From"), Required: true}}}
	out["policy-version"] = PolicyVersion(PolicyVersionView{Page: p, Name: say("Privacy policy"), PolicyURL: "/admin/policies/privacy", Version: say("3"), State: "pending", PublicURL: "https://assent.nordlicht.example/policies/privacy/3", EffectiveAt: at, TakesEffectAt: at.AddDate(0, 1, 0), AffectsRights: true, AnnouncedAt: at,
		Waits: []Check{{say("A notice to everybody"), "", ui.Good}, {say("Approval"), say("Written by Ada."), ui.Plain}}, Broadcasts: []ui.Link{{Label: say("Our policy changes"), URL: "/admin/notices/1"}}, Body: "<h2>Data</h2><p>We keep it.</p>", Language: "en", Languages: []ui.Tab{{Label: "English", URL: "?language=en", Current: true}, {Label: "Nederlands", URL: "?language=nl"}},
		Links: []ui.Link{{Label: say("Announce it"), URL: "/admin/notices/new?policy=privacy/3", Icon: "notices"}}, Posts: []ui.Post{*removal(say)}, When: &when})
	out["policy-diff"] = PolicyDiff(PolicyDiffView{Page: p, Name: say("Privacy policy"), PolicyURL: "/admin/policies/privacy", Action: "/admin/policies/privacy/changes", From: "2", To: "3", Versions: []ui.Option{{Value: "2", Label: say("2")}, {Value: "3", Label: say("3")}}, Language: "nl", Languages: []ui.Tab{{Label: "English", URL: "?language=en"}, {Label: "Nederlands", URL: "?language=nl", Current: true}},
		Added: 3, Removed: 1, NoLanguage: true, OlderLanguage: "en", NewerLang: "nl", Paragraphs: []DiffParagraph{{"heading", []DiffSpan{{"", say("Data")}}}, {"paragraph", []DiffSpan{{"", say("We keep it for ")}, {"removed", say("five")}, {"added", say("two")}, {"", say(" years.")}}}, {"item", []DiffSpan{{"added", say("The carrier")}}}, {"code", []DiffSpan{{"", say("code")}}}}})
	out["policy-diff-same"] = PolicyDiff(PolicyDiffView{Page: p, Name: say("Privacy policy"), PolicyURL: "/admin/policies/privacy", Action: "/admin/policies/privacy/changes", From: "2", To: "2", NewerLang: "en"})
}
