package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sheet"
	"assent/preferences/sqldb"
)

// remember notes whom a batch has seen, and what it did to them.
func (s *Store) remember(ctx context.Context, tx *sqldb.Tx, imp *Import, lines []line) error {
	var rows [][]any
	for i := range lines {
		l := &lines[i]
		if l.result.Skipped != "" {
			continue
		}
		id := l.result.ID
		if imp.DryRun {
			id = ""
		}
		rows = append(rows, []any{imp.ID, l.fingerprint, l.line, id, l.result.Created, sqldb.JSON(l.result.Choices), sqldb.Micros(l.result.At)})
	}
	return insert(ctx, tx, "INSERT INTO import_people (import_id, fingerprint, line, subscriber_id, created, choices, at) VALUES ", rows)
}

// reject keeps the rows that were left out, with the reason.
func (s *Store) reject(ctx context.Context, tx *sqldb.Tx, imp *Import, lines []line) error {
	var rows [][]any
	for i := range lines {
		l := &lines[i]
		reason, field, detail := l.result.Skipped, "", ""
		switch {
		case len(l.result.Fields) > 0:
			field, detail = l.result.Fields[0].Field, l.result.Fields[0].Detail
		case reason == "" && len(l.result.Partly) > 0:
			reason = "partly"
			for topic, why := range l.result.Partly {
				detail += topic + ": " + why + "; "
			}
			detail = strings.TrimSuffix(detail, "; ")
		case reason == "":
			continue
		}
		cells := l.cells
		if l.wrong != "" {
			cells = nil // it may be anything
		}
		rows = append(rows, []any{imp.ID, l.line, l.key, reason, field, detail, sqldb.JSON(cells)})
	}
	return insert(ctx, tx, "INSERT INTO import_rejects (import_id, line, address_key, reason, field, detail, cells) VALUES ", rows)
}

// insert inserts rows of equal width, 50 in a statement.
func insert(ctx context.Context, tx *sqldb.Tx, head string, rows [][]any) error {
	for len(rows) > 0 {
		n, width := min(len(rows), 50), len(rows[0])
		text, args := head, make([]any, 0, 50*width)
		for i, row := range rows[:n] {
			if i > 0 {
				text += ","
			}
			text += "(" + places(tx.Dialect(), 1+i*width, width) + ")"
			args = append(args, row...)
		}
		if _, err := tx.ExecContext(ctx, text, args...); err != nil {
			return fmt.Errorf("imports: %w", err)
		}
		rows = rows[n:]
	}
	return nil
}

// Rejects writes the rows that were left out as CSV: line, reason, field, detail, then the row as it was.
func (s *Store) Rejects(ctx context.Context, imp *Import, out io.Writer) error {
	w := sheet.NewWriter(out)
	if err := w.Row(append([]string{"line", "reason", "field", "detail"}, imp.header...)...); err != nil {
		return err
	}
	for after := -1; ; {
		n, err := s.rejects(ctx, imp, &after, w)
		if err != nil || n == 0 {
			return errors.Join(err, w.Flush())
		}
	}
}

func (s *Store) rejects(ctx context.Context, imp *Import, after *int, w *sheet.Writer) (n int, err error) {
	for row := range sqldb.Rows(ctx, s.DB, "SELECT line, reason, field, detail, cells FROM import_rejects WHERE import_id = $1 AND line > $2 ORDER BY line LIMIT 1000", imp.ID, *after) {
		var reason, field, detail, text string
		var cells []string
		if err := row.Scan(after, &reason, &field, &detail, &text); err != nil {
			return n, fmt.Errorf("imports: rejects: %w", err)
		}
		if err := json.Unmarshal([]byte(text), &cells); err != nil {
			return n, fmt.Errorf("imports: rejects: %w", err)
		}
		if err := w.Row(append([]string{strconv.Itoa(*after), reason, field, detail}, cells...)...); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Undo lets what an import did be taken back: people whom it made, and choices that it recorded, unless they were changed
// since. Opt-outs stay.
func (s *Store) Undo(ctx context.Context, actor audit.Actor, id string) (imp *Import, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if imp, err = s.Get(ctx, tx, id); err != nil {
			return err
		}
		now := s.now()
		if imp.Status == StatusUndoing || imp.Status == StatusUndone {
			return nil
		}
		if err := imp.undoable(now); err != nil {
			return err
		}
		imp.Status, imp.Undone = StatusUndoing, &Undone{}
		if _, err := tx.ExecContext(ctx, "UPDATE imports SET status = 'undoing', undone = $1, actor = $2, worker = '' WHERE id = $3", sqldb.JSON(imp.Undone), sqldb.JSON(actor), id); err != nil {
			return fmt.Errorf("imports: undo: %w", err)
		}
		return audit.Record(ctx, tx, now, actor, "import.undo", audit.Object("import", id), nil, nil)
	})
	return imp, err
}

func (imp *Import) undoable(now time.Time) error {
	switch {
	case imp.Status == StatusUndoing || imp.Status == StatusUndone:
		return problem.Conflict("The import is taken back already.")
	case imp.DryRun:
		return problem.Conflict("This was a dry run: there is nothing to take back.")
	case imp.Status != StatusFinished && imp.Status != StatusFailed:
		return problem.Conflict("The import is still running; take it back when it is finished.")
	case imp.Evidence != nil && imp.Evidence.Action != preferences.ActionGive:
		return problem.Conflict("The import recorded opt-outs. They are not taken back: people may rely on them.")
	case imp.FinishedAt != nil && now.Sub(*imp.FinishedAt) > keep:
		return problem.Conflict("The import is more than 30 days old: what it did is not kept any more.")
	}
	return nil
}

// undo takes an import back, a batch at a time.
func (s *Store) undo(ctx context.Context, imp *Import) error {
	for {
		left, err := s.undoBatch(ctx, imp)
		if err != nil {
			return err
		}
		if left == 0 {
			break
		}
	}
	if _, err := s.DB.ExecContext(ctx, "UPDATE imports SET status = 'undone', worker = '' WHERE id = $1 AND worker = $2", imp.ID, s.worker); err != nil {
		return fmt.Errorf("imports: undo: %w", err)
	}
	return nil
}

func (s *Store) undoBatch(ctx context.Context, imp *Import) (n int, err error) {
	var undone preferences.Undone
	after := *imp.Undone
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		rows, last, err := s.people(ctx, tx, imp.ID)
		if err != nil {
			return err
		}
		if n = len(rows); n == 0 {
			return nil
		}
		if undone, err = s.People.BulkUndo(ctx, tx, imp.actor, rows); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM import_people WHERE import_id = $1 AND line <= $2", imp.ID, last); err != nil {
			return fmt.Errorf("imports: undo: %w", err)
		}
		after = Undone{imp.Undone.Removed + int64(undone.Removed), imp.Undone.Restored + int64(undone.Restored), imp.Undone.Kept + int64(undone.Kept)}
		res, err := tx.ExecContext(ctx, "UPDATE imports SET undone = $1, lease_until = $2 WHERE id = $3 AND worker = $4", sqldb.JSON(after), sqldb.Micros(s.now().Add(lease)), imp.ID, s.worker)
		if err != nil {
			return fmt.Errorf("imports: undo: %w", err)
		}
		if n, err := res.RowsAffected(); err == nil && n == 0 {
			return errTaken
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	*imp.Undone = after
	_, err = s.People.Sending.Settle(ctx, undone.Claimed)
	return n, err
}

// people are the next rows that can be taken back, up to the last line.
func (s *Store) people(ctx context.Context, tx *sqldb.Tx, id string) (list []preferences.UndoRow, last int64, err error) {
	for row := range sqldb.Rows(ctx, tx, "SELECT line, subscriber_id, created, choices, at FROM import_people WHERE import_id = $1 ORDER BY line LIMIT $2", id, batch) {
		var r preferences.UndoRow
		var choices string
		if err := row.Scan(&last, &r.ID, &r.Created, &choices, &r.At); err != nil {
			return nil, 0, fmt.Errorf("imports: undo: %w", err)
		}
		if err := json.Unmarshal([]byte(choices), &r.Choices); err != nil {
			return nil, 0, fmt.Errorf("imports: undo: %w", err)
		}
		list = append(list, r)
	}
	return list, last, nil
}

// Forget removes what is kept of a person who is erased; see [preferences.Service].
func (s *Store) Forget(ctx context.Context, tx *sqldb.Tx, sub *preferences.Subscriber) error {
	if sub.ID != "" { // else only an address
		if _, err := tx.ExecContext(ctx, "UPDATE import_people SET subscriber_id = '', created = FALSE, choices = 'null' WHERE subscriber_id = $1", sub.ID); err != nil {
			return fmt.Errorf("imports: forget: %w", err)
		}
	}
	// A cell that is no address as it stands, such as one with a word before it, may hold the address all the same.
	inside := "%" + likeEscape.Replace(strings.Trim(sqldb.JSON(sub.EmailKey), `"`)) + "%"
	if _, err := tx.ExecContext(ctx, `DELETE FROM import_rejects WHERE address_key = $1 OR lower(cells) LIKE $2 ESCAPE '!'`, sub.EmailKey, inside); err != nil {
		return fmt.Errorf("imports: forget: %w", err)
	}
	return nil
}

var likeEscape = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// Maintain goes on with what a dead process left, and forgets what is old.
func (s *Store) Maintain(ctx context.Context) error {
	old := sqldb.Micros(s.now().Add(-keep))
	for _, query := range []string{
		"DELETE FROM import_people WHERE import_id IN (SELECT id FROM imports WHERE status <> 'undoing' AND finished_at < $1)",
		"DELETE FROM import_rejects WHERE import_id IN (SELECT id FROM imports WHERE finished_at < $1)",
	} {
		if _, err := s.DB.ExecContext(ctx, query, old); err != nil {
			return fmt.Errorf("imports: trim: %w", err)
		}
	}
	return errors.Join(s.sweep(ctx), s.Work(ctx))
}

// sweep removes files that never became an import, and those of dry runs.
func (s *Store) sweep(ctx context.Context) error {
	notes, err := filepath.Glob(filepath.Join(s.Dir, "*.note"))
	if err != nil {
		return fmt.Errorf("imports: sweep: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(s.Dir, "*.csv"))
	if err != nil {
		return fmt.Errorf("imports: sweep: %w", err)
	}
	for _, file := range append(files, notes...) {
		info, err := os.Stat(file)
		if err != nil || time.Since(info.ModTime()) < 24*time.Hour {
			continue
		}
		imp, err := s.Get(ctx, s.DB, strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)))
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if imp == nil || imp.Status == StatusFinished || imp.Status == StatusFailed {
			if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("imports: sweep: %w", err)
			}
		}
	}
	return nil
}
