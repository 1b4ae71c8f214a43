package tokens

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// LoadOrCreate reads the secrets file, in the form that Parse reads, or makes
// one with a single fresh secret. A new file appears whole and with mode 0600,
// or not at all; of two processes that start at once, both use the one that
// came first. A file that others may read is refused.
func LoadOrCreate(path string) (*Keyring, error) {
	r, err := load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	if err := create(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("tokens: making the secrets file: %w", err)
	}
	return load(path)
}

func load(path string) (*Keyring, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("tokens: reading the secrets file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("tokens: reading the secrets file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("tokens: others may read %s: run chmod 600 on it", path)
	}
	text := make([]byte, info.Size())
	if _, err := f.ReadAt(text, 0); err != nil {
		return nil, fmt.Errorf("tokens: reading the secrets file: %w", err)
	}
	r, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("tokens: secrets file %s: %w", path, err)
	}
	return r, nil
}

// create writes the file beside its place and links it there: a link, unlike a
// rename, never replaces a file that another process has just made.
func create(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".secrets-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if _, err := tmp.WriteString(fresh() + "\n"); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// fresh is one entry with a new random secret.
func fresh() string {
	var id [4]byte
	var secret [minSecret]byte
	rand.Read(id[:])
	rand.Read(secret[:])
	return fmt.Sprintf("k%x:%s", id, base64.StdEncoding.EncodeToString(secret[:]))
}
