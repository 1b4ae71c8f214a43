package journal

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// Lane is the journal of one sender. It implements transport.Journal.
type Lane struct {
	mu         sync.Mutex
	f          *os.File
	head, size int64
	buf        []byte
	open       bool // it holds what is not settled
	broken     bool
}

// maxSize is when a lane is emptied, once all in it is settled.
const maxSize = 1 << 20

// Note records, in one write, that replied got a reply with that code (0: its final dot was not written after all), and that the final
// dot of finishing is about to be written. Either may be empty. After an error nothing was recorded.
func (l *Lane) Note(replied string, code int, finishing string) error {
	if strings.ContainsAny(replied+finishing, " \n") {
		return fmt.Errorf("journal: id %q %q", replied, finishing)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		return ErrBroken
	}
	b := l.buf[:0]
	if replied != "" {
		b = append(append(append(b, "R "...), replied...), ' ')
		b = append(strconv.AppendInt(b, int64(code), 10), '\n')
	}
	if finishing != "" {
		b = append(append(append(b, "F "...), finishing...), '\n')
	}
	if l.buf = b; len(b) == 0 {
		return nil
	}
	l.open = true
	n, err := l.f.Write(b)
	if err == nil {
		l.size += int64(n)
		return nil
	}
	if n > 0 && l.f.Truncate(l.size) != nil {
		l.broken = true // half a record would spoil the next
	}
	return fmt.Errorf("journal: %w", err)
}

// Settled says that all noted so far is stored where it belongs. The file is emptied when it has grown.
func (l *Lane) Settled() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = false
	if l.size < maxSize || l.broken {
		return nil
	}
	if err := l.f.Truncate(l.head); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	l.size = l.head
	return nil
}
