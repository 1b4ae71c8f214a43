package main

import (
	"errors"
	"fmt"
	"net/smtp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"assent/workers/smtptest"
)

// flood bounces every mail that the relay took, over sixteen connections; flood kill9 N kills the engine once N of these were
// answered with 250. Whoever was told so must be found blocked afterwards: flood kept.
func (s *stage) flood(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 2 {
		ts.Fatalf("usage: flood [kill9 N], flood kept")
	}
	if len(args) == 1 && args[0] == "kept" {
		s.floodKept(ts)
		return
	}
	killAt, mails := 0, s.sink.Messages()
	if len(args) == 2 {
		var err error
		killAt, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	var mu sync.Mutex
	var failed error
	taken := []string{}
	var all sync.WaitGroup
	for part := range slices.Chunk(mails, max(1, (len(mails)+15)/16)) {
		all.Go(func() {
			err := s.bounceEach(ts.Getenv("INBOUND"), part, func(to string) {
				mu.Lock()
				defer mu.Unlock()
				if taken = append(taken, to); len(taken) == killAt {
					_ = s.engine(ts, "serve").signal(syscall.SIGKILL, 10*time.Second)
				}
			})
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
		})
	}
	all.Wait()
	s.bounced = append(s.bounced, taken...)
	if killAt == 0 {
		ts.Check(failed)
	} else if len(taken) < killAt || len(taken) == len(mails) {
		ts.Fatalf("%d of %d mails were taken before the engine was killed: %v", len(taken), len(mails), failed)
	}
	ts.Logf("%d of %d taken", len(taken), len(mails))
}

// bounceEach returns mails as their recipients' server does, one after the other; the same one gives the same report again.
func (s *stage) bounceEach(addr string, mails []smtptest.Transaction, took func(to string)) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, m := range mails {
		if err := errors.Join(c.Mail(""), c.Rcpt(m.From)); err != nil {
			return err
		}
		w, err := c.Data()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "From: MAILER-DAEMON@mx.example.net\r\nTo: <%s>\r\nSubject: failure notice\r\nMessage-ID: <of-%s@mx.example.net>\r\n\r\nHi. This is the qmail-send program at mx.example.net.\r\n\r\n<%s>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n",
			m.From, strings.ReplaceAll(m.To[0], "@", "-"), m.To[0]); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		took(m.To[0])
	}
	return c.Quit()
}

func (s *stage) floodKept(ts *testscript.TestScript) {
	if len(s.bounced) == 0 {
		ts.Fatalf("no bounce was taken")
	}
	for _, to := range s.bounced {
		status, value, err := s.call(ts.Getenv("ASSENT_API_KEY"), "GET", "/suppressions?email="+to, "")
		ts.Check(err)
		if items, ok := find(value, "items"); status != 200 || !ok || len(items.([]any)) != 1 {
			ts.Fatalf("the bounce of %s was taken and is lost: %d %s", to, status, text(value))
		}
	}
}
