package notices

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"assent/campaigns/evidence"
	"assent/campaigns/outbox"
	"assent/preferences/gate"
	"assent/preferences/problem"
)

// ErrNotFound is returned for an id that no notice has.
var ErrNotFound = problem.NotFound("notice")

// Get reads one notice.
func (s *Service) Get(ctx context.Context, id string) (*outbox.Message, error) {
	m, err := s.Outbox.Get(ctx, s.DB, id)
	if errors.Is(err, outbox.ErrNotFound) || err == nil && m.Class != gate.Notice {
		return nil, ErrNotFound
	}
	return m, err
}

// Raw is the mail of a notice, byte for byte as the relay took it.
func (s *Service) Raw(ctx context.Context, id string) ([]byte, error) {
	m, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	raw, err := s.Outbox.Raw(ctx, id)
	if err != nil || raw != nil {
		return raw, err
	}
	if m.SHA256 == "" {
		return nil, problem.Conflict("The notice was not sent: it is " + m.Status + ".")
	}
	return nil, problem.New(410, "The mail is not kept any more; its evidence is.")
}

// Proof is everything that proves what became of a notice.
type Proof struct {
	Notice     string            `json:"notice"`
	Status     string            `json:"status"`
	Reason     string            `json:"reason,omitempty"`
	To         string            `json:"to"`
	Subscriber string            `json:"subscriber_id,omitempty"`
	Obligation string            `json:"obligation"`
	Basis      string            `json:"basis"`
	Subject    string            `json:"subject,omitempty"`
	Reference  string            `json:"reference,omitempty"`
	Broadcast  string            `json:"broadcast_id,omitempty"`
	CopyOf     string            `json:"copy_of,omitempty"`
	CreatedAt  time.Time         `json:"created_at"`
	Attempts   []outbox.Attempt  `json:"attempts"`
	Evidence   []evidence.Record `json:"evidence"`
	MailKept   bool              `json:"mail_kept"`         // it can be shown again byte for byte
	MailSound  bool              `json:"mail_sound"`        // and is the one that was accepted
	Changed    string            `json:"changed,omitempty"` // what is stored otherwise than the evidence says
	Head       string            `json:"evidence_head"`
	PrintedAt  time.Time         `json:"printed_at"`
}

// Proof gathers it.
func (s *Service) Proof(ctx context.Context, id string) (Proof, error) {
	m, err := s.Get(ctx, id)
	if err != nil {
		return Proof{}, err
	}
	p := Proof{
		Notice: m.ID, Status: m.Status, Reason: m.Reason, To: m.Email, Subscriber: m.SubscriberID, Obligation: m.Obligation, Basis: m.Basis, Subject: m.Subject, Reference: m.Reference,
		Broadcast: m.BroadcastID, CopyOf: m.CopyOf, CreatedAt: m.CreatedAt, PrintedAt: s.now(),
	}
	if p.Attempts, err = s.Outbox.Attempts(ctx, id); err != nil {
		return p, err
	}
	if p.Evidence, err = evidence.Of(ctx, s.DB, id); err != nil {
		return p, err
	}
	raw, err := s.Outbox.Raw(ctx, id)
	if err != nil {
		return p, err
	}
	if raw != nil {
		p.MailKept = true
		sum := sha256.Sum256(raw)
		for _, e := range p.Evidence {
			p.MailSound = p.MailSound || e.SHA256 == hex.EncodeToString(sum[:])
		}
	}
	if p.Changed, err = evidence.Changed(ctx, s.DB, id); err != nil {
		return p, err
	}
	head, err := evidence.Head(ctx, s.DB)
	p.Head = head.String()
	return p, err
}

// Text is the proof for people.
func (p Proof) Text() string {
	var b strings.Builder
	line := func(indent, name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s%-14s %s\n", indent, name, value)
		}
	}
	fmt.Fprintf(&b, "Proof of notice %s\nprinted %s, head of the evidence %s\n\n", p.Notice, p.PrintedAt.Format(time.RFC3339), p.Head)
	for _, l := range [][2]string{{"to", p.To}, {"subscriber", p.Subscriber}, {"obligation", p.Obligation}, {"basis", p.Basis}, {"subject", p.Subject}, {"reference", p.Reference}, {"broadcast", p.Broadcast},
		{"copy of", p.CopyOf}, {"asked for", p.CreatedAt.Format(time.RFC3339)}, {"status", p.Status}, {"reason", p.Reason}} {
		line("", l[0], l[1])
	}
	fmt.Fprintln(&b, "\nTries:")
	for _, a := range p.Attempts {
		fmt.Fprintf(&b, "  %d  %s  %s\n", a.N, a.At.Format(time.RFC3339), a.Outcome)
		for _, l := range [][2]string{{"relay", a.Relay}, {"tls", a.TLS}, {"reply", a.Reply}} {
			line("     ", l[0], l[1])
		}
	}
	fmt.Fprintln(&b, "\nEvidence:")
	for _, e := range p.Evidence {
		if e.Content == "" {
			fmt.Fprintf(&b, "  row %d: emptied by the erasure of the person\n", e.Seq)
			continue
		}
		fmt.Fprintf(&b, "  row %d  %s  %s\n", e.Seq, e.At.Format(time.RFC3339Nano), e.Event)
		for _, l := range [][2]string{{"to", e.To}, {"sha256", e.SHA256}, {"message id", e.MessageID}, {"relay", e.Relay}, {"tls", e.TLS}, {"reply", e.Reply}, {"reason", e.Reason}, {"hash", e.Hash}} {
			line("     ", l[0], l[1])
		}
		if !e.Sound {
			fmt.Fprintln(&b, "     CHANGED: this is not what was recorded")
		}
	}
	if p.Changed != "" {
		fmt.Fprintf(&b, "\nCHANGED: the %s of the notice is not what the evidence says.\n", p.Changed)
	}
	switch {
	case p.MailKept && p.MailSound:
		fmt.Fprintln(&b, "\nThe mail is kept byte for byte and has the SHA-256 above. That it was accepted does not say that it was read.")
	case p.MailKept:
		fmt.Fprintln(&b, "\nCHANGED: the mail that is kept is not the one that was accepted.")
	}
	return b.String()
}
