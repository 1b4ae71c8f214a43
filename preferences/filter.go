package preferences

import "slices"

// Filter is what the list of people is narrowed to. Empty fields do not narrow it.
type Filter struct {
	Text   string   `json:"q,omitempty"`
	Status string   `json:"status,omitempty"` // a key of standing
	Topic  string   `json:"topic,omitempty"`  // the key of one that is on
	IDs    []string `json:"ids,omitempty"`    // nobody but these
}

// standing are the conditions over the alias s of how a person stands. The consents are bounded like the people: PostgreSQL
// would look through all of them for each stretch.
var standing = map[string]string{
	"active":       "s.restricted_at IS NULL AND s.objected_at IS NULL AND s.unsubscribed_at IS NULL AND EXISTS (SELECT 1 FROM consents c WHERE " + stretch + " AND c.state = 'given')",
	"none":         "NOT EXISTS (SELECT 1 FROM consents c WHERE " + stretch + ")",
	"pending":      "EXISTS (SELECT 1 FROM consents c WHERE " + stretch + " AND c.state = 'pending')",
	"paused":       "s.paused_until IS NOT NULL",
	"unsubscribed": "s.unsubscribed_at IS NOT NULL",
	"objected":     "s.objected_at IS NOT NULL",
	"restricted":   "s.restricted_at IS NOT NULL",
	"bounced":      "EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.email_key AND x.reason = 'bounced')",
	"complained":   "EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.email_key AND x.reason = 'complained')",
	"suppressed":   "EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.email_key AND x.reason = 'manual')",
}

// Known tells whether the status that the filter names is one. A filter with any other finds everybody.
func (f Filter) Known() bool {
	_, ok := standing[f.Status]
	return ok || f.Status == ""
}

const stretch = "c.subscriber_id = s.id AND c.subscriber_id > $1 AND c.subscriber_id <= $2"

// Search is what the filter asks for.
func (f Filter) Search() Search {
	in := Search{Text: f.Text, IDs: slices.Clone(f.IDs), Where: standing[f.Status]}
	if f.Topic != "" {
		if in.Where != "" {
			in.Where += " AND "
		}
		in.Where += "EXISTS (SELECT 1 FROM consents c JOIN topics t ON t.id = c.topic_id WHERE " + stretch + " AND c.state = 'given' AND t.key = $4)"
		in.Args = []any{f.Topic}
	}
	return in
}
