package site

import "assent/templates/locale"

// Base is where the staff's pages begin.
const Base = "/admin"

// NavGroup is entries below a heading, which may be empty.
type NavGroup struct {
	Label string
	Items []NavItem
}

// NavItem is one entry. Its key is also its icon. Count is shown beside it if not empty.
type NavItem struct{ Key, Label, URL, Count string }

// The keys of the entries.
const (
	NavHome           = "home"
	NavCampaigns      = "campaigns"
	NavReports        = "reports"
	NavEvents         = "events"
	NavNotices        = "notices"
	NavPolicies       = "policies"
	NavSubscribers    = "subscribers"
	NavSegments       = "segments"
	NavImports        = "imports"
	NavSuppressions   = "suppressions"
	NavRequests       = "requests"
	NavProcessing     = "processing"
	NavTopics         = "topics"
	NavForms          = "forms"
	NavBrands         = "brands"
	NavMedia          = "media"
	NavPartners       = "partners"
	NavDeliverability = "deliverability"
	NavQueues         = "queues"
	NavMailbox        = "mailbox"
	NavPeople         = "people"
	NavKeys           = "keys"
	NavWebhooks       = "webhooks"
	NavAudit          = "audit"
	NavSettings       = "settings"
)

var navGroups = []struct {
	key  string
	keys []string
}{
	{"", []string{NavHome}},
	{"send", []string{NavCampaigns, NavReports, NavEvents, NavNotices, NavPolicies}},
	{"people", []string{NavSubscribers, NavSegments, NavImports, NavSuppressions, NavRequests, NavProcessing}},
	{"offer", []string{NavTopics, NavForms, NavBrands, NavMedia, NavPartners}},
	{"run", []string{NavDeliverability, NavQueues, NavMailbox}},
	{"manage", []string{NavPeople, NavKeys, NavWebhooks, NavAudit, NavSettings}},
}

// Path is the address of the list of an entry: "/admin/campaigns".
func Path(key string) string {
	if key == NavHome {
		return Base
	}
	return Base + "/" + key
}

// Nav is the navigation of a person: the entries that allowed lets through (nil: all), with counts by key.
func Nav(l *locale.Locale, allowed func(key string) bool, counts map[string]string) []NavGroup {
	var out []NavGroup
	for _, g := range navGroups {
		group := NavGroup{}
		if g.key != "" {
			group.Label = l.T("site.nav.group." + g.key)
		}
		for _, key := range g.keys {
			if allowed == nil || allowed(key) {
				group.Items = append(group.Items, NavItem{key, l.T("site.nav." + key), Path(key), counts[key]})
			}
		}
		if len(group.Items) > 0 {
			out = append(out, group)
		}
	}
	return out
}
