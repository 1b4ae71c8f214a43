package journal_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"assent/workers/journal"
	"assent/workers/transport"
)

var _ transport.Journal = (*journal.Lane)(nil)

const childDir = "ASSENT_TEST_JOURNAL_DIR"

// TestMain is also the worker that gets killed: it notes messages until then and prints each note once it is made.
func TestMain(m *testing.M) {
	dir := os.Getenv(childDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	j, err := journal.Create(dir, "doomed")
	if err != nil {
		panic(err)
	}
	l, err := j.Lane()
	if err != nil {
		panic(err)
	}
	last := ""
	for i := 0; ; i++ {
		id := fmt.Sprintf("m%d", i)
		if err := l.Note(last, 250, id); err != nil {
			panic(err)
		}
		fmt.Println(id)
		last = id
	}
}

func kill9(t *testing.T, dir string, after int, meanwhile func()) (last int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	last = -1
	for lines.Scan() {
		if _, err := fmt.Sscanf(lines.Text(), "m%d", &last); err != nil {
			t.Fatal(err)
		}
		if last == after {
			meanwhile()
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	return last
}

func orphans(t *testing.T, dir string) []*journal.Orphan {
	t.Helper()
	list, err := journal.Orphans(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatWasNotedSurvivesKill9(t *testing.T) {
	dir := t.TempDir()
	last := kill9(t, dir, 500, func() {
		if list := orphans(t, dir); len(list) != 0 {
			t.Error("the journal of a living worker was taken")
		}
	})
	list := orphans(t, dir)
	if len(list) != 1 || list[0].Worker != "doomed" {
		t.Fatalf("%+v", list)
	}
	o := list[0]
	if again := orphans(t, dir); len(again) != 0 {
		t.Error("two took the same journal")
	}
	for i := range last {
		if f, code := o.Fate(fmt.Sprintf("m%d", i)); f != journal.Sent || code != 250 {
			t.Fatalf("message %d of %d: %v", i, last, f)
		}
	}
	// The last that the worker told of was at least about to be finished; one more may have been noted before the kill.
	if f, _ := o.Fate(fmt.Sprintf("m%d", last)); f != journal.Uncertain && f != journal.Sent {
		t.Errorf("the last: %v", f)
	}
	if f, _ := o.Fate(fmt.Sprintf("m%d", last+2)); f != journal.NotBegun {
		t.Errorf("one that was never begun: %v", f)
	}
	if err := o.Remove(); err != nil {
		t.Fatal(err)
	}
	if list := orphans(t, dir); len(list) != 0 {
		t.Error("it is still there")
	}
}

func write(t *testing.T, dir string, lines ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "w"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "w", "0.log"), []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEachRecordHasItsMeaning(t *testing.T) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Skip("no boot id here")
	}
	here := "assent-journal 1 " + strings.TrimSpace(string(boot)) + " 2026-01-01T00:00:00Z"
	other := "assent-journal 1 01234567-89ab-cdef-0123-456789abcdef 2026-01-01T00:00:00Z"
	records := []string{"F done", "R done 250", "F open", "F no", "R no 550", "F later", "R later 451", "F cut", "R cut 0", "F again", "R again 451", "F again", "F hal"}
	for name, c := range map[string]struct {
		head string
		more []string
		want string
	}{
		"same boot":  {here, nil, "sent uncertain refused not begun not begun uncertain not begun"},
		"other boot": {other, nil, "sent uncertain uncertain uncertain uncertain uncertain uncertain"},
		"no boot id": {"assent-journal 1 - 2026-01-01T00:00:00Z", nil, "sent uncertain uncertain uncertain uncertain uncertain uncertain"},
		"foreign":    {"something else", nil, "sent uncertain uncertain uncertain uncertain uncertain uncertain"},
		"damaged":    {here, []string{"\x00\x00\x00", "F x"}, "sent uncertain uncertain uncertain uncertain uncertain uncertain"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, append(append([]string{c.head}, c.more...), records...)...)
			list := orphans(t, dir)
			if len(list) != 1 {
				t.Fatalf("%d orphans", len(list))
			}
			var got []string
			for _, id := range []string{"done", "open", "no", "later", "cut", "again", "never"} {
				f, _ := list[0].Fate(id)
				got = append(got, f.String())
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("\n got %s\nwant %s", s, c.want)
			}
			if err := list[0].Release(); err != nil {
				t.Error(err)
			}
			if again := orphans(t, dir); len(again) != 1 {
				t.Error("released, but not to be found again")
			} else if err := again[0].Remove(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestASettledJournalIsEmptiedAndRemoved(t *testing.T) {
	dir := t.TempDir()
	j, err := journal.Create(dir, "w1")
	if err != nil {
		t.Fatal(err)
	}
	l, err := j.Lane()
	if err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		info, err := os.Stat(filepath.Join(dir, "w1", "0.log"))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	empty := size()
	id := strings.Repeat("x", 36)
	for range 20_000 {
		if err := l.Note(id, 250, id); err != nil {
			t.Fatal(err)
		}
	}
	if size() < 1<<20 {
		t.Fatalf("%d octets only", size())
	}
	if err := l.Settled(); err != nil || size() != empty {
		t.Errorf("%d octets after it was settled: %v", size(), err)
	}
	if err := l.Note("", 0, "next"); err != nil || size() != empty+int64(len("F next\n")) {
		t.Errorf("%d octets after the next note: %v", size(), err)
	}
	if err := l.Settled(); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if list := orphans(t, dir); len(list) != 0 {
		t.Error("it was left behind")
	}
}

func TestAnUnsettledJournalIsLeftForTheNextStart(t *testing.T) {
	dir := t.TempDir()
	j, _ := journal.Create(dir, "w1")
	l, _ := j.Lane()
	if err := l.Note("", 0, "m1"); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Note("m1", 250, ""); err == nil {
		t.Error("a closed journal took a note")
	}
	list := orphans(t, dir)
	if len(list) != 1 {
		t.Fatal("it was not left behind")
	}
	if f, _ := list[0].Fate("m1"); f != journal.Uncertain {
		t.Error(f)
	}
	_ = list[0].Remove()
}

func TestNamesAndIDsThatWouldForgeRecordsAreRefused(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"", ".x", "a/b", "a b", "a\n"} {
		if _, err := journal.Create(dir, name); err == nil {
			t.Errorf("worker %q", name)
		}
	}
	j, _ := journal.Create(dir, "w")
	defer j.Close()
	l, _ := j.Lane()
	if l.Note("", 0, "a\nR b 250") == nil || l.Note("a b", 250, "") == nil {
		t.Error("an id with a blank was noted")
	}
	if _, err := journal.Create(dir, "w"); err == nil {
		t.Error("two workers with one journal")
	}
	if errors.Is(l.Note("", 0, "fine"), journal.ErrBroken) {
		t.Error("broken by a refused id")
	}
}

func BenchmarkNote(b *testing.B) {
	j, _ := journal.Create(b.TempDir(), "w")
	defer j.Close()
	l, _ := j.Lane()
	id := strings.Repeat("x", 36)
	for b.Loop() {
		if err := l.Note(id, 250, id); err != nil {
			b.Fatal(err)
		}
		if err := l.Settled(); err != nil {
			b.Fatal(err)
		}
	}
}
