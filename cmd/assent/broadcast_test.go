package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers/queue/queuetest"
	"assent/workers/smtptest"
)

// audience is how many customers the broadcast of the test goes to.
const audience = 20_000

// relayed is a relay that counts, refuses some addresses for good, and can be away.
type relayed struct {
	mu   sync.Mutex
	took map[string]int // by address
	down atomic.Bool
}

func (r *relayed) script(at smtptest.Step) smtptest.Reply {
	switch at.Verb {
	case "CONNECT", "MAIL":
		return smtptest.Reply{Drop: r.down.Load()}
	case "RCPT":
		if strings.HasPrefix(at.To, "gone") {
			return smtptest.Reply{Text: "550 5.1.1 no such user"}
		}
		if strings.HasPrefix(at.To, "never") {
			return smtptest.Reply{Text: "550 5.6.7 cannot be written to"}
		}
	case ".":
		r.mu.Lock()
		r.took[at.To]++
		r.mu.Unlock()
	}
	return smtptest.Reply{}
}

func (r *relayed) distinct() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.took)
}

// Promise 4: through a crash and an outage, whatever the people chose and whatever becomes of them on the way, each of 20,000
// has exactly one outcome, and the figures add up.
func TestABroadcastReachesEverybodyThroughACrashAndAnOutage(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	for _, on := range []string{"embedded", "servers"} {
		t.Run(on, func(t *testing.T) {
			r := &relayed{took: map[string]int{}}
			s := newStage(t)
			sink := smtptest.Serve(t, smtptest.Options{Script: r.script, CountOnly: true})
			dir := t.TempDir()
			s.database = "sqlite:" + filepath.Join(dir, "assent.db")
			settings := []string{"PATH=" + os.Getenv("PATH"), "ASSENT_ADDR=" + s.addr, "ASSENT_DATA=" + dir, "ASSENT_API_KEY=the-key-of-the-author", "ASSENT_LOG=json",
				"ASSENT_POSTAL_ADDRESS=Street 1, 1234 AB Town", "SMTP_URL=smtp://" + sink.Addr + "?tls=none&connections=4"}
			if on == "servers" {
				s.database = sqldbtest.PostgresURL(t)
				settings = append(settings, "REDIS_URL="+queuetest.Start(t).URL())
			}
			settings = append(settings, "DATABASE_URL="+s.database)
			e := &engine{log: filepath.Join(dir, "log")}
			t.Cleanup(func() {
				e.kill()
				if t.Failed() {
					t.Log(e.tail())
				}
			})
			b := &broadcastRun{t: t, s: s, e: e, settings: settings, dir: dir}
			begun := time.Now()
			b.start()
			b.people()
			t.Logf("ready with %d customers after %v", audience, time.Since(begun))

			begun = time.Now()
			id := b.begin()
			b.until("a part of it is out", func() bool { return r.distinct() >= 5000 })
			b.join()
			if err := e.signal(syscall.SIGKILL, 10*time.Second); err == nil {
				t.Fatal("it was not killed")
			}
			t.Logf("killed after %v with %d out", time.Since(begun), r.distinct())
			b.start("ASSENT_TIME_OFFSET=2m")
			b.erase(id)
			b.until("more of it is out", func() bool { return r.distinct() >= 9000 })
			r.down.Store(true)
			time.Sleep(2 * time.Second)
			r.down.Store(false)
			b.until("it is finished", func() bool { return b.coverage(id, 1)["status"] == "finished" })
			t.Logf("finished after %v", time.Since(begun))
			b.check(id, r)
		})
	}
}

// broadcastRun is one run of the test.
type broadcastRun struct {
	t        *testing.T
	s        *stage
	e        *engine
	settings []string
	dir      string
	erased   int
}

func (b *broadcastRun) start(more ...string) {
	b.t.Helper()
	if err := b.e.start(b.s.bin, b.dir, append(b.settings, more...), []string{"serve"}); err != nil {
		b.t.Fatal(err)
	}
	b.until("it is ready", func() bool { return ask("http://"+b.s.addr+"/readyz") == nil })
}

func (b *broadcastRun) until(what string, is func() bool) {
	b.t.Helper()
	for end := time.Now().Add(5 * time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("not within five minutes: %s", what)
		}
	}
}

// kind is what is special about the customer of a number.
func kind(i int) string {
	switch {
	case i%2000 == 1000:
		return "gone" // the mailbox is no more
	case i%5000 == 2500:
		return "never"
	case i%100 == 7:
		return "suppressed" // it bounced before
	}
	return "customer"
}

// people stores the customers: every second one has refused something, others lack a language, and pairs share a mailbox.
func (b *broadcastRun) people() {
	b.t.Helper()
	db, err := sqldb.Open(b.t.Context(), b.s.database)
	if err != nil {
		b.t.Fatal(err)
	}
	defer db.Close()
	now := sqldb.Micros(time.Now().Add(-time.Hour))
	type row struct {
		ID     string `json:"i"`
		Email  string `json:"e"`
		Locale string `json:"l"`
		Kind   int64  `json:"k"`
	}
	for from := 0; from < audience; from += 5000 {
		var rows []row
		for i := from; i < from+5000; i++ {
			rows = append(rows, row{sqldb.NewID(), fmt.Sprintf("%s%d+%d@example.com", kind(i), i/2, i%2), []string{"en", "nl", "de", "fr", "ja", ""}[i%6], int64(i % 14)})
			if kind(i) != "customer" {
				rows[len(rows)-1].Email = fmt.Sprintf("%s%d@example.com", kind(i), i)
			}
		}
		text, err := json.Marshal(rows)
		if err != nil {
			b.t.Fatal(err)
		}
		d := db.Dialect()
		k := d.Field("k", "BIGINT")
		field := func(n int) string {
			return "CASE WHEN " + k + fmt.Sprintf(" = %d", n) + " THEN CAST($1 AS BIGINT) END"
		}
		err = db.Tx(b.t.Context(), func(tx *sqldb.Tx) error {
			if _, err := tx.ExecContext(b.t.Context(), "INSERT INTO subscribers (created_at, updated_at, customer_since, restricted_at, objected_at, objected_research_at, unsubscribed_at, paused_until, unverified_since, id, email, email_key, locale) SELECT $1, $1, $1, "+
				field(0)+", "+field(1)+", "+field(2)+", "+field(3)+", "+field(4)+", "+field(5)+", "+d.Field("i", "TEXT")+", "+d.Field("e", "TEXT")+", "+d.Field("e", "TEXT")+", "+d.Field("l", "TEXT")+" FROM "+d.Rows(2), now, string(text)); err != nil {
				return err
			}
			_, err := tx.ExecContext(b.t.Context(), "INSERT INTO suppressions (created_at, id, address_key, email, reason) SELECT $1, "+d.Field("i", "TEXT")+", "+d.Field("e", "TEXT")+", "+d.Field("e", "TEXT")+
				", CASE WHEN "+d.Field("e", "TEXT")+" LIKE 'suppressed%' THEN 'bounced' WHEN "+k+" = 6 THEN 'complained' ELSE 'manual' END FROM "+d.Rows(2)+" WHERE "+d.Field("e", "TEXT")+" LIKE 'suppressed%' OR "+k+" IN (6, 7)", now, string(text))
			return err
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
	if _, err := db.ExecContext(b.t.Context(), "ANALYZE"); err != nil {
		b.t.Fatal(err)
	}
}

func (b *broadcastRun) api(key, method, path, body string) map[string]any {
	b.t.Helper()
	status, value, err := b.s.call(key, method, path, body)
	answer, _ := value.(map[string]any)
	if err != nil || status >= 300 {
		b.t.Fatalf("%s %s: %d %v %v", method, path, status, value, err)
	}
	return answer
}

const authorKey = "the-key-of-the-author"

// begin writes a broadcast and lets a second person approve it.
func (b *broadcastRun) begin() string {
	b.t.Helper()
	cmd := exec.Command(filepath.Join(b.s.bin, "assent"), "key", "add", "--name", "second", "--json")
	cmd.Dir, cmd.Env = b.dir, b.settings
	out, err := cmd.Output()
	var second struct{ Key string }
	if err != nil || json.Unmarshal(out, &second) != nil || second.Key == "" {
		b.t.Fatalf("%v: %s", err, out)
	}
	made := b.api(authorKey, "POST", "/notice-broadcasts", fmt.Sprintf(`{"obligation": "terms_change", "basis": "contract", "audience": {"customers": true}, "effective_at": %q, "locale": "en",
		"subject": "Our terms change", "blocks": [{"type": "text", "markdown": "Dear {{ first_name | \"customer\" }}, our terms change. The whole text: one, two, three."}],
		"translations": {"nl": {"subject": "Onze voorwaarden veranderen", "blocks": [{"type": "text", "markdown": "Onze voorwaarden veranderen. De hele tekst: een, twee, drie."}]}}}`,
		time.Now().AddDate(0, 0, 45).UTC().Format(time.RFC3339)))
	id := text(made["id"])
	if status, _, err := b.s.call(authorKey, "POST", "/notice-broadcasts/"+id+"/approve", ""); err != nil || status != 403 {
		b.t.Fatalf("its author approved it: %d %v", status, err)
	}
	b.api(second.Key, "POST", "/notice-broadcasts/"+id+"/approve", "")
	b.until("it has begun", func() bool { return text(b.api(authorKey, "GET", "/notice-broadcasts/"+id, "")["status"]) == "sending" })
	return id
}

// join brings in people who were no customers when the audience was read.
func (b *broadcastRun) join() {
	b.t.Helper()
	for i := range 5 {
		b.api(authorKey, "POST", "/subscribers", fmt.Sprintf(`{"email": "late%d@example.com", "customer_since": %q}`, i, time.Now().UTC().Format(time.RFC3339)))
	}
}

func (b *broadcastRun) listed(id, outcome string, limit int) (list []map[string]any) {
	b.t.Helper()
	items, _ := b.api(authorKey, "GET", fmt.Sprintf("/notice-broadcasts/%s/coverage?outcome=%s&limit=%d", id, outcome, limit), "")["items"].([]any)
	for _, i := range items {
		list = append(list, i.(map[string]any))
	}
	return list
}

// erase erases people who have it and people who do not.
func (b *broadcastRun) erase(id string) {
	b.t.Helper()
	for _, outcome := range []string{"accepted", "pending"} {
		for i, p := range b.listed(id, outcome, 100) {
			if i%10 > 0 || !strings.HasPrefix(text(p["email"]), "customer") {
				continue // the other mailboxes are counted by name
			}
			b.api(authorKey, "DELETE", "/subscribers/"+text(p["subscriber_id"]), "")
			b.erased++
		}
	}
}

func (b *broadcastRun) coverage(id string, limit int) map[string]any {
	b.t.Helper()
	return b.api(authorKey, "GET", fmt.Sprintf("/notice-broadcasts/%s/coverage?limit=%d", id, limit), "")
}

// check holds the coverage to its promise, and to what the relay took.
func (b *broadcastRun) check(id string, r *relayed) {
	b.t.Helper()
	c := b.coverage(id, 1)
	number := func(name string) int { n, _ := c[name].(json.Number).Int64(); return int(n) }
	if number("addressed") != audience+5 || number("joined") != 5 || number("pending") != 0 || number("accepted")+number("bounced")+number("unserved") != audience+5 ||
		number("in_time")+number("late")+number("joined_late")+number("not_reached") != audience+5 || c["lead_time_met"] != true {
		delete(c, "items")
		b.t.Errorf("%v", c)
	}
	seen, outcomes, erased, gone := map[string]bool{}, map[string]int{}, 0, 0
	for cursor := ""; ; {
		page := b.api(authorKey, "GET", "/notice-broadcasts/"+id+"/coverage?limit=1000&cursor="+cursor, "")
		for _, i := range page["items"].([]any) {
			p := i.(map[string]any)
			email, outcome, reason := text(p["email"]), text(p["outcome"]), text(p["reason"])
			key := text(p["id"])
			if seen[key] || seen[email] {
				b.t.Fatalf("two outcomes: %v", p)
			}
			seen[key] = true
			outcomes[outcome]++
			if email == "" {
				erased++
				continue
			}
			seen[email] = true
			want := map[bool]string{true: "accepted"}[strings.HasPrefix(email, "customer") || strings.HasPrefix(email, "late")]
			switch {
			case strings.HasPrefix(email, "gone"):
				gone++
				if want = "bounced"; outcome == "unserved" && reason == "address_bounced" {
					want = outcome // it was killed between the two: the address is known to be gone, the bounce was not stored
				}
			case strings.HasPrefix(email, "never"), strings.HasPrefix(email, "suppressed"):
				want = "unserved"
			}
			if outcome != want || want == "unserved" && reason == "" || (want == "accepted") != (r.took[email] > 0) {
				b.t.Errorf("%v, the relay took %d mails to it", p, r.took[email])
			}
		}
		next, more := page["next_cursor"]
		if !more {
			break
		}
		cursor = text(next)
	}
	if outcomes["accepted"] != number("accepted") || outcomes["bounced"] != number("bounced") || outcomes["unserved"] != number("unserved") || erased != b.erased || gone != audience/2000 {
		b.t.Errorf("%v and %d erased, against %v", outcomes, erased, c)
	}
	twice := 0
	for _, n := range r.took {
		if n > 1 {
			twice++
		}
	}
	b.t.Logf("%v, %d erased; %d came twice", outcomes, erased, twice)
	cmd := exec.Command(filepath.Join(b.s.bin, "assent"), "notice", "verify")
	cmd.Dir, cmd.Env = b.dir, b.settings
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "the evidence is whole") {
		b.t.Errorf("%v: %s", err, out)
	}
	b.t.Logf("%s in %v", strings.TrimSpace(string(out)), time.Since(begun))
}
