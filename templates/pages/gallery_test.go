package pages

import (
	"time"

	"assent/templates/locale"

	"github.com/a-h/templ"
)

var at = time.Date(2026, 3, 3, 13, 5, 0, 0, time.UTC)

// gallery is every page with every part of it shown, in one language. say makes the values that come from outside.
func gallery(tag string, say func(string) string) map[string]templ.Component {
	p := Page{
		Locale: locale.Get(tag), Zone: "Europe/Amsterdam",
		Brand: Brand{
			Name: say("Nordlicht"), Color: "#3a4fb0", PostalAddress: say("Nordlicht B.V.\nKeizersgracht 1\n1015 CN Amsterdam"),
			HomeURL: say("https://nordlicht.example/"), PrivacyURL: say("/policies/privacy"), RightsURL: "/data-rights",
		},
		Languages: []Language{{"en", "?lang=en", tag == "en"}, {"nl", "?lang=nl", tag == "nl"}, {"de", "?lang=de", tag == "de"}, {"fr", "?lang=fr", tag == "fr"}},
	}
	plain := p
	plain.Brand.Color, plain.Notice = "", say("Rehearsal: the clock runs 31 days ahead.")
	news := Topic{"news", say("Newsletter"), say("Once a month: what is new, and how others work with it.")}
	offers := Topic{"offers", say("Offers"), say("Reduced prices and trials, a few times a year.")}
	events := Topic{"events", say("Event invitations"), say("Invitations to webinars and meetings near you.")}
	survey := Topic{"surveys", say("Surveys"), say("Now and then a question about what you think of our products.")}
	email, undo := say("anna.de.vries@example.com"), &Undo{Action: "/u/token", Token: say("undo-token")}
	yes := true
	prefs := PreferencesView{
		Page: p, Action: "/p/token", Email: email, Frequency: "weekly", Chosen: tag, Offered: locale.Languages(), TimeZone: "Europe/Amsterdam",
		Groups: []TopicGroup{
			{say("News and offers"), []TopicChoice{
				{Topic: news, On: true, Because: say("You get this because you signed up on 3 March 2026 at nordlicht.example.")},
				{Topic: offers}, {Topic: events, Pending: true},
			}},
			{say("Research"), []TopicChoice{{Topic: survey, On: true, Because: say("You get this because you are a customer since 2023.")}}},
		},
		Partners: []Partner{{"hub", say("Hub Resellers"), say("Sells our product in your country."), true}, {"fair", say("Fair Events"), "", false}},
		Tracking: &yes, Research: true, PausedUntil: at.AddDate(0, 1, 0), WhyURL: "/why/token", ReceiptsURL: "/p/token/receipts", Contact: say("privacy@nordlicht.example"),
		Authority: Authority{say("Autoriteit Persoonsgegevens"), say("Postbus 93374, 2509 AJ Den Haag"), say("https://autoriteitpersoonsgegevens.nl/")},
		History: []Change{
			{at, say("Newsletter: confirmed"), say("from the link in the mail of 3 March")},
			{at.Add(-time.Hour), say("Newsletter: asked for"), say("with the form at nordlicht.example")},
			{at.AddDate(-1, 0, 0), say("Offers: stopped"), ""},
		},
	}
	saved := prefs
	saved.Page, saved.PausedUntil = plain, time.Time{}
	saved.Saved = &Saved{ToConfirm: []string{say("Offers"), say("Events")}, InFlight: 2, Undo: undo}
	wrong := prefs
	wrong.Restricted, wrong.Objected, wrong.ObjectedResearch = true, true, true
	wrong.Errors = map[string]string{"pause_until": say("Choose a day that is still to come."), "email": say("This is not an e-mail address.")}
	off := prefs
	off.Groups, off.Partners, off.Tracking, off.History = []TopicGroup{{"News", []TopicChoice{{Topic: news}}}}, nil, nil, nil

	out := map[string]templ.Component{
		"unsubscribe":             Unsubscribe(UnsubscribeView{Page: p, Action: "/u/token", Email: email, Topic: news, PreferencesURL: "/p/token", WhyURL: "/why/token"}),
		"unsubscribe-all-only":    Unsubscribe(UnsubscribeView{Page: plain, Action: "/u/token", Email: email, PreferencesURL: "/p/token"}),
		"unsubscribe-stopped":     Unsubscribe(UnsubscribeView{Page: p, Action: "/u/token", Email: email, Topic: news, Stopped: true}),
		"unsubscribe-stopped-all": Unsubscribe(UnsubscribeView{Page: p, Action: "/u/token", Email: email, Topic: news, StoppedAll: true}),
		"unsubscribed-topic":      Unsubscribed(UnsubscribedView{Page: p, Email: email, Topic: news, InFlight: 1, Undo: undo, PreferencesURL: "/p/token"}),
		"unsubscribed-all":        Unsubscribed(UnsubscribedView{Page: plain, Email: email, Topic: news, All: true, InFlight: 3, Undo: undo}),
		"unsubscribed-undone":     Unsubscribed(UnsubscribedView{Page: p, Email: email, Undone: true, PreferencesURL: "/p/token"}),
		"receipts": Receipts(ReceiptsView{Page: p, Email: email, JSONURL: "/p/token/receipts.json", PreferencesURL: "/p/token", Controller: say("Nordlicht"), Contact: say("privacy@nordlicht.example"), Receipts: []Receipt{
			{Number: "0197b3a2-6b1c-7c3e-9a77-5a1e0b1c2d3e", Topic: news, Basis: "consent", State: "given", Data: []string{"email", "name", "language"}, NoticeURL: say("https://nordlicht.example/privacy/2026-01-very-long-address-of-a-notice"), Events: []ReceiptEvent{
				{Change{at, say("Newsletter: asked for"), say("with the form at nordlicht.example")}, say("Yes, send me the newsletter once a month. I can stop it at any time."), say("3")},
				{Change{at.Add(time.Hour), say("Newsletter: confirmed"), say("from the link in the mail")}, "", ""}}},
			{Number: "0197b3a2-6b1c-7c3e-9a77-5a1e0b1c2d3f", Topic: offers, Basis: "soft_opt_in", State: "withdrawn", Partner: say("Hub Resellers"), Data: []string{"email"}, Events: []ReceiptEvent{{Change{at, say("Offers: stopped"), ""}, "", ""}}}}}),
		"receipts-none":     Receipts(ReceiptsView{Page: plain, Email: email, PreferencesURL: "/p/token"}),
		"preferences":       Preferences(prefs),
		"preferences-saved": Preferences(saved),
		"preferences-wrong": Preferences(wrong),
		"preferences-off":   Preferences(off),
		"why-consent": Why(WhyView{
			Page: p, Email: email, Subject: say("What is new in March"), SentAt: at, Topic: news, Class: "marketing", Basis: "consent",
			Consent: &ConsentView{GivenAt: at.AddDate(0, -1, 0), ConfirmedAt: at.AddDate(0, -1, 0).Add(time.Minute), Source: say("sign-up form"), URL: say("https://nordlicht.example/news"), Wording: say("Yes, send me the newsletter once a month. I can stop it at any time."), Version: say("3")},
			Outcome: "allow", Reason: "allowed", DecidedAt: at, Partner: say("Hub Resellers"), PreferencesURL: "/p/token", UnsubscribeURL: "/u/token",
		}),
		"why-customer": Why(WhyView{Page: p, Email: email, Topic: offers, Class: "marketing", Basis: "soft_opt_in", Consent: &ConsentView{CustomerSince: at}, Outcome: "defer", Reason: "quiet_hours"}),
		"why-research": Why(WhyView{Page: p, Email: email, Topic: survey, Class: "research", Basis: "legitimate_interests", Outcome: "deny", Reason: say("some_new_reason")}),
		"why-topic":    Why(WhyView{Page: p, Email: email, Topic: news, Class: "marketing", Basis: "consent"}),
		"why-notice":   Why(WhyView{Page: plain, Email: email, Subject: say("Our privacy policy changes on 1 May"), Class: "notice", Basis: "legal_obligation", Obligation: "privacy_change", Outcome: "allow", Reason: "allowed", PreferencesURL: "/p/token"}),
		"why-service":  Why(WhyView{Page: p, Email: email, Subject: say("Your white paper"), Class: "service", Basis: "contract", Request: say("The white paper on consent")}),
		"view":         View(ViewView{Page: p, Subject: say("What is new in March"), SentAt: at, MailURL: "/v/token/mail", WhyURL: "/why/token", PreferencesURL: "/p/token", LeaveURL: "/u/token"}),
	}
	for _, k := range []ConfirmKind{ConfirmTopics, ConfirmAddress, ConfirmExport, ConfirmErasure, ConfirmRequest, ConfirmRegister, ConfirmCancel} {
		v := ConfirmView{Page: p, Action: "/c/token", Email: email, Kind: k, Event: say("Open day"), Until: at.AddDate(0, 0, 7)}
		d := ConfirmedView{Page: p, Email: email, Kind: k, Event: say("Open day"), Due: at.AddDate(0, 1, 0), PreferencesURL: "/p/token"}
		switch k {
		case ConfirmTopics:
			v.Topics, v.Wording = []Topic{news, events}, say("Yes, send me the newsletter once a month. I can stop it at any time.")
			d.Topics, d.Already = v.Topics, true
		case ConfirmExport:
			d.JSONURL, d.CSVURL = "/c/token/data.json", "/c/token/data.csv"
		}
		out["confirm-"+string(k)], out["confirmed-"+string(k)] = Confirm(v), Confirmed(d)
	}
	for _, tr := range []Trouble{TroubleNotFound, TroubleLink, TroubleExpired, TroubleMethod, TroubleForm, TroubleTooMany, TroubleClosed, TroubleBroken, TroubleBusy} {
		out["error-"+string(tr)] = Error(ErrorView{Page: p, Trouble: tr, Contact: say("help@nordlicht.example"), RequestID: say("01JB2Q7V"), NextURL: "/subscribe/news", NextLabel: say("To the sign-up form")})
	}
	addForms(out, p, say)
	addPublic(out, p, say)
	addPolicies(out, p, say)
	addRegistrations(out, p, say)
	return out
}
