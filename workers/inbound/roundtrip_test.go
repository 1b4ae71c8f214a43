package inbound

import (
	netmail "net/mail"
	"regexp"
	"strings"
	"testing"

	"assent/preferences"
	"assent/preferences/gate"
	"assent/workers/message"
)

// sent builds a campaign's mail exactly as it goes out.
func sent(t testing.TB, links preferences.Links) (raw string, l preferences.MailLinks) {
	t.Helper()
	l = links.For(anna, topic, campaign, testNow)
	b, err := message.Build(message.Message{
		Class: gate.Marketing, From: message.Address{Name: "Example News", Email: "news@example.org"}, To: message.Address{Name: "Anna", Email: "anna@example.net"},
		Subject: "Spring — offers", Date: testNow, MessageID: links.MessageID("01956fd0-0000-7000-8000-00000000de17"), Language: "en",
		HTML: "<p>Hello</p>", Text: "Hello\n" + l.Unsubscribe + "\n",
		List: &message.List{Name: "Newsletter", ID: "newsletter.example.org", Unsubscribe: l.Unsubscribe, Mailto: l.MailtoAddress},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(b), l
}

func TestASentMailsOwnAddressesLeadBackToPersonAndCampaign(t *testing.T) {
	keys := testKeys(t)
	links := preferences.Links{Base: "https://news.example.org", BounceDomain: bounceDomain, Keys: keys}
	raw, l := sent(t, links)
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	list := m.Header.Get("List-Unsubscribe")
	mailto := regexp.MustCompile(`<mailto:([^>?]+)`).FindStringSubmatch(list)
	if mailto == nil {
		t.Fatalf("no mailto in %q", list)
	}
	header, _, _ := strings.Cut(raw, "\r\n\r\n")
	report := func(machine, embedded, typ string) string {
		return "From: x@example.net\r\nSubject: report\r\nMessage-ID: <1@example.net>\r\nContent-Type: multipart/report; report-type=x; boundary=bb\r\n\r\n--bb\r\n" + machine + "\r\n--bb\r\nContent-Type: " + typ + "\r\n\r\n" + embedded + "\r\n--bb--\r\n"
	}
	status := "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; anna@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
	arf := "Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\nOriginal-Rcpt-To: redacted\r\n"
	redacted := strings.ReplaceAll(strings.ReplaceAll(raw, "anna@example.net", "redacted"), "Anna", "x")
	p := testParser(t)
	for _, c := range []struct {
		name, to, mail string
		kind           Kind
		effect         Effect
		proof          Proof
	}{
		{"bounce to the return path", l.ReturnPath, report(status, raw, "message/rfc822"), Bounce, Suppress, ByReturnPath},
		{"complaint, address redacted", "fbl@" + bounceDomain, report(arf, redacted, "message/rfc822"), Complaint, Complain, ByUnsubscribe},
		{"complaint, header only", "fbl@" + bounceDomain, report(arf, header, "text/rfc822-headers"), Complaint, Complain, ByUnsubscribe},
		{"complaint with the return path", "fbl@" + bounceDomain, report(arf, "Return-Path: <"+l.ReturnPath+">\r\nSubject: x\r\n\r\n", "message/rfc822"), Complaint, Complain, ByReturnPath},
		{"mailto of the list header", mailto[1], "From: anybody@example.com\r\nMessage-ID: <2@x>\r\n\r\n", Unsubscribe, Withdraw, ByUnsubscribe},
		{"link mailed back", "fbl@" + bounceDomain, "From: anybody@example.com\r\nSubject: stop\r\nMessage-ID: <3@x>\r\n\r\n" + l.Unsubscribe + "\r\n", Unsubscribe, Withdraw, ByUnsubscribe},
	} {
		got, err := p.Parse(strings.NewReader(c.mail), Envelope{To: []string{c.to}, Known: true, At: testNow})
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %d events, %v", c.name, len(got), err)
			continue
		}
		e := got[0]
		if e.Kind != c.kind || e.Effect() != c.effect || e.Proof != c.proof || e.Claims.Subject != anna || e.Claims.Source != campaign {
			t.Errorf("%s: %s, %s, by %s, of %+v", c.name, e.Kind, e.Effect(), e.Proof, e.Claims)
		}
		if strings.HasPrefix(c.name, "bounce") && "<"+e.MessageID+">" != m.Header.Get("Message-ID") {
			t.Errorf("message id %q", e.MessageID)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	p := testParser(b)
	all := samples(b, testKeys(b))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := all[i%len(all)]
		if _, err := p.Parse(strings.NewReader(s.mail), Envelope{From: s.from, To: s.to, Known: true, At: testNow}); err != nil {
			b.Fatal(err)
		}
	}
}
