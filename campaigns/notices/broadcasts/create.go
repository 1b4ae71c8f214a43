package broadcasts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"assent/campaigns/brands"
	"assent/campaigns/content"
	"assent/campaigns/notices"
	"assent/campaigns/policies"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/segments"
	"assent/preferences/sqldb"
	"assent/templates/locale"
)

// Audience is whom a broadcast is for: one of the three.
type Audience struct {
	Segment   string `json:"segment,omitempty"`
	Customers bool   `json:"customers,omitempty"` // everybody who is a customer
	Contract  string `json:"contract,omitempty"`  // the customers whose attribute contract is this
}

// Input is a broadcast as the API takes it.
type Input struct {
	Obligation   string          `json:"obligation"`
	Basis        string          `json:"basis"`
	Jurisdiction string          `json:"jurisdiction"`
	Audience     Audience        `json:"audience"`
	EffectiveAt  time.Time       `json:"effective_at"`
	Policy       *Policy         `json:"policy"`
	Brand        string          `json:"brand"`
	Locale       string          `json:"locale"`
	Subject      string          `json:"subject"`
	Blocks       json.RawMessage `json:"blocks"`
	Translations map[string]Text `json:"translations"`
}

// Create stores a broadcast for review. It cannot be changed afterwards: what the second person approves is what was written.
func (s *Service) Create(ctx context.Context, actor audit.Actor, in Input) (b *Broadcast, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		b, err = s.draft(ctx, tx, actor, in)
		if err != nil {
			return err
		}
		translations, err := json.Marshal(b.Translations)
		if err != nil {
			return fmt.Errorf("broadcasts: create: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO notice_broadcasts (id, obligation, basis, jurisdiction, lead, timezone, segment_key, effective_at, policy_slug, policy_version, brand_key, locale, subject, blocks,
			translations, status, author, author_name, contract, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
			b.ID, b.Obligation, b.Basis, b.Jurisdiction, b.Lead.String(), b.zone.String(), b.Segment, sqldb.Micros(b.EffectiveAt), b.Policy.Slug, b.Policy.Version, b.Brand, b.Locale, b.Text.Subject, string(b.Text.Blocks),
			string(translations), b.Status, b.Author, b.AuthorName, b.Contract, sqldb.Micros(b.CreatedAt), sqldb.Micros(b.UpdatedAt)); err != nil {
			return fmt.Errorf("broadcasts: create: %w", err)
		}
		return audit.Record(ctx, tx, b.CreatedAt, actor, "notice_broadcast.create", object(b.ID), nil, viewOf(b))
	})
	return b, err
}

func object(id string) string { return audit.Object("notice_broadcast", id) }

// Check is the broadcast that [Service.Create] would store, and all that is wrong with it. Nothing is stored.
func (s *Service) Check(ctx context.Context, actor audit.Actor, in Input) (*Broadcast, error) {
	return s.draft(ctx, s.DB, actor, in)
}

// draft makes a broadcast of what was asked for, and says all that is wrong with it.
func (s *Service) draft(ctx context.Context, tx sqldb.Querier, actor audit.Actor, in Input) (*Broadcast, error) {
	var bad problem.Collector
	now := s.now()
	b := &Broadcast{
		ID: sqldb.NewID(), Obligation: in.Obligation, Basis: in.Basis, Jurisdiction: in.Jurisdiction, Segment: in.Audience.Segment, Contract: in.Audience.Contract, EffectiveAt: in.EffectiveAt.UTC().Truncate(time.Microsecond),
		Brand: in.Brand, Locale: in.Locale, Text: Text{strings.TrimSpace(in.Subject), in.Blocks}, Translations: in.Translations,
		Author: actor.Person(), AuthorName: actor.Name, CreatedAt: now, State: State{Status: InReview, UpdatedAt: now},
	}
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return nil, err
	}
	b.zone = locale.Zone(site.DefaultTimezone)
	if !slices.Contains(notices.Obligations, in.Obligation) {
		bad.Add("obligation", "must be one of %s", strings.Join(notices.Obligations, ", "))
	}
	if !slices.Contains(notices.Bases, in.Basis) {
		bad.Add("basis", "must be one of %s; a notice never rests on consent", strings.Join(notices.Bases, ", "))
	}
	if in.Jurisdiction != "" {
		checkJurisdiction(&bad, "jurisdiction", in.Jurisdiction)
	}
	if in.Brand != "" {
		if _, err := brands.Get(ctx, tx, in.Brand); err != nil {
			bad.Add("brand", "is not the key of a brand")
		}
	}
	checkTexts(&bad, b)
	if err := checkAudience(ctx, tx, &bad, in.Audience); err != nil {
		return nil, err
	}
	if err := s.checkPolicy(ctx, tx, &bad, in.Policy, b); err != nil {
		return nil, err
	}
	if err := s.checkLead(ctx, tx, &bad, b, now); err != nil {
		return nil, err
	}
	return b, bad.Err()
}

// maxContract bounds the name of a type of contract, in bytes.
const maxContract = 255

func checkAudience(ctx context.Context, q sqldb.Querier, bad *problem.Collector, a Audience) error {
	given := 0
	for _, one := range []bool{a.Segment != "", a.Customers, a.Contract != ""} {
		if one {
			given++
		}
	}
	switch {
	case given != 1:
		bad.Add("audience", `must be {"customers": true}, {"segment": KEY} or {"contract": TYPE}`)
		return nil
	case a.Contract != "":
		if len(a.Contract) > maxContract || address.HeaderSafe(a.Contract) != nil {
			bad.Add("audience.contract", "must be one line of at most %d bytes", maxContract)
		}
		return nil
	case a.Customers:
		return nil
	}
	_, err := segments.Load(ctx, q, a.Segment)
	if errors.Is(err, segments.ErrNotFound) {
		bad.Add("audience.segment", "is not the key of a segment")
		return nil
	}
	return err
}

func (s *Service) checkPolicy(ctx context.Context, q sqldb.Querier, bad *problem.Collector, p *Policy, b *Broadcast) error {
	if p == nil {
		return nil
	}
	b.Policy = *p
	v, err := s.version(ctx, q, b)
	switch {
	case errors.Is(err, policies.ErrNotFound):
		bad.Add("policy.slug", "is not the slug of a policy")
	case errors.Is(err, policies.ErrNoVersion):
		bad.Add("policy.version", "is not a version of that policy")
	case err != nil:
		return err
	case v.Status == policies.Current || v.Status == policies.Superseded:
		bad.Add("policy.version", "has taken effect already, so it can no longer be announced")
	case v.AffectsRights && b.Obligation != "terms_change" && b.Obligation != "privacy_change":
		bad.Add("obligation", "must be terms_change or privacy_change: this version of the policy affects people's rights, so it must be announced ahead")
	case b.EffectiveAt.IsZero():
		b.EffectiveAt = v.EffectiveAt
	}
	for _, tag := range v.Bodies.Languages() {
		notices.LintPolicy(bad, "policy.version", v.Bodies[tag])
	}
	return nil
}

// version reads the version of the policy that a broadcast carries.
func (s *Service) version(ctx context.Context, q sqldb.Querier, b *Broadcast) (policies.Version, error) {
	store := &policies.Store{DB: s.DB, Now: s.Now, Lead: &LeadTime{s}}
	p, err := store.Get(ctx, q, b.Policy.Slug)
	if err != nil {
		return policies.Version{}, err
	}
	return store.Version(ctx, q, p, b.Policy.Version)
}

// checkLead refuses an effective date that is nearer than the lead time, even if everybody accepted the mail at once.
func (s *Service) checkLead(ctx context.Context, q sqldb.Querier, bad *problem.Collector, b *Broadcast, now time.Time) error {
	rules, err := s.Rules(ctx, q)
	if err != nil {
		return err
	}
	b.Lead = rules.Lead(b.Obligation, b.Jurisdiction, now)
	switch {
	case b.EffectiveAt.IsZero() && b.Lead.Zero():
		b.EffectiveAt = now
	case b.EffectiveAt.IsZero():
		bad.Add("effective_at", "is required: when what the notice announces takes effect")
	case b.Lead.Zero():
	case b.after(now).After(b.EffectiveAt):
		bad.Add("effective_at", "is too near: %s must be announced %s ahead, so it can take effect on %s at the earliest",
			strings.ReplaceAll(b.Obligation, "_", " "), b.Lead.Words(), b.after(now).Add(time.Second).Format(time.RFC3339))
	case s.Rate > 0 && bad.Err() == nil:
		n, err := b.count(ctx, q, now)
		if err != nil {
			return err
		}
		if through := now.Add(time.Duration(float64(n) / s.Rate * float64(time.Second))); b.after(through).After(b.EffectiveAt) {
			bad.Add("effective_at", "is too near: the relay takes %g mails a second, so %d people have it on %s at the earliest, and it must be announced %s ahead",
				s.Rate, n, through.Format(time.RFC3339), b.Lead.Words())
		}
	}
	return nil
}

// after is when the lead time of somebody is over whom the mail reached at an instant.
func (b *Broadcast) after(at time.Time) time.Time { return b.Lead.AfterIn(at, b.zone) }

// checkTexts checks and lints what is written, in every language.
func checkTexts(bad *problem.Collector, b *Broadcast) {
	checkText(bad, "", b.Obligation, b.Text)
	if b.Locale != "" && !isTag(b.Locale) {
		bad.Add("locale", "must be a language such as en or nl-BE")
	}
	if len(b.Translations) > 0 && b.Locale == "" {
		bad.Add("locale", "is required beside translations: the language of subject and blocks")
	}
	for tag, text := range b.Translations {
		switch {
		case !isTag(tag):
			bad.Add("translations", "%q is not a language such as en or nl-BE", tag)
		case tag == b.Locale:
			bad.Add("translations."+tag, "is the language of subject and blocks")
		default:
			checkText(bad, "translations."+tag+".", b.Obligation, text)
		}
	}
	if b.Translations == nil {
		b.Translations = map[string]Text{}
	}
}

func isTag(tag string) bool {
	parsed, err := language.Parse(tag)
	return err == nil && parsed != language.Und && !strings.Contains(tag, "_")
}

func checkText(bad *problem.Collector, prefix, obligation string, t Text) {
	var own problem.Collector
	own.Require("subject", strings.TrimSpace(t.Subject))
	blocks, err := content.Parse(t.Blocks)
	switch p, ok := problem.As(err); {
	case len(t.Blocks) == 0 || string(t.Blocks) == "null":
		own.Add("blocks", "is required")
	case ok:
		for _, f := range p.Fields {
			own.Add(f.Field, "%s", f.Detail)
		}
	case err != nil:
		own.Add("blocks", "%s", err)
	default:
		c := content.Content{Subject: t.Subject, Blocks: blocks}
		c.Check(&own)
		for _, field := range c.Fields() {
			if strings.Contains(field, "attributes.") || strings.Contains(field, "_url") {
				own.Add("blocks", "must not use %s, which a notice to many does not have", field)
			}
		}
		notices.Lint(&own, obligation, t.Subject, blocks)
	}
	p, ok := problem.As(own.Err())
	if !ok {
		return
	}
	for _, f := range p.Fields {
		bad.Add(prefix+f.Field, "%s", f.Detail)
	}
}
