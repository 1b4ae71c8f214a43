package doctor

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-smtp"
)

func expect(t *testing.T, c Check, want Status, detail string) {
	t.Helper()
	if c.Status != want || !strings.Contains(c.Detail+c.WhatToDo, detail) {
		t.Errorf("%s: %s %q (%q), want %s with %q", c.Name, c.Status, c.Detail, c.WhatToDo, want, detail)
	}
	if (c.Status == Fail || c.Status == Warn) && c.WhatToDo == "" {
		t.Errorf("%s: nothing to do is said", c.Name)
	}
}

func TestSPF(t *testing.T) {
	r, z := resolver(t)
	ours := []netip.Addr{netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("2001:db8::7")}
	z.set("relay.example.net", "TXT", "v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 -all")
	z.set("mx.example.net", "A", "198.51.100.7")
	z.set("mx.example.net", "AAAA", "2001:db8::7")
	z.set("broken.example.net", "TXT", "SERVFAIL")
	for i := range 12 {
		z.set(fmt.Sprintf("l%d.example.net", i), "TXT", fmt.Sprintf("v=spf1 include:l%d.example.net -all", i+1))
	}
	z.set("l12.example.net", "TXT", "v=spf1 -all")
	for i, c := range []struct {
		records []string
		want    Status
		detail  string
	}{
		{nil, Fail, "no SPF record"},
		{[]string{"google-site-verification=x"}, Fail, "no SPF record"},
		{[]string{"v=spf1 include:relay.example.net -all"}, OK, "names 2"},
		{[]string{"other", "v=spf1 include:relay.example.net ~all"}, OK, ""},
		{[]string{"V=SPF1 mx -all"}, Fail, "198.51.100.7"},
		{[]string{"v=spf1 a:mx.example.net/32//128 -all"}, OK, ""},
		{[]string{"v=spf1 a:mx.example.net -all"}, OK, ""},
		{[]string{"v=spf1 redirect=relay.example.net"}, OK, ""},
		{[]string{"v=spf1 ip4:198.51.100.7 -all"}, Fail, "2001:db8::7"},
		{[]string{"v=spf1 ip4:198.51.100.7 ip6:2001:db8::7 ?all"}, Warn, "refuses nobody"},
		{[]string{"v=spf1 -ip4:198.51.100.7 +ip6:2001:db8::7 ip4:198.51.100.7 -all"}, Fail, "gets fail"},
		{[]string{"v=spf1 include:relay.example.net -all", "v=spf1 -all"}, Fail, "2 SPF records"},
		{[]string{"v=spf1 +all"}, Fail, "whole world"},
		{[]string{"v=spf1 ip4:nonsense -all"}, Fail, "no address"},
		{[]string{"v=spf1 frob:x -all"}, Fail, "no mechanism"},
		{[]string{"v=spf1 include:nowhere.example.net -all"}, Fail, "no SPF record"},
		{[]string{"v=spf1 include:l0.example.net -all"}, Fail, "more than 10"},
		{[]string{"v=spf1 include:self.example.org -all"}, Fail, "more than 10"},
		{[]string{"v=spf1 include:broken.example.net -all"}, Warn, "could not be evaluated"},
		{[]string{"v=spf1 exists:%{i}.x.example.net include:relay.example.net -all"}, OK, ""},
		{[]string{"SERVFAIL"}, Warn, "looked up"},
	} {
		domain := fmt.Sprintf("d%d.example.org", i)
		z.set(domain, "TXT", c.records...)
		z.set("self.example.org", "TXT", "v=spf1 include:self.example.org -all")
		expect(t, SPF(t.Context(), r, domain, ours), c.want, c.detail)
	}
	expect(t, SPF(t.Context(), r, "", nil), Skip, "")
	expect(t, SPF(t.Context(), r, "relay.example.net", nil), OK, "not known")
}

var key2048 = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func dkimRecord(t *testing.T, public crypto.PublicKey) string {
	t.Helper()
	if e, ok := public.(ed25519.PublicKey); ok {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(e)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

func TestDKIM(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0") // weak keys are made on purpose
	r, z := resolver(t)
	k1024, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	k512, err := rsa.GenerateKey(rand.Reader, 512)
	if err != nil {
		t.Fatal(err)
	}
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	good := dkimRecord(t, &key2048().PublicKey)
	for i, c := range []struct {
		records []string
		want    Status
		detail  string
	}{
		{[]string{good}, OK, "2048"},
		{[]string{good + "; t=y:s"}, Warn, "tested"},
		{[]string{strings.TrimPrefix(good, "v=DKIM1; ")}, OK, ""},
		{[]string{dkimRecord(t, &k1024.PublicKey)}, Warn, "1024"},
		{[]string{dkimRecord(t, &k512.PublicKey)}, Fail, "512"},
		{[]string{dkimRecord(t, ed)}, Warn, "RSA-2048 too"},
		{[]string{"v=DKIM1; p="}, Fail, "revoked"},
		{[]string{"v=DKIM1; k=rsa"}, Fail, "no key"},
		{[]string{"v=DKIM1; p=!!"}, Fail, "base64"},
		{[]string{"v=DKIM1; p=AAAA"}, Fail, "cannot be read"},
		{[]string{"v=DKIM1; k=ed25519; p=AAAA"}, Fail, "32 bytes"},
		{[]string{"v=DKIM2; p=AAAA"}, Fail, "version"},
		{[]string{good, good}, Fail, "2 records"},
		{nil, Fail, "no key"},
		{[]string{"SERVFAIL"}, Warn, "looked up"},
	} {
		sel := fmt.Sprintf("s%d", i)
		z.set(sel+"._domainkey.example.org", "TXT", c.records...)
		expect(t, DKIM(t.Context(), r, "example.org", sel), c.want, c.detail)
	}
}

func TestDMARC(t *testing.T) {
	r, z := resolver(t)
	const rua = "; rua=mailto:d@example.org"
	for _, c := range []struct {
		record, from, bounce string
		keyed                bool
		want                 Status
		detail               string
	}{
		{"v=DMARC1; p=none" + rua, "example.org", "bounce.example.org", true, OK, "p=none"},
		{"v=DMARC1; p=reject; sp=none" + rua, "news.example.org", "bounce.example.org", true, OK, "p=none"},
		{"v=DMARC1; p=reject" + rua, "news.example.org", "bounce.example.org", true, OK, "p=reject"},
		{"v=DMARC1; p=none", "example.org", "bounce.example.org", true, Warn, "rua"},
		{"v=DMARC1; p=none; aspf=s" + rua, "example.org", "bounce.example.org", true, Warn, "only DKIM aligns"},
		{"v=DMARC1; p=none; aspf=s" + rua, "example.org", "bounce.example.org", false, Fail, "nothing aligns"},
		{"v=DMARC1; p=none" + rua, "example.org", "bounce.example.org", false, Warn, "only SPF aligns"},
		{"v=DMARC1; p=none" + rua, "example.org", "relay.example.net", true, Warn, "only DKIM aligns"},
		{"v=DMARC1; p=none" + rua, "example.org", "relay.example.net", false, Fail, "nothing aligns"},
		{"v=DMARC1; p=sometimes", "example.org", "example.org", true, Fail, "cannot be read"},
		{"v=spf1 -all", "example.org", "example.org", true, Fail, "no DMARC policy"},
		{"", "example.org", "example.org", true, Fail, "no DMARC policy"},
		{"SERVFAIL", "example.org", "example.org", true, Warn, "looked up"},
	} {
		if c.record == "" {
			z.set("_dmarc.example.org", "TXT")
		} else {
			z.set("_dmarc.example.org", "TXT", c.record)
		}
		expect(t, DMARC(t.Context(), r, c.from, c.bounce, c.keyed), c.want, c.detail)
	}
}

func TestAlignment(t *testing.T) {
	for _, c := range []struct {
		a, b            string
		relaxed, strict bool
	}{
		{"example.org", "example.org", true, true}, {"Example.ORG.", "example.org", true, true}, {"a.example.org", "b.example.org", true, false},
		{"example.org", "example.net", false, false}, {"a.example.co.uk", "b.example.co.uk", true, false}, {"example.co.uk", "other.co.uk", false, false}, {"", "", false, false},
		{"a.github.io", "b.github.io", false, false},
	} {
		if Aligned(c.a, c.b, false) != c.relaxed || Aligned(c.a, c.b, true) != c.strict {
			t.Errorf("%s and %s: %v, %v", c.a, c.b, Aligned(c.a, c.b, false), Aligned(c.a, c.b, true))
		}
	}
}

func TestPTR(t *testing.T) {
	r, z := resolver(t)
	z.set("7.100.51.198.in-addr.arpa", "PTR", "mail.example.org.")
	z.set("mail.example.org", "A", "198.51.100.7")
	z.set("8.100.51.198.in-addr.arpa", "PTR", "mail.example.org.")
	z.set("10.100.51.198.in-addr.arpa", "PTR", "gone.example.org.")
	z.set("11.100.51.198.in-addr.arpa", "PTR", "SERVFAIL")
	for ip, want := range map[string]Status{"198.51.100.7": OK, "198.51.100.8": Fail, "198.51.100.9": Fail, "198.51.100.10": Fail, "198.51.100.11": Warn, "10.0.0.1": Skip, "127.0.0.1": Skip} {
		expect(t, PTR(t.Context(), r, netip.MustParseAddr(ip)), want, "")
	}
}

func TestWayBack(t *testing.T) {
	r, z := resolver(t)
	z.set("mx.example.org", "A", "198.51.100.7")
	z.set("b.example.org", "MX", "mx.example.org.")
	z.set("null.example.org", "MX", ".")
	z.set("dead.example.org", "MX", "gone.example.org.")
	z.set("bare.example.org", "A", "198.51.100.7")
	expect(t, WayBack(t.Context(), r, "b.example.org", true), OK, "mx.example.org")
	expect(t, WayBack(t.Context(), r, "b.example.org", false), Warn, "ASSENT_INBOUND_ADDR")
	expect(t, WayBack(t.Context(), r, "null.example.org", true), Fail, "takes no mail")
	expect(t, WayBack(t.Context(), r, "dead.example.org", true), Fail, "no address")
	expect(t, WayBack(t.Context(), r, "bare.example.org", true), Warn, "no MX")
	expect(t, WayBack(t.Context(), r, "nowhere.example.org", true), Fail, "MX")
	expect(t, WayBack(t.Context(), r, "", true), Skip, "")
}

func TestBaseURL(t *testing.T) {
	for u, want := range map[string]Status{"https://news.example.org": OK, "http://news.example.org": Fail, "http://127.0.0.1:8080": Warn, "https://localhost": Warn, "https://192.168.1.5": Warn, "": Fail, "::": Fail} {
		expect(t, BaseURL(u), want, "")
	}
}

func certificate(t *testing.T, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: until, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func serveSMTP(t *testing.T, conf *tls.Config, implicit bool) Relay {
	t.Helper()
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return nil, errors.New("no mail here") }))
	srv.Backend = smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return session{}, nil })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if implicit {
		l = tls.NewListener(l, conf)
	} else {
		srv.TLSConfig = conf
	}
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return Relay{Stream: "marketing", Host: "127.0.0.1", Port: port, Implicit: implicit, TLS: true}
}

type session struct{ smtp.Session }

func (session) Reset()        {}
func (session) Logout() error { return nil }

func TestRelayTLS(t *testing.T) {
	cert, pool := certificate(t, time.Now().Add(90*24*time.Hour))
	short, shortPool := certificate(t, time.Now().Add(3*24*time.Hour))
	trusted := &tls.Config{RootCAs: pool}
	for _, implicit := range []bool{false, true} {
		r := serveSMTP(t, &tls.Config{Certificates: []tls.Certificate{cert}}, implicit)
		expect(t, RelayTLS(t.Context(), r, trusted, time.Now), OK, "TLS 1.3")
		expect(t, RelayTLS(t.Context(), r, nil, time.Now), Fail, "not trusted")
		old := serveSMTP(t, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, implicit)
		expect(t, RelayTLS(t.Context(), old, trusted, time.Now), Warn, "TLS 1.1")
		ending := serveSMTP(t, &tls.Config{Certificates: []tls.Certificate{short}}, implicit)
		expect(t, RelayTLS(t.Context(), ending, &tls.Config{RootCAs: shortPool}, time.Now), Warn, "renewed")
	}
	plain := serveSMTP(t, nil, false)
	expect(t, RelayTLS(t.Context(), plain, trusted, time.Now), Fail, "no TLS")
	plain.TLS = false
	expect(t, RelayTLS(t.Context(), plain, trusted, time.Now), OK, "on this machine")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := Relay{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: true}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	expect(t, RelayTLS(ctx, silent, trusted, time.Now), Fail, "cannot be reached")
	_ = l.Close()
	expect(t, RelayTLS(t.Context(), silent, trusted, time.Now), Fail, "cannot be reached")
}

func TestClock(t *testing.T) {
	now := time.Now()
	at := func(d time.Duration) []Clock {
		return []Clock{{"database", func(context.Context) (time.Time, error) { return now.Add(d), nil }}}
	}
	clock := func() time.Time { return now }
	steered, known := kernelSynced()
	good := OK
	if known && !steered {
		good = Warn
	}
	for d, want := range map[time.Duration]Status{0: good, time.Second: good, 3 * time.Second: Warn, -3 * time.Second: Warn, time.Minute: Fail, -time.Minute: Fail} {
		expect(t, CheckClock(t.Context(), at(d), clock), want, "database is")
	}
	gone := []Clock{{"Redis", func(context.Context) (time.Time, error) { return time.Time{}, errors.New("gone") }}}
	if c := CheckClock(t.Context(), gone, clock); c.Status == Fail || !strings.Contains(c.Detail, "did not answer") {
		t.Errorf("%+v", c)
	}
}

func TestDisk(t *testing.T) {
	dir := t.TempDir()
	if c := Disk(dir); c.Status == Skip || !strings.Contains(c.Detail, dir) {
		t.Errorf("%+v", c)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	expect(t, Disk(filepath.Join(dir, "nowhere")), Fail, "nowhere")
	expect(t, Disk(""), Skip, "")
	expect(t, room("disk", "d", 50<<20, 100<<30), Fail, "50 MiB")
	expect(t, room("disk", "d", 500<<20, 100<<30), Warn, "500 MiB")
	expect(t, room("disk", "d", 40<<30, 1000<<30), Warn, "4 %")
	expect(t, room("disk", "d", 60<<30, 1000<<30), OK, "60.0 GiB")
}

func TestAMailThatWentOut(t *testing.T) {
	r, z := resolver(t)
	z.set("s1._domainkey.example.org", "TXT", dkimRecord(t, &key2048().PublicKey))
	fields := "From: News <news@example.org>\r\nTo: anna@example.net\r\nSubject: x\r\nDate: Tue, 3 Mar 2026 09:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n"
	list := "List-Unsubscribe: <https://example.org/u/x>, <mailto:u@bounce.example.org>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
	sign := func(mail, domain string, keys ...string) []byte {
		var b strings.Builder
		if err := dkim.Sign(&b, strings.NewReader(mail), &dkim.SignOptions{Domain: domain, Selector: "s1", Signer: key2048(), HeaderKeys: keys}); err != nil {
			t.Fatal(err)
		}
		return []byte(b.String())
	}
	check := func(raw []byte, signed, click Status, detail string) {
		t.Helper()
		got := Mail(t.Context(), r, TestMail{Raw: raw, Bulk: true, Received: true, MessageID: "1@example.org"})
		expect(t, named(t, got, "test mail: DKIM"), signed, detail)
		expect(t, named(t, got, "test mail: one-click unsubscribe"), click, "")
		expect(t, named(t, got, "test mail: From"), OK, "news@example.org")
		expect(t, named(t, got, "test mail: Message-ID"), OK, "")
	}
	whole := sign(list+fields+"\r\nhello\r\n", "example.org")
	check(whole, OK, OK, "signed by example.org")
	check([]byte(strings.Replace(string(whole), "hello", "hullo", 1)), Fail, OK, "no signature holds")
	check([]byte(list+fields+"\r\nhello\r\n"), Fail, OK, "not signed")
	check(sign(list+fields+"\r\nhello\r\n", "example.org", "From", "To", "Subject", "Date", "Message-ID"), Fail, OK, "List-Unsubscribe-Post")
	z.set("s1._domainkey.relay.example.net", "TXT", dkimRecord(t, &key2048().PublicKey))
	check(sign(list+fields+"\r\nhello\r\n", "relay.example.net"), Fail, OK, "of relay.example.net")
	check(sign(fields+"\r\nhello\r\n", "example.org"), Fail, Fail, "List-Unsubscribe")
	check(sign(strings.Replace(list, "https", "http", 1)+fields+"\r\nhello\r\n", "example.org"), OK, Fail, "")
	check(sign(list+list+fields+"\r\nhello\r\n", "example.org"), OK, Fail, "")
	for _, c := range []struct {
		mail   TestMail
		name   string
		want   Status
		detail string
	}{
		{TestMail{Raw: sign(fields+"\r\nhello\r\n", "example.org"), Received: true}, "DKIM", OK, ""},
		{TestMail{Raw: sign(fields+"\r\nhello\r\n", "example.org"), Received: true}, "list headers", OK, "none"},
		{TestMail{Raw: whole, Received: true}, "list headers", Fail, "must arrive"}, // compliance 24
		{TestMail{Raw: []byte("Precedence: bulk\r\n" + fields + "\r\nx\r\n")}, "list headers", Fail, ""},
		{TestMail{Raw: []byte(fields + "\r\nx\r\n")}, "DKIM", Skip, "d=example.org"},
		{TestMail{Raw: []byte(fields + "\r\nx\r\n"), Signed: true}, "DKIM", Fail, "not signed"},
		{TestMail{Raw: []byte(fields + "\r\nx\r\n"), MessageID: "2@example.org"}, "Message-ID", Warn, "another one"},
		{TestMail{Raw: []byte(strings.Replace(fields, "Message-ID", "X-Id", 1) + "\r\nx\r\n")}, "Message-ID", Fail, "0 Message-ID"},
		{TestMail{Raw: []byte(strings.Replace(fields, "news@example.org", "news@localhost", 1) + "\r\nx\r\n")}, "From", Warn, "no domain"},
		{TestMail{Raw: []byte(strings.Replace(list, "https", "http", 1) + fields + "\r\nx\r\n"), Bulk: true, Local: true}, "one-click unsubscribe", Warn, "HTTPS"},
		{TestMail{Raw: []byte(strings.Replace(list, "<mailto:u@bounce.example.org>", "", 1) + fields + "\r\nx\r\n"), Bulk: true}, "one-click unsubscribe", Fail, "mailto"},
		{TestMail{Raw: []byte("no mail")}, "content", Fail, ""},
		{TestMail{Raw: []byte("From: a@b.example\r\n" + fields + "\r\nx\r\n")}, "From", Fail, "2 From"},
	} {
		c.mail.Stream = "marketing"
		expect(t, named(t, Mail(t.Context(), r, c.mail), "test mail marketing: "+c.name), c.want, c.detail)
	}
}

func TestRunDoesAllChecksAndSaysWhatIsLeftOut(t *testing.T) {
	r, z := resolver(t)
	z.set("bounce.example.org", "TXT", "v=spf1 ip4:198.51.100.7 -all")
	z.set("bounce.example.org", "MX", "mx.example.org.")
	z.set("mx.example.org", "A", "198.51.100.7")
	z.set("7.100.51.198.in-addr.arpa", "PTR", "mx.example.org.")
	z.set("_dmarc.example.org", "TXT", "v=DMARC1; p=none; rua=mailto:d@example.org")
	z.set("s1._domainkey.example.org", "TXT", dkimRecord(t, &key2048().PublicKey))
	c := Config{
		BaseURL: "https://news.example.org", BounceDomain: "bounce.example.org", Resolver: r, Inbound: true, DataDir: t.TempDir(),
		Senders:   []Sender{{"marketing", "example.org", []PublicKey{{"example.org", "s1"}}}, {"transactional", "Example.org", []PublicKey{{"example.org", "s1"}}}},
		Addresses: []netip.Addr{netip.MustParseAddr("198.51.100.7")},
	}
	got := Run(t.Context(), c)
	names := map[string]Status{}
	for _, g := range got {
		names[g.Name] = g.Status
	}
	for _, n := range []string{"public address", "SPF bounce.example.org", "bounces to bounce.example.org", "DKIM s1._domainkey.example.org", "DMARC example.org", "PTR 198.51.100.7"} {
		if names[n] != OK {
			t.Errorf("%s: %s", n, names[n])
		}
	}
	if len(names) != len(got) || names["relay"] != Warn || names["clock"] == "" || names["disk"] == "" {
		t.Errorf("%+v", got)
	}
	if Worst([]Check{{Status: OK}, {Status: Skip}}) != OK || Worst([]Check{{Status: Warn}, {Status: OK}}) != Warn || Worst([]Check{{Status: Fail}, {Status: Warn}}) != Fail {
		t.Error("Worst is wrong")
	}
	for _, g := range Run(t.Context(), Config{Resolver: r}) {
		if g.Status == OK && g.Name != "clock" {
			t.Errorf("%s is ok with nothing configured: %s", g.Name, g.Detail)
		}
	}
}
