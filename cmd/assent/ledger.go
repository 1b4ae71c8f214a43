package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"assent/campaigns/brands"
	"assent/campaigns/desk"
	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/ledger"
	"assent/preferences/proof"
	"assent/templates/locale"
	sitepages "assent/templates/site"
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
	r, err := ledger.Verify(ctx, db, ledger.Options{Expect: c.Expect, Progress: verifying(t)})
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
	Email    string `arg:"" help:"Address of the person."`
	JSON     bool   `xor:"form" help:"Print as JSON."`
	HTML     bool   `xor:"form" help:"Print as a page to print or to hand over: assent ledger proof EMAIL --html > proof.html"`
	Language string `default:"en" help:"Language of the page: en or nl."`
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
		return a.absent(ctx, parsed)
	}
	if err != nil {
		return err
	}
	p, err := proof.Of(ctx, a.people, sub, "", verifying(t))
	if err != nil {
		return err
	}
	switch {
	case c.JSON:
		err = t.json(p)
	case c.HTML:
		err = a.printable(ctx, p, locale.Get(c.Language), t.out)
	default:
		err = p.Print(t.out)
	}
	if err == nil && !p.Sound() {
		err = errBroken
	}
	return err
}

// absent tells why there is no proof for an address that nobody has.
func (a *app) absent(ctx context.Context, missing address.Address) error {
	owner, err := a.people.FormerOwner(ctx, a.db, missing.Key)
	if err == nil {
		return fmt.Errorf("nobody has the address %s now; who had it before has %s: assent ledger proof %s", missing.Display, owner.Email, owner.Email)
	}
	if !errors.Is(err, preferences.ErrSubscriberNotFound) {
		return err
	}
	at, err := a.people.ErasedAt(ctx, a.db, missing.Key)
	switch {
	case err != nil:
		return err
	case !at.IsZero():
		return fmt.Errorf("the person with the address %s was erased at %s, which leaves no proof but the chain itself: assent ledger verify", missing.Display, at.Format(time.RFC3339))
	}
	return fmt.Errorf("nobody has the address %s, and nobody is known to have had it", missing.Display)
}

func (a *app) printable(ctx context.Context, p *proof.Proof, l *locale.Locale, out io.Writer) error {
	site, err := a.people.Site.Get(ctx)
	if err != nil {
		return err
	}
	brand, err := brands.Get(ctx, a.db, brands.Default)
	if err != nil {
		return err
	}
	topics, err := a.people.Topics(ctx, a.db)
	if err != nil {
		return err
	}
	return sitepages.Proof(desk.Printable(p, l, site.DefaultTimezone, brand, topics)).Render(ctx, out)
}

// verifying is a bar for people who wait; for programs it is nil.
func verifying(t *terminal) func(done, total int64) {
	if !isTerminal(t.err) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int64) {
		if bar == nil {
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(t.err), progressbar.OptionSetDescription("verifying"), progressbar.OptionClearOnFinish())
		}
		_ = bar.Set64(done)
	}
}
