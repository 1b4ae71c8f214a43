package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/ledger"
)

type ledgerCmd struct {
	Verify ledgerVerifyCmd `cmd:"" help:"Recompute the chain of consents and tell whether anything in it was changed."`
	Proof  ledgerProofCmd  `cmd:"" help:"Print everything that proves what one person chose."`
}

type ledgerVerifyCmd struct {
	Expect string `placeholder:"SEQ:HASH" help:"Head that was noted before; the chain must still contain it."`
	JSON   bool   `help:"Print as JSON."`
}

// errBroken ends a verification that found something, after it was printed.
var errBroken = errors.New("the ledger was changed; compare it with a backup from before")

func (c *ledgerVerifyCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	db, err := openDB(ctx, cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	o := ledger.Options{Expect: c.Expect}
	if isTerminal(t.err) {
		var bar *progressbar.ProgressBar
		o.Progress = func(done, total int64) {
			if bar == nil {
				bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(t.err), progressbar.OptionSetDescription("verifying"), progressbar.OptionClearOnFinish())
			}
			_ = bar.Set64(done)
		}
	}
	r, err := ledger.Verify(ctx, db, o)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := t.json(r); err != nil {
			return err
		}
	} else if r.OK() {
		fmt.Fprintf(t.out, "the ledger is whole: %d entries, %d with their event, %d erased; head %s\n", r.Entries, r.Events, r.Erased, r.Head)
	}
	if !r.OK() {
		return fmt.Errorf("entry %d: %s: %s: %w", r.Broken.Seq, r.Broken.Fault, r.Broken.Detail, errBroken)
	}
	return nil
}

type ledgerProofCmd struct {
	Email string `arg:"" help:"Address of the person."`
	JSON  bool   `help:"Print as JSON."`
}

// proof is one person's whole story, each event with what ties it to the chain.
type proof struct {
	Email        string                     `json:"email"`
	SubscriberID string                     `json:"subscriber_id"`
	PrintedAt    time.Time                  `json:"printed_at"`
	Head         string                     `json:"ledger_head"`
	Current      []preferences.ConsentState `json:"current"`
	Events       []provenEvent              `json:"events"`
}

type provenEvent struct {
	ledger.Event
	Seq        int64  `json:"seq"`
	Hash       string `json:"hash"`
	Commitment string `json:"commitment"`
	Salt       string `json:"salt"`
	Sound      bool   `json:"sound"` // salt and event give the commitment that is in the chain
}

func (c *ledgerProofCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	parsed, err := address.Parse(c.Email)
	if err != nil {
		return usageError{fmt.Sprintf("%q is not an e-mail address", c.Email)}
	}
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	sub, err := a.people.SubscriberByKey(ctx, a.db, parsed.Key)
	if errors.Is(err, preferences.ErrSubscriberNotFound) {
		return fmt.Errorf("nobody has the address %s; an erased person leaves no proof but the chain itself", c.Email)
	}
	if err != nil {
		return err
	}
	p, err := a.proof(ctx, sub)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.json(p)
	}
	return p.print(t)
}

func (a *app) proof(ctx context.Context, sub *preferences.Subscriber) (proof, error) {
	p := proof{Email: sub.Email, SubscriberID: sub.ID, PrintedAt: a.config.Now(), Events: []provenEvent{}}
	head, err := ledger.Head(ctx, a.db)
	if err != nil {
		return p, err
	}
	p.Head = head.String()
	if p.Current, err = a.people.Consents(ctx, a.db, sub.ID); err != nil {
		return p, err
	}
	records, err := ledger.Events(ctx, a.db, sub.ID)
	if err != nil {
		return p, err
	}
	for _, r := range records {
		p.Events = append(p.Events, provenEvent{r.Event, r.Entry.Seq, r.Entry.Hash.String(), r.Entry.Commitment.String(), fmt.Sprintf("%x", r.Salt), r.Check()})
	}
	return p, nil
}

func (p proof) print(t *terminal) error {
	fmt.Fprintf(t.out, "Proof of consent for %s\nsubscriber %s, printed %s, head of the ledger %s\n\nNow:\n", p.Email, p.SubscriberID, p.PrintedAt.Format(time.RFC3339), p.Head)
	for _, c := range p.Current {
		fmt.Fprintf(t.out, "  %-24s %-10s since %s\n", c.Topic, c.State, c.Since.Format(time.RFC3339))
	}
	fmt.Fprintln(t.out, "\nHistory:")
	for _, e := range p.Events {
		fmt.Fprintf(t.out, "  %s  %s %s\n", e.At().Format(time.RFC3339), e.Action, e.Topic)
		for _, line := range [][2]string{{"recorded", e.RecordedAt.Format(time.RFC3339)}, {"source", e.Source}, {"wording", e.Wording}, {"version", e.WordingVersion}, {"language", e.Locale}, {"form", e.Form}, {"url", e.URL},
			{"document", e.Document}, {"ip", e.IP}, {"browser", e.UserAgent}, {"confirmation", e.ConfirmationMessageID}, {"by", e.Actor}, {"value", e.Value}, {"note", e.Note},
			{"entry", fmt.Sprintf("%d %s", e.Seq, e.Hash)}} {
			if line[1] != "" {
				fmt.Fprintf(t.out, "      %-13s %s\n", line[0], line[1])
			}
		}
		if !e.Sound {
			fmt.Fprintln(t.out, "      CHANGED: this event is not what was recorded")
		}
	}
	return nil
}
