package inbound

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"assent/preferences/tokens"
)

// The collection in testdata/samples is written in the shapes of what servers
// of the world send. The first line of each holds the expected answer:
//
//	X-Expect: kind class status recipient agent     ("-" where nothing is expected)
//
// and {{return}}, {{stop}}, {{link}} and {{id}} stand for what our mail carried.

const (
	bounceDomain = "bounce.example.org"
	anna         = "01956fd0-0000-7000-8000-00000000a11a"
	topic        = "01956fd0-0000-7000-8000-0000000070f1"
	campaign     = "01956fd0-0000-7000-8000-0000000000ca"
	messageID    = "01956fd0-0000-7000-8000-00000000de17@example.org"
)

var testNow = time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)

func testKeys(t testing.TB) *tokens.Keyring {
	t.Helper()
	k, err := tokens.Parse("k1:" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testParser(t testing.TB) *Parser {
	return &Parser{Domain: Domain{Keys: testKeys(t), Name: bounceDomain}}
}

// filler puts what our mail carried into a sample.
func filler(t testing.TB, keys *tokens.Keyring) *strings.Replacer {
	t.Helper()
	data, err := os.ReadFile("testdata/original.txt")
	if err != nil {
		t.Fatal(err)
	}
	values := []string{
		"{{return}}", keys.SignLocal(tokens.Return, anna, campaign),
		"{{stop}}", keys.SignLocal(tokens.Unsubscribe, anna, campaign),
		"{{link}}", keys.Sign(tokens.Unsubscribe, tokens.Claims{Subject: anna, Topic: topic, Source: campaign, Issued: testNow}),
		"{{id}}", strings.TrimSuffix(messageID, "@example.org"),
	}
	original := strings.NewReplacer(values...).Replace(strings.TrimRight(string(data), "\n"))
	header, _, _ := strings.Cut(original, "\n\n")
	return strings.NewReplacer(append(values, "{{original}}", original, "{{original-header}}", header)...)
}

type sample struct {
	name                                  string
	kind, class, status, recipient, agent string
	mail                                  string
	from                                  string
	to                                    []string
}

func samples(t testing.TB, keys *tokens.Keyring) []sample {
	t.Helper()
	names, err := filepath.Glob("testdata/samples/*.eml")
	if err != nil || len(names) < 60 {
		t.Fatalf("%d samples: %v", len(names), err)
	}
	fill := filler(t, keys)
	var out []sample
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		expect, mail, _ := strings.Cut(string(data), "\n")
		f := strings.Fields(strings.TrimPrefix(expect, "X-Expect:"))
		if len(f) != 5 {
			t.Fatalf("%s: %q", name, expect)
		}
		for i := range f {
			f[i] = strings.TrimPrefix(f[i], "-")
		}
		s := sample{name: strings.TrimSuffix(filepath.Base(name), ".eml"), kind: f[0], class: f[1], status: f[2], recipient: f[3], agent: f[4]}
		s.mail = strings.ReplaceAll(fill.Replace(mail), "\n", "\r\n")
		header, _, _ := strings.Cut(s.mail, "\r\n\r\n")
		null := strings.Contains(header, "Return-Path: <")
		for line := range strings.SplitSeq(header, "\r\n") {
			if v, ok := strings.CutPrefix(line, "To: "); ok {
				s.to = []string{v}
			}
			if v, ok := strings.CutPrefix(line, "From: "); ok && !null {
				s.from = v
			}
		}
		out = append(out, s)
	}
	return out
}

// collection is how many samples of each class there are at least: a figure over fewer would say less than it seems to.
var collection = map[string]int{
	"auto_reply challenge": 4, "auto_reply receipt": 2, "auto_reply vacation": 12, "bounce full": 26, "bounce hard": 73, "bounce policy": 21, "bounce soft": 16, "bounce spam": 18,
	"complaint": 8, "delayed full": 1, "delayed soft": 7, "delayed spam": 1, "unknown": 8, "unknown not_spam": 1, "unsubscribe": 10,
}

func TestSamplesAreReadAsExpected(t *testing.T) {
	keys := testKeys(t)
	p := testParser(t)
	type score struct{ right, all int }
	scores := map[string]*score{}
	statuses, recipients, agents := &score{}, &score{}, &score{}
	count := func(s *score, ok bool) {
		s.all++
		if ok {
			s.right++
		}
	}
	for _, s := range samples(t, keys) {
		label := s.kind
		if s.class != "" {
			label += " " + s.class
		}
		if scores[label] == nil {
			scores[label] = &score{}
		}
		got, err := p.Parse(strings.NewReader(s.mail), Envelope{From: s.from, To: s.to, Known: true, At: testNow, Provider: "smtp"})
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %d events, %v", s.name, len(got), err)
			count(scores[label], false)
			continue
		}
		e := got[0]
		ok := string(e.Kind) == s.kind && string(e.Class) == s.class
		count(scores[label], ok)
		if !ok {
			t.Errorf("%s: %s %s, want %s %s (code %s, %q)", s.name, e.Kind, e.Class, s.kind, s.class, e.Code, e.Text)
		}
		if s.status != "" {
			count(statuses, e.Code == s.status)
			if e.Code != s.status {
				t.Errorf("%s: status %q, want %q", s.name, e.Code, s.status)
			}
		}
		if s.recipient != "" {
			count(recipients, e.Recipient == s.recipient)
			if e.Recipient != s.recipient {
				t.Errorf("%s: recipient %q, want %q", s.name, e.Recipient, s.recipient)
			}
		}
		if s.agent != "" {
			count(agents, e.Agent == s.agent)
			if e.Agent != s.agent {
				t.Errorf("%s: agent %q, want %q", s.name, e.Agent, s.agent)
			}
		}
		if e.Kind != Unknown && e.Claims.Subject != anna {
			t.Errorf("%s: does not lead back to the person (proof %q)", s.name, e.Proof)
		}
		if e.ProviderEventID == "" || !e.At.Equal(testNow) || len(e.Text) > 500 || strings.ContainsAny(e.Text, "\r\n") {
			t.Errorf("%s: %+v", s.name, e)
		}
	}
	var labels []string
	for l := range scores {
		labels = append(labels, l)
		if collection[l] == 0 {
			t.Errorf("%q: no such class is expected; is the first line of a sample misspelt?", l)
		}
	}
	for l, least := range collection {
		if scores[l] == nil || scores[l].all < least {
			t.Errorf("%q: the collection has shrunk below %d samples", l, least)
		}
	}
	for what, least := range map[*score]int{statuses: 92, recipients: 167, agents: 134} {
		if what.all < least {
			t.Errorf("%d answers are held where there were %d", what.all, least)
		}
	}
	slices.Sort(labels)
	for _, l := range labels {
		t.Logf("%-22s %3d of %3d", l, scores[l].right, scores[l].all)
	}
	t.Logf("%-22s %3d of %3d", "status code", statuses.right, statuses.all)
	t.Logf("%-22s %3d of %3d", "recipient", recipients.right, recipients.all)
	t.Logf("%-22s %3d of %3d", "mail software", agents.right, agents.all)
}
