package broadcasts

import "time"

// View is a broadcast as the API shows it.
type View struct {
	ID           string    `json:"id"`
	Status       string    `json:"status"`
	Obligation   string    `json:"obligation"`
	Basis        string    `json:"basis"`
	Jurisdiction string    `json:"jurisdiction,omitempty"`
	Audience     Audience  `json:"audience"`
	EffectiveAt  time.Time `json:"effective_at"`
	LeadTime     Lead      `json:"lead_time"`
	Policy       *Policy   `json:"policy,omitempty"`
	Brand        string    `json:"brand,omitempty"`
	Locale       string    `json:"locale,omitempty"`
	Text
	Translations map[string]Text `json:"translations,omitempty"`
	Author       string          `json:"author"`
	ApprovedBy   string          `json:"approved_by,omitempty"`
	ApprovedAt   *time.Time      `json:"approved_at,omitempty"`
	StartedAt    *time.Time      `json:"started_at,omitempty"`
	FinishedAt   *time.Time      `json:"finished_at,omitempty"`
	HeldAt       *time.Time      `json:"held_at,omitempty"` // the brake stopped it
	HeldFor      string          `json:"held_for,omitempty"`
	RefusedBy    string          `json:"refused_by,omitempty"`
	RefusedFor   string          `json:"refused_for,omitempty"` // why the second person did not approve it
	CreatedAt    time.Time       `json:"created_at"`
	UpdatedAt    time.Time       `json:"updated_at"`
}

func viewOf(b *Broadcast) View {
	v := View{
		ID: b.ID, Status: b.Status, Obligation: b.Obligation, Basis: b.Basis, Jurisdiction: b.Jurisdiction, Audience: Audience{Segment: b.Segment, Customers: b.Segment == "" && b.Contract == "", Contract: b.Contract},
		EffectiveAt: b.EffectiveAt, LeadTime: b.Lead, Brand: b.Brand, Locale: b.Locale, Text: b.Text, Translations: b.Translations, Author: b.AuthorName, ApprovedBy: b.ApproverName,
		ApprovedAt: some(b.ApprovedAt), StartedAt: some(b.StartedAt), FinishedAt: some(b.FinishedAt), HeldAt: some(b.HeldAt), HeldFor: b.HeldFor, RefusedFor: b.RefusedFor, CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt,
	}
	if b.RefusedFor != "" {
		v.ApprovedBy, v.RefusedBy = "", b.ApproverName
	}
	if b.Policy.Slug != "" {
		v.Policy = &b.Policy
	}
	return v
}

func some(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
