package probe_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/templates/locale"
	"assent/workers/doctor"
	"assent/workers/inbound"
	"assent/workers/message"
	"assent/workers/probe"
	"assent/workers/smtptest"
	"assent/workers/transport"
)

// zone is DNS.
type zone map[string]string

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if v, ok := z[name]; ok {
		return []string{v}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
func (z zone) LookupMX(context.Context, string) ([]*net.MX, error)  { return nil, nil }
func (z zone) LookupAddr(context.Context, string) ([]string, error) { return nil, nil }
func (z zone) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, nil
}

type fixture struct {
	*probe.Sender
	ring   *tokens.Keyring
	zone   zone
	relay  *smtptest.Server
	ways   []probe.Way
	signer *message.Signer
}

// setUp has a relay that offers TLS, and keys with which both streams are signed.
func setUp(t *testing.T, db *sqldb.DB, o smtptest.Options) *fixture {
	t.Helper()
	ring, err := tokens.Parse("k1:" + strings.Repeat("A", 43) + "=")
	if err != nil {
		t.Fatal(err)
	}
	server, client, err := smtptest.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	o.TLS = server
	f := &fixture{ring: ring, zone: zone{}, relay: smtptest.Serve(t, o)}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := []message.Key{{Selector: "m1", Private: rsaKey}, {Selector: "m1e", Private: edKey}}
	for _, k := range keys {
		name, text, err := k.Record("shop.example")
		if err != nil {
			t.Fatal(err)
		}
		f.zone[name] = text
	}
	if f.signer, err = message.NewSigner("shop.example", keys...); err != nil {
		t.Fatal(err)
	}
	f.Sender = &probe.Sender{DB: db, Now: time.Now, Links: preferences.Links{Base: "https://mail.shop.example", BounceDomain: "bounces.shop.example", Keys: ring}, Locale: locale.Get("en"), Resolver: f.zone,
		Facts: func(_ context.Context, _ sqldb.Querier, class gate.Class, keys []string) (map[string]gate.Facts, error) {
			out := map[string]gate.Facts{}
			for _, k := range keys {
				out[k] = gate.Facts{Class: class, Bounced: gate.No, Suppressed: gate.No}
				if k == "gone@example.com" {
					out[k] = gate.Facts{Class: class, Bounced: gate.Yes, Suppressed: gate.No}
				}
			}
			return out, nil
		},
		Sign: func(context.Context, gate.Stream, string) (*message.Signer, error) { return f.signer, nil }, Returns: true, Patience: time.Minute}
	host, port, _ := net.SplitHostPort(f.relay.Addr)
	n, _ := strconv.Atoi(port)
	for stream, from := range map[gate.Stream]string{gate.StreamMarketing: "news@shop.example", gate.StreamTransactional: "notices@shop.example"} {
		tr, err := transport.NewSMTP(transport.Relay{Host: host, Port: n, TLS: "mandatory"}, transport.Options{Stream: stream, TLS: client})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = tr.Close(context.Background()) })
		f.ways = append(f.ways, probe.Way{Stream: stream, From: message.Address{Name: "Shop", Email: from}, ReplyTo: "hello@shop.example", Transport: tr})
	}
	return f
}

// bring takes what the relay was handed to the parser of returned mail, changed on the way, as our own server for bounces would.
func (f *fixture) bring(t *testing.T, change func(string) string) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p := &inbound.Parser{Domain: inbound.Domain{Keys: f.ring, Name: "bounces.shop.example"}}
		for seen := 0; ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
			mails := f.relay.Messages()
			for ; seen < len(mails); seen++ {
				m := mails[seen]
				if !m.Accepted() {
					continue
				}
				events, err := p.Parse(strings.NewReader(change(string(m.Data))), inbound.Envelope{Known: true, From: m.From, To: m.To, At: time.Now(), Provider: "smtp"})
				if err != nil {
					t.Error(err)
				}
				for _, e := range events {
					if e.Kind != inbound.TestMail || e.Effect() != inbound.None {
						t.Errorf("read as %s, which asks for %s", e.Kind, e.Effect())
					}
					if err := probe.Arrived(ctx, f.DB, e.Claims.Subject, e.Raw, time.Now()); err != nil && ctx.Err() == nil {
						t.Error(err)
					}
				}
			}
		}
	}()
	return func() { cancel(); <-done }
}

func find(t *testing.T, checks []doctor.Check, name string) doctor.Check {
	t.Helper()
	for _, c := range checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %s in %+v", name, checks)
	return doctor.Check{}
}

func left(t *testing.T, db *sqldb.DB) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM probes").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Compliance 1, 5, 9, 20, 23, 24: one mail of each stream goes by the real transport and comes back, and what a receiver sees of it is told.
func TestAMailOfEachStreamComesBackAndIsWell(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		f := setUp(t, db, smtptest.Options{})
		stop := f.bring(t, func(s string) string { return s })
		checks, err := f.Run(t.Context(), "", f.ways...)
		stop()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range checks {
			if c.Status != doctor.OK {
				t.Errorf("%+v", c)
			}
		}
		for name, detail := range map[string]string{
			"test mail marketing: handed over": "TLS 1.3", "test mail marketing: way back": "came back", "test mail marketing: DKIM": "signed by shop.example", "test mail marketing: From": "news@shop.example",
			"test mail marketing: one-click unsubscribe": "<https://mail.shop.example/u/", "test mail marketing: Message-ID": "@bounces.shop.example",
			"test mail transactional: list headers": "none", "test mail transactional: DKIM": "signed by", "test mail transactional: From": "notices@shop.example", "test mail transactional: way back": "",
		} {
			if c := find(t, checks, name); !strings.Contains(c.Detail, detail) {
				t.Errorf("%s: %s", name, c.Detail)
			}
		}
		if n := left(t, db); n != 0 {
			t.Errorf("%d test mails are left behind", n)
		}
	})
}

func TestWhatHappensToAMailOnTheWayIsFound(t *testing.T) {
	db := sqldbtest.SQLite(t)
	for name, c := range map[string]struct {
		change func(string) string
		check  string
		want   doctor.Status
	}{
		"a footer is added":         {func(s string) string { return s + "Scanned by us.\r\n" }, "DKIM", doctor.Fail},
		"the one-click field goes":  {func(s string) string { return strings.Replace(s, "\nList-Unsubscribe-Post:", "\nX-Post:", 1) }, "one-click unsubscribe", doctor.Fail},
		"the sender is another one": {func(s string) string { return strings.Replace(s, "news@shop.example", "news@other.example", 1) }, "DKIM", doctor.Fail},
		"it never comes":            {func(s string) string { return strings.Replace(s, "Message-ID: <", "Message-ID: <x", 1) }, "way back", doctor.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			f := setUp(t, db, smtptest.Options{})
			f.ways = only(f.ways, gate.StreamMarketing)
			if c.check == "way back" {
				f.Patience = 300 * time.Millisecond
				checks, err := f.Run(t.Context(), "", f.ways...)
				if got := find(t, checks, "test mail marketing: way back"); err != nil || got.Status != c.want || got.WhatToDo == "" {
					t.Errorf("%+v %v", got, err)
				}
				if n := left(t, db); n != 0 {
					t.Errorf("%d test mails are left behind", n)
				}
				return
			}
			stop := f.bring(t, c.change)
			defer stop()
			checks, err := f.Run(t.Context(), "", f.ways...)
			if got := find(t, checks, "test mail marketing: "+c.check); err != nil || got.Status != c.want || got.WhatToDo == "" {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
}

func only(ways []probe.Way, s gate.Stream) (out []probe.Way) {
	for _, w := range ways {
		if w.Stream == s {
			out = append(out, w)
		}
	}
	return out
}

func TestMailToANamedAddress(t *testing.T) {
	db := sqldbtest.SQLite(t)
	f := setUp(t, db, smtptest.Options{Script: func(s smtptest.Step) smtptest.Reply {
		if s.Verb == "RCPT" && strings.HasPrefix(s.To, "refused@") {
			return smtptest.Reply{Text: "550 5.7.1 not welcome"}
		}
		return smtptest.Reply{}
	}})
	checks, err := f.Run(t.Context(), "Me@example.com", f.ways...)
	if err != nil || doctor.Worst(checks) != doctor.OK {
		t.Errorf("%+v %v", checks, err)
	}
	if got := len(f.relay.Messages()); got != 2 {
		t.Errorf("%d mails went out", got)
	}
	for to, why := range map[string]string{"refused@example.com": "not welcome", "gone@example.com": "address_bounced"} {
		checks, err := f.Run(t.Context(), to, f.ways[0])
		if err != nil || len(checks) != 1 || checks[0].Status != doctor.Fail || !strings.Contains(checks[0].Detail, why) {
			t.Errorf("%s: %+v %v", to, checks, err)
		}
	}
	if got := len(f.relay.Messages()); got != 2 {
		t.Errorf("a blocked address got a mail: %d", got)
	}
	f.Returns = false
	for _, to := range []string{"", "nobody", "a@b\r\nBcc: c@d.example"} {
		if _, err := f.Run(t.Context(), to, f.ways...); err == nil {
			t.Errorf("%q is taken", to)
		} else if p, ok := problem.As(err); !ok || len(p.Fields) != 1 || p.Fields[0].Field != "to" {
			t.Errorf("%q: %v", to, err)
		}
	}
}

// A test mail's address is signed, so that nobody else's mail is kept for one; the first that comes counts.
func TestOnlyWhatWasSentIsKept(t *testing.T) {
	db := sqldbtest.SQLite(t)
	if err := probe.Arrived(t.Context(), db, sqldb.NewID(), []byte("x"), time.Now()); err != nil || left(t, db) != 0 {
		t.Errorf("a mail that was never sent is kept: %v", err)
	}
	f := setUp(t, db, smtptest.Options{})
	id := sqldb.NewID()
	p := &inbound.Parser{Domain: inbound.Domain{Keys: f.ring, Name: "bounces.shop.example"}}
	mail := "From: a@b.example\r\nMessage-ID: <" + id + "@bounces.shop.example>\r\nSubject: x\r\n\r\nhello\r\n"
	for name, c := range map[string]struct {
		to, mail string
		want     inbound.Kind
	}{
		"signed":            {f.Links.ReturnPath(id, id), mail, inbound.TestMail},
		"of another mail":   {f.Links.ReturnPath(sqldb.NewID(), id), mail, inbound.Unknown},
		"of another id":     {f.Links.ReturnPath(id, id), strings.Replace(mail, id, sqldb.NewID(), 1), inbound.Unknown},
		"signed by nobody":  {"r" + strings.Repeat("a", 63) + "@bounces.shop.example", mail, inbound.Unknown},
		"a bounce about it": {f.Links.ReturnPath(id, id), "From: MAILER-DAEMON@x.example\r\nMessage-ID: <1@x.example>\r\nSubject: failure\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n", inbound.Bounce},
	} {
		for _, known := range []bool{true, false} {
			env := inbound.Envelope{Known: known, To: []string{c.to}, At: time.Now(), Provider: "smtp"}
			raw := c.mail
			if !known {
				raw = "Delivered-To: " + c.to + "\r\n" + raw
			}
			events, err := p.Parse(strings.NewReader(raw), env)
			if err != nil || len(events) != 1 || events[0].Kind != c.want {
				t.Errorf("%s, envelope known %v: %+v %v", name, known, events, err)
			} else if c.want == inbound.TestMail && !bytes.Equal(events[0].Raw, []byte(raw)) {
				t.Errorf("%s: not the mail as it came", name)
			}
		}
	}
}
