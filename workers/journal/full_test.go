//go:build unix

package journal_test

import (
	"fmt"
	"os/signal"
	"syscall"
	"testing"

	"assent/workers/journal"
)

func TestAFullDiskStopsTheNotesAndSpoilsNone(t *testing.T) {
	dir := t.TempDir()
	j, err := journal.Create(dir, "w")
	if err != nil {
		t.Fatal(err)
	}
	l, err := j.Lane()
	if err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Skip(err)
	}
	small := old
	small.Cur = 500
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Skip(err)
	}
	noted := 0
	for err == nil && noted < 1000 {
		if err = l.Note("", 0, fmt.Sprintf("message-%d", noted)); err == nil {
			noted++
		}
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err == nil || noted == 0 {
		t.Fatalf("%d notes fitted into 500 octets: %v", noted, err)
	}
	if err := l.Note("", 0, "after"); err != nil { // there is room again
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	list, err := journal.Orphans(dir)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	defer func() { _ = list[0].Remove() }()
	for id, want := range map[string]journal.Fate{
		"message-0": journal.Uncertain, fmt.Sprintf("message-%d", noted-1): journal.Uncertain,
		fmt.Sprintf("message-%d", noted): journal.NotBegun, "after": journal.Uncertain,
	} {
		if got, _ := list[0].Fate(id); got != want {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
	if n := len(list[0].IDs()); n != noted+1 {
		t.Errorf("%d messages noted, want %d", n, noted+1)
	}
}
