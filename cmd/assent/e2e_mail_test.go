package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"assent/workers/smtptest"
)

// behave is the mail server's script.
func (s *stage) behave(at smtptest.Step) smtptest.Reply {
	switch at.Verb {
	case "RCPT":
		if text, ok := s.replies.Load(strings.ToLower(at.To)); ok {
			return smtptest.Reply{Text: text.(string)}
		}
	case ".":
		return smtptest.Reply{Delay: time.Duration(s.delay.Load())}
	}
	return smtptest.Reply{}
}

// relay delay TIME makes the mail server take so long for each message; relay reply ADDRESS TEXT makes it answer so to
// a recipient, or as usual again without a text.
func (s *stage) relay(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case len(args) == 2 && args[0] == "delay":
		d, err := time.ParseDuration(args[1])
		ts.Check(err)
		s.delay.Store(int64(d))
	case len(args) == 3 && args[0] == "reply":
		s.replies.Store(strings.ToLower(args[1]), args[2])
	case len(args) == 2 && args[0] == "reply":
		s.replies.Delete(strings.ToLower(args[1]))
	default:
		ts.Fatalf("usage: relay delay TIME, relay reply ADDRESS [TEXT]")
	}
}

// mail ADDRESS [N] waits for the Nth mail to an address (the first unless told) and takes it apart into the files
// mail.eml, mail.headers, mail.txt and mail.html; $RETURN_PATH is set from its envelope, $ONECLICK, $MESSAGE_ID and $MAILTO from its headers.
func (s *stage) mail(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: mail ADDRESS [N]")
	}
	n := 1
	if len(args) == 2 {
		var err error
		n, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	var to []smtptest.Transaction
	for end := time.Now().Add(time.Minute); len(to) < n; time.Sleep(20 * time.Millisecond) {
		if to = s.to(args[0]); len(to) < n && time.Now().After(end) {
			ts.Fatalf("%d mails to %s came, want %d; there are %d in all", len(to), args[0], n, len(s.sink.Messages()))
		}
	}
	raw := to[n-1].Data
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	ts.Check(err)
	parts := map[string]string{}
	ts.Check(read(parts, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body))
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	unfolded := regexp.MustCompile(`\r\n[ \t]+`).ReplaceAllString(string(head), " ")
	for name, text := range map[string]string{
		"mail.eml": string(raw), "mail.headers": strings.ReplaceAll(unfolded, "\r\n", "\n") + "\n",
		"mail.txt": parts["text/plain"], "mail.html": parts["text/html"],
	} {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
	ts.Setenv("RETURN_PATH", to[n-1].From)
	ts.Setenv("MESSAGE_ID", m.Header.Get("Message-Id"))
	ts.Setenv("ONECLICK", first(`<(https?://[^>]+)>`, m.Header.Get("List-Unsubscribe")))
	ts.Setenv("MAILTO", first(`<mailto:([^>?]+)`, m.Header.Get("List-Unsubscribe")))
}

func (s *stage) to(address string) []smtptest.Transaction {
	return slices.DeleteFunc(s.sink.Messages(), func(m smtptest.Transaction) bool {
		return !slices.ContainsFunc(m.To, func(to string) bool { return strings.EqualFold(to, address) })
	})
}

// read collects the decoded parts of a message by their type.
func read(parts map[string]string, kind, encoding string, body io.Reader) error {
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		return fmt.Errorf("content type %q: %w", kind, err)
	}
	if strings.HasPrefix(media, "multipart/") {
		for r := multipart.NewReader(body, params["boundary"]); ; {
			p, err := r.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := read(parts, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	parts[media] += string(text)
	return err
}

func first(pattern, text string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// mails N [ADDRESS] says how many mails have come by now, in all or to an address; mails -each N that N people have one
// each and nobody two; mails -none-twice that nobody has two.
func (s *stage) mails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: mails N [ADDRESS], mails -each N, mails -none-twice, mails -atleast N")
	}
	got := map[string]int{}
	for _, m := range s.sink.Messages() {
		for _, to := range m.To {
			got[strings.ToLower(to)]++
		}
	}
	all, twice := 0, []string{}
	for to, n := range got {
		all += n
		if n > 1 {
			twice = append(twice, to)
		}
	}
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		ts.Check(err)
		return n
	}
	switch {
	case args[0] == "-none-twice" || args[0] == "-each":
		if len(twice) > 0 {
			ts.Fatalf("%d people have more than one mail, such as %s", len(twice), twice[0])
		}
		if args[0] == "-each" && len(got) != number(args[1]) {
			ts.Fatalf("%d people have a mail, want %s", len(got), args[1])
		}
	case args[0] == "-atleast":
		want := number(args[1])
		for end := time.Now().Add(60 * time.Second); len(s.sink.Messages()) < want; time.Sleep(2 * time.Millisecond) {
			if time.Now().After(end) {
				ts.Fatalf("%d mails came, want at least %d", len(s.sink.Messages()), want)
			}
		}
	case len(args) == 2:
		if n := got[strings.ToLower(args[1])]; n != number(args[0]) {
			ts.Fatalf("%d mails to %s, want %s", n, args[1], args[0])
		}
	case all != number(args[0]):
		ts.Fatalf("%d mails came, want %s", all, args[0])
	}
}

// tally N holds the report that was the last answer against what came: N people in all, each with one outcome, and as
// many mails as were sent; of the uncertain ones any number may have come.
func (s *stage) tally(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: tally N")
	}
	count := func(path string) int {
		v, ok := find(s.answer.value, path)
		if !ok {
			ts.Fatalf("there is no %s in %s", path, text(s.answer.value))
		}
		n, err := strconv.Atoi(text(v))
		ts.Check(err)
		return n
	}
	skipped := 0
	if v, ok := find(s.answer.value, "skipped"); ok {
		reasons, _ := v.(map[string]any)
		for reason := range reasons {
			skipped += count("skipped." + reason)
		}
	}
	sent, uncertain, came := count("sent"), count("uncertain"), len(s.sink.Messages())
	ts.Logf("sent %d, uncertain %d, failed %d, skipped %d, came %d", sent, uncertain, count("failed"), skipped, came)
	if sum := sent + uncertain + count("failed") + skipped; strconv.Itoa(sum) != args[0] || strconv.Itoa(count("total")) != args[0] {
		ts.Fatalf("%d outcomes, want %s: %s", sum, args[0], text(s.answer.value))
	}
	if came < sent || came > sent+uncertain {
		ts.Fatalf("%d mails came; the report says %d sent and %d uncertain", came, sent, uncertain)
	}
}

// capture NAME FILE REGEXP keeps in a variable what the first group of a regular expression finds in a file.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: capture NAME FILE REGEXP")
	}
	re, err := regexp.Compile(args[2])
	ts.Check(err)
	m := re.FindStringSubmatch(ts.ReadFile(args[1]))
	if len(m) < 2 {
		ts.Fatalf("%s finds nothing in %s", args[2], args[1])
	}
	ts.Setenv(args[0], m[1])
}
