//go:build unix

package journal

import (
	"errors"
	"os"
	"syscall"
)

// tryLock locks a file for as long as it is open. Free is false if another process has it.
func tryLock(f *os.File) (free bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
