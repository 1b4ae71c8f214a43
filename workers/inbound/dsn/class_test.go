package dsn

import (
	"strings"
	"testing"

	"assent/workers/inbound/parts"
)

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		reply        int
		status, text string
		class        Class
		code         string
	}{
		{550, "5.1.1", "User unknown", Hard, "5.1.1"},
		{550, "", "5.1.1 <x@example.net>: Recipient address rejected", Hard, "5.1.1"},
		{0, "", "550 5.1.1 no", Hard, "5.1.1"},
		{550, "5.0.0", "550 #5.1.1 no", Hard, "5.1.1"},
		{550, "05.1.1", "nothing", Soft, ""},
		{550, "5.01.1", "nothing", Soft, ""},
		{550, "5.1.001", "no", Hard, "5.1.1"},
		{550, "5.2.2", "no", Full, "5.2.2"},
		{452, "4.2.2", "no", Full, "4.2.2"},
		{552, "", "no", Full, ""},
		{552, "", "552 message size exceeds fixed maximum message size", Policy, ""},
		{421, "", "Service not available", Soft, ""},
		{450, "", "user unknown", Soft, ""},
		{451, "4.7.1", "Greylisted, please try again", Soft, "4.7.1"},
		{421, "4.7.0", "[TSS04] Messages from 192.0.2.10 deferred due to user complaints", Spam, "4.7.0"},
		{421, "4.7.28", "Our system has detected an unusual rate of mail", Policy, "4.7.28"},
		{550, "5.7.1", "user unknown", Policy, "5.7.1"},
		{550, "5.7.515", "Access denied", Policy, "5.7.515"},
		{554, "5.7.1", "blocked using bl.spamcop.net", Spam, "5.7.1"},
		{550, "5.1.1", "mailbox is full", Full, "5.1.1"},
		{550, "5.1.1", "Sender address rejected", Policy, "5.1.1"},
		{550, "5.2.1", "receiving mail at a rate that", Soft, "5.2.1"},
		{550, "5.2.1", "account disabled", Hard, "5.2.1"},
		{550, "5.4.4", "Unable to route: no such domain", Hard, "5.4.4"},
		{550, "5.4.4", "Unable to route", Soft, "5.4.4"},
		{550, "5.6.7", "SMTPUTF8 required", Policy, "5.6.7"},
		{554, "", "554 Transaction failed", Soft, ""},
		{0, "", "", Soft, ""},
		// codes that are none: parts of addresses, versions, sizes
		{0, "", "connected to 5.1.1.2 and 195.1.1.1", Soft, ""},
		{0, "", "host 10.5.1.1 said no", Soft, ""},
		{0, "", "Exim 4.92.3 says hello", Soft, ""},
		{0, "", "550 recipients of 4.21.7", Soft, ""},
		// what people call themselves
		{550, "", "550 spam@example.net: no such user", Hard, ""},
		{550, "5.1.1", "<quota.exceeded@example.net> is not known here", Hard, "5.1.1"},
		// replies on several lines
		{0, "", "550-5.1.0 The account that you tried to\n550-5.1.0 reach does not\n550 5.1.0 exist", Hard, "5.1.0"},
	} {
		class, code := Classify(c.reply, c.status, c.text)
		if class != c.class || code != c.code {
			t.Errorf("%d %q %q: %s %q, want %s %q", c.reply, c.status, c.text, class, code, c.class, c.code)
		}
	}
}

// No temporary code and no code of policy is ever hard, whatever words follow:
// a hard bounce keeps even notices from a person.
func TestTemporaryAndPolicyCodesAreNeverHard(t *testing.T) {
	texts := append(append(append([]string{}, hardPhrases...), fullPhrases...), softPhrases...)
	for _, text := range texts {
		for _, c := range []struct {
			reply  int
			status string
		}{{450, ""}, {421, "4.1.1"}, {550, "4.4.7"}, {550, "5.7.1"}, {554, "5.7.26"}, {550, "5.7.515"}} {
			if class, _ := Classify(c.reply, c.status, text); class == Hard {
				t.Errorf("%d %s %q is hard", c.reply, c.status, text)
			}
		}
	}
}

// A phrase of another class must not be hidden in one of the hard ones, or the
// hard one would never count.
func TestPhrasesDoNotContradictEachOther(t *testing.T) {
	for _, p := range hardPhrases {
		said := words(p)
		if !said.hard {
			t.Errorf("%q is not found", p)
		}
		if said.full || said.spam || said.sender {
			t.Errorf("%q is also %+v", p, said)
		}
	}
	for _, list := range [][]string{fullPhrases, spamPhrases, senderPhrases, hardPhrases, policyPhrases, ratePhrases, softPhrases} {
		for _, p := range list {
			if p != strings.ToLower(p) || strings.Contains(p, "  ") {
				t.Errorf("%q is not in the form that text is compared in", p)
			}
		}
	}
}

func TestActionsAreReadFromTheCodeWhereTheWordIsOdd(t *testing.T) {
	for _, c := range []struct {
		word, status string
		want         Action
	}{
		{"failed", "", Failed}, {"Failed (bad address)", "5.1.1", Failed}, {"delayed", "5.1.1", Delayed}, {"relayed", "2.1.9", Relayed},
		{"expired", "4.4.7", Failed}, {"", "4.4.1", Delayed}, {"", "2.0.0", Delivered}, {"", "", Failed}, {"whatever", "5.0.0", Failed},
	} {
		if got := action(c.word, c.status); got != c.want {
			t.Errorf("%q %q: %s, want %s", c.word, c.status, got, c.want)
		}
	}
}

func TestAddressSpellings(t *testing.T) {
	for in, want := range map[string]string{
		"rfc822; a@example.net": "a@example.net", "RFC822;<a@example.net>": "a@example.net", "utf-8; ä@example.net": "ä@example.net",
		"a@example.net": "a@example.net", "Anna <a@example.net>": "a@example.net", "rfc822; unknown": "", "": "", "rfc822;": "", "@": "",
		"rfc822; a b@example.net": "", "system; a@example.net": "a@example.net",
	} {
		if got := address(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestAReportOfManyRecipientsIsBounded(t *testing.T) {
	body := "Reporting-MTA: dns; x\n\n" + strings.Repeat("Final-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1\n\n", 10_000)
	m, err := parts.Read(strings.NewReader("From: MAILER-DAEMON@x\nContent-Type: message/delivery-status\n\n"+body), parts.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := Parse(m, true); len(got) != maxRecipients {
		t.Errorf("%d reports", len(got))
	}
}

func TestAPersonsMailIsNoBounce(t *testing.T) {
	for _, mail := range []string{
		"From: anna@example.net\nSubject: Undeliverable: your parcel\n\nThis message was created automatically by mail delivery software.",
		"Return-Path: <>\nFrom: postmaster@example.net\nSubject: Out of office: delivery failed\n\nBack on Monday.",
		"Return-Path: <>\nFrom: postmaster@example.net\nSubject: Monthly statistics\n\nAll well.",
	} {
		m, err := parts.Read(strings.NewReader(mail), parts.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if got := Parse(m, false); got != nil {
			t.Errorf("%q: %+v", mail, got)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add(550, "5.1.1", "550 5.1.1 user unknown")
	f.Add(0, "", "452-4.2.2 x@y full\n452 4.2.2")
	f.Fuzz(func(t *testing.T, reply int, status, text string) {
		class, code := Classify(reply, status, text)
		switch class {
		case Hard, Soft, Full, Policy, Spam:
		default:
			t.Fatalf("class %q", class)
		}
		if code != "" && normalStatus(code) != code {
			t.Fatalf("code %q", code)
		}
		if class == Hard && code != "" && code[0] != '5' {
			t.Fatalf("hard by %q", code)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("From: MAILER-DAEMON@x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@x.y\nAction: failed\nStatus: 5.1.1\n"), true)
	f.Add([]byte("Subject: failure notice\n\nHi. This is the qmail-send program at x.\n\n<a@x.y>:\nno (#5.1.1)\n\n--- Below this line is a copy of the message.\n"), true)
	f.Fuzz(func(t *testing.T, in []byte, null bool) {
		m, err := parts.Read(strings.NewReader(string(in)), parts.Limits{Bytes: 1 << 16})
		if err != nil {
			return
		}
		for _, r := range Parse(m, null) {
			if len(r.Text) > maxText || len(r.Recipient) > 320 || r.Class == "" || r.Action == "" {
				t.Fatalf("%+v", r)
			}
		}
	})
}

// What stands beside an address without a space is no part of it, as where full-width signs separate; what the address says is no evidence.
func TestWordsBesideAnAddressAreRead(t *testing.T) {
	for text, want := range map[string]Class{
		"收件人 anna@example.net：对方邮箱已满。": Full, "用户不存在：anna@example.net": Hard, "（anna@example.net）邮箱已满": Full,
		"550 <mailbox-full@no-such-user.example> not today": Soft, "550 user.unknown@mailbox-full.müller.example: not today": Soft,
	} {
		if got, _ := Classify(0, "5.0.0", text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
