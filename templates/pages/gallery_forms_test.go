package pages

import (
	"time"

	"github.com/a-h/templ"
)

func addForms(out map[string]templ.Component, p Page, say func(string) string) {
	news := ConsentBox{Topic: "news", Wording: say("Yes, send me the newsletter once a month. I can stop it at any time."), Description: say("What is new, and how others work with it.")}
	offers := ConsentBox{Topic: "offers", Wording: say("Yes, send me offers by e-mail, a few times a year.")}
	question := FormField{Name: "q1", Label: say("How content are you?"), Kind: "choice", Options: []string{say("Very"), say("Fairly") + " ", say("Not") + "  "}, Required: true}
	many := FormField{Name: "q2", Label: say("What do you use?"), Kind: "choices", Options: []string{say("Reports"), say("Events") + " "}, Hint: say("All that apply.")}
	contact := []FormField{{Name: "company", Label: say("Company"), Autocomplete: "organization"}, {Name: "phone", Kind: "tel", Label: say("Telephone"), Autocomplete: "tel"}, {Name: "message", Kind: "textarea", Label: say("Your message"), Required: true}}
	views := map[FormKind]SubscribeView{
		KindNewsletter: {Title: say("Newsletter"), Intro: say("Once a month what is new."), Consents: []ConsentBox{news}, MinimumAge: 16},
		KindDownload:   {Title: say("White paper on consent"), Document: say("Consent in practice"), Consents: []ConsentBox{news, offers}, AskNames: true},
		KindContact:    {Title: say("Write to us"), Fields: contact, Consents: []ConsentBox{news}},
		KindDemo:       {Title: say("See it at work"), Fields: contact[:2], AskNames: true},
		KindSurvey:     {Title: say("Three questions"), Fields: []FormField{question, many, contact[2]}},
	}
	for kind, v := range views {
		v.Page, v.Action, v.Kind, v.Wording = p, "/subscribe/form", kind, "3"
		out["subscribe-"+string(kind)] = Subscribe(v)
		out["thanks-"+string(kind)] = Thanks(ThanksView{Page: p, Kind: kind, BackURL: say("https://nordlicht.example/")})
	}
	several := views[KindNewsletter]
	several.Page, several.Action, several.Consents, several.Kind = p, "/subscribe/form", []ConsentBox{news, offers}, KindNewsletter
	several.Values = map[string]string{"email": say("anna@"), FieldOfAge: OfAgeNo}
	several.Errors = map[string]string{"email": say("This is not an e-mail address."), "topics": say("Choose at least one."), FieldOfAge: say("Please answer.")}
	out["subscribe-wrong"] = Subscribe(several)
	survey := views[KindSurvey]
	survey.Page, survey.Action, survey.Kind, survey.Errors = p, "/subscribe/form", KindSurvey, map[string]string{"q1": say("Please choose."), "message": say("Please write something.")}
	out["subscribe-survey-wrong"] = Subscribe(survey)
	out["thanks-own"] = Thanks(ThanksView{Page: p, Kind: KindContact, Title: say("Got it"), Text: say("We call you back today.")})

	event := EventView{
		Page: p, Name: say("Open day 2026"), Lead: say("See how it is made, and ask those who make it."), Body: templ.Raw("<p>Coffee from half past one.</p><h2>Programme</h2><ul><li>Tour</li><li>Talk</li></ul>"),
		StartsAt: at, EndsAt: at.Add(3 * time.Hour), EventZone: "Europe/Amsterdam", Place: say("Keizersgracht 1, Amsterdam"), CalendarURL: "/events/open-day.ics",
		Left: 12, Action: "/events/open-day", Fields: contact[:1], Consents: []ConsentBox{news}, Wording: "1",
		Shares: []Share{{"fair", say("Fair Events"), say("may get my name and address to invite me to its own events."), false}, {"hub", say("Hub Resellers"), say("may get my name, address and company to write to me about its products."), false}},
	}
	event.Public = true
	out["event"] = Event(event)
	full := event
	full.Left, full.Waiting, full.Place, full.Online, full.EndsAt = 0, true, "", true, at.AddDate(0, 0, 1)
	full.Errors = map[string]string{"email": say("Please fill this in.")}
	out["event-full"] = Event(full)
	closed := event
	closed.RegistrationEnded, closed.EndsAt, closed.EventZone = true, time.Time{}, ""
	out["event-closed"] = Event(closed)
	over, cancelled := event, event
	over.Over, cancelled.Cancelled = true, true
	out["event-over"], out["event-cancelled"] = Event(over), Event(cancelled)
	out["registered"] = Registered(RegisteredView{Page: p, Name: say("Open day 2026"), CalendarURL: "/events/open-day.ics", EventURL: "/events/open-day"})
	out["registered-waiting"] = Registered(RegisteredView{Page: p, Name: say("Open day 2026"), Waiting: true})
	out["registered-confirm"] = Registered(RegisteredView{Page: p, Name: say("Open day 2026"), ToConfirm: true})
}

func addPublic(out map[string]templ.Component, p Page, say func(string) string) {
	authority := Authority{say("Autoriteit Persoonsgegevens"), say("Postbus 93374, 2509 AJ Den Haag"), say("https://autoriteitpersoonsgegevens.nl/")}
	out["rights"] = Rights(RightsView{Page: p, Action: "/data-rights", Authority: authority, Contact: say("privacy@nordlicht.example")})
	out["rights-wrong"] = Rights(RightsView{Page: p, Action: "/data-rights", Kind: "erasure", Email: say("anna@"), Message: say("All of it."), Errors: map[string]string{"kind": say("Choose one."), "email": say("This is not an e-mail address."), "message": say("Too long.")}})
	out["rights-sent"] = RightsSent(RightsSentView{Page: p})
	for _, state := range rightsStates {
		out["rights-status-"+state] = RightsStatus(RightsStatusView{
			Page: p, Email: say("anna.de.vries@example.com"), Kind: "access", Status: state, NewAddress: say("anna@new.example"), Number: say("DR-2026-0007"), Received: at, Due: at.AddDate(0, 1, 0), Extended: say("We need to ask a partner."), Answer: say("Here is all we have."),
			JSONURL: "/d/token.json", CSVURL: "/d/token.csv", Steps: []Change{{at, say("Confirmed by you"), ""}, {at.Add(-time.Hour), say("Received"), ""}}, Authority: authority,
		})
	}
}
