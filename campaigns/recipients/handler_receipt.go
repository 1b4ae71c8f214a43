package recipients

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/campaigns/brands"
	"assent/preferences"
	"assent/preferences/ledger"
	"assent/preferences/tokens"
	"assent/templates/pages"
)

// receiptsPage shows a person the proof of what they chose, in words. It needs no more than the link in a mail, so it shows no address
// and nothing of who else they are (compliance 57).
func (p *Pages) receiptsPage(c echo.Context) error {
	v, list, err := p.receiptsOf(c)
	if err != nil {
		return err
	}
	view, err := p.readable(c.Request().Context(), v, list)
	if err != nil {
		return err
	}
	return p.show(c, http.StatusOK, pages.Receipts(view))
}

// receipts lets a person keep the same as a file: consent receipts of ISO/IEC TS 27560 (compliance 44). They name the person by a
// pseudonym and hold no address, because a link may have been passed on (compliance 57).
func (p *Pages) receipts(c echo.Context) error {
	_, list, err := p.receiptsOf(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="consent-receipts.json"`)
	return c.JSONPretty(http.StatusOK, map[string]any{"receipts": list}, "  ")
}

func (p *Pages) receiptsOf(c echo.Context) (v visit, list []preferences.Receipt, err error) {
	if v, err = p.open(c, tokens.Preferences); err != nil {
		return v, nil, err
	}
	if v.sub == nil {
		return v, nil, ErrLink
	}
	ctx := c.Request().Context()
	brand, err := brands.Get(ctx, p.DB, "")
	if err != nil {
		return v, nil, err
	}
	controller := preferences.ReceiptController{Name: brand.Name, Address: brand.PostalAddress, Contact: brand.ReplyTo}
	list, err = p.People.Receipts(ctx, p.DB, v.sub, controller, p.Links.Preferences(v.sub.ID, p.Now()))
	return v, list, err
}

// readable puts receipts into the reader's language.
func (p *Pages) readable(ctx context.Context, v visit, list []preferences.Receipt) (pages.ReceiptsView, error) {
	at := "/p/" + p.Keys.Sign(tokens.Preferences, v.claims)
	view := pages.ReceiptsView{Page: v.page, Email: v.sub.Email, JSONURL: at + "/receipts.json", PreferencesURL: at}
	states, err := p.People.Consents(ctx, p.DB, v.sub.ID)
	if err != nil {
		return view, err
	}
	now := map[string]string{}
	for _, st := range states {
		now[st.TopicID] = st.State
	}
	events, err := p.People.Events(ctx, p.DB, v.sub.ID)
	if err != nil {
		return view, err
	}
	byID := make(map[string]ledger.Event, len(events))
	for _, e := range events {
		byID[e.ID] = e
	}
	topics, err := p.People.Topics(ctx, p.DB)
	if err != nil {
		return view, err
	}
	all, err := p.People.Partners(ctx)
	if err != nil {
		return view, err
	}
	byTopic, names := map[string]*preferences.Topic{}, map[string]string{}
	for _, t := range topics {
		byTopic[t.ID], names[t.ID] = t, p.named(v, t).Name
	}
	for _, r := range list {
		topic := byTopic[byID[r.RecordID].TopicID]
		view.Controller, view.Contact = r.PIIController.Name, r.PIIController.Contact
		out := pages.Receipt{Number: r.RecordID, Topic: p.named(v, topic), Basis: topic.Basis, State: now[topic.ID], NoticeURL: r.PrivacyNotice, Data: known(r.Purposes[0].PIIInformation)}
		for _, partner := range all {
			if partner.Key == topic.Partner {
				out.Partner = partner.Name
			}
		}
		for _, about := range r.Events {
			e := byID[about.ID]
			out.Events = append(out.Events, pages.ReceiptEvent{Change: pages.Change{At: e.At(), What: what(v, e, names, nil), How: how(v, e)}, Wording: e.Wording, Version: e.WordingVersion})
		}
		view.Receipts = append(view.Receipts, out)
	}
	return view, nil
}

// kinds are the vocabulary's terms for data, as pages call them.
var kinds = map[string]string{"dpv-pd:EmailAddress": "email", "dpv-pd:Name": "name", "dpv-pd:TelephoneNumber": "phone", "dpv-pd:Country": "country", "dpv-pd:BirthDate": "birth_date", "dpv-pd:Language": "language"}

func known(terms []string) (out []string) {
	for _, term := range terms {
		out = append(out, kinds[term])
	}
	return out
}
