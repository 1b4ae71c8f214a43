package inbound

import (
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"assent/preferences/tokens"
)

func load(t testing.TB, name string) sample {
	t.Helper()
	for _, s := range samples(t, testKeys(t)) {
		if s.name == name {
			return s
		}
	}
	t.Fatalf("no sample %s", name)
	return sample{}
}

func (s sample) parse(t testing.TB) Event {
	t.Helper()
	got, err := testParser(t).Parse(strings.NewReader(s.mail), Envelope{From: s.from, To: s.to, Known: true, At: testNow})
	if err != nil || len(got) != 1 {
		t.Fatalf("%s: %d events, %v", s.name, len(got), err)
	}
	return got[0]
}

// forgeries of a signed text: each changes what a forger would change.
func forgeries(signed string) []string {
	flip := func(i int) string {
		b := []byte(signed)
		if b[i] == 'b' {
			b[i] = 'c'
		} else {
			b[i] = 'b'
		}
		return string(b)
	}
	return []string{flip(1), flip(20), flip(40), flip(len(signed) - 3), signed[:len(signed)-1], "", strings.Repeat("a", 64)}
}

func TestForgedReportsProveNothing(t *testing.T) {
	keys := testKeys(t)
	ret := keys.SignLocal(tokens.Return, anna, campaign)
	stop := keys.SignLocal(tokens.Unsubscribe, anna, campaign)
	link := keys.Sign(tokens.Unsubscribe, tokens.Claims{Subject: anna, Topic: topic, Source: campaign, Issued: testNow})
	for _, name := range []string{"postfix-unknown", "qmail-no-mailbox", "gmail-unknown", "arf-yahoo", "arf-aol-redacted", "jmrp", "unsubscribe-in-subject", "unsubscribe-in-body", "unsubscribe-reply", "unsubscribe-by-address"} {
		s := load(t, name)
		if e := s.parse(t); e.Proof == "" {
			t.Fatalf("%s: no proof in the genuine one", name)
		}
		fr, fs, fl := forgeries(ret), forgeries(stop), forgeries(link)
		for i := range fr {
			f := s
			r := strings.NewReplacer(ret, fr[i], stop, fs[i], link, fl[i])
			f.mail = r.Replace(s.mail)
			f.to = []string{r.Replace(s.to[0])}
			e := f.parse(t)
			if e.Proof != "" || e.Claims != (tokens.Claims{}) || e.Effect() != None {
				t.Errorf("%s, forgery %d: proof %q, effect %s", name, i, e.Proof, e.Effect())
			}
		}
	}
}

func TestAnotherInstallationsKeysProveNothing(t *testing.T) {
	other, err := tokens.Parse("k1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("z", 32))))
	if err != nil {
		t.Fatal(err)
	}
	p := &Parser{Domain: Domain{Keys: other, Name: bounceDomain}}
	for _, s := range samples(t, testKeys(t)) {
		got, err := p.Parse(strings.NewReader(s.mail), Envelope{From: s.from, To: s.to, Known: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range got {
			if e.Proof != "" || e.Effect() != None {
				t.Errorf("%s: %s has effect %s", s.name, e.Kind, e.Effect())
			}
		}
	}
}

// The link in a mail, which people forward, must not be able to silence a
// person: only the return path proves a bounce.
func TestAnUnsubscribeTokenDoesNotProveABounce(t *testing.T) {
	s := load(t, "postfix-unknown")
	ret := testKeys(t).SignLocal(tokens.Return, anna, campaign)
	s.mail = strings.ReplaceAll(s.mail, ret, "someone")
	s.to = []string{testKeys(t).SignLocal(tokens.Unsubscribe, anna, campaign) + "@" + bounceDomain}
	if e := s.parse(t); e.Kind != Bounce || e.Proof != "" || e.Effect() != None {
		t.Errorf("%s, proof %q, effect %s", e.Kind, e.Proof, e.Effect())
	}
}

func TestTheReturnPathWinsOverWhatTheReportSays(t *testing.T) {
	s := load(t, "postfix-unknown")
	s.mail = strings.ReplaceAll(s.mail, "anna@example.net", "victim@example.com")
	e := s.parse(t)
	if e.Claims.Subject != anna || e.Claims.Source != campaign || e.Proof != ByReturnPath {
		t.Errorf("%+v", e)
	}
	if e.Recipient != "victim@example.com" {
		t.Errorf("what the report says is kept to read: %q", e.Recipient)
	}
}

func TestDelayedNeverSuppresses(t *testing.T) {
	for _, s := range samples(t, testKeys(t)) {
		e := s.parse(t)
		if strings.HasPrefix(s.kind, "delayed") && e.Effect() != None {
			t.Errorf("%s: %s", s.name, e.Effect())
		}
		if s.kind == "bounce" && (s.class == "policy" || s.class == "spam") && e.Effect() != Brake {
			t.Errorf("%s: %s, want brake", s.name, e.Effect())
		}
		if s.kind == "bounce" && s.class == "hard" && e.Effect() != Suppress {
			t.Errorf("%s: %s, want suppress", s.name, e.Effect())
		}
	}
}

func TestAMailWithoutItsEnvelopeIsReadFromItsHeader(t *testing.T) {
	p := testParser(t)
	for _, s := range samples(t, testKeys(t)) {
		got, err := p.Parse(strings.NewReader(s.mail), Envelope{At: testNow})
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %v", s.name, err)
		}
		if e := got[0]; string(e.Kind) != s.kind || e.Kind != Unknown && e.Claims.Subject != anna {
			t.Errorf("%s: %s about %q, want %s", s.name, e.Kind, e.Claims.Subject, s.kind)
		}
	}
	moved := load(t, "unsubscribe-by-address")
	moved.mail = "Delivered-To: " + moved.to[0] + "\r\n" + strings.Replace(moved.mail, "To: "+moved.to[0], "To: list@example.org", 1)
	if got, _ := p.Parse(strings.NewReader(moved.mail), Envelope{}); len(got) != 1 || got[0].Effect() != Withdraw {
		t.Errorf("Delivered-To was not read: %+v", got)
	}
}

func TestTheSameMailHasTheSameEventID(t *testing.T) {
	all := map[string]string{}
	for _, s := range samples(t, testKeys(t)) {
		a, b := s.parse(t), s
		b.mail = "Received: from elsewhere\r\n" + s.mail
		if got := b.parse(t); got.ProviderEventID != a.ProviderEventID {
			t.Errorf("%s: %s and %s", s.name, a.ProviderEventID, got.ProviderEventID)
		}
		if other := all[a.ProviderEventID]; other != "" {
			t.Errorf("%s and %s share an id", s.name, other)
		}
		all[a.ProviderEventID] = s.name
	}
}

// What a queue hands in once more is the same event; what a server reports on another day is not, though it says it in the same words.
func TestAReportOfAnotherDayIsAnotherEvent(t *testing.T) {
	local := testKeys(t).SignLocal(tokens.Return, anna, campaign) + "@" + bounceDomain
	const id, monday, tuesday = "Message-ID: <1@mx.example.net>\r\n", "Date: Mon, 2 Mar 2026 10:00:00 +0000\r\n", "Date: Tue, 3 Mar 2026 10:00:00 +0000\r\n"
	for name, c := range map[string]struct {
		first, second string
		later         time.Duration
		same          bool
	}{
		"a queue that tries again":                  {id + monday, id + monday, time.Hour, true},
		"a queue that tries again the next day":     {id + monday, id + monday, 24 * time.Hour, true},
		"without Message-ID":                        {monday, monday, 24 * time.Hour, true},
		"without both, on the same day":             {"", "", time.Hour, true},
		"another Message-ID":                        {id + monday, strings.Replace(id, "1@", "2@", 1) + monday, 0, false},
		"a Message-ID that is always the same":      {id + monday, id + tuesday, 24 * time.Hour, false},
		"without Message-ID, on another day":        {monday, tuesday, 24 * time.Hour, false},
		"without both, in the same words, next day": {"", "", 24 * time.Hour, false},
	} {
		ids := map[string]bool{}
		for head, at := range map[string]time.Time{"A: 1\r\n" + c.first: testNow, "A: 2\r\n" + c.second: testNow.Add(c.later)} {
			mail := head + "From: MAILER-DAEMON@mx.example.net\r\nSubject: failure notice\r\n\r\nHi. This is the qmail-send program at mx.example.net.\r\n\r\n<anna@example.net>:\r\nUser is over the quota. (#4.2.2)\r\n"
			got, err := testParser(t).Parse(strings.NewReader(mail), Envelope{To: []string{local}, Known: true, At: at})
			if err != nil || len(got) != 1 || got[0].Effect() != Count {
				t.Fatalf("%s: %+v %v", name, got, err)
			}
			ids[got[0].ProviderEventID] = true
		}
		if (len(ids) == 1) != c.same {
			t.Errorf("%s: %d events", name, len(ids))
		}
	}
}

func TestAMailToSeveralPeopleIsAnEventForEach(t *testing.T) {
	keys := testKeys(t)
	second := "01956fd0-0000-7000-8000-00000000b0b0"
	s := load(t, "unsubscribe-by-address")
	to := []string{s.to[0], strings.ToUpper(keys.SignLocal(tokens.Unsubscribe, second, campaign)) + "@BOUNCE.example.org", "else@example.com"}
	got, err := testParser(t).Parse(strings.NewReader(s.mail), Envelope{To: to, Known: true})
	if err != nil || len(got) != 2 || got[0].Claims.Subject != anna || got[1].Claims.Subject != second || got[0].ProviderEventID == got[1].ProviderEventID {
		t.Fatalf("%v %+v", err, got)
	}
}

func TestABounceToSeveralReturnPathsIsAnEventForEach(t *testing.T) {
	second := "01956fd0-0000-7000-8000-00000000b0b0"
	s := load(t, "qmail-no-mailbox")
	s.to = append(s.to, testKeys(t).SignLocal(tokens.Return, second, campaign)+"@"+bounceDomain)
	got, err := testParser(t).Parse(strings.NewReader(s.mail), Envelope{To: s.to, Known: true})
	if err != nil || len(got) != 2 || got[0].Claims.Subject != anna || got[1].Claims.Subject != second || got[1].Effect() != Suppress || got[0].ProviderEventID == got[1].ProviderEventID {
		t.Fatalf("%v %+v", err, got)
	}
}

func TestAnAddressThatForwardsToSeveralFailsHardOnlyIfAllDo(t *testing.T) {
	head := "From: MAILER-DAEMON@example.net\r\nSubject: Undelivered\r\nMessage-ID: <x@example.net>\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; example.net\r\n\r\n"
	group := func(action, status string) string {
		return "Final-Recipient: rfc822; x@example.net\r\nAction: " + action + "\r\nStatus: " + status + "\r\n\r\n"
	}
	to := []string{testKeys(t).SignLocal(tokens.Return, anna, campaign) + "@" + bounceDomain}
	for _, c := range []struct {
		groups []string
		kind   Kind
		class  Class
	}{
		{[]string{group("failed", "5.1.1"), group("failed", "5.1.1")}, Bounce, Hard},
		{[]string{group("failed", "5.1.1"), group("failed", "4.4.7")}, Bounce, Soft},
		{[]string{group("failed", "5.1.1"), group("failed", "5.7.1")}, Bounce, Policy},
		{[]string{group("failed", "5.1.1"), group("relayed", "2.0.0")}, Bounce, Soft},
		{[]string{group("delayed", "4.4.1"), group("delivered", "2.0.0")}, Delayed, Soft},
		{[]string{group("delivered", "2.0.0")}, Unknown, ""},
	} {
		got, err := testParser(t).Parse(strings.NewReader(head+strings.Join(c.groups, "")), Envelope{To: to, Known: true})
		if err != nil || len(got) != 1 || got[0].Kind != c.kind || got[0].Class != c.class {
			t.Errorf("%q: %v %+v", c.groups, err, got)
		}
	}
}

func TestWhatCannotBeReadIsTold(t *testing.T) {
	p := testParser(t)
	if _, err := p.Parse(strings.NewReader("\r\n"), Envelope{}); !errors.Is(err, ErrBroken) {
		t.Errorf("empty: %v", err)
	}
	if _, err := p.Parse(iotest.ErrReader(io.ErrUnexpectedEOF), Envelope{}); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, ErrBroken) {
		t.Errorf("broken connection: %v", err)
	}
	p.Domain.Keys = nil // stands for any mistake below
	s := load(t, "postfix-unknown")
	if _, err := p.Parse(strings.NewReader(s.mail), Envelope{To: s.to, Known: true}); !errors.Is(err, ErrBroken) {
		t.Errorf("a panic below: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	keys := testKeys(f)
	for _, s := range samples(f, keys) {
		f.Add([]byte(s.mail))
	}
	p := testParser(f)
	env := Envelope{To: []string{keys.SignLocal(tokens.Return, anna, campaign) + "@" + bounceDomain}, Known: true, At: testNow}
	f.Fuzz(func(t *testing.T, in []byte) {
		start := time.Now()
		for _, known := range []bool{true, false} {
			env.Known = known
			events, err := p.parse(strings.NewReader(string(in)), env) // not Parse: a panic must show
			if err != nil {
				continue
			}
			if len(events) == 0 || len(events) > maxTo {
				t.Fatalf("%d events", len(events))
			}
			for _, e := range events {
				if len(e.Text) > 500 || len(e.Recipient) > 320 || len(e.MessageID) > 250 || len(e.Agent) > 320 || strings.ContainsAny(e.Text+e.Recipient+e.MessageID+e.Agent, "\r\n\x00") {
					t.Fatalf("unbounded or unclean: %+v", e)
				}
				if e.Claims.Subject != "" && e.Claims.Subject != anna {
					t.Fatalf("somebody else: %+v", e.Claims)
				}
			}
		}
		if d := time.Since(start); d > 2*time.Second {
			t.Fatalf("took %s for %d bytes", d, len(in))
		}
	})
}

// Compliance 14, 15: reports without Message-ID and date about one mail are told apart by what they say; one that comes again is
// the same.
func TestReportsThatSayDifferentThingsAreDifferentEvents(t *testing.T) {
	to := testKeys(t).SignLocal(tokens.Return, anna, campaign) + "@" + testParser(t).Domain.Name
	report := func(status string) string {
		mail := "From: MAILER-DAEMON@mx.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; x@y.example\r\nAction: failed\r\nStatus: " + status + "\r\n--b--\r\n"
		got, err := testParser(t).Parse(strings.NewReader(mail), Envelope{To: []string{to}, Known: true, At: testNow})
		if err != nil || len(got) != 1 || got[0].Kind != Bounce || got[0].Code != status {
			t.Fatalf("%+v, %v", got, err)
		}
		return got[0].ProviderEventID
	}
	if soft, policy, hard := report("5.2.2"), report("5.7.1"), report("5.1.1"); soft == hard || policy == hard || hard != report("5.1.1") {
		t.Errorf("5.2.2 %s, 5.7.1 %s, 5.1.1 %s, again %s", soft, policy, hard, report("5.1.1"))
	}
}
