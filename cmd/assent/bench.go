package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"assent/campaigns"
	"assent/campaigns/notices"
	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/sqldb"
)

type benchCmd struct {
	Recipients int    `default:"100000" help:"How many consented people the campaign goes to."`
	Notices    bool   `default:"true" negatable:"" help:"Post a notice every 50 ms meanwhile and tell how fast they are handed over."`
	Single     int    `name:"only-notices" placeholder:"N" help:"In place of a campaign post N single notices to the API, then hand them over, and tell how fast both go."`
	Pages      bool   `help:"Measure the unsubscribe page and the one-click link instead: as many of each as there are recipients."`
	Client     bool   `hidden:"" help:"Be the client of --pages."`
	JSON       bool   `help:"Print as JSON."`
	DKIM       bool   `name:"dkim" help:"Send a second campaign that is signed (RSA-2048 and Ed25519), and compare."`
	Bounces    int    `placeholder:"N" help:"Send campaigns in turn while N mails of the first come back by SMTP and while none do, and compare them."`
	Feed       string `hidden:"" help:"Be the world: bounce the return paths of standard input to this server."`
	Sink       string `hidden:"" help:"Be the sink: listen here until standard input ends."`
	Profile    string `placeholder:"FILE" help:"Write a CPU profile of the sending."`
}

// figures are what a run measured.
type figures struct {
	Recipients  int     `json:"recipients"`
	Database    string  `json:"database"`
	Queue       string  `json:"queue"`
	Seconds     float64 `json:"seconds"`
	PerSecond   float64 `json:"mails_per_second"`
	FirstMail   float64 `json:"first_mail_seconds"`
	Ceiling     float64 `json:"ceiling_mails_per_second"` // the same messages by a bare loop over the same transport
	Share       float64 `json:"share_of_ceiling"`
	CPU         float64 `json:"assent_cpu_seconds_per_10000"`
	DatabaseCPU float64 `json:"database_cpu_seconds_per_10000"`
	SinkCPU     float64 `json:"sink_cpu_seconds_per_10000"`
	PeakMB      float64 `json:"peak_memory_mb"`
	MappedMB    float64 `json:"peak_memory_with_mapped_files_mb"`
	ClaimMillis float64 `json:"claim_milliseconds_median"`
	RoundTrips  float64 `json:"smtp_round_trips_per_mail"`
	noticeTimes
	MessageBytes  int     `json:"message_bytes"`
	DecisionsSec  float64 `json:"decisions_per_second"` // facts read and decided, nothing stored
	DatabaseBytes int64   `json:"database_bytes,omitempty"`
	Compared      *second `json:"compared,omitempty"`
}

// noticeTimes is how long notices took to be handed over while a campaign went out.
type noticeTimes struct {
	NoticeMedian float64 `json:"notice_milliseconds_median,omitempty"`
	NoticeP99    float64 `json:"notice_milliseconds_p99,omitempty"`
	Notices      int     `json:"notices,omitempty"`
}

func (n noticeTimes) print(w io.Writer) error {
	if n.Notices == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "  notice to relay           %10.0f ms median, %.0f ms p99 (%d)\n", n.NoticeMedian, n.NoticeP99, n.Notices)
	return err
}

// Run measures this deployment: it loads people into a database of its own, sends one campaign through the whole engine to a
// sink process on the same machine, and compares with the bare transport.
func (c *benchCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	if c.Feed != "" {
		return feedBounces(c.Feed, t)
	}
	if c.Sink != "" {
		return serveSink(c.Sink, t)
	}
	if c.Client {
		return beClient(t)
	}
	switch {
	case c.Single < 0:
		return usageError{"--only-notices must be at least 1"}
	case c.Recipients < 1:
		return usageError{"--recipients must be at least 1"}
	case c.Bounces < 0 || c.Bounces > c.Recipients:
		return usageError{"--bounces must be at most as many as --recipients"}
	case c.Bounces > 0 && c.DKIM:
		return usageError{"--bounces and --dkim are two measurements; take one at a time"}
	}
	dir, err := os.MkdirTemp("", "assent-bench-")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(dir)
	sink, err := startSink(ctx)
	if err != nil {
		return err
	}
	defer sink.stop()
	b, err := c.open(ctx, cfg, dir, sink)
	if err != nil {
		return err
	}
	defer b.app.Close()
	var f interface{ print(io.Writer) error }
	switch {
	case c.Single > 0:
		f, err = b.single(ctx, t)
	case c.Pages:
		f, err = b.pages(ctx, t)
	default:
		f, err = b.run(ctx, t)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return t.json(f)
	}
	return f.print(t.out)
}

// bench is one run.
type bench struct {
	cmd  *benchCmd
	app  *app
	sink *sinkProcess
	f    figures

	others *preferences.Topic // of the second campaign, if there is one
}

// open makes an app of its own: another schema or file than the installation's, its own data folder, the sink as both relays.
func (c *benchCmd) open(ctx context.Context, cfg *Config, dir string, sink *sinkProcess) (*bench, error) {
	own := *cfg
	own.Data = dir
	if strings.HasPrefix(cfg.DatabaseURL.Reveal(), "sqlite:") {
		own.DatabaseURL = Secret("sqlite:" + filepath.Join(dir, "bench.db"))
	} else {
		var err error
		if own.DatabaseURL, err = benchSchema(ctx, cfg.DatabaseURL); err != nil {
			return nil, err
		}
	}
	relay, err := parseRelay("smtp://" + sink.addr + "?tls=none")
	if err != nil {
		return nil, err
	}
	own.Marketing, own.Transactional, own.Secrets, own.APIKey, own.AdminEmail = relay, relay, "", "", ""
	own.InboundCert, own.InboundKey, own.IMAPURL, own.Backups = "", "", "", nil
	if c.DKIM {
		own.BaseURL = &url.URL{Scheme: "https", Host: "mail.example.com"} // what is signed needs a domain
	}
	own.PostalAddress = "Benchmark Street 1, 1234 AB Town"
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	a, err := newApp(ctx, &own, log)
	if err != nil {
		return nil, err
	}
	return &bench{cmd: c, app: a, sink: sink, f: figures{Recipients: c.Recipients, Database: a.db.Dialect().String(), Queue: map[bool]string{true: "embedded", false: "Redis"}[a.queue.Embedded()]}}, nil
}

var benchActor = audit.System("bench")

func (b *bench) run(ctx context.Context, t *terminal) (*figures, error) {
	fmt.Fprintf(t.err, "loading %d people …\n", b.cmd.Recipients)
	topic, err := b.load(ctx, "bench")
	if err != nil {
		return nil, err
	}
	if b.cmd.DKIM || b.cmd.Bounces > 0 { // both before the first campaign, so that it sends beside as many people as the second
		if b.others, err = b.load(ctx, "others"); err != nil {
			return nil, err
		}
	}
	if err := b.block(ctx); err != nil {
		return nil, err
	}
	if err := b.analyze(ctx); err != nil {
		return nil, err
	}
	campaign, err := b.campaign(ctx, topic)
	if err != nil {
		return nil, err
	}
	if err := b.decisions(ctx, campaign); err != nil {
		return nil, err
	}
	fmt.Fprintln(t.err, "sending …")
	if err := b.first(ctx, campaign); err != nil {
		return nil, err
	}
	if b.cmd.DKIM || b.cmd.Bounces > 0 {
		if err := b.compare(ctx, t, campaign); err != nil {
			return nil, err
		}
	}
	fmt.Fprintln(t.err, "the same messages by a bare loop …")
	return &b.f, b.ceiling(ctx, campaign)
}

// benchBatch is how many people are loaded by one statement.
const benchBatch = 5000

// load makes people who have consented to a topic of their own.
func (b *bench) load(ctx context.Context, key string) (*preferences.Topic, error) {
	single := false
	topic, err := b.app.people.CreateTopic(ctx, benchActor, preferences.TopicInput{Key: key, Class: "marketing", Basis: "consent", DoubleOptIn: &single, Names: map[string]string{"en": "Benchmark"}})
	if err != nil {
		return nil, err
	}
	type person struct {
		ID string `json:"id"`
		N  int    `json:"n"`
	}
	now := sqldb.Micros(b.app.config.Now().Add(-time.Hour))
	for from := 0; from < b.cmd.Recipients; from += benchBatch {
		people := make([]person, 0, benchBatch)
		for i := from; i < min(from+benchBatch, b.cmd.Recipients); i++ {
			people = append(people, person{sqldb.NewID(), i})
		}
		text, err := json.Marshal(people)
		if err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		err = b.app.db.Tx(ctx, func(tx *sqldb.Tx) error {
			d := tx.Dialect()
			address := "'" + key + "' || " + d.Field("n", "TEXT") + " || '@example.com'"
			if _, err := tx.ExecContext(ctx, "INSERT INTO subscribers (created_at, updated_at, id, email, email_key, first_name, last_name, company, country, attributes) SELECT $1, $1, "+d.Field("id", "TEXT")+", "+address+", "+address+
				", 'First' || "+d.Field("n", "TEXT")+", 'Last' || "+d.Field("n", "TEXT")+", 'Company', 'NL', '{\"plan\":\"gold\"}' FROM "+d.Rows(2), now, string(text)); err != nil {
				return fmt.Errorf("bench: load: %w", err)
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO consents (topic_id, since, event_id, state, subscriber_id) SELECT $1, $2, $3, 'given', "+d.Field("id", "TEXT")+" FROM "+d.Rows(4), topic.ID, now, sqldb.NewID(), string(text)); err != nil {
				return fmt.Errorf("bench: load: %w", err)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return topic, nil
}

// analyze lets the planner know what was loaded, as the engine's own maintenance does over time.
func (b *bench) analyze(ctx context.Context) error {
	_, err := b.app.db.ExecContext(ctx, "ANALYZE")
	return err
}

// campaign is a mail of about 10 KB of HTML with five merge fields and two links.
func (b *bench) campaign(ctx context.Context, topic *preferences.Topic) (*campaigns.Campaign, error) {
	paragraph := "Assent sends this text to measure itself. It is as long as a paragraph of a newsletter usually is, with *some* emphasis and nothing that anybody needs to read, so that the mail has the size that such mails have."
	blocks := []map[string]any{
		{"type": "heading", "text": `News for {{ first_name | "you" }}`, "level": 1},
		{"type": "text", "markdown": `Dear {{ first_name | "reader" }} {{ last_name | "" }} of {{ company | "your company" }}, you are on the plan {{ attributes.plan | "free" }}.`},
	}
	for range 8 {
		blocks = append(blocks, map[string]any{"type": "text", "markdown": paragraph})
	}
	blocks = append(blocks, map[string]any{"type": "button", "label": "Read on", "url": "https://example.com/news/1"}, map[string]any{"type": "text", "markdown": "More on [our site](https://example.com/)."})
	raw, err := json.Marshal(blocks)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	name, subject := "Benchmark", `Hello {{ first_name | "there" }}`
	return b.app.mails.Create(ctx, benchActor, campaigns.Draft{Name: &name, Topic: &topic.Key, Subject: &subject, Blocks: raw})
}

func (b *bench) decisions(ctx context.Context, c *campaigns.Campaign) error {
	start := time.Now()
	e, err := b.app.mails.Explain(ctx, c)
	if err != nil {
		return err
	}
	if e.Allowed != int64(b.cmd.Recipients) {
		return fmt.Errorf("bench: the gate allows %d of %d people: %v", e.Allowed, b.cmd.Recipients, e.ByReason)
	}
	b.f.DecisionsSec = float64(e.Total) / time.Since(start).Seconds()
	return nil
}

// leg is one campaign that was sent, and what it took.
type leg struct {
	PerSecond   float64 `json:"mails_per_second"`
	CPU         float64 `json:"assent_cpu_seconds_per_10000"`
	DatabaseCPU float64 `json:"database_cpu_seconds_per_10000"`
	noticeTimes

	took, first, claim time.Duration // all of it; until the first mail; the median of the claims
	sink               float64       // CPU seconds per 10,000
	mappedMB           float64
	roundTrips         float64 // a mail
	bytes              int     // a mail
	bounced            int64   // addresses, when the last mail was sent
}

// send sends a campaign through the whole engine.
func (b *bench) send(ctx context.Context, c *campaigns.Campaign, profiled string) (*leg, error) {
	e, err := b.app.engine()
	if err != nil {
		return nil, err
	}
	if err := e.Start(); err != nil {
		return nil, err
	}
	defer e.Stop(ctx)
	stopProfile, err := profile(profiled)
	if err != nil {
		return nil, err
	}
	defer stopProfile()
	before, sinkBefore, start := b.usage(), b.sink.stats(), time.Now()
	if _, err := b.app.mails.Schedule(ctx, benchActor, c.ID, campaigns.Schedule{}); err != nil {
		return nil, err
	}
	watch, cancel := context.WithCancel(ctx)
	defer cancel()
	noticed := b.postNotices(watch)
	for b.sink.stats().Accepted == sinkBefore.Accepted && ctx.Err() == nil {
		time.Sleep(2 * time.Millisecond)
	}
	l := &leg{first: time.Since(start)}
	if err := b.finished(ctx, c); err != nil {
		return nil, err
	}
	l.took = time.Since(start)
	after, sinkAfter := b.usage(), b.sink.stats()
	sent := float64(max(sinkAfter.Accepted-sinkBefore.Accepted, 1))
	l.PerSecond, l.claim, l.mappedMB = float64(b.cmd.Recipients)/l.took.Seconds(), median(e.ClaimTimes()), after.peakMB
	l.CPU, l.DatabaseCPU, l.sink = (after.self-before.self)*10_000/sent, (after.database-before.database)*10_000/sent, (after.sink-before.sink)*10_000/sent
	l.roundTrips, l.bytes = float64(sinkAfter.RoundTrips-sinkBefore.RoundTrips)/sent, int(float64(sinkAfter.Bytes-sinkBefore.Bytes)/sent)
	if l.bounced, err = b.suppressed(ctx); err != nil {
		return nil, err
	}
	cancel()
	l.noticeTimes = <-noticed
	r, err := b.app.mails.Report(ctx, c)
	if err == nil && r.Sent != int64(b.cmd.Recipients) {
		err = fmt.Errorf("bench: %d of %d were sent: %+v", r.Sent, b.cmd.Recipients, r)
	}
	return l, err
}

// first sends the first campaign, which most figures are of.
func (b *bench) first(ctx context.Context, c *campaigns.Campaign) error {
	of := b.cmd.Profile
	if b.others != nil { // it is the second campaign that is looked at
		of = ""
	}
	memory, enough := context.WithCancel(ctx)
	var watched sync.WaitGroup
	watched.Go(func() { b.watchMemory(memory) })
	l, err := b.send(ctx, c, of)
	enough()
	watched.Wait()
	if err != nil {
		return err
	}
	f := &b.f
	f.Seconds, f.PerSecond, f.FirstMail, f.ClaimMillis = l.took.Seconds(), l.PerSecond, l.first.Seconds(), l.claim.Seconds()*1000
	f.CPU, f.DatabaseCPU, f.SinkCPU, f.MappedMB = l.CPU, l.DatabaseCPU, l.sink, l.mappedMB
	f.RoundTrips, f.MessageBytes, f.noticeTimes = l.roundTrips, l.bytes, l.noticeTimes
	return nil
}

// finished waits until a campaign has gone out.
func (b *bench) finished(ctx context.Context, c *campaigns.Campaign) error {
	for {
		now, err := b.app.mails.Get(ctx, b.app.db, c.ID)
		if err != nil {
			return err
		}
		switch now.Status {
		case campaigns.StatusFinished:
			return nil
		case campaigns.StatusSending, campaigns.StatusScheduled:
			time.Sleep(50 * time.Millisecond)
		default:
			return fmt.Errorf("bench: the campaign is %s: %s", now.Status, now.StatusReason)
		}
	}
}

// postNotices posts a notice every 50 ms until ctx ends, then works out how long each took to be handed over.
func (b *bench) postNotices(ctx context.Context) <-chan noticeTimes {
	done := make(chan noticeTimes, 1)
	if !b.cmd.Notices {
		done <- noticeTimes{}
		return done
	}
	go func() {
		var ids []string
		for ctx.Err() == nil {
			made, err := b.app.notices.Create(context.WithoutCancel(ctx), benchActor, notices.Input{To: notices.Recipient{Email: "notice@example.com"}, Obligation: "contract", Basis: "contract", Subject: "Notice",
				Blocks: []byte(`[{"type":"text","markdown":"A notice."}]`)})
			if err == nil {
				ids = append(ids, made[0].ID)
			}
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(500 * time.Millisecond)
		var took []time.Duration
		for _, id := range ids {
			m, err := b.app.outbox.Get(context.Background(), b.app.db, id)
			if err == nil && !m.SentAt.IsZero() {
				took = append(took, m.SentAt.Sub(m.CreatedAt))
			}
		}
		slices.Sort(took)
		out := noticeTimes{Notices: len(took)}
		if len(took) > 0 {
			out.NoticeMedian, out.NoticeP99 = median(took).Seconds()*1000, took[len(took)*99/100].Seconds()*1000
		}
		done <- out
	}()
	return done
}

func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// ceiling sends as many of the same messages, already built, over the same transport and nothing else.
func (b *bench) ceiling(ctx context.Context, c *campaigns.Campaign) error {
	e, err := b.app.engine()
	if err != nil {
		return err
	}
	took, n, err := e.BareLoop(ctx, c, min(b.cmd.Recipients, 50_000))
	if err != nil {
		return err
	}
	b.f.Ceiling = float64(n) / took.Seconds()
	b.f.Share = b.f.PerSecond / b.f.Ceiling
	return nil
}

func (f *figures) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, `%s and %s queue, %d recipients, %d bytes a mail
  mails per second          %10.0f
  of the bare transport     %9.0f%%   (%.0f/s)
  decisions per second      %10.0f
  start to first mail       %10.3f s
  CPU per 10,000 mails      %10.2f s Assent, %.2f s database, %.2f s sink
  peak memory               %10.0f MB (%.0f MB with what is mapped of files)
  claim, median             %10.1f ms
  SMTP round trips a mail   %10.2f
`, f.Database, f.Queue, f.Recipients, f.MessageBytes, f.PerSecond, 100*f.Share, f.Ceiling, f.DecisionsSec, f.FirstMail, f.CPU, f.DatabaseCPU, f.SinkCPU, f.PeakMB, f.MappedMB, f.ClaimMillis, f.RoundTrips)
	if err == nil {
		err = f.noticeTimes.print(w)
	}
	if f.Compared != nil && err == nil {
		err = f.Compared.print(w)
	}
	return err
}
