package campaigns

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"assent/preferences/gate"
	"assent/preferences/sqldb"
)

// Difference is a delivery that the gate would decide otherwise on the facts that are stored with it.
type Difference struct {
	Delivery string `json:"delivery"`
	Campaign string `json:"campaign"`
	Stored   string `json:"stored"`
	Decided  string `json:"decided"`
}

// Audited is the result of deciding again.
type Audited struct {
	Deliveries  int64        `json:"deliveries"`
	Forgotten   int64        `json:"forgotten"` // the facts were erased with the person
	Differ      int64        `json:"differ"`
	Differences []Difference `json:"differences"` // the first ones
}

// auditRange is how many deliveries are read at a time.
const auditRange = 2000

// maxDifferences bounds how many differences are listed.
const maxDifferences = 1000

// Reaudit decides about every delivery again, on the facts that the gate was told and at the instant at which it was asked,
// and lists where the outcome, the basis or the evidence is another, and where facts are missing of somebody who was not erased. Campaign may be empty for all. Progress, which may be nil, hears how many are done.
func (s *Service) Reaudit(ctx context.Context, campaignID string, progress func(done int64)) (Audited, error) {
	out := Audited{Differences: []Difference{}}
	after := ""
	for {
		n, last, err := s.reauditSome(ctx, campaignID, after, &out)
		if err != nil || n < auditRange {
			return out, err
		}
		after = last
		if progress != nil {
			progress(out.Deliveries)
		}
	}
}

func (s *Service) reauditSome(ctx context.Context, campaignID, after string, out *Audited) (n int, last string, err error) {
	for row := range sqldb.Rows(ctx, s.DB, `SELECT d.id, d.campaign_id, d.status, d.reason, d.basis, d.evidence, d.decided_at, d.facts, d.facts = '' AND EXISTS (SELECT 1 FROM subscribers s WHERE s.id = d.subscriber_id)
		FROM deliveries d WHERE d.id > $1 AND ($2 = '' OR d.campaign_id = $2) ORDER BY d.id LIMIT $3`, after, campaignID, auditRange) {
		var d Difference
		var status, reason, basis, evidence, text string
		var at int64
		var lost bool
		if err := row.Scan(&d.Delivery, &d.Campaign, &status, &reason, &basis, &evidence, &at, &text, &lost); err != nil {
			return n, last, fmt.Errorf("campaigns: audit: %w", err)
		}
		n, last = n+1, d.Delivery
		out.Deliveries++
		if text == "" && !lost {
			out.Forgotten++
			continue
		}
		facts, err := gate.ParseFacts([]byte(text))
		if err != nil {
			d.Stored, d.Decided = "unreadable facts", err.Error()
		} else {
			decision := gate.Decide(facts, sqldb.Time(at))
			d.Stored = said(standing(status, reason), basis, evidence)
			d.Decided = said(standing(decision.Outcome().String(), string(decision.Reason())), decision.Basis().String(), decision.Evidence())
		}
		if d.Stored == d.Decided {
			continue
		}
		if out.Differ++; len(out.Differences) < maxDifferences {
			out.Differences = append(out.Differences, d)
		}
	}
	return n, last, nil
}

func said(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// standing makes a stored outcome and a decision comparable: what was claimed or held back by the clock or the relay had been
// allowed; what the gate held back or refused says why.
func standing(status, reason string) string {
	switch status {
	case StatusSent, StatusClaimed, StatusUncertain, StatusFailed, StatusBounced, gate.Allow.String():
		return "allow"
	case StatusDeferred:
		if !gate.Reason(reason).Known() {
			return "allow"
		}
		return "defer " + reason
	case StatusSkipped:
		if reason != "" && !gate.Reason(reason).Known() { // the campaign ended first
			return "allow"
		}
		return "deny " + reason
	}
	return status + " " + reason
}
