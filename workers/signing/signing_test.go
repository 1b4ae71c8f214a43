package signing_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers/signing"
)

// zone is DNS as its owner has filled it.
type zone struct {
	mu  sync.Mutex
	txt map[string][]string
}

func (z *zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if v, ok := z.txt[name]; ok {
		return v, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
func (z *zone) LookupMX(context.Context, string) ([]*net.MX, error)  { return nil, nil }
func (z *zone) LookupAddr(context.Context, string) ([]string, error) { return nil, nil }
func (z *zone) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, nil
}

func (z *zone) publish(k signing.Key) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, r := range k.Records {
		z.txt[r.Name] = []string{r.Text}
	}
}

type fixture struct {
	*signing.Store
	zone *zone
	now  time.Time
}

func newFixture(db *sqldb.DB) *fixture {
	f := &fixture{zone: &zone{txt: map[string][]string{}}, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	f.Store = &signing.Store{DB: db, Now: func() time.Time { return f.now }, Seal: [][]byte{bytes.Repeat([]byte{7}, 32)}, Resolver: f.zone}
	return f
}

var (
	ctx   = context.Background()
	staff = audit.Actor{Kind: audit.KindUser, ID: "ada", Name: "Ada"}
)

func (f *fixture) generate(t *testing.T, n signing.New) signing.Key {
	t.Helper()
	k, err := f.Generate(ctx, staff, n)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const mail = "From: News <news@shop.example.com>\r\nTo: a@b.example\r\nSubject: Hello\r\nDate: Sun, 22 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@shop.example.com>\r\n" +
	"List-Unsubscribe: <https://mail.example.com/u/x>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nHello.\r\n"

// sign gives how many signatures hold and the selectors that they are under.
func (f *fixture) sign(t *testing.T, stream gate.Stream, from string) (good int, selectors string) {
	t.Helper()
	s, err := f.Signer(ctx, stream, from)
	if err != nil {
		t.Fatal(err)
	}
	if s == nil {
		return 0, "unsigned"
	}
	raw, err := s.Sign(nil, []byte(mail))
	if err != nil {
		t.Fatal(err)
	}
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) { return f.zone.LookupTXT(ctx, name) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		if v.Err == nil {
			good++
		}
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(string(raw), "\r\n ", ""), ";") {
		if s, ok := strings.CutPrefix(strings.TrimSpace(line), "s="); ok {
			selectors += s + " "
		}
	}
	return good, strings.TrimSpace(selectors)
}

// Compliance 6: RSA-2048 with Ed25519 beside it; keys rotate, and what the old one signed still verifies.
func TestAKeyIsUsedOnceDNSHasIt(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		f := newFixture(db)
		if _, s := f.sign(t, gate.StreamMarketing, "news@example.com"); s != "unsigned" {
			t.Fatalf("without a key: %s", s)
		}
		one := f.generate(t, signing.New{Stream: "marketing", Domain: "Example.com"})
		if one.State != signing.Waiting || one.Selector != "m202611" || len(one.Records) != 2 || one.Records[0].Name != "m202611._domainkey.example.com" || !strings.HasPrefix(one.Records[0].Text, "v=DKIM1; k=rsa; p=") ||
			one.Records[1].Name != "m202611e._domainkey.example.com" || !strings.HasPrefix(one.Records[1].Text, "v=DKIM1; k=ed25519; p=") {
			t.Fatalf("%+v", one)
		}
		if _, err := f.Switch(ctx, staff, one.ID); err == nil {
			t.Fatal("switched to a key that nobody can check")
		}
		if k, err := f.Look(ctx, staff, one.ID); err != nil || k.State != signing.Waiting || k.Fault == "" {
			t.Fatalf("%+v %v", k, err)
		}
		f.zone.publish(one)
		f.zone.txt[one.Records[1].Name] = []string{"v=DKIM1; k=ed25519; p=AAAA"}
		if k, _ := f.Look(ctx, staff, one.ID); k.State != signing.Waiting || !strings.Contains(k.Fault, "another key") {
			t.Fatalf("%+v", k)
		}
		f.zone.publish(one)
		if k, err := f.Look(ctx, staff, one.ID); err != nil || k.State != signing.Seen || k.Fault != "" {
			t.Fatalf("%+v %v", k, err)
		}
		if _, s := f.sign(t, gate.StreamMarketing, "news@example.com"); s != "unsigned" {
			t.Fatalf("a key that was only seen signs: %s", s)
		}
		if k, err := f.Switch(ctx, staff, one.ID); err != nil || k.State != signing.Signing {
			t.Fatalf("%+v %v", k, err)
		}
		if good, s := f.sign(t, gate.StreamMarketing, "news@shop.example.com"); good != 2 || s != "m202611 m202611e" { // the domain above it: aligned
			t.Fatalf("%d good: %s", good, s)
		}
		for stream, from := range map[gate.Stream]string{gate.StreamTransactional: "news@example.com", gate.StreamMarketing: "news@notexample.com"} {
			if _, s := f.sign(t, stream, from); s != "unsigned" {
				t.Errorf("%s %s: %s", stream, from, s)
			}
		}
		// The next key comes beside it, and takes over by itself once DNS has it.
		two := f.generate(t, signing.New{Stream: "marketing", Domain: "example.com", SwitchOnSeen: true})
		if two.Selector != "m202611-2" {
			t.Fatal(two.Selector)
		}
		if err := f.Watch(ctx); err != nil {
			t.Fatal(err)
		}
		if _, s := f.sign(t, gate.StreamMarketing, "news@example.com"); s != "m202611 m202611e" {
			t.Fatal(s)
		}
		f.zone.publish(two)
		if err := f.Watch(ctx); err != nil {
			t.Fatal(err)
		}
		if good, s := f.sign(t, gate.StreamMarketing, "news@example.com"); good != 2 || s != "m202611-2 m202611-2e" {
			t.Fatalf("%d good: %s", good, s)
		}
		if k, _ := f.Get(ctx, one.ID); k.State != signing.Retired || k.Records[0].Text != one.Records[0].Text {
			t.Fatalf("%+v", k)
		}
		if err := f.Remove(ctx, staff, one.ID); err == nil {
			t.Error("forgot a key whose mail is under way")
		}
		if err := f.Remove(ctx, staff, two.ID); err == nil {
			t.Error("forgot the key in use")
		}
		f.now = f.now.Add(signing.Keep + time.Hour)
		if err := f.Remove(ctx, staff, one.ID); err != nil {
			t.Error(err)
		}
		if _, err := f.Stop(ctx, staff, two.ID); err != nil {
			t.Fatal(err)
		}
		if _, s := f.sign(t, gate.StreamMarketing, "news@example.com"); s != "unsigned" {
			t.Error(s)
		}
	})
}

func TestPrivateHalvesAreSealedAndGoWhenRetired(t *testing.T) {
	db := sqldbtest.SQLite(t)
	f := newFixture(db)
	k := f.generate(t, signing.New{Stream: "transactional", Domain: "example.com", SwitchOnSeen: true})
	halves := func() (rsa, ed string) {
		if err := db.QueryRowContext(ctx, "SELECT rsa_private, ed_private FROM dkim_keys WHERE id = $1", k.ID).Scan(&rsa, &ed); err != nil {
			t.Fatal(err)
		}
		return rsa, ed
	}
	if rsa, ed := halves(); !strings.HasPrefix(rsa, "sealed:") || !strings.HasPrefix(ed, "sealed:") {
		t.Errorf("%.20s %.20s", rsa, ed)
	}
	f.zone.publish(k)
	if _, err := f.Look(ctx, staff, k.ID); err != nil {
		t.Fatal(err)
	}
	if good, _ := f.sign(t, gate.StreamTransactional, "n@example.com"); good != 2 {
		t.Fatalf("%d good", good)
	}
	// Under other secrets the key cannot be read: an error, not mail without a signature.
	lost := newFixture(db)
	lost.Seal = [][]byte{bytes.Repeat([]byte{8}, 32)}
	if s, err := lost.Signer(ctx, gate.StreamTransactional, "n@example.com"); err == nil || s != nil {
		t.Errorf("%v %v", s, err)
	}
	// A secret that was rotated still opens it.
	rotated := newFixture(db)
	rotated.Seal = [][]byte{bytes.Repeat([]byte{8}, 32), bytes.Repeat([]byte{7}, 32)}
	if s, err := rotated.Signer(ctx, gate.StreamTransactional, "n@example.com"); err != nil || s == nil {
		t.Errorf("%v %v", s, err)
	}
	if _, err := f.Stop(ctx, staff, k.ID); err != nil {
		t.Fatal(err)
	}
	if rsa, ed := halves(); rsa+ed != "" {
		t.Error("a retired key can still sign")
	}
	bare := newFixture(db)
	bare.Seal = nil
	if _, err := bare.Generate(ctx, staff, signing.New{Stream: "marketing", Domain: "example.com"}); err == nil {
		t.Error("a private key was stored without a seal")
	}
}

func TestWhatCannotBeAKeyIsRefused(t *testing.T) {
	f := newFixture(sqldbtest.SQLite(t))
	f.generate(t, signing.New{Stream: "marketing", Domain: "example.com", Selector: "one"})
	for name, n := range map[string]signing.New{
		"stream": {Stream: "both", Domain: "example.com"}, "domain": {Stream: "marketing", Domain: "localhost"}, "header": {Stream: "marketing", Domain: "example.com\r\nx: y"},
		"selector": {Stream: "marketing", Domain: "example.com", Selector: "a.b"}, "taken": {Stream: "transactional", Domain: "example.com", Selector: "ONE"},
	} {
		if _, err := f.Generate(ctx, staff, n); err == nil {
			t.Errorf("%s: made", name)
		} else if _, ok := problem.As(err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := f.List(ctx); err != nil || len(list) != 1 || strings.Contains(fmt.Sprintf("%+v", list), "PRIVATE") {
		t.Errorf("%+v %v", list, err)
	}
}
