package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/smtp"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"assent/campaigns"
	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/workers/signing"
)

// second is a campaign that was sent after the first one in the same run, under other circumstances.
type second struct {
	With            string  `json:"with"`
	PerSecond       float64 `json:"mails_per_second"`
	Ratio           float64 `json:"share_of_the_others"`
	CPU             float64 `json:"assent_cpu_seconds_per_10000"`
	DatabaseCPU     float64 `json:"database_cpu_seconds_per_10000"`
	Bounces         int64   `json:"bounces,omitempty"`
	BouncesPerSec   float64 `json:"bounces_per_second,omitempty"`
	BouncesMeantime int64   `json:"bounces_while_sending,omitempty"`
	MeantimePerSec  float64 `json:"bounces_per_second_while_sending,omitempty"`
	WorldCPU        float64 `json:"world_cpu_seconds,omitempty"`        // of the process that bounced them, on the same machine
	After           float64 `json:"mails_per_second_after,omitempty"`   // of a third campaign, sent as the first one
	AfterCPU        float64 `json:"assent_cpu_seconds_after,omitempty"` // per 10,000
	AfterDatabase   float64 `json:"database_cpu_seconds_after,omitempty"`
	noticeTimes
}

func (s *second) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "  with %-20s %10.0f mails per second, %.0f%% of that without; CPU per 10,000: %.2f s Assent, %.2f s database\n", s.With, s.PerSecond, 100*s.Ratio, s.CPU, s.DatabaseCPU)
	if err == nil {
		err = s.noticeTimes.print(w)
	}
	if s.Bounces > 0 && err == nil {
		_, err = fmt.Fprintf(w, `  bounces absorbed          %10.0f per second while mails went out (%d), %.0f in all (%d); the world took %.1f s CPU
  and then without again    %10.0f mails per second; CPU per 10,000: %.2f s Assent, %.2f s database
`, s.MeantimePerSec, s.BouncesMeantime, s.BouncesPerSec, s.Bounces, s.WorldCPU, s.After, s.AfterCPU, s.AfterDatabase)
	}
	return err
}

// compare sends a second campaign and holds it against the first; where returned mail comes in meanwhile, also against a third, as a
// machine is seldom as quick, or as slow, for long.
func (b *bench) compare(ctx context.Context, t *terminal, first *campaigns.Campaign) error {
	c, err := b.campaign(ctx, b.others)
	if err != nil {
		return err
	}
	if b.cmd.DKIM {
		s := &second{With: "DKIM signatures"}
		fmt.Fprintln(t.err, "sending signed …")
		if err := b.sign(ctx); err != nil {
			return err
		}
		if err := b.again(ctx, c, s, b.cmd.Profile); err != nil {
			return err
		}
		s.Ratio = s.PerSecond / b.f.PerSecond
		b.f.Compared = s
		return nil
	}
	s, third := &second{With: "bounces coming in"}, &second{}
	fmt.Fprintf(t.err, "sending while %d mails come back …\n", b.cmd.Bounces)
	if err := b.bounced(ctx, first, c, s); err != nil {
		return err
	}
	if c, err = b.campaign(ctx, b.others); err != nil {
		return err
	}
	fmt.Fprintln(t.err, "sending without again …")
	if err := b.again(ctx, c, third, ""); err != nil {
		return err
	}
	s.After, s.AfterCPU, s.AfterDatabase = third.PerSecond, third.CPU, third.DatabaseCPU
	s.Ratio = 2 * s.PerSecond / (b.f.PerSecond + s.After)
	b.f.Compared = s
	return nil
}

// again sends a campaign as the first one was sent.
func (b *bench) again(ctx context.Context, c *campaigns.Campaign, s *second, profiled string) error {
	e, err := b.app.engine()
	if err != nil {
		return err
	}
	if err := e.Start(); err != nil {
		return err
	}
	defer e.Stop(ctx)
	stopProfile, err := profile(profiled)
	if err != nil {
		return err
	}
	defer stopProfile()
	before, start := b.usage(), time.Now()
	if _, err := b.app.mails.Schedule(ctx, benchActor, c.ID, campaigns.Schedule{}); err != nil {
		return err
	}
	watch, cancel := context.WithCancel(ctx)
	defer cancel()
	noticed := b.postNotices(watch)
	for {
		now, err := b.app.mails.Get(ctx, b.app.db, c.ID)
		if err != nil {
			return err
		}
		if now.Status == campaigns.StatusFinished {
			break
		}
		if now.Status != campaigns.StatusSending && now.Status != campaigns.StatusScheduled {
			return fmt.Errorf("bench: the second campaign is %s: %s", now.Status, now.StatusReason)
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.PerSecond = float64(b.cmd.Recipients) / time.Since(start).Seconds()
	after, per := b.usage(), 10_000/float64(b.cmd.Recipients)
	s.CPU, s.DatabaseCPU = (after.self-before.self)*per, (after.database-before.database)*per
	if s.BouncesMeantime, err = b.suppressed(ctx); err != nil {
		return err
	}
	cancel()
	s.noticeTimes = <-noticed
	return nil
}

// own is a zone that holds the records of our own keys.
type ownZone struct{ keys *signing.Store }

func (z ownZone) LookupTXT(ctx context.Context, name string) ([]string, error) {
	list, err := z.keys.List(ctx)
	for _, k := range list {
		for _, r := range k.Records {
			if r.Name == name {
				return []string{r.Text}, nil
			}
		}
	}
	return nil, err
}
func (ownZone) LookupMX(context.Context, string) ([]*net.MX, error)  { return nil, nil }
func (ownZone) LookupAddr(context.Context, string) ([]string, error) { return nil, nil }
func (ownZone) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, nil
}

// sign makes a key for the senders of the benchmark and uses it.
func (b *bench) sign(ctx context.Context) error {
	keys := b.app.signing
	keys.Resolver = ownZone{keys}
	k, err := keys.Generate(ctx, benchActor, signing.New{Stream: string(gate.StreamMarketing), Domain: b.app.config.BaseURL.Hostname(), SwitchOnSeen: true})
	if err != nil {
		return err
	}
	if k, err = keys.Look(ctx, benchActor, k.ID); err == nil && k.State != signing.Signing {
		err = fmt.Errorf("bench: the key is not used: %s", k.Fault)
	}
	return err
}

// bounced sends c while mails of the first campaign come back to a server as serve runs it.
func (b *bench) bounced(ctx context.Context, first, c *campaigns.Campaign, s *second) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	taking, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	if err := b.app.takeIn(taking, listener, &running); err != nil {
		return err
	}
	paths, err := b.returnPaths(ctx, first)
	if err != nil {
		return err
	}
	world, done, err := startWorld(ctx, listener.Addr().String(), paths)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := b.again(ctx, c, s, b.cmd.Profile); err != nil {
		return err
	}
	var fed fed
	select {
	case fed = <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if fed.Err != "" || fed.Accepted != int64(b.cmd.Bounces) {
		return fmt.Errorf("bench: %d of %d bounces were taken: %s", fed.Accepted, b.cmd.Bounces, fed.Err)
	}
	all, err := b.suppressed(ctx)
	if err != nil {
		return err
	}
	if all != int64(b.cmd.Bounces) {
		return fmt.Errorf("bench: %d addresses are suppressed after %d bounces", all, b.cmd.Bounces)
	}
	s.Bounces, s.BouncesPerSec = all, float64(all)/fed.At.Sub(start).Seconds()
	s.MeantimePerSec = float64(s.BouncesMeantime) * s.PerSecond / float64(b.cmd.Recipients)
	if state := world.ProcessState; state != nil {
		s.WorldCPU = (state.UserTime() + state.SystemTime()).Seconds()
	}
	return nil
}

func (b *bench) suppressed(ctx context.Context) (n int64, err error) {
	err = b.app.db.QueryRowContext(ctx, "SELECT count(*) FROM suppressions WHERE reason = 'bounced'").Scan(&n)
	return n, err
}

// blocked is how many strangers are blocked beforehand.
const blocked = 10_000

// block gives the installation the blocked addresses that every one has which has sent for a while, so that the database does not plan
// for a table that is empty.
func (b *bench) block(ctx context.Context) error {
	return b.app.db.Tx(ctx, func(tx *sqldb.Tx) error {
		list := make([]preferences.Suppression, blocked)
		for i := range list {
			address := fmt.Sprintf("stranger%d@example.org", i)
			list[i] = preferences.Suppression{AddressKey: address, Email: address, Reason: preferences.SuppressedManual}
		}
		_, err := b.app.people.SuppressSet(ctx, tx, b.app.config.Now(), benchActor, list)
		return err
	})
}

// returnPaths are those of the mails of a campaign that come back.
func (b *bench) returnPaths(ctx context.Context, c *campaigns.Campaign) ([]string, error) {
	rows, err := b.app.db.QueryContext(ctx, "SELECT subscriber_id FROM deliveries WHERE campaign_id = $1 ORDER BY id LIMIT $2", c.ID, b.cmd.Bounces)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		out = append(out, b.app.links.ReturnPath(id, c.ID))
	}
	return out, rows.Err()
}

// fed is what the world says of its bounces.
type fed struct {
	Accepted int64     `json:"accepted"`
	Err      string    `json:"error,omitempty"`
	At       time.Time `json:"at"`
}

// startWorld runs the mail servers that bounce, as a process of its own.
func startWorld(ctx context.Context, addr string, paths []string) (*exec.Cmd, <-chan fed, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("bench: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, "bench", "--feed", addr)
	cmd.Stdin = strings.NewReader(strings.Join(paths, "\n") + "\n")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("bench: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("bench: %w", err)
	}
	done := make(chan fed, 1)
	go func() {
		var f fed
		if err := json.NewDecoder(out).Decode(&f); err != nil {
			f.Err = err.Error()
		}
		_ = cmd.Wait()
		done <- f
	}()
	return cmd, done, nil
}

// worldConnections is how many mail servers bounce at once.
const worldConnections = 64

// feedBounces bounces each return path of standard input, as the mail servers of a world would: a report of RFC 3464 each.
func feedBounces(addr string, t *terminal) error {
	paths := make(chan string, 1000)
	var accepted atomic.Int64
	var all sync.WaitGroup
	failed := make(chan error, worldConnections)
	for n := range worldConnections {
		all.Go(func() {
			if err := bounceAll(addr, n, paths, &accepted); err != nil {
				failed <- err
				for range paths { // let the others have what is left, and the reader end
				}
			}
		})
	}
	for lines := bufio.NewScanner(t.in); lines.Scan(); {
		paths <- lines.Text()
	}
	close(paths)
	all.Wait()
	out := fed{Accepted: accepted.Load(), At: time.Now()}
	select {
	case err := <-failed:
		out.Err = err.Error()
	default:
	}
	return json.NewEncoder(t.out).Encode(out)
}

func bounceAll(addr string, n int, paths <-chan string, accepted *atomic.Int64) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := 0; ; i++ {
		path, ok := <-paths
		if !ok {
			return c.Quit()
		}
		if err := c.Mail(""); err != nil {
			return err
		}
		if err := c.Rcpt(path); err != nil {
			return err
		}
		w, err := c.Data()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "From: MAILER-DAEMON@mx.example.net\r\nTo: <%s>\r\nSubject: Undelivered Mail Returned to Sender\r\nMessage-ID: <%d.%d@mx.example.net>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"+
			"I'm sorry to have to inform you that your message could not be delivered.\r\n\r\n<person@example.com>: host mx.example.com said: 550 5.1.1 User unknown\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; person@example.com\r\n"+
			"Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: news@example.com\r\nTo: person@example.com\r\nSubject: Hello\r\n\r\n--b--\r\n", path, n, i); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		accepted.Add(1)
	}
}
