package backup

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"assent/preferences/sqldb"
)

// Manifest says what is in a backup.
type Manifest struct {
	Product string    `json:"product"`
	Format  int       `json:"format"`
	Made    time.Time `json:"made"`
	Engine  string    `json:"engine"`
	Parts   []Part    `json:"parts"`
}

// Part is one file of a backup.
type Part struct {
	Name    string   `json:"name"` // tables/NAME.jsonl or secrets
	Columns []string `json:"columns,omitempty"`
	Binary  []string `json:"binary,omitempty"` // columns in base64
	Rows    int64    `json:"rows"`
	Bytes   int64    `json:"bytes"`
	SHA256  string   `json:"sha256"`
}

const (
	product  = "assent"
	format   = 1
	manifest = "manifest.json"
	secrets  = "secrets"
)

// transient tables hold nothing that is worth a restore.
var transient = map[string]bool{"goose_db_version": true, "idempotency_keys": true, "workers": true}

// Write makes a backup in path, whole or not at all. secretsFile may be missing: then the secrets are kept elsewhere.
func Write(ctx context.Context, db *sqldb.DB, secretsFile, path string, now time.Time) (m Manifest, err error) {
	spool, err := os.MkdirTemp(filepath.Dir(path), ".backup-")
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	defer os.RemoveAll(spool)
	m = Manifest{Product: product, Format: format, Made: now, Engine: db.Dialect().String()}
	err = db.Snapshot(ctx, func(q sqldb.Querier) error {
		tables, err := sqldb.Tables(ctx, q)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if transient[t.Name] {
				continue
			}
			part, err := dump(ctx, q, t, spool)
			if err != nil {
				return err
			}
			m.Parts = append(m.Parts, part)
		}
		return nil
	})
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	if raw, err := os.ReadFile(secretsFile); err == nil {
		sum := sha256.Sum256(raw)
		m.Parts = append(m.Parts, Part{Name: secrets, Bytes: int64(len(raw)), SHA256: hex.EncodeToString(sum[:])})
		if err := os.WriteFile(filepath.Join(spool, secrets), raw, 0o600); err != nil {
			return m, fmt.Errorf("backup: %w", err)
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("backup: %w", err)
	}
	return m, pack(m, spool, path)
}

// dump writes one table into the spool.
func dump(ctx context.Context, q sqldb.Querier, t sqldb.Table, spool string) (Part, error) {
	part := Part{Name: "tables/" + t.Name + ".jsonl"}
	for _, c := range t.Columns {
		part.Columns = append(part.Columns, c.Name)
		if c.Binary {
			part.Binary = append(part.Binary, c.Name)
		}
	}
	f, err := os.OpenFile(spoolName(spool, part.Name), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return part, err
	}
	defer f.Close()
	sum, buffered := sha256.New(), bufio.NewWriter(f)
	out := io.MultiWriter(buffered, sum)
	rows, err := q.QueryContext(ctx, "SELECT "+strings.Join(part.Columns, ", ")+" FROM "+t.Name)
	if err != nil {
		return part, err
	}
	defer rows.Close()
	values, targets := make([]any, len(part.Columns)), make([]any, len(part.Columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return part, fmt.Errorf("table %s: %w", t.Name, err)
		}
		for i, c := range t.Columns {
			if n, ok := values[i].(int64); ok && c.Boolean { // SQLite's truth is a number
				values[i] = n != 0
			}
		}
		line, err := json.Marshal(values) // []byte becomes base64
		if err != nil {
			return part, fmt.Errorf("table %s: %w", t.Name, err)
		}
		n, err := out.Write(append(line, '\n'))
		if err != nil {
			return part, err
		}
		part.Rows++
		part.Bytes += int64(n)
	}
	part.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return part, errors.Join(rows.Err(), buffered.Flush(), f.Close())
}

func spoolName(spool, part string) string {
	return filepath.Join(spool, strings.ReplaceAll(part, "/", "_"))
}

// pack puts the spool into one file beside its final name, and moves it there when it is whole and on the disk.
func pack(m Manifest, spool, path string) error {
	f, err := os.OpenFile(filepath.Join(spool, "whole"), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer f.Close()
	zip := gzip.NewWriter(f)
	archive := tar.NewWriter(zip)
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := add(archive, manifest, int64(len(text)), m.Made, strings.NewReader(string(text))); err != nil {
		return err
	}
	for _, part := range m.Parts {
		in, err := os.Open(spoolName(spool, part.Name))
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		err = add(archive, part.Name, part.Bytes, m.Made, in)
		_ = in.Close()
		if err != nil {
			return err
		}
	}
	if err := errors.Join(archive.Close(), zip.Close(), f.Sync(), f.Close(), os.Rename(f.Name(), path)); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

func add(archive *tar.Writer, name string, size int64, at time.Time, from io.Reader) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: at}); err != nil {
		return fmt.Errorf("backup: %s: %w", name, err)
	}
	if _, err := io.Copy(archive, from); err != nil {
		return fmt.Errorf("backup: %s: %w", name, err)
	}
	return nil
}
