package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// do runs the program in this process.
func do(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = run(args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestExitCodes(t *testing.T) {
	clean(t)
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"version", 0, ""},
		{"version --json", 0, ""},
		{"--help", 0, ""},
		{"version --help", 0, ""},
		{"", 2, "assent --help"},
		{"versoin", 2, "assent --help"},
		{"version --nope", 2, "assent version --help"},
		{"version more", 2, "assent version --help"},
	} {
		code, stdout, stderr := do(t, strings.Fields(c.args)...)
		if code != c.code {
			t.Errorf("assent %s exits %d, want %d: %s", c.args, code, c.code, stderr)
		}
		if code == 0 && (stdout == "" || stderr != "") {
			t.Errorf("assent %s: output %q, errors %q", c.args, stdout, stderr)
		}
		if code != 0 && (strings.Count(stderr, "\n") != 1 || !strings.HasSuffix(stderr, "\n") || !strings.Contains(stderr, c.says)) {
			t.Errorf("assent %s: %q is not one line that says what to do (%s)", c.args, stderr, c.says)
		}
	}
}

// The usage is right, the file is not there: 1, whatever the command.
func TestAFileThatIsNotThereIsNoWrongUsage(t *testing.T) {
	clean(t)
	for _, args := range []string{"import nobody.csv", "import - --evidence @nothing.json", "suppressions import nobody.csv", "restore nothing.tar.gz", "notice send --to ann@example.com --obligation security --basis contract --subject S --text T --attach nothing.pdf"} {
		code, stdout, stderr := do(t, append(strings.Fields(args), "--data", t.TempDir())...)
		if code != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "no such file") {
			t.Errorf("assent %s exits %d: %q", args, code, stderr)
		}
	}
}

func TestVersionAsJSON(t *testing.T) {
	clean(t)
	_, stdout, _ := do(t, "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(stdout), &b); err != nil || b.Version == "" || b.Go == "" || b.Platform == "" {
		t.Errorf("%q: %+v, %v", stdout, b, err)
	}
}

// Every command has help that says what it does, and every flag of it too.
func TestEveryCommandHasHelp(t *testing.T) {
	clean(t)
	parser, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(false) {
		args := append(strings.Fields(strings.TrimPrefix(leaf.Path(), "assent")), "--help")
		if code, stdout, stderr := do(t, args...); code != 0 || stdout == "" || stderr != "" {
			t.Errorf("assent %v: exit %d, %q", args, code, stderr)
		}
		if leaf.Help == "" {
			t.Errorf("%s has no help", leaf.Path())
		}
		for _, flags := range leaf.AllFlags(false) {
			for _, flag := range flags {
				if flag.Help == "" {
					t.Errorf("%s --%s has no help", leaf.Path(), flag.Name)
				}
			}
		}
	}
}

// settingsProbe is a command that reads the settings and tells one of them.
type settingsProbe struct {
	Settings
	Probe probeCmd `cmd:""`
}

type probeCmd struct{}

func (probeCmd) Run(c *Config, t *terminal) error { return t.json(c.Addr) }

func TestFlagOverridesVariable(t *testing.T) {
	clean(t)
	probe := func(args ...string) (string, error) {
		var p settingsProbe
		var out strings.Builder
		parser, err := kong.New(&p, kong.Bind(&terminal{out: &out}), kong.BindSingletonProvider(p.Settings.load))
		if err != nil {
			t.Fatal(err)
		}
		ctx, err := parser.Parse(append([]string{"probe"}, args...))
		if err != nil {
			t.Fatal(err)
		}
		err = ctx.Run()
		return strings.TrimSpace(out.String()), err
	}
	want := func(want string, args ...string) {
		t.Helper()
		if got, err := probe(args...); err != nil || got != want {
			t.Errorf("%v: got %s, %v; want %s", args, got, err, want)
		}
	}
	want(`"127.0.0.1:8080"`)
	t.Setenv("PORT", "5000")
	want(`":5000"`)
	t.Setenv("ASSENT_ADDR", "127.0.0.1:1")
	want(`"127.0.0.1:1"`)
	want(`"127.0.0.1:2"`, "--addr", "127.0.0.1:2")
	want(`"127.0.0.1:3"`, "--assent-addr=127.0.0.1:3")

	t.Setenv("ASSENT_ADDR", "nonsense")
	if _, err := probe(); err == nil || !strings.HasPrefix(err.Error(), "ASSENT_ADDR ") {
		t.Errorf("a malformed variable: %v", err)
	}
	want(`"127.0.0.1:4"`, "--addr", "127.0.0.1:4")
	t.Setenv("ASSENT_NONSENSE", "1")
	if _, err := probe("--addr", "127.0.0.1:4"); err == nil || !strings.HasPrefix(err.Error(), "ASSENT_NONSENSE ") {
		t.Errorf("an unknown variable: %v", err)
	}
	if code, _, stderr := do(t, "version"); code != 0 {
		t.Errorf("version reads no settings, yet stops on one: %s", stderr)
	}
}

func TestMigrate(t *testing.T) {
	clean(t)
	data := t.TempDir() + "/new/data"
	for range 2 { // the second finds nothing to do
		if code, _, stderr := do(t, "migrate", "--data", data); code != 0 {
			t.Fatalf("exit %d: %s", code, stderr)
		}
	}
	info, err := os.Stat(data)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("data folder: %v, %v; want mode 0700", info, err)
	}
	if _, err := os.Stat(data + "/assent.db"); err != nil {
		t.Error(err)
	}
	for args, says := range map[string]string{
		"--data=/dev/null/x": "ASSENT_DATA",
		"--database-url=postgres://u:hunter2@127.0.0.1:1/none?connect_timeout=2": "DATABASE_URL",
	} {
		code, _, stderr := do(t, "migrate", "--data", t.TempDir(), args)
		if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, says) || strings.Contains(stderr, "hunter2") {
			t.Errorf("%s: exit %d, %q; want 1 and a line about %s", args, code, stderr, says)
		}
	}
}
