package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"assent/campaigns"
	"assent/campaigns/brands"
	"assent/campaigns/events"
	"assent/campaigns/live"
	"assent/campaigns/notices"
	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/outbox"
	"assent/campaigns/policies"
	"assent/campaigns/recipients"
	"assent/preferences"
	"assent/preferences/forms"
	"assent/preferences/gate"
	"assent/preferences/imports"
	"assent/preferences/rights"
	"assent/preferences/sqldb"
	"assent/preferences/staff"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/keys"
	"assent/preferences/together"
	"assent/preferences/tokens"
	"assent/preferences/webhooks"
	"assent/workers"
	"assent/workers/inbound"
	"assent/workers/limits"
	"assent/workers/mailbox"
	"assent/workers/queue"
	"assent/workers/signing"
	"assent/workers/transport"
)

// app is the product, put together from its packages. Every command that needs more than the database makes one.
type app struct {
	config *Config
	log    *slog.Logger

	db       *sqldb.DB
	keyring  *tokens.Keyring
	queue    *queue.Queue
	accounts *accounts.Store
	apiKeys  *keys.Store
	site     *staff.Site // nil until the pages are served
	people   *preferences.Service
	brands   *brands.Store
	forms    *forms.Store
	imports  *imports.Store
	together *together.Store
	outbox   *outbox.Store
	mails    *campaigns.Service
	live     *live.Hub
	notices  *notices.Service
	policies *policies.Store
	events   *events.Store
	composer *outbox.Composer
	links    preferences.Links
	hooks    *webhooks.Store
	rights   *rights.Service
	signing  *signing.Store
	mailbox  *mailbox.Box    // nil when both streams have a relay
	gathered *inbound.Gather // of sink
	sinkOnce sync.Once

	broadcasts *broadcasts.Service
}

// newApp opens everything. Close it.
func newApp(ctx context.Context, c *Config, log *slog.Logger) (*app, error) {
	a := &app{config: c, log: log}
	if err := a.open(ctx); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *app) open(ctx context.Context) (err error) {
	c := a.config
	if a.db, err = openDB(ctx, c); err != nil {
		return err
	}
	if a.keyring, err = c.keyring(); err != nil {
		return err
	}
	if a.queue, err = queue.Open(c.RedisURL.Reveal(), a.log); err != nil {
		return fmt.Errorf("REDIS_URL: %w", err)
	}
	if c.Marketing == nil || c.Transactional == nil {
		if a.mailbox, err = mailbox.Open(ctx, filepath.Join(c.Data, "mailbox"), mailbox.Options{}); err != nil {
			return fmt.Errorf("open the built-in mailbox: %w", err)
		}
	}
	a.links = preferences.Links{Base: strings.TrimSuffix(c.BaseURL.String(), "/"), BounceDomain: c.BounceDomain, Keys: a.keyring}
	a.accounts = accounts.New(a.db, c.Now)
	a.signing = &signing.Store{DB: a.db, Now: c.Now, Seal: a.keyring.Derive("dkim"), Resolver: net.DefaultResolver}
	a.accounts.Seal = a.keyring.Derive("staff-seeds")
	a.apiKeys = &keys.Store{DB: a.db, Now: c.Now}
	a.brands = &brands.Store{DB: a.db, Now: c.Now}
	a.domain()
	return a.prepare(ctx)
}

// domain makes the services and ties them together where they need each other.
func (a *app) domain() {
	c := a.config
	site := preferences.DefaultSite()
	site.FrequencyCap, site.QuietHours, site.ConfirmTTL = c.FrequencyCap, c.QuietHours, c.ConfirmTTL
	hints := &workers.Hints{Queue: a.queue, Log: a.log, Lanes: hintLanes}
	a.outbox = &outbox.Store{DB: a.db, Now: c.Now, Nudge: hints.Nudge}
	a.people = &preferences.Service{DB: a.db, Keys: a.keyring, Now: c.Now, Outbox: a.outbox, MessageID: a.links.MessageID, Log: a.log, Site: &preferences.Settings{DB: a.db, Started: site}}
	a.outbox.Facts = a.people.TransactionalFacts
	a.accounts.Letters = colleagues{a.outbox}
	a.mails = &campaigns.Service{DB: a.db, Now: c.Now, People: a.people, Outbox: a.outbox, Links: a.links, RealRelay: c.Marketing != nil, Aligns: a.aligns(), Kick: hints.Campaign}
	a.people.Sending = a.mails
	a.people.Untracked = append(a.people.Untracked, a.mails.ForgetClicks)
	a.live = &live.Hub{Campaigns: a.mails, Log: a.log}
	a.openDesk()
	a.people.Forget = append(a.people.Forget, a.feedback().Forget)
	a.mandatory()
	a.events = &events.Store{DB: a.db, Now: c.Now, People: a.people, Outbox: a.outbox, Keys: a.keyring, Base: a.links.Base, Site: a.people.Site, Partners: passedOn{a.hooks}, Limits: sources{limits.NewSignups(a.queue.Redis())}}
	a.mails.Event = a.events.Cards
	a.people.Forget = append(a.people.Forget, a.events.Forget)
	views := campaigns.Views(a.people, a.links)
	maps.Copy(views, notices.Views())
	maps.Copy(views, formViews())
	maps.Copy(views, alertViews(a.links.Base))
	maps.Copy(views, a.letterViews())
	maps.Copy(views, recipients.Views(a.people, a.links, a.requestsURL()))
	a.forms = &forms.Store{DB: a.db, Now: c.Now, People: a.people, Limits: a.events.Limits, Log: a.log}
	a.imports = &imports.Store{DB: a.db, Now: c.Now, People: a.people, Dir: filepath.Join(c.Data, "imports"), Log: a.log}
	a.together = &together.Store{DB: a.db, Now: c.Now, People: a.people, Log: a.log}
	a.people.Forget = append(a.people.Forget, a.forms.Forget, a.imports.Forget, a.together.Forget)
	a.rights.Sections = append(a.rights.Sections, rights.Section{Name: "forms", Read: a.forms.Copy}, rights.Section{Name: "events", Read: registrations}, rights.Section{Name: "clicks", Read: a.mails.ClicksOf})
	a.composer = &outbox.Composer{DB: a.db, Views: views, Composed: map[string]outbox.Composed{outbox.KindTrial: a.mails.ComposeTest, events.MailKind: a.events.Compose, broadcasts.Kind: (&broadcasts.Composer{Service: a.broadcasts, Why: a.why}).Compose},
		Why: a.why, Event: a.events.Cards, Locale: func(ctx context.Context) string { return a.mails.LocaleOf(ctx, &preferences.Subscriber{}) }}
}

// hintLanes is how many senders a process that does not know the workers asks for. More lanes than workers do no harm.
const hintLanes = 8

// prepare brings into being what exists from the start.
func (a *app) prepare(ctx context.Context) error {
	c := a.config
	if err := errors.Join(a.webhooks().SealStored(ctx), a.hooks.SealStored(ctx)); err != nil {
		return err
	}
	if err := a.brands.EnsureDefault(ctx, c.BaseURL.Hostname(), c.PostalAddress); err != nil {
		return err
	}
	if c.AdminEmail != "" {
		_, weak, err := a.accounts.Bootstrap(ctx, c.AdminEmail, c.AdminPassword.Reveal())
		if err != nil {
			return fmt.Errorf("ASSENT_ADMIN_EMAIL, ASSENT_ADMIN_PASSWORD: %w", err)
		}
		if weak {
			a.log.Warn("ASSENT_ADMIN_PASSWORD is weak; change it after signing in")
		}
	}
	return nil
}

// keyring is that of ASSENT_SECRETS, else of the data folder.
func (c *Config) keyring() (*tokens.Keyring, error) {
	if c.Secrets != "" {
		ring, err := tokens.Parse(c.Secrets.Reveal())
		if err != nil {
			return nil, fmt.Errorf("ASSENT_SECRETS: %w", err)
		}
		return ring, nil
	}
	if err := c.makeData(); err != nil {
		return nil, err
	}
	return tokens.LoadOrCreate(filepath.Join(c.Data, "secrets"))
}

// Close lets go of everything.
func (a *app) Close() error {
	var err error
	if a.forms != nil {
		a.forms.Close()
		a.imports.Close()
		a.together.Close()
	}
	if a.queue != nil {
		err = errors.Join(err, a.queue.Close())
	}
	if a.mailbox != nil {
		err = errors.Join(err, a.mailbox.Close(context.Background()))
	}
	if a.db != nil {
		err = errors.Join(err, a.db.Close())
	}
	return err
}

// engine is the part that sends.
func (a *app) engine() (*workers.Engine, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	e := &workers.Engine{
		ID: sqldb.NewID(), Host: host, DB: a.db, Log: a.log, Queue: a.queue, Campaigns: a.mails, People: a.people, Outbox: a.outbox, Composer: a.composer, Links: a.links,
		Sign: a.signing.Signer, Tell: a.tellAlert,
		Journals: filepath.Join(a.config.Data, "journal"),
		Pacing:   workers.Pacing{Limiter: limits.New(a.queue.Redis(), "pace", limits.Local), Warmup: a.config.Warmup, Domains: a.config.DomainLimits},
		Every: []workers.Job{
			a.backupJob(),
			{Name: "forms", Every: time.Minute, Run: a.forms.Maintain},
			{Name: "imports", Every: time.Minute, Run: a.imports.Maintain},
			{Name: "together", Every: time.Minute, Run: a.together.Maintain},
			{Name: "clicks.trim", Every: 6 * time.Hour, Run: a.mails.TrimClicks},
			{Name: "events", Every: time.Minute, Run: a.events.Maintain},
			{Name: "policies", Every: time.Minute, Run: a.policies.Maintain},
			{Name: "broadcasts", Every: 500 * time.Millisecond, Run: a.broadcasts.Advance},
			{Name: "dkim.watch", Every: time.Minute, Run: a.signing.Watch},
			{Name: "retention", Every: time.Hour, Run: a.processing().Apply},
			{Name: "notices.trim", Every: time.Hour, Run: a.notices.Trim},
		},
	}
	if a.config.Marketing != nil {
		e.Pacing.Relay = a.config.Marketing.Rate
	}
	e.Every = append(e.Every, a.deskJobs()...)
	if e.Marketing, err = a.transport(a.config.Marketing, gate.StreamMarketing); err != nil {
		return nil, err
	}
	e.Transactional, err = a.transport(a.config.Transactional, gate.StreamTransactional)
	return e, err
}

func (a *app) transport(r *Relay, stream gate.Stream) (transport.Transport, error) {
	if r == nil {
		return a.mailbox, nil
	}
	rate := 0.0
	if stream == gate.StreamTransactional { // marketing is limited over all workers; see workers.Pacing
		rate = r.Rate.PerSecond()
	}
	return transport.NewSMTP(transport.Relay{Host: r.Host, Port: r.Port, User: r.User, Password: r.Password.Reveal(), Implicit: r.Implicit, TLS: r.TLS, Connections: r.Connections, Rate: rate},
		transport.Options{Stream: stream})
}
