package workers_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"assent/campaigns"
	"assent/campaigns/outbox"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers"
	"assent/workers/message"
	"assent/workers/signing"
	"assent/workers/smtptest"
)

// dns answers with the records of the keys that were published.
type dns struct {
	net.Resolver
	txt map[string]string
}

func (d *dns) LookupTXT(_ context.Context, name string) ([]string, error) {
	if text, ok := d.txt[name]; ok {
		return []string{text}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

// covered tells which signatures hold, and what each of those covers.
func (d *dns) covered(t *testing.T, raw []byte) (good, bad int, fields []string) {
	t.Helper()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) { return d.LookupTXT(context.Background(), name) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		if v.Err != nil {
			bad++
			continue
		}
		good++
		for _, f := range v.HeaderKeys {
			fields = append(fields, strings.ToLower(f))
		}
	}
	return good, bad, fields
}

// Compliance 5, 6: what a stranger receives of either stream verifies, the list headers are covered, and a change to any of it shows.
func TestMailOfBothStreamsIsSigned(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		zone, staff := &dns{txt: map[string]string{}}, audit.System("test")
		keys := &signing.Store{DB: db, Now: time.Now, Seal: [][]byte{bytes.Repeat([]byte{7}, 32)}, Resolver: zone}
		for _, stream := range []string{"marketing", "transactional"} {
			k, err := keys.Generate(t.Context(), staff, signing.New{Stream: stream, Domain: "example.com", SwitchOnSeen: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, record := range k.Records {
				zone.txt[record.Name] = record.Text
			}
			if k, err = keys.Look(t.Context(), staff, k.ID); err != nil || k.State != signing.Signing {
				t.Fatalf("%+v %v", k, err)
			}
		}
		r := newRig(t, db, smtptest.Options{}, func(e *workers.Engine) { e.Sign = keys.Signer })
		r.Topic("news", nil)
		for _, name := range []string{"ann", "bob"} {
			r.Give(r.Person(name+"@people.example", nil), "news")
		}
		c := r.Campaign("news", nil)
		if _, err := r.Mails.SendTest(t.Context(), staff, c.ID, []string{"try@people.example"}); err != nil { // signed as the campaign is
			t.Fatal(err)
		}
		r.notice("told@people.example") // a mail of the transactional stream
		r.Schedule(c)
		r.finished(c)
		selectors := map[string]int{}
		for end := time.Now().Add(time.Minute); len(r.sink.Messages()) < 4 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		}
		for _, m := range r.sink.Messages() {
			good, bad, fields := zone.covered(t, m.Data)
			if good != 2 || bad != 0 {
				t.Fatalf("%d good, %d bad\n%s", good, bad, m.Data)
			}
			want := []string{"from", "to", "subject", "date", "message-id", "mime-version"}
			switch m.To[0] {
			case "told@people.example":
				selectors["transactional"] += bytes.Count(m.Data, []byte("s=t20"))
			case "try@people.example":
				selectors["test"] += bytes.Count(m.Data, []byte("s=m20"))
			default:
				want = append(want, "list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id")
				selectors["marketing"] += bytes.Count(m.Data, []byte("s=m20"))
			}
			for _, field := range want {
				if !slices.Contains(fields, field) {
					t.Errorf("%s is not covered: %v", field, fields)
				}
			}
			for _, change := range [][2]string{{"/u/", "/x/"}, {"\r\nSubject: ", "\r\nSubject: Re "}, {"One-Click", "One-Clack"}} {
				tampered := bytes.Replace(m.Data, []byte(change[0]), []byte(change[1]), 1)
				if bytes.Equal(tampered, m.Data) {
					continue
				}
				if good, _, _ := zone.covered(t, tampered); good != 0 {
					t.Errorf("with %q as %q %d signatures hold", change[0], change[1], good)
				}
			}
		}
		if selectors["marketing"] != 4 || selectors["test"] != 2 || selectors["transactional"] != 2 {
			t.Errorf("signatures by stream: %v", selectors)
		}
	})
}

// A key that cannot be read pauses the campaign: nobody gets unsigned mail, and nobody is counted as failed.
func TestAMailThatShouldBeSignedDoesNotGoUnsigned(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		r := newRig(t, db, smtptest.Options{}, func(e *workers.Engine) {
			e.Sign = func(context.Context, gate.Stream, string) (*message.Signer, error) {
				return nil, errors.New("the key cannot be unsealed")
			}
		})
		r.Topic("news", nil)
		for _, name := range []string{"ann", "bob", "cas"} {
			r.Give(r.Person(name+"@people.example", nil), "news")
		}
		c := r.Campaign("news", nil)
		r.Schedule(c)
		got := r.until(c, "is it paused", func(x campaigns.Report) bool { return x.Status == campaigns.StatusPaused })
		if !strings.Contains(got.StatusReason, "cannot be signed: the key cannot be unsealed") || got.Failed != 0 || got.Sent != 0 || len(r.sink.Messages()) != 0 {
			t.Errorf("%+v, %d mails", got, len(r.sink.Messages()))
		}
	})
}

// A transactional mail whose key cannot be read waits, and is told to wait; it does not go unsigned, and goes signed once the key can be read.
func TestATransactionalMailWaitsForItsKey(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		zone, staff := &dns{txt: map[string]string{}}, audit.System("test")
		keys := &signing.Store{DB: db, Now: time.Now, Seal: [][]byte{bytes.Repeat([]byte{7}, 32)}, Resolver: zone}
		k, err := keys.Generate(t.Context(), staff, signing.New{Stream: "transactional", Domain: "example.com", SwitchOnSeen: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range k.Records {
			zone.txt[record.Name] = record.Text
		}
		if k, err = keys.Look(t.Context(), staff, k.ID); err != nil || k.State != signing.Signing {
			t.Fatalf("%+v %v", k, err)
		}
		var readable atomic.Bool
		r := newRig(t, db, smtptest.Options{}, func(e *workers.Engine) {
			e.Sign = func(ctx context.Context, stream gate.Stream, from string) (*message.Signer, error) {
				if !readable.Load() {
					return nil, errors.New("the key cannot be unsealed")
				}
				return keys.Signer(ctx, stream, from)
			}
		})
		notice := r.notice("told@people.example")
		status := func() (m *outbox.Message) {
			if m, err = r.Outbox.Get(t.Context(), db, notice.ID); err != nil {
				t.Fatal(err)
			}
			return m
		}
		for end := time.Now().Add(time.Minute); status().Status != outbox.StatusDeferred && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		}
		if m := status(); m.Status != outbox.StatusDeferred || !strings.Contains(m.Reply, "cannot be unsealed") || len(r.sink.Messages()) != 0 {
			t.Fatalf("%+v, %d mails", m, len(r.sink.Messages()))
		}
		readable.Store(true)
		r.Clock.Move(10 * time.Minute)
		for end := time.Now().Add(time.Minute); len(r.sink.Messages()) == 0 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		}
		if got := r.sink.Messages(); len(got) != 1 {
			t.Fatalf("%d mails, %+v", len(got), status())
		} else if good, _, _ := zone.covered(t, got[0].Data); good != 2 {
			t.Errorf("%d signatures hold", good)
		}
	})
}
