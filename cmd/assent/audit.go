package main

import (
	"context"
	"errors"
	"fmt"
)

type auditCmd struct {
	Deliveries auditDeliveriesCmd `cmd:"" help:"Decide about every delivery again on the stored facts and tell any difference."`
}

type auditDeliveriesCmd struct {
	Campaign string `placeholder:"ID" help:"Only this campaign."`
	JSON     bool   `help:"Print as JSON."`
}

func (c *auditDeliveriesCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	var progress func(int64)
	if isTerminal(t.err) {
		progress = func(done int64) { fmt.Fprintf(t.err, "\r%d deliveries decided again", done) }
	}
	if c.Campaign != "" {
		if _, err := a.mails.Get(ctx, a.db, c.Campaign); err != nil {
			return fmt.Errorf("--campaign %s: %w", c.Campaign, err)
		}
	}
	r, err := a.mails.Reaudit(ctx, c.Campaign, progress)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := t.json(r); err != nil {
			return err
		}
	} else {
		for _, d := range r.Differences {
			fmt.Fprintf(t.out, "%s of campaign %s: stored %q, decided again %q\n", d.Delivery, d.Campaign, d.Stored, d.Decided)
		}
		fmt.Fprintf(t.out, "%d deliveries, %d differ, %d without facts because the person was erased\n", r.Deliveries, r.Differ, r.Forgotten)
		if r.Differ == 0 && r.Deliveries > r.Forgotten {
			fmt.Fprintln(t.out, "On the facts that are stored with each, the gate decides again as it did.")
		}
	}
	if r.Differ > 0 {
		return errors.New("stored outcomes differ from what the gate decides on the stored facts; look at the deliveries above")
	}
	return nil
}
