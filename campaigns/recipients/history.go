package recipients

import (
	"net/url"
	"strings"
	"time"

	"assent/preferences"
	"assent/preferences/ledger"
	"assent/preferences/partners"
	"assent/templates/pages"
)

// Where a choice was made, as the ledger has it and as pages say it.
const (
	sourceCentre   = "preference centre"
	sourcePage     = "unsubscribe page"
	sourceOneClick = "one-click"
	sourceConfirm  = "confirmation page"
	sourceUndo     = "undo"
)

// sources are the texts of sources that are not a company's own words.
var sources = map[string]string{
	sourceCentre: "centre.how.preference_centre", sourcePage: "centre.how.unsubscribe_page", sourceOneClick: "centre.how.one_click",
	sourceConfirm: "centre.how.confirmation_page", sourceUndo: "centre.how.undo", "mailto": "centre.how.mailto", "api": "centre.how.api",
}

// historyShown bounds the page; the whole of it is in the copy of one's data.
const historyShown = 200

// history is everything that a person chose, in their language, the latest first.
func (p *Pages) history(v visit, events []ledger.Event, offers []preferences.Offer, all []partners.Partner) []pages.Change {
	topics, names := map[string]string{}, map[string]string{}
	for _, o := range offers {
		topics[o.TopicID] = p.named(v, o.Topic).Name
	}
	for _, partner := range all {
		names[partner.Key] = partner.Name
	}
	var list []pages.Change
	for i := len(events) - 1; i >= 0 && len(list) < historyShown; i-- {
		e := events[i]
		list = append(list, pages.Change{At: e.At(), What: what(v, e, topics, names), How: how(v, e)})
	}
	return list
}

func what(v visit, e ledger.Event, topics, names map[string]string) string {
	l := v.page.Locale
	topic, partner, until := topics[e.TopicID], names[e.Partner], ""
	if topic == "" {
		topic = e.Topic
	}
	if partner == "" {
		partner = e.Partner
	}
	key := "history." + string(e.Action)
	switch e.Action {
	case ledger.FrequencyChanged:
		key = "history.frequency_" + e.Value
	case ledger.Paused:
		if at, err := time.Parse(time.RFC3339, e.Value); err == nil {
			until = l.Date(at.In(v.zone))
		}
	}
	if !l.Has(key) {
		return strings.TrimSpace(topic + " " + string(e.Action))
	}
	return l.T(key, "topic", topic, "partner", partner, "until", until)
}

func how(v visit, e ledger.Event) string {
	l := v.page.Locale
	if key := sources[e.Source]; key != "" {
		return l.T(key, "brand", v.brand.Name)
	}
	if u, err := url.Parse(e.URL); err == nil && u.Host != "" {
		return l.T("centre.how.at", "place", u.Host)
	}
	return e.Source
}
