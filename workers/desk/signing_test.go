package desk_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/preferences/audit"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
	"assent/workers/desk"
	"assent/workers/doctor"
	"assent/workers/inbound/visits"
	"assent/workers/queue"
	"assent/workers/signing"
)

// records is DNS as its owner has filled it.
type records map[string][]string

func (r records) LookupTXT(_ context.Context, name string) ([]string, error) {
	if v, ok := r[name]; ok {
		return v, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
func (r records) LookupMX(context.Context, string) ([]*net.MX, error)  { return nil, nil }
func (r records) LookupAddr(context.Context, string) ([]string, error) { return nil, nil }
func (r records) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, nil
}

// A key is made, published, looked for, switched to, stopped and removed on the page, by administrators only, and the audit log tells.
func TestKeysAreLookedAfterOnThePage(t *testing.T) {
	db := sqldbtest.SQLite(t)
	now := time.Now().UTC().Truncate(time.Microsecond)
	clock := func() time.Time { return now }
	h := stafftest.New(t, db, clock)
	zone := records{}
	keys := &signing.Store{DB: db, Now: clock, Seal: [][]byte{bytes.Repeat([]byte{7}, 32)}, Resolver: zone}
	state := &desk.State{Site: h.Site, Book: &doctor.Book{DB: db, Now: clock}, Signing: keys, Stats: func(context.Context) ([]queue.Stats, error) { return nil, nil },
		Examine: func(context.Context) ([]doctor.Check, error) { return nil, nil }}
	state.Register(h.Echo)
	ada, bo := h.As("Ada", access.Administrator), h.As("Bo", access.Marketer, access.Approver)
	const page = "/admin/deliverability"

	bo.Post(page+"/keys", "stream", "marketing", "domain", "news.example.com").Want(403)
	ada.Post(page+"/keys", "stream", "marketing", "domain", "nonsense").Want(422, "must be the domain of a From address", `value="nonsense"`)
	ada.Post(page+"/keys", "stream", "marketing", "domain", "news.example.com").Want(303)
	list, err := keys.List(ctx)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	key := list[0]
	here := page + "/keys/" + key.ID
	ada.Get(page).Want(200, "The key is made.", key.Records[0].Name, key.Records[0].Text, key.Records[1].Text, here+"/look", here+"/remove", "To be published")
	if body := bo.Get(page).Want(200, key.Records[0].Name).Body.String(); strings.Contains(body, here) || strings.Contains(body, page+"/keys") {
		t.Error("somebody else than an administrator is offered buttons")
	}
	for _, do := range []string{"/look", "/switch", "/stop", "/remove"} {
		bo.Post(here + do).Want(403)
	}
	ada.Post(here + "/look").Want(303)
	ada.Get(page).Want(200, "Not in DNS yet", "no record at")
	ada.Post(here + "/switch").Want(303)
	ada.Get(page).Want(200, "has not been seen in DNS")
	for _, r := range key.Records {
		zone[r.Name] = []string{r.Text}
	}
	ada.Post(here + "/look").Want(303)
	ada.Get(page).Want(200, "The records are in DNS.", here+"/switch", "In DNS, not used")
	ada.Post(here + "/switch").Want(303)
	ada.Get(page).Want(200, "Mail is signed with this key now.", here+"/stop")
	ada.Post(here + "/remove").Want(303)
	ada.Get(page).Want(200, "This key is in use")
	ada.Post(here + "/stop").Want(303)
	if body := ada.Get(page).Want(200, "Nothing is signed with this key any more.", "Leave these records in DNS until").Body.String(); strings.Contains(body, here) {
		t.Error("a key whose mail is under way is offered for removal")
	}
	ada.Post(here + "/remove").Want(303)
	ada.Get(page).Want(200, "may be under way")
	now = now.Add(signing.Keep + time.Minute)
	ada = h.As("Eva", access.Administrator) // the session has ended
	ada.Get(page).Want(200, here+"/remove")
	ada.Post(here + "/remove").Want(303)
	ada.Post(here + "/remove").Want(404)

	entries, _, err := audit.List(ctx, db, audit.Filter{Object: audit.Object("dkim", key.ID)}, 100, "")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range entries {
		told = append(told, e.Action+" by "+e.Actor.Name)
	}
	if got := strings.Join(told, ", "); got != "dkim.remove by Eva, dkim.stop by Ada, dkim.switch by Ada, dkim.generate by Ada" {
		t.Errorf("the audit log tells: %s", got)
	}
}

// Test mails are for administrators; their outcome is told with the rest, and the page asks for news by itself while it waits.
func TestTestMailsAreSentFromThePage(t *testing.T) {
	db := sqldbtest.SQLite(t)
	h := stafftest.New(t, db, time.Now)
	release, asked := make(chan struct{}), ""
	state := &desk.State{Site: h.Site, Book: &doctor.Book{DB: db, Now: time.Now}, Stats: func(context.Context) ([]queue.Stats, error) { return nil, nil },
		Examine: func(context.Context) ([]doctor.Check, error) {
			return []doctor.Check{{Name: "disk", Status: doctor.OK, Detail: "enough"}}, nil
		},
		Try: func(_ context.Context, to string) ([]doctor.Check, error) {
			<-release
			asked = to
			return []doctor.Check{{Name: "test mail marketing: DKIM", Status: doctor.Fail, Detail: "not signed", WhatToDo: "sign it"}}, nil
		}, InboundAddr: "0.0.0.0:25", Mailbox: "mail.example/INBOX"}
	state.Register(h.Echo)
	ada, bo := h.As("Ada", access.Administrator), h.As("Bo", access.Marketer, access.Approver)
	const page = "/admin/deliverability"
	bo.Post(page+"/mail", "to", "").Want(403)
	ada.Get(page).Want(200, "Send test mails", "listens on 0.0.0.0:25", "mail.example/INBOX", "not read yet")
	ada.Post(page+"/mail", "to", "nobody").Want(422, "is not an e-mail address", `value="nobody"`)
	ada.Post(page+"/mail", "to", "me@example.com").Want(303)
	for running := (*doctor.Examination)(nil); running == nil; time.Sleep(10 * time.Millisecond) {
		_, running, _ = state.Book.Last(ctx)
	}
	ada.Get(page).Want(200, `hx-get="/admin/deliverability"`, `hx-trigger="every 2s"`, "An examination has been running since")
	close(release)
	state.Wait()
	if body := ada.Get(page).Want(200, "test mail marketing: DKIM", "sign it", "enough").Body.String(); strings.Contains(body, "hx-get") {
		t.Error("the page goes on asking when there is nothing to wait for")
	}
	if asked != "me@example.com" {
		t.Errorf("they went to %q", asked)
	}

	turns := &visits.Turns{DB: db, Log: quiet, Holder: "a"}
	within, cancel := context.WithCancel(ctx)
	var visiting sync.WaitGroup
	visiting.Go(func() { turns.Run(within, broken{}) })
	for fails := 0; fails == 0; time.Sleep(5 * time.Millisecond) {
		if err := db.QueryRowContext(ctx, "SELECT coalesce(max(fails), 0) FROM visits").Scan(&fails); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	visiting.Wait()
	ada.Get(page).Want(200, "1 visits in a row failed; the last: the folder is gone")
}

// broken is a mailbox that cannot be read.
type broken struct{}

func (broken) Name() string                      { return "mail.example/INBOX" }
func (broken) Every() time.Duration              { return time.Hour }
func (broken) Once(context.Context) (int, error) { return 0, errors.New("the folder is gone") }
