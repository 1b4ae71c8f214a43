package preferences

import (
	"context"
	"sync"
	"time"

	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/templates/locale"
)

// SiteSettings are the rules of the whole site that an administrator may change while it runs.
type SiteSettings struct {
	FrequencyCap      gate.Cap      `json:"frequency_cap"`       // most marketing and research mails a person gets in a time; zero: no cap
	QuietHours        gate.Quiet    `json:"quiet_hours"`         // when nothing of it arrives, in the recipient's zone; zero: never quiet
	ConfirmTTL        time.Duration `json:"confirm_ttl"`         // life of a confirmation link
	ConfirmEvery      time.Duration `json:"confirm_every"`       // at most one confirmation mail an address in this time
	SignupsPerIPHour  int           `json:"signups_per_ip_hour"` // sign-ups taken from one address of the internet in an hour
	SignupsPerHour    int           `json:"signups_per_hour"`    // and from all of it
	DefaultLocale     string        `json:"default_locale"`
	DefaultTimezone   string        `json:"default_timezone"`
	Authority         string        `json:"authority"`     // name and address of the data protection authority that people may complain to
	AuthorityURL      string        `json:"authority_url"` // its page for complaints
	PrivacyPolicyURL  string        `json:"privacy_policy_url"`
	ReviewRequired    bool          `json:"review_required"`    // a campaign is approved by a second person before it can be scheduled
	RetentionMessages time.Duration `json:"retention_messages"` // how long the bytes of a notice can be shown again
}

// Settings reads the site's settings: those stored over those that the process was started with.
type Settings struct {
	DB      *sqldb.DB
	Started SiteSettings

	mu     sync.Mutex
	cached SiteSettings
	until  time.Time
}

const settingsKey = "site"

// settingsTTL is how long a change on another process may go unseen.
const settingsTTL = 2 * time.Second

// DefaultSite is what a new installation starts with.
func DefaultSite() SiteSettings {
	return SiteSettings{
		ConfirmTTL: 168 * time.Hour, ConfirmEvery: 24 * time.Hour, SignupsPerIPHour: 20, SignupsPerHour: 2000,
		DefaultLocale: "en", DefaultTimezone: "UTC", RetentionMessages: 2 * 365 * 24 * time.Hour,
	}
}

// Get is the site's settings as they stand.
func (s *Settings) Get(ctx context.Context) (SiteSettings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.until) {
		return s.cached, nil
	}
	site := s.Started
	if err := ReadSetting(ctx, s.DB, settingsKey, &site); err != nil {
		return site, err
	}
	s.cached, s.until = site, time.Now().Add(settingsTTL)
	return site, nil
}

// Languages are those in which the staff are asked for texts, the site's own first.
func (s *Settings) Languages(ctx context.Context) []string {
	site, err := s.Get(ctx)
	first := locale.Get(site.DefaultLocale).Language()
	if err != nil || first == "" {
		first = "en"
	}
	out := []string{first}
	for _, tag := range locale.Languages() {
		if tag != first {
			out = append(out, tag)
		}
	}
	return out
}

// Put stores the site's settings.
func (s *Settings) Put(ctx context.Context, at time.Time, actor audit.Actor, site SiteSettings) error {
	before, err := s.Get(ctx)
	if err != nil {
		return err
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := WriteSetting(ctx, tx, at, settingsKey, site); err != nil {
			return err
		}
		return audit.Record(ctx, tx, at, actor, "settings.change", audit.Object("settings", settingsKey), before, site)
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.until = time.Time{}
	s.mu.Unlock()
	return nil
}
