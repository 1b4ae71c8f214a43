package main

import (
	"bytes"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// leave kill9 N uses the one-click link of every mail that the relay took, from 32 clients at once, and kills the engine when N
// were answered; leave kept tells whether everybody who was answered has left.
func (s *stage) leave(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case !neg && len(args) == 2 && args[0] == "kill9":
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		s.leaveAll(ts, n)
	case !neg && len(args) == 1 && args[0] == "kept":
		s.leftKept(ts)
	default:
		ts.Fatalf("usage: leave kill9 N, leave kept")
	}
}

func (s *stage) leaveAll(ts *testscript.TestScript, killAt int) {
	mails := s.sink.Messages()
	next := make(chan int, len(mails))
	for i := range mails {
		next <- i
	}
	close(next)
	var mu sync.Mutex
	var failed atomic.Int32
	var all sync.WaitGroup
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	for range 32 {
		all.Go(func() {
			for i := range next {
				m, err := mail.ReadMessage(bytes.NewReader(mails[i].Data))
				if err != nil {
					failed.Add(1)
					continue
				}
				link := first(`<(https?://[^>]+)>`, m.Header.Get("List-Unsubscribe"))
				answer, err := client.Post(link, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
				if err == nil {
					err = answer.Body.Close()
				}
				if err != nil || answer.StatusCode != http.StatusOK {
					failed.Add(1)
					continue
				}
				mu.Lock()
				if s.left = append(s.left, mails[i].To[0]); len(s.left) == killAt {
					err = s.engine(ts, "serve").signal(syscall.SIGKILL, 10*time.Second)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(s.left) < killAt || failed.Load() == 0 {
		ts.Fatalf("%d of %d were answered, %d not: it was not killed in the middle", len(s.left), len(mails), failed.Load())
	}
	ts.Logf("%d of %d were answered", len(s.left), len(mails))
}

func (s *stage) leftKept(ts *testscript.TestScript) {
	if len(s.left) == 0 {
		ts.Fatalf("nobody was answered")
	}
	for _, email := range s.left {
		status, found, err := s.call(ts.Getenv("ASSENT_API_KEY"), "GET", "/subscribers?email="+email, "")
		ts.Check(err)
		id, _ := find(found, "items[0].id")
		_, consents, err := s.call(ts.Getenv("ASSENT_API_KEY"), "GET", "/subscribers/"+text(id)+"/consents", "")
		ts.Check(err)
		if state, ok := find(consents, "current[topic=news].state"); !ok || text(state) != "withdrawn" {
			ts.Fatalf("%s was answered and is still subscribed: %d %s", email, status, text(consents))
		}
	}
}
