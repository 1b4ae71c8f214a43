package workers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/campaigns/outbox"
	"assent/preferences/gate"
	"assent/preferences/porttest"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers/queue/queuetest"
	"assent/workers/smtptest"
	"assent/workers/transport"
)

// field is where a fault strikes: an engine, here or in a process of its own, between a database, a queue and two relays.
type field struct {
	*campaignstest.World
	t                        *testing.T
	marketing, transactional *relay
	redis                    *queuetest.Server
	cluster                  *sqldbtest.Cluster
	campaign                 *campaigns.Campaign
	notices                  []string // ids
	posted                   int
	own                      ownWorker
	apart                    bool
	process                  *exec.Cmd
}

// faultLanes is how many connections the engine keeps to each relay where it is not one.
const faultLanes = 4

// ownWorker is what a worker in a process of its own must know.
type ownWorker struct {
	Database, Marketing, Transactional, Journals string
	Epoch                                        time.Time // when the clock of the world began to run
}

const ownWorkerEnv = "ASSENT_TEST_WORKER"

func newField(t *testing.T, c fault, engine string) *field {
	t.Helper()
	f := &field{t: t, marketing: newRelay(t), transactional: newRelay(t), apart: c.process}
	f.own = ownWorker{Marketing: f.marketing.addr, Transactional: f.transactional.addr, Journals: t.TempDir(), Epoch: time.Now()}
	switch engine {
	case "sqlite":
		f.own.Database = "sqlite:" + t.TempDir() + "/assent.db"
	case "postgres":
		f.own.Database = sqldbtest.PostgresURL(t)
	default:
		f.cluster = sqldbtest.StartCluster(t)
		f.own.Database = f.cluster.URL()
	}
	if c.redis {
		f.redis = queuetest.Start(t)
	}
	f.World = campaignstest.New(t, sqldbtest.Open(t, f.own.Database))
	f.Clock.Run()
	return f
}

func (f *field) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// start starts the engine: here, or apart so that it can be killed.
func (f *field) start() {
	f.t.Helper()
	if !f.apart {
		s := setup{marketing: f.own.Marketing, transactional: f.own.Transactional, connections: faultLanes, journals: f.own.Journals,
			patience: transport.Options{Dial: patience, Command: patience, Final: patience}}
		if f.redis != nil {
			s.redis = f.redis.URL()
		}
		newEngine(f.t, f.World, s)
		return
	}
	told, _ := json.Marshal(f.own) // texts always encode
	f.process = exec.Command(os.Args[0], "-test.run=^TestAWorkerOfItsOwn$", "-test.v")
	f.process.Env = append(os.Environ(), ownWorkerEnv+"="+string(told))
	in, err := f.process.StdinPipe() // it ends with us
	f.ok(err)
	if os.Getenv("ASSENT_TEST_LOG") != "" {
		f.process.Stderr = os.Stderr
	}
	f.ok(f.process.Start())
	process := f.process
	f.t.Cleanup(func() { in.Close(); process.Process.Kill(); process.Wait() })
}

func (f *field) kill() {
	f.ok(f.process.Process.Kill())
	_ = f.process.Wait()
}

// TestAWorkerOfItsOwn is no test but the worker that others kill; it runs until its standard input ends.
func TestAWorkerOfItsOwn(t *testing.T) {
	told := os.Getenv(ownWorkerEnv)
	if told == "" {
		return
	}
	var own ownWorker
	if err := json.Unmarshal([]byte(told), &own); err != nil {
		t.Fatal(err)
	}
	w := campaignstest.New(t, sqldbtest.Open(t, own.Database))
	w.Clock.Move(time.Since(own.Epoch))
	w.Clock.Run()
	newEngine(t, w, setup{marketing: own.Marketing, transactional: own.Transactional, connections: 1, journals: own.Journals})
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// notice is the nth mandatory message, to somebody of its own.
func (f *field) notice(n int) outbox.Message {
	now := f.Clock.Now()
	email := fmt.Sprintf("notice%d@example.com", n)
	m := outbox.Message{ID: sqldb.NewID(), Class: gate.Notice, Kind: outbox.KindBlocks, Obligation: "payment", Basis: "contract", Email: email, AddressKey: email, Subject: "Pay",
		Content: []byte(`[{"type":"text","markdown":"Please pay."}]`), Status: outbox.StatusQueued, At: now, DueAt: now, CreatedAt: now}
	f.notices = append(f.notices, m.ID)
	f.posted = n + 1
	return m
}

// post queues more notices. A database that is not there is asked again, as a caller would.
func (f *field) post(n int) {
	f.t.Helper()
	for range n {
		f.until("a notice is taken", func() bool { return f.tryPost() == nil })
	}
}

func (f *field) tryPost() error {
	err := f.DB.Tx(f.t.Context(), func(tx *sqldb.Tx) error { return f.Outbox.Insert(f.t.Context(), tx, f.notice(f.posted)) })
	if err != nil {
		f.notices = f.notices[:len(f.notices)-1]
		f.posted--
		return err
	}
	f.Outbox.Flush(f.t.Context())
	return nil
}

func (f *field) until(what string, done func() bool) {
	f.t.Helper()
	for end := time.Now().Add(5 * time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("%s: not within five minutes; %+v", what, f.Report(f.campaign))
		}
	}
}

// settled waits until everything has its outcome. The clock may be moved so that what is put off need not be waited for.
func (f *field) settled(hurry bool) {
	f.t.Helper()
	ctx := context.Background()
	f.until("everything has its outcome", func() bool {
		c, err := f.Mails.Get(ctx, f.DB, f.campaign.ID)
		if err == nil && c.Status == campaigns.StatusFinished {
			for _, id := range f.notices {
				if m, err := f.Outbox.Get(ctx, f.DB, id); err != nil || m.Status != outbox.StatusSent {
					c.Status = ""
				}
			}
			if c.Status != "" {
				return true
			}
		}
		if hurry {
			f.Clock.Move(20 * time.Second)
		}
		time.Sleep(40 * time.Millisecond)
		return false
	})
}

func header(mail []byte, name string) string {
	_, rest, _ := strings.Cut("\r\n"+string(mail), "\r\n"+name+": ")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// relay is a mail server that goes wrong when it is told to.
type relay struct {
	t       *testing.T
	addr    string
	reached chan struct{} // closed when it is held

	mu      sync.Mutex
	servers []*smtptest.Server // all that stood at the address
	does    func(smtptest.Step) smtptest.Reply
	seen    map[string]int
}

func newRelay(t *testing.T) *relay {
	r := &relay{t: t, addr: porttest.Free(t), reached: make(chan struct{}), seen: map[string]int{}}
	r.open()
	return r
}

func (r *relay) open() {
	r.t.Helper()
	s := smtptest.Serve(r.t, smtptest.Options{Addr: r.addr, Script: func(at smtptest.Step) smtptest.Reply {
		r.mu.Lock()
		does := r.does
		r.mu.Unlock()
		if does != nil {
			if reply := does(at); reply != (smtptest.Reply{}) {
				return reply
			}
		}
		if at.Verb == "." {
			return smtptest.Reply{Delay: 5 * time.Millisecond} // so that it takes a while
		}
		return smtptest.Reply{}
	}})
	r.mu.Lock()
	r.servers = append(r.servers, s)
	r.mu.Unlock()
}

func (r *relay) close() { r.servers[len(r.servers)-1].Close() }

func (r *relay) script(does func(smtptest.Step) smtptest.Reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.does = does
}

// nth counts a verb.
func (r *relay) nth(verb string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[verb]++
	return r.seen[verb]
}

// hold stalls at the nth time of a verb and ever after.
func (r *relay) hold(verb string, n int) {
	var once sync.Once
	r.script(func(at smtptest.Step) smtptest.Reply {
		if at.Verb != verb || r.nth(verb) < n {
			return smtptest.Reply{}
		}
		once.Do(func() { close(r.reached) })
		return smtptest.Reply{Stall: true}
	})
}

// answer answers so from the nth time of a verb on, as often as told.
func (r *relay) answer(verb string, from, times int, answer smtptest.Reply) {
	r.script(func(at smtptest.Step) smtptest.Reply {
		if at.Verb != verb {
			return smtptest.Reply{}
		}
		if n := r.nth(verb); n < from || n >= from+times {
			return smtptest.Reply{}
		}
		return answer
	})
}

func (r *relay) transactions() (all []smtptest.Transaction) {
	for _, s := range r.servers {
		all = append(all, s.Transactions()...)
	}
	return all
}

func (r *relay) accepted() (n int) {
	for _, m := range r.transactions() {
		if m.Accepted() {
			n++
		}
	}
	return n
}
