package site

// shortcutKeys are the keys that follow g to a screen, by the key of its entry.
var shortcutKeys = map[string]string{
	NavHome: "h", NavCampaigns: "c", NavEvents: "e", NavNotices: "n", NavPolicies: "p", NavSubscribers: "s", NavSegments: "g", NavImports: "i", NavRequests: "r", NavTopics: "t",
	NavForms: "f", NavBrands: "b", NavMedia: "m", NavDeliverability: "d", NavQueues: "q", NavMailbox: "x", NavAudit: "a",
}

// shortcut is one line of the help sheet.
type shortcut struct{ keys, label, url string }

// shortcuts are the ways to the screens that this person may open.
func (p Page) shortcuts() []shortcut {
	var out []shortcut
	for _, g := range p.Nav {
		for _, i := range g.Items {
			if key := shortcutKeys[i.Key]; key != "" {
				out = append(out, shortcut{"g " + key, i.Label, i.URL})
			}
		}
	}
	return out
}
