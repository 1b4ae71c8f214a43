package processing

import (
	"context"
	"fmt"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Rules say after how many days what is taken away. Zero keeps it.
type Rules struct {
	// Unconfirmed: people who signed up and never confirmed, and are nothing else: no customer, at no event.
	Unconfirmed int `json:"unconfirmed"`
	// Inactive: people who are no customers, get nothing by choice, and of whom nothing was heard.
	Inactive int `json:"inactive"`
	// Minors takes away people found to be below the age of consent of their country, as soon as that is seen. Customers stay,
	// because their contract needs them; the gate keeps marketing from them.
	Minors bool `json:"minors"`
	// Deliveries: who got which campaign, and why. The sums in its report stay.
	Deliveries int `json:"deliveries"`
	// Answers: mails that somebody asked for (confirmations, downloads, answers).
	Answers int `json:"answers"`
	// Requests: data requests that were closed.
	Requests int `json:"requests"`
	// Audit: entries of the audit log.
	Audit int `json:"audit"`
	// NoticeBytes: the exact bytes of notices; their hash and evidence stay. Kept in the site's settings.
	NoticeBytes int `json:"notice_bytes"`
}

// The least that a rule may be: a confirmation link must have run out before its person is taken away, and links, frequency
// caps and complaints need the deliveries of a year.
const (
	leastUnconfirmed = 8
	leastPeople      = 90
	leastDeliveries  = 366
	leastAnswers     = 30
	leastYear        = 365
	mostDays         = 50 * 365
)

// DefaultRules are those of a new installation.
func DefaultRules() Rules { return Rules{Unconfirmed: 30} }

func (r Rules) check() error {
	var bad problem.Collector
	for _, rule := range []struct {
		field       string
		days, least int
	}{
		{"unconfirmed", r.Unconfirmed, leastUnconfirmed}, {"inactive", r.Inactive, leastPeople}, {"deliveries", r.Deliveries, leastDeliveries}, {"answers", r.Answers, leastAnswers},
		{"requests", r.Requests, leastYear}, {"audit", r.Audit, leastYear}, {"notice_bytes", r.NoticeBytes, leastAnswers},
	} {
		if rule.days != 0 && (rule.days < rule.least || rule.days > mostDays) {
			bad.Add(rule.field, "must be %d days or more, or empty to keep it", rule.least)
		}
	}
	return bad.Err()
}

// Controller is what only people know of the record: who answers for the processing, and how it is protected.
type Controller struct {
	Name           string `json:"name"`
	Contact        string `json:"contact"`
	Officer        string `json:"officer"`        // data protection officer
	Representative string `json:"representative"` // in the Union, of a controller outside it
	Transfers      string `json:"transfers"`      // to third countries, with their safeguards
	Security       string `json:"security"`       // measures beside those of the software
}

// Relay is a host that mail of a stream is handed to.
type Relay struct{ Host, Stream string }

// Service keeps the rules, applies them, and makes the record. All fields are required but Relays and Stores.
type Service struct {
	DB     *sqldb.DB
	Now    func() time.Time
	People *preferences.Service
	Relays []Relay
	Stores []string // where backups go outside this machine
}

const (
	rulesKey      = "retention"
	controllerKey = "controller"
	runKey        = "retention.run"
)

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Rules reads the rules as they stand.
func (s *Service) Rules(ctx context.Context) (Rules, error) {
	rules := DefaultRules()
	if err := s.load(ctx, rulesKey, &rules); err != nil {
		return rules, err
	}
	site, err := s.People.Site.Get(ctx)
	rules.NoticeBytes = int(site.RetentionMessages / (24 * time.Hour))
	return rules, err
}

// SetRules stores the rules.
func (s *Service) SetRules(ctx context.Context, actor audit.Actor, rules Rules) error {
	if err := rules.check(); err != nil {
		return err
	}
	before, err := s.Rules(ctx)
	if err != nil {
		return err
	}
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return err
	}
	if kept := time.Duration(rules.NoticeBytes) * 24 * time.Hour; kept != site.RetentionMessages {
		site.RetentionMessages = kept
		if err := s.People.Site.Put(ctx, s.now(), actor, site); err != nil {
			return err
		}
	}
	return s.store(ctx, actor, rulesKey, "retention.change", before, rules)
}

// Controller reads what was said of the controller.
func (s *Service) Controller(ctx context.Context) (c Controller, err error) {
	return c, s.load(ctx, controllerKey, &c)
}

// SetController stores it.
func (s *Service) SetController(ctx context.Context, actor audit.Actor, c Controller) error {
	before, err := s.Controller(ctx)
	if err != nil {
		return err
	}
	return s.store(ctx, actor, controllerKey, "controller.change", before, c)
}

func (s *Service) load(ctx context.Context, key string, v any) error {
	if err := preferences.ReadSetting(ctx, s.DB, key, v); err != nil {
		return fmt.Errorf("processing: %w", err)
	}
	return nil
}

func (s *Service) store(ctx context.Context, actor audit.Actor, key, action string, before, after any) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		if err := preferences.WriteSetting(ctx, tx, now, key, after); err != nil {
			return fmt.Errorf("processing: %w", err)
		}
		if action == "" {
			return nil
		}
		return audit.Record(ctx, tx, now, actor, action, audit.Object("settings", key), before, after)
	})
}
