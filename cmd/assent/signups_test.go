package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"assent/workers/mailbox"
	"assent/workers/queue/queuetest"
)

// A thousand posts of the form, at once, from a thousand places and in every way to write one address, bring it one mail. One place, one
// network and all places together reach no more people in an hour than the site allows. Each answer is the same (compliance 67, 69).
func TestNobodyIsBombedWithConfirmations(t *testing.T) {
	w := openWhole(t, &Settings{RedisURL: queuetest.Start(t).URL(), TrustedProxies: "127.0.0.0/8,::1"}, nil)
	w.api("POST", "/topics", `{"key":"news","class":"marketing","basis":"consent","double_opt_in":true,"names":{"en":"Newsletter"}}`)
	w.api("POST", "/forms", `{"key":"join","kind":"newsletter","names":{"en":"Newsletter"},"topics":["news"]}`)

	spellings := []string{"victim@example.org", "VICTIM@Example.org", "victim+%d@example.org", " victim@EXAMPLE.ORG", "Victim+a+%d@example.org"}
	w.posts(1000, func(i int) (email, ip string) {
		email = spellings[i%len(spellings)]
		if strings.Contains(email, "%d") {
			email = fmt.Sprintf(email, i)
		}
		return email, fmt.Sprintf("10.%d.%d.1", i/250, i%250)
	})
	w.settled()
	if n := w.mails("victim"); n != 1 {
		t.Errorf("%d mails to the victim, want 1", n)
	}

	for _, c := range []struct {
		name       string
		posts, max int
		ip         func(i int) string
	}{
		{"one place", 60, 20, func(int) string { return "192.0.2.1" }},
		{"one place of IPv6", 60, 20, func(i int) string { return fmt.Sprintf("2001:db8:1:2::%x", i+1) }},
		{"one network", 250, 100, func(i int) string { return fmt.Sprintf("198.51.100.%d", i+1) }},
	} {
		tag := strings.ReplaceAll(c.name, " ", "-")
		w.posts(c.posts, func(i int) (email, ip string) { return fmt.Sprintf("%s-%d@example.net", tag, i), c.ip(i) })
		w.settled()
		if n := w.mails(tag + "-"); n != c.max {
			t.Errorf("%s: %d mails, want %d", c.name, n, c.max)
		}
	}
}

// The other public pages that send mail to whoever is named on them: one network reaches no more people by them either, and one mailbox
// gets no more by tags in its address (compliance 69).
func TestNobodyIsBombedByTheOtherPages(t *testing.T) {
	w := openWhole(t, &Settings{RedisURL: queuetest.Start(t).URL(), TrustedProxies: "127.0.0.0/8,::1"}, nil)
	w.api("POST", "/events", `{"slug":"fair","names":{"en":"Fair"},"starts_at":"2099-05-01T09:00:00Z","ends_at":"2099-05-01T17:00:00Z","timezone":"UTC","place":"Hall"}`)
	for _, page := range []string{"/events/fair", "/rights"} {
		for name, ip := range map[string]func(i int) string{
			"place":   func(i int) string { return fmt.Sprintf("2001:db8:%d:2::%x", len(page), i+1) },
			"network": func(i int) string { return fmt.Sprintf("198.51.%d.%d", len(page), i+1) },
		} {
			tag, most := strings.Trim(page[:3], "/")+name, map[string]int{"place": 20, "network": 100}[name]
			for i := range most + 30 {
				w.postFrom(page, url.Values{"email": {fmt.Sprintf("%s-%d@example.net", tag, i)}, "kind": {"access"}}, ip(i))
			}
			w.settled()
			if n := w.mails(tag + "-"); n != most {
				t.Errorf("%s: one %s has %d mails sent, want %d", page, name, n, most)
			}
		}
	}
	for i := range 15 {
		w.postFrom("/rights", url.Values{"email": {fmt.Sprintf("victim+%d@example.org", i)}, "kind": {"access"}}, fmt.Sprintf("203.0.%d.1", i))
	}
	w.settled()
	if n := w.mails("victim"); n != 5 {
		t.Errorf("%d mails about requests to one mailbox, want 5", n)
	}
}

// What a stranger types as a name is shown to nobody whose address they type beside it: our mails would carry their words.
func TestNamesTypedByStrangersAreInNoMail(t *testing.T) {
	w := openWhole(t, &Settings{}, nil)
	w.api("POST", "/topics", `{"key":"news","class":"marketing","basis":"consent","double_opt_in":true,"names":{"en":"Newsletter"}}`)
	w.api("POST", "/events", `{"slug":"fair","names":{"en":"Fair"},"starts_at":"2099-05-01T09:00:00Z","ends_at":"2099-05-01T17:00:00Z","timezone":"UTC","place":"Hall"}`)
	w.api("POST", "/forms", `{"key":"join","kind":"newsletter","names":{"en":"Newsletter"},"topics":["news"],"ask_names":true}`)
	w.api("POST", "/forms", `{"key":"talk","kind":"contact","names":{"en":"Contact"},"topics":["news"],"ask_names":true}`)
	for i, page := range []string{"/subscribe/join", "/subscribe/talk", "/events/fair"} {
		w.postFrom(page, url.Values{"email": {fmt.Sprintf("victim%d@example.org", i)}, "first_name": {"evilword"}, "last_name": {"https://evil.example"}, "topics": {"news"}, "message": {"Hello"}}, "192.0.2.1")
	}
	w.settled()
	list, err := w.a.mailbox.List(t.Context(), mailbox.Query{Search: "victim", Limit: 100})
	if err != nil || len(list) != 4 {
		t.Fatalf("%d mails, %v", len(list), err)
	}
	for _, m := range list {
		_, raw, err := w.a.mailbox.Get(t.Context(), m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if head, _, _ := strings.Cut(string(raw), "\r\n\r\n"); strings.Contains(string(raw), "evil") || !strings.Contains(head, "\r\nTo: victim") && !strings.Contains(head, "\r\nTo: <victim") {
			t.Errorf("%s to %s:\n%s", m.Subject, m.To, head)
		}
	}
}

// postFrom sends a form from some place.
func (w *whole) postFrom(path string, form url.Values, ip string) (status int) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), "POST", w.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", ip)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// posts sends the form n times from 64 browsers.
func (w *whole) posts(n int, who func(i int) (email, ip string)) {
	w.t.Helper()
	var first sync.Map
	var next atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				email, ip := who(i)
				r, err := http.NewRequest("POST", w.url+"/subscribe/join", strings.NewReader(url.Values{"email": {email}, "topics": {"news"}}.Encode()))
				if err != nil {
					w.t.Error(err)
					return
				}
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.Header.Set("X-Forwarded-For", ip)
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					w.t.Error(err)
					return
				}
				var body strings.Builder
				_, _ = fmt.Fprint(&body, answer.StatusCode, answer.ContentLength)
				answer.Body.Close()
				first.Store(body.String(), true)
			}
		})
	}
	all.Wait()
	answers := 0
	first.Range(func(any, any) bool { answers++; return true })
	if answers != 1 {
		w.t.Errorf("there are %d different answers", answers)
	}
}

// settled waits until every sign-up was worked off and every mail has gone.
func (w *whole) settled() {
	w.t.Helper()
	w.until("all to be done", func() bool {
		var left int
		if err := w.a.db.QueryRowContext(w.t.Context(), "SELECT (SELECT count(*) FROM form_submissions) + (SELECT count(*) FROM messages WHERE status IN ('queued', 'sending'))").Scan(&left); err != nil {
			w.t.Fatal(err)
		}
		return left == 0
	})
}

func (w *whole) mails(to string) int {
	w.t.Helper()
	list, err := w.a.mailbox.List(w.t.Context(), mailbox.Query{Search: to, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(list)
}
