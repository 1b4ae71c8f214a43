package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// inMemory is how much of a body is kept in memory; what is longer goes into a file.
const inMemory = 1 << 20

// spool reads a body to its end, through sum, and gives it to be read again. Bodies of any size may come: an import has no limit.
func spool(in io.Reader, sum io.Writer) (io.ReadCloser, error) {
	var head bytes.Buffer
	in = io.TeeReader(in, sum)
	_, err := io.CopyN(&head, in, inMemory)
	if errors.Is(err, io.EOF) {
		return io.NopCloser(&head), nil
	}
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp("", "assent-body-*")
	if err != nil {
		return nil, fmt.Errorf("web: spool: %w", err)
	}
	// The file has no name from now on, so that it goes with the process too.
	_ = os.Remove(f.Name())
	if _, err = io.Copy(f, io.MultiReader(&head, in)); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
