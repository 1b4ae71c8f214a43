package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Fate is what is known of a message whose worker died.
type Fate uint8

const (
	Uncertain Fate = iota // perhaps accepted: never to be sent again blindly
	NotBegun              // surely not accepted: its final dot was not written, or it was refused for now
	Sent                  // answered with 250
	Refused               // answered with 5xx
)

func (f Fate) String() string { return [...]string{"uncertain", "not begun", "sent", "refused"}[f] }

// Orphan is the journal of a worker that is no more. It stays locked until Remove or Release.
type Orphan struct {
	Worker string

	dir      string
	lock     *os.File
	complete bool // written under this boot: what it does not tell did not happen
	replies  map[string]int
}

// pending is the entry of a message whose final dot was about to be written.
const pending = -1

// Orphans finds and locks the journals below dir whose workers are dead. Those of the living, on this machine, are left alone.
func Orphans(dir string) ([]*Orphan, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	var out []*Orphan
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), fresh) {
			if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > time.Hour { // killed before it began
				_ = os.RemoveAll(path)
			}
			continue
		}
		if !e.IsDir() {
			continue
		}
		lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_CREATE|os.O_RDWR, 0o600)
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			continue
		}
		if err != nil {
			return out, fmt.Errorf("journal: %w", err)
		}
		free, err := tryLock(lock)
		if err != nil || !free {
			_ = lock.Close()
			if err != nil {
				return out, fmt.Errorf("journal: %w", err)
			}
			continue
		}
		if _, err := os.Stat(lock.Name()); err != nil { // removed between our opening and our lock
			_ = lock.Close()
			continue
		}
		o, err := read(path, e.Name())
		if err != nil {
			_ = lock.Close()
			return out, err
		}
		o.lock = lock
		out = append(out, o)
	}
	return out, nil
}

// Fate tells what is known of a message that the worker had claimed.
func (o *Orphan) Fate(id string) (fate Fate, code int) {
	code, noted := o.replies[id]
	switch {
	case noted && code/100 == 2:
		return Sent, code
	case !o.complete: // a later record may be lost
		return Uncertain, 0
	case !noted:
		return NotBegun, 0
	case code == pending:
		return Uncertain, 0
	case code/100 == 5:
		return Refused, code
	}
	return NotBegun, code
}

// IDs lists all messages that the journal tells of.
func (o *Orphan) IDs() []string {
	out := make([]string, 0, len(o.replies))
	for id := range o.replies {
		out = append(out, id)
	}
	return out
}

// Remove deletes the journal, when everything in it is settled.
func (o *Orphan) Remove() error {
	err := os.RemoveAll(o.dir)
	return errors.Join(err, o.Release())
}

// Release leaves the journal for the next start.
func (o *Orphan) Release() error {
	if o.lock == nil {
		return nil
	}
	err := o.lock.Close()
	o.lock = nil
	return err
}

func read(dir, worker string) (*Orphan, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	boot := bootID()
	o := &Orphan{Worker: worker, dir: dir, complete: boot != "-", replies: map[string]int{}}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("journal: %w", err)
		}
		if !o.add(data, boot) {
			o.complete = false
		}
	}
	return o, nil
}

// add reads one file; false if it may lack its end.
func (o *Orphan) add(data []byte, boot string) bool {
	head, rest, whole := bytes.Cut(data, []byte{'\n'})
	if !whole {
		return len(data) == 0 || len(rest) == 0 // killed before the first record
	}
	words := strings.Fields(string(head))
	complete := len(words) == 4 && words[0]+" "+words[1] == magic && words[2] == boot
	for {
		line, more, whole := bytes.Cut(rest, []byte{'\n'})
		if !whole {
			return complete // half a line is a record that failed, and what it announces was not done
		}
		rest = more
		kind, record, _ := strings.Cut(string(line), " ")
		id, text, _ := strings.Cut(record, " ")
		code, err := strconv.Atoi(text)
		switch {
		case kind == "F" && id != "" && text == "":
			o.replies[id] = pending
		case kind == "R" && id != "" && err == nil && code >= 0 && code < 600:
			o.replies[id] = code
		default:
			complete = false // not written by us, or overwritten
		}
	}
}
