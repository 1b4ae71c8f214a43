package site

import (
	"time"

	"assent/templates/locale"
	"assent/templates/site/ui"

	"github.com/a-h/templ"
)

var at = time.Date(2026, 3, 3, 9, 5, 0, 0, time.UTC)

func samplePage(tag string, say func(string) string) Page {
	l := locale.Get(tag)
	return Page{
		Locale: l, Zone: "Europe/Amsterdam", CSRF: "csrf-token",
		User: User{say("Ada van Dijk"), say("ada@nordlicht.example"), say("Administrator")},
		Nav:  Nav(l, nil, map[string]string{NavRequests: "2"}),
	}
}

// gallery is every page with every part of it shown, in one language. say makes the values that come from outside.
func gallery(tag string, say func(string) string) map[string]templ.Component {
	p := samplePage(tag, say)
	l := p.Locale
	e := Entrance{Locale: l, CSRF: "csrf-token"}
	shifted := e
	shifted.Offset = 744 * time.Hour
	out := map[string]templ.Component{
		"setup":        SetUp(SetUpView{Entrance: shifted, Action: "/admin/setup/token"}),
		"setup-wrong":  SetUp(SetUpView{Entrance: e, Action: "/admin/setup/token", Name: say("Ada"), Email: say("ada@"), Errors: map[string]string{"email": say("This is not an e-mail address."), "password": say("Too short."), "": say("Something else.")}}),
		"sign-in":      SignIn(SignInView{Entrance: e, Action: "/admin/sign-in", Next: say("/admin/campaigns"), PasskeyURL: "/admin/passkey", OIDC: []ui.Link{{Label: say("Sign in with Nordlicht"), URL: say("/admin/oidc/nordlicht")}}}),
		"sign-in-slow": SignIn(SignInView{Entrance: e, Action: "/admin/sign-in", Email: say("ada@nordlicht.example"), Wait: 90 * time.Second, Notice: say("You are signed out.")}),
		"sign-in-no":   SignIn(SignInView{Entrance: e, Action: "/admin/sign-in", Email: say("ada@nordlicht.example"), Refused: true}),
		"second":       Second(SecondView{Entrance: e, Action: "/admin/sign-in/second", Step: "step", CancelURL: "/admin/sign-in"}),
		"second-wrong": Second(SecondView{Entrance: e, Action: "/admin/sign-in/second", Step: "step", Refused: true, Wait: 5 * time.Second}),
		"choose":       ChoosePassword(PasswordView{Entrance: e, Action: "/admin/password/token", Email: say("ada@nordlicht.example"), Errors: map[string]string{"password": say("Too short.")}}),
		"address":      ConfirmAddress(AddressView{Entrance: e, Action: "/admin/address/token", Email: say("ada@nordlicht.example")}),
		"message":      Message(MessageView{Entrance: e, Title: say("This link is over"), Text: say("Ask an administrator for a new one."), Action: ui.Link{Label: say("To the sign-in"), URL: "/admin/sign-in"}}),
	}
	addHome(out, p, say)
	addMailbox(out, p, say)
	addCampaigns(out, p, say)
	addEditor(out, p, say)
	addPeople(out, p, say)
	addOffers(out, p, say)
	addManage(out, p, say)
	addRunning(out, p, say)
	return out
}

func addHome(out map[string]templ.Component, p Page, say func(string) string) {
	steps := []Step{{StepBrand, "/admin/brands/default", true}, {StepTopic, "/admin/topics/new", true}, {StepForm, "/admin/forms/new", false}, {StepPeople, "/admin/imports/new", false}, {StepCampaign, "/admin/campaigns/new", false}, {StepRelay, "/admin/deliverability", false}}
	growth := ui.Chart{
		Locale: p.Locale, Title: say("Consent over time"), Summary: say("From 812 to 1,240 given in twelve weeks."), PointName: say("Week"), Area: true,
		Series: []ui.Series{{Name: say("On"), Values: []int{812, 830, 861, 902, 900, 954, 1003, 1060, 1098, 1131, 1190, 1240}}, {Name: say("Stopped"), Values: []int{10, 14, 9, 20, 41, 12, 15, 13, 20, 22, 18, 16}}},
	}
	for i := range 12 {
		growth.Points = append(growth.Points, p.Locale.Date(at.AddDate(0, 0, 7*(i-11))))
	}
	first := p
	first.Offset = 744 * time.Hour
	out["home-first"] = Home(HomeView{Page: first, Now: at, Steps: steps, Streams: []Stream{{Key: "marketing"}, {Key: "transactional"}}, GrowthURL: "/admin/subscribers"})
	done := make([]Step, len(steps))
	for i, s := range steps {
		s.Done = true
		done[i] = s
	}
	p.Current = NavHome
	p.Flash = &Flash{Text: say("The campaign is paused."), Undo: &ui.Post{Label: say("Resume"), Action: "/admin/campaigns/1/resume"}}
	out["home"] = Home(HomeView{
		Page: p, Now: at.Add(6 * time.Hour), Steps: done, Growth: growth, GrowthURL: "/admin/subscribers",
		Stats:   []ui.Stat{{Label: say("Subscribers"), Value: p.n(12408), URL: "/admin/subscribers"}, {Label: say("May be written to"), Value: p.n(9120), Note: say("73% of all")}, {Label: say("Sent in 7 days"), Value: p.n(18230)}, {Label: say("Complaints"), Value: "0.02%", Note: say("of the last 1,000"), Tone: ui.Bad}},
		LiveURL: "/admin/live",
		Running: []Run{
			{say("What is new in March"), "/admin/campaigns/1", "sending", 4210, 9120, "", Speed{12.4, 7 * time.Minute}},
			{say("Spring offer"), "/admin/campaigns/2", "paused", 120, 3100, say("Paused by itself: five refusals in a row from mx.example."), Speed{}},
		},
		Needs: []Need{
			{Text: say("Approve “Privacy policy 2026-05”"), URL: "/admin/notices/1", Note: say("Asked by Bo, 2 hours ago"), Icon: "notices"},
			{Text: say("2 data requests are due within 5 days"), URL: "/admin/requests", Tone: ui.Warn},
			{Text: say("14 people are unserved by a notice"), URL: "/admin/notices/2", Tone: ui.Bad},
		},
		Streams: []Stream{
			{Key: "marketing", Relay: say("smtp.relay.example"), Tone: ui.Warn, URL: "/admin/deliverability", Facts: []ui.Stat{{Label: say("Sent in the last hour"), Value: "1,204"}, {Label: say("Waiting"), Value: "4,910"}, {Label: say("Bounced"), Value: "0.4%"}}},
			{Key: "transactional", Relay: say("smtp.relay.example"), Tone: ui.Bad, State: say("The relay has refused the sign-in since 9:40. 12 notices wait; nothing is lost."), URL: "/admin/deliverability", Facts: []ui.Stat{{Label: say("Waiting"), Value: "12", Tone: ui.Bad}}},
		},
	})
	p.Flash = nil
	out["home-calm"] = Home(HomeView{Page: p, Now: at.Add(12 * time.Hour), Steps: done, GrowthURL: "/admin/subscribers"})
}

func addMailbox(out map[string]templ.Component, p Page, say func(string) string) {
	p.Current = NavMailbox
	lines := []MailLine{
		{"/admin/mailbox/1", say("Nordlicht <news@nordlicht.example>"), say("anna.de.vries@example.com"), say("What is new in March, and a subject that is long enough not to fit on a line of a small screen"), "marketing", at},
		{"/admin/mailbox/2", say("Nordlicht <notices@nordlicht.example>"), say("bo@example.com"), "", "transactional", at.Add(-time.Hour)},
	}
	pager := ui.Pager{Locale: p.Locale, Previous: "?before=1", Next: "?after=2", Shown: Shown(p.Locale, 1, 50, 12345)}
	out["mailbox"] = Mailbox(MailboxView{Page: p, Mails: lines, Pager: pager, Real: true, Empty: &ui.Post{Label: say("Empty the mailbox"), Action: "/admin/mailbox/empty", Tone: ui.Bad, Back: say("No, go back"), Ask: say("Empty the mailbox?"), AskText: say("All 12,345 mails are removed.")}})
	out["mailbox-empty"] = Mailbox(MailboxView{Page: p})
	out["mailbox-nothing"] = Mailbox(MailboxView{Page: p, Search: say("zzz"), Stream: "marketing"})
	mail := MailView{
		Page: p, MailLine: lines[0], Part: PartHTML, BackURL: "/admin/mailbox", FrameURL: "/admin/mailbox/1/html", WidthURL: "?width=phone", DownloadURL: "/admin/mailbox/1.eml",
		URLs:        map[MailPart]string{PartHTML: "?part=html", PartText: "?part=text", PartHeaders: "?part=headers", PartSource: "?part=source"},
		Attachments: []Attachment{{say("terms.pdf"), say("application/pdf"), say("84 KB"), "/admin/mailbox/1/attachments/1"}}, Newer: "/admin/mailbox/0", Older: "/admin/mailbox/2",
	}
	out["mail"] = Mail(mail)
	mail.Phone = true
	out["mail-phone"] = Mail(mail)
	mail.Part, mail.Text = PartText, say("Hello Anna,\n\nthis is what is new.\n\n-- \nNordlicht B.V.")
	out["mail-text"] = Mail(mail)
	mail.Part, mail.Headers = PartHeaders, []Header{{"List-Unsubscribe", say("<https://nordlicht.example/u/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4_>")}, {"Message-ID", say("<01JB@nordlicht.example>")}}
	out["mail-headers"] = Mail(mail)
	mail.Part, mail.Source, mail.Cut, mail.Subject = PartSource, say("From: Nordlicht <news@nordlicht.example>\r\nTo: anna.de.vries@example.com\r\n\r\nHello"), true, ""
	out["mail-source"] = Mail(mail)
}
