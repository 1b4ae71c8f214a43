//go:build !unix

package journal

import (
	"errors"
	"os"
)

// tryLock has no means here to tell a living worker from a dead one.
func tryLock(*os.File) (free bool, err error) { return false, errors.ErrUnsupported }
