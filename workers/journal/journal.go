package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Journal is that of one living worker: a folder with a lock and a file for each lane.
type Journal struct {
	dir, worker string
	lock        *os.File

	mu    sync.Mutex
	lanes []*Lane
}

// ErrBroken is returned once a record could not be written whole nor taken back. Nothing may be handed over any more.
var ErrBroken = errors.New("journal: broken by a failed write")

const (
	magic    = "assent-journal 1"
	lockName = "lock"
	fresh    = ".new-" // folders that are not locked yet
)

// Create makes the journal of a worker below dir. The name must be new.
func Create(dir, worker string) (*Journal, error) {
	if worker == "" || strings.HasPrefix(worker, ".") || strings.ContainsAny(worker, "/\\ \r\n\x00") {
		return nil, fmt.Errorf("journal: worker name %q", worker)
	}
	draft := filepath.Join(dir, fresh+worker)
	final := filepath.Join(dir, worker)
	if err := os.MkdirAll(draft, 0o700); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(draft, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if free, err := tryLock(lock); err != nil || !free {
		_ = lock.Close()
		return nil, fmt.Errorf("journal: %s is in use: %w", draft, err)
	}
	// Renamed only now, so that nobody meets it unlocked.
	if err := os.Rename(draft, final); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("journal: %w", err)
	}
	return &Journal{dir: final, worker: worker, lock: lock}, nil
}

// Lane opens a file of its own for one sender, which hands over one message at a time.
func (j *Journal) Lane() (*Lane, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f, err := os.OpenFile(filepath.Join(j.dir, strconv.Itoa(len(j.lanes))+".log"), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	head := fmt.Sprintf("%s %s %s\n", magic, bootID(), time.Now().UTC().Format(time.RFC3339))
	if _, err := f.WriteString(head); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("journal: %w", err)
	}
	l := &Lane{f: f, head: int64(len(head)), size: int64(len(head))}
	j.lanes = append(j.lanes, l)
	return l, nil
}

// Close lets go of the journal. It is removed if all that it holds is settled; else the next start finds it.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.lock == nil {
		return nil
	}
	var errs []error
	settled := true
	for _, l := range j.lanes {
		l.mu.Lock()
		settled = settled && !l.open
		errs = append(errs, l.f.Close())
		l.mu.Unlock()
	}
	if settled {
		errs = append(errs, os.RemoveAll(j.dir))
	}
	errs = append(errs, j.lock.Close())
	j.lock = nil
	return errors.Join(errs...)
}

// bootID names the running kernel's boot; "-" where it cannot be told, which equals no boot.
func bootID() string {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	id := strings.TrimSpace(string(data))
	if err != nil || id == "" || strings.ContainsAny(id, " \n") {
		return "-"
	}
	return id
}
