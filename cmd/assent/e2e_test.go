package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"assent/preferences/porttest"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers/queue/queuetest"
	"assent/workers/smtptest"
)

// TestScripts drives the real binary through each story of testdata/script, on the embedded database and queue and on
// PostgreSQL and Redis. Beside testscript's own commands there are those of stage.commands, each told at its method.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, on := range []struct {
		name  string
		setup func(t *testing.T, s *stage)
	}{
		{"embedded", func(*testing.T, *stage) {}},
		{"servers", func(t *testing.T, s *stage) {
			s.database = sqldbtest.PostgresURL(t)
			s.redis = queuetest.Start(t)
		}},
	} {
		t.Run(on.name, func(t *testing.T) {
			for _, file := range scripts {
				if on.name == "embedded" && strings.HasPrefix(filepath.Base(file), "redis_") {
					continue // stops and flushes its Redis
				}
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
					t.Parallel()
					s := newStage(t)
					on.setup(t, s)
					testscript.Run(t, testscript.Params{
						Files: []string{file},
						Setup: s.setup,
						Cmds:  s.commands(),
					})
				})
			}
		})
	}
}

// built is the folder of the binary, once a script has asked for it.
var built string

// binary builds assent once for all scripts.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "assent-e2e-*")
	if err != nil {
		return "", err
	}
	built = dir
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "assent"), ".").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return dir, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// stage is what one script plays on: a binary, an address, a mail server that records, and perhaps servers of its own.
type stage struct {
	t        *testing.T
	bin      string
	addr     string
	inbound  string            // free for the server that takes returned mail
	database string            // empty: embedded
	redis    *queuetest.Server // nil: embedded
	sink     *smtptest.Server
	delay    atomic.Int64       // how long the mail server takes for each message
	replies  sync.Map           // its replies to some recipients
	engines  map[string]*engine // by name
	answer   answer
	letters  *letters // what comes back to a mailbox
	bounced  []string // addresses whose bounces were taken
	left     []string // addresses whose clicks were answered
}

func newStage(t *testing.T) *stage {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, bin: bin, addr: porttest.Free(t), inbound: porttest.Free(t)}
	s.sink = smtptest.Serve(t, smtptest.Options{Script: s.behave})
	return s
}

// setup gives each script a fresh folder and the settings of a small company.
func (s *stage) setup(env *testscript.Env) error {
	env.Setenv("PATH", s.bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	env.Setenv("ASSENT_ADDR", s.addr)
	env.Setenv("ASSENT_DATA", filepath.Join(env.WorkDir, "data"))
	env.Setenv("ASSENT_API_KEY", "the-key-of-the-script")
	env.Setenv("ASSENT_POSTAL_ADDRESS", "Assent, Street 1, 1234 AB Town")
	env.Setenv("ASSENT_LOG", "json")
	env.Setenv("SMTP_URL", "smtp://"+s.sink.Addr+"?tls=none")
	if s.database != "" {
		env.Setenv("DATABASE_URL", s.database)
	}
	if s.redis != nil {
		env.Setenv("REDIS_URL", s.redis.URL())
	}
	env.Setenv("BASE", "http://"+s.addr)
	env.Setenv("SINK", s.sink.Addr)
	env.Setenv("INBOUND", s.inbound)
	s.engines = map[string]*engine{}
	env.Defer(func() {
		for name, e := range s.engines {
			e.kill()
			if s.t.Failed() {
				s.t.Log(name, e.tail())
			}
		}
	})
	return nil
}

func (s *stage) commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"serve": s.serve, "stop": s.stop, "kill9": s.kill9, "redis": s.redisCmd,
		"api": s.api, "json": s.json, "save": s.save, "poll": s.poll, "get": s.get, "post": s.post, "crowd": s.crowd,
		"imap": s.imap, "certificate": certificate, "back": s.back, "flood": s.flood, "leave": s.leave,
		"mail": s.mail, "mails": s.mails, "relay": s.relay, "tally": s.tally, "capture": capture, "forge": s.forge, "mine": mine, "ours": ours,
	}
}
