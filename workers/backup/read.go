package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"assent/preferences/sqldb"
)

// The errors of a backup that cannot be used.
var (
	ErrDamaged  = errors.New("backup: the file is damaged")
	ErrNotEmpty = errors.New("backup: the database already holds data; restore into an empty one")
)

// maxPart bounds the parts that are read into memory: the manifest and the secrets.
const maxPart = 16 << 20

// Verify reads a backup to its end and checks every part against its SHA-256.
func Verify(path string) (Manifest, error) {
	return each(path, func(_ Part, in io.Reader) error {
		_, err := io.Copy(io.Discard, in)
		return err
	})
}

// Restore reads a backup into an empty, migrated database, all of it or nothing. The secrets are returned, nil if there are none.
func Restore(ctx context.Context, db *sqldb.DB, path string) (m Manifest, secretsText []byte, err error) {
	if m, err = Verify(path); err != nil { // so that nothing is written from a damaged file
		return m, nil, err
	}
	err = db.Tx(ctx, func(tx *sqldb.Tx) error {
		if tx.Dialect() == sqldb.SQLite { // the tables come in the order of the engine that wrote them, which may refer less
			if _, err := tx.ExecContext(ctx, "PRAGMA defer_foreign_keys = ON"); err != nil {
				return fmt.Errorf("backup: %w", err)
			}
		}
		tables, err := sqldb.Tables(ctx, tx)
		if err != nil {
			return err
		}
		if err := empty(ctx, tx, tables); err != nil {
			return err
		}
		_, err = each(path, func(p Part, in io.Reader) error {
			if p.Name == secrets {
				secretsText, err = io.ReadAll(io.LimitReader(in, maxPart))
				return err
			}
			return load(ctx, tx, tables, p, in)
		})
		return err
	})
	return m, secretsText, err
}

// empty makes sure that nothing is lost by restoring, and clears what a first start puts there.
func empty(ctx context.Context, tx *sqldb.Tx, tables []sqldb.Table) error {
	var people int
	for _, table := range []string{"subscribers", "campaigns", "messages"} {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+table+" LIMIT 1) AS x").Scan(&n); err != nil {
			return err
		}
		people += n
	}
	if people > 0 {
		return ErrNotEmpty
	}
	for _, t := range slices.Backward(tables) {
		if t.Name == "goose_db_version" {
			continue
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+t.Name); err != nil {
			return fmt.Errorf("backup: %s: %w", t.Name, err)
		}
	}
	return nil
}

// each reads the parts of a backup in order and checks them.
func each(path string, read func(Part, io.Reader) error) (m Manifest, err error) {
	f, err := os.Open(path)
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	defer f.Close()
	zip, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	archive := tar.NewReader(zip)
	head, err := archive.Next()
	if err != nil || head.Name != manifest || head.Size > maxPart {
		return m, fmt.Errorf("%w: it does not begin with a manifest", ErrDamaged)
	}
	if err := json.NewDecoder(archive).Decode(&m); err != nil || m.Product != product {
		return m, fmt.Errorf("%w: the manifest cannot be read", ErrDamaged)
	}
	if m.Format != format {
		return m, fmt.Errorf("backup: format %d is not known to this version of Assent", m.Format)
	}
	for _, part := range m.Parts {
		head, err := archive.Next()
		if err != nil || head.Name != part.Name {
			return m, fmt.Errorf("%w: %s is missing", ErrDamaged, part.Name)
		}
		sum := sha256.New()
		if err := read(part, io.TeeReader(archive, sum)); err != nil {
			return m, err
		}
		if _, err := io.Copy(sum, archive); err != nil || hex.EncodeToString(sum.Sum(nil)) != part.SHA256 {
			return m, fmt.Errorf("%w: %s is not what was written", ErrDamaged, part.Name)
		}
	}
	return m, nil
}

// loadBatch is how many values one INSERT binds at most, within what both engines take.
const loadBatch = 5000

// load puts the rows of one part into its table.
func load(ctx context.Context, tx *sqldb.Tx, tables []sqldb.Table, p Part, in io.Reader) error {
	name := strings.TrimSuffix(strings.TrimPrefix(p.Name, "tables/"), ".jsonl")
	i := slices.IndexFunc(tables, func(t sqldb.Table) bool { return t.Name == name })
	if i < 0 {
		return fmt.Errorf("backup: this version of Assent has no table %s; restore with the version that made the backup", name)
	}
	for _, column := range p.Columns {
		if !slices.ContainsFunc(tables[i].Columns, func(c sqldb.Column) bool { return c.Name == column }) {
			return fmt.Errorf("backup: this version of Assent has no column %s.%s; restore with the version that made the backup", name, column)
		}
	}
	lines, perRow := bufio.NewReader(in), len(p.Columns)
	var values []any
	flush := func() error {
		if len(values) == 0 {
			return nil
		}
		var b strings.Builder
		b.WriteString("INSERT INTO " + name + " (" + strings.Join(p.Columns, ", ") + ") VALUES ")
		for n := range len(values) / perRow {
			b.WriteString(map[bool]string{true: "(", false: ", ("}[n == 0])
			for c := range perRow {
				if c > 0 {
					b.WriteByte(',')
				}
				b.WriteString("$" + strconv.Itoa(n*perRow+c+1))
			}
			b.WriteByte(')')
		}
		_, err := tx.ExecContext(ctx, b.String(), values...)
		values = values[:0]
		return err
	}
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			row, rowErr := parse(line, p)
			if rowErr != nil {
				return fmt.Errorf("%w: %s: %w", ErrDamaged, p.Name, rowErr)
			}
			if values = append(values, row...); len(values)+perRow > loadBatch {
				if err := flush(); err != nil {
					return fmt.Errorf("backup: %s: %w", name, err)
				}
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("backup: %s: %w", name, err)
		}
	}
	if err := flush(); err != nil {
		return fmt.Errorf("backup: %s: %w", name, err)
	}
	return nil
}

// parse reads one row; numbers keep all their digits.
func parse(line []byte, p Part) ([]any, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var row []any
	if err := d.Decode(&row); err != nil || len(row) != len(p.Columns) {
		return nil, errors.New("a row cannot be read")
	}
	for i, v := range row {
		switch v := v.(type) {
		case json.Number:
			n, err := v.Int64()
			if err != nil {
				f, err := v.Float64()
				if err != nil {
					return nil, err
				}
				row[i] = f
				continue
			}
			row[i] = n
		case string:
			if slices.Contains(p.Binary, p.Columns[i]) {
				raw, err := base64.StdEncoding.DecodeString(v)
				if err != nil {
					return nil, err
				}
				row[i] = raw
			}
		}
	}
	return row, nil
}
