package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/smtp"
	"os"
	"os/exec"
	"slices"
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

// second is how a campaign fared under other circumstances than those sent before and after it.
type second struct {
	With string `json:"with"`
	leg
	Ratio   float64   `json:"share_of_the_others"` // of the first, or of the mean of the ones just before and just after
	Ratios  []float64 `json:"shares_of_the_others,omitempty"`
	Without *leg      `json:"and_then_without,omitempty"`
	*returned
}

// returned is what came back meanwhile.
type returned struct {
	Bounces   int64   `json:"bounces"`
	PerSecond float64 `json:"bounces_per_second"` // while mails went out and after
	Meantime  float64 `json:"bounces_per_second_while_sending"`
	WorldCPU  float64 `json:"world_cpu_seconds"` // of the processes that bounced them, on the same machine
}

func (s *second) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "  with %-20s %10.0f mails per second, %.0f%% of that without; CPU per 10,000: %.2f s Assent, %.2f s database\n", s.With, s.leg.PerSecond, 100*s.Ratio, s.CPU, s.DatabaseCPU)
	if err == nil {
		err = s.noticeTimes.print(w)
	}
	if s.returned != nil && err == nil {
		_, err = fmt.Fprintf(w, `  bounces absorbed          %10.0f per second while mails went out, %.0f in all (%d); the world took %.1f s CPU
  and then without again    %10.0f mails per second; CPU per 10,000: %.2f s Assent, %.2f s database
  that was the middle one of %d shares: %.2f
`, s.Meantime, s.returned.PerSecond, s.Bounces, s.WorldCPU, s.Without.PerSecond, s.Without.CPU, s.Without.DatabaseCPU, len(s.Ratios), s.Ratios)
	}
	return err
}

// compare sends further campaigns and holds them against the first.
func (b *bench) compare(ctx context.Context, t *terminal, first *campaigns.Campaign) (err error) {
	if b.cmd.Bounces > 0 {
		b.f.Compared, err = b.flooded(ctx, t, first)
		return err
	}
	fmt.Fprintln(t.err, "sending signed …")
	if err := b.sign(ctx); err != nil {
		return err
	}
	l, err := b.again(ctx, b.cmd.Profile)
	if err != nil {
		return err
	}
	b.f.Compared = &second{With: "DKIM signatures", leg: *l, Ratio: l.PerSecond / b.f.PerSecond}
	return nil
}

// again sends a campaign as the first one was sent, to the others.
func (b *bench) again(ctx context.Context, profiled string) (*leg, error) {
	c, err := b.campaign(ctx, b.others)
	if err != nil {
		return nil, err
	}
	return b.send(ctx, c, profiled)
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

// floods is how often it is compared: a machine is seldom as quick, or as slow, for long.
const floods = 3

// flooded sends campaigns in turn while mails of the first one come back to a server as serve runs it, and while none do.
func (b *bench) flooded(ctx context.Context, t *terminal, first *campaigns.Campaign) (*second, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	taking, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	if err := b.app.takeIn(taking, listener, &running); err != nil {
		return nil, err
	}
	paths, err := b.returnPaths(ctx, first)
	if err != nil {
		return nil, err
	}
	var all []*second
	var total returned
	var took time.Duration
	before := b.f.PerSecond
	for round := range floods {
		some := paths[len(paths)*round/floods : len(paths)*(round+1)/floods]
		fmt.Fprintf(t.err, "sending while %d mails come back …\n", len(some))
		s := &second{With: "bounces coming in", returned: &returned{}}
		all = append(all, s)
		start := time.Now()
		end, err := b.bounced(ctx, listener.Addr().String(), some, s)
		if err != nil {
			return nil, err
		}
		total.Bounces, took, total.WorldCPU = total.Bounces+int64(len(some)), took+end.Sub(start), total.WorldCPU+s.WorldCPU
		fmt.Fprintln(t.err, "sending without again …")
		if s.Without, err = b.again(ctx, ""); err != nil {
			return nil, err
		}
		s.Ratio = 2 * s.leg.PerSecond / (before + s.Without.PerSecond)
		before = s.Without.PerSecond
	}
	if n, err := b.suppressed(ctx); err != nil {
		return nil, err
	} else if n != total.Bounces {
		return nil, fmt.Errorf("bench: %d addresses are suppressed after %d bounces", n, total.Bounces)
	}
	slices.SortFunc(all, func(a, b *second) int { return cmp.Compare(a.Ratio, b.Ratio) })
	middle := all[len(all)/2]
	for _, s := range all {
		middle.Ratios = append(middle.Ratios, s.Ratio)
	}
	total.PerSecond, total.Meantime = float64(total.Bounces)/took.Seconds(), middle.Meantime
	middle.returned = &total
	return middle, nil
}

// bounced sends a campaign while the mails of these return paths come back, and says when the last one of them was taken.
func (b *bench) bounced(ctx context.Context, addr string, paths []string, s *second) (end time.Time, err error) {
	before, err := b.suppressed(ctx)
	if err != nil {
		return end, err
	}
	world, done, err := startWorld(ctx, addr, paths)
	if err != nil {
		return end, err
	}
	l, err := b.again(ctx, b.cmd.Profile)
	if err != nil {
		return end, err
	}
	s.leg, s.Meantime = *l, float64(l.bounced-before)/l.took.Seconds()
	var fed fed
	select {
	case fed = <-done:
	case <-ctx.Done():
		return end, ctx.Err()
	}
	if fed.Err != "" || fed.Accepted != int64(len(paths)) {
		return end, fmt.Errorf("bench: %d of %d bounces were taken: %s", fed.Accepted, len(paths), fed.Err)
	}
	if state := world.ProcessState; state != nil {
		s.WorldCPU = (state.UserTime() + state.SystemTime()).Seconds()
	}
	return fed.At, nil
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
