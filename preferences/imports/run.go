package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"time"

	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

const (
	batch = 500 // rows in a transaction
	// lease is how long a process that works on a file may be silent before another takes it over.
	lease = 15 * time.Second
	// maxTries is how often a batch that our own trouble stops is tried.
	maxTries = 5
	// maxErrors is how many errors an import itself shows.
	maxErrors = 100
	// keep is how long an import can be taken back and its rejects be read.
	keep = 30 * 24 * time.Hour
)

// errTaken is an import that another process took over.
var errTaken = errors.New("imports: another process works on it now")

// Kick lets this process work off what waits, at once and beside the caller, until [Store.Close].
func (s *Store) Kick() {
	s.loop.Kick(s.Work, func(err error) { s.log().Error("imports: a file waits", "error", err) })
}

// Close stops what [Store.Kick] began, after the batch that is under way. The rest goes on when a process looks again.
func (s *Store) Close() { s.loop.Close() }

// Work works off all imports whose files are in this process's folder, and all that are to be taken back.
func (s *Store) Work(ctx context.Context) error {
	s.one.Lock()
	defer s.one.Unlock()
	ids, err := s.open(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.run(ctx, id, nil); err != nil && !errors.Is(err, errTaken) {
			return err
		}
	}
	return nil
}

// Run works off one import now. progress is told how it stands after each batch; it may be nil.
func (s *Store) Run(ctx context.Context, id string, progress func(*Import)) (*Import, error) {
	s.one.Lock()
	defer s.one.Unlock()
	if err := s.run(ctx, id, progress); err != nil {
		return nil, err
	}
	return s.Get(ctx, s.DB, id)
}

func (s *Store) open(ctx context.Context) (ids []string, err error) {
	for row := range sqldb.Rows(ctx, s.DB, "SELECT id, status FROM imports WHERE status IN ('queued', 'running', 'undoing') AND (worker = '' OR lease_until < $1) ORDER BY created_at", sqldb.Micros(s.now())) {
		var id, status string
		if err := row.Scan(&id, &status); err != nil {
			return nil, fmt.Errorf("imports: %w", err)
		}
		if _, err := os.Stat(s.path(id)); err == nil || status == StatusUndoing {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// claim makes this process the only one that works on an import.
func (s *Store) claim(ctx context.Context, id string) (imp *Import, err error) {
	if s.worker == "" {
		s.worker = sqldb.NewID()
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		res, err := tx.ExecContext(ctx, `UPDATE imports SET worker = $1, lease_until = $2, status = CASE status WHEN 'queued' THEN 'running' ELSE status END, started_at = COALESCE(started_at, $3)
			WHERE id = $4 AND status IN ('queued', 'running', 'undoing') AND (worker = '' OR worker = $5 OR lease_until < $6)`,
			s.worker, sqldb.Micros(now.Add(lease)), sqldb.Micros(now), id, s.worker, sqldb.Micros(now))
		if err != nil {
			return fmt.Errorf("imports: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return errTaken
		}
		imp, err = s.Get(ctx, tx, id)
		return err
	})
	return imp, err
}

func (s *Store) run(ctx context.Context, id string, progress func(*Import)) error {
	imp, err := s.claim(ctx, id)
	if err != nil {
		return err
	}
	if imp.Status == StatusUndoing {
		return s.undo(ctx, imp)
	}
	err = s.rows(ctx, imp, progress)
	p, known := problem.As(err)
	switch {
	case err == nil:
	case known: // of the file
		imp.Failure = p.Error()
	case errors.Is(err, errTaken):
		return err // it goes on elsewhere
	case ctx.Err() != nil:
		_, later := s.DB.ExecContext(context.WithoutCancel(ctx), "UPDATE imports SET lease_until = 0 WHERE id = $1 AND worker = $2", imp.ID, s.worker)
		return errors.Join(err, later)
	default: // of ours, and perhaps over soon
		tries, later := s.release(ctx, imp)
		if later != nil || tries < maxTries {
			return errors.Join(err, later)
		}
		s.log().Error("imports: given up", "import", imp.ID, "error", err)
		imp.Failure = "The server could not go on; see its log. What is done is done; send the file again for the rest."
	}
	return s.finish(ctx, imp)
}

// release lets the import be tried again, and tells how often it was tried in vain.
func (s *Store) release(ctx context.Context, imp *Import) (tries int, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		return tx.QueryRowContext(ctx, "UPDATE imports SET tries = tries + 1, lease_until = $1 WHERE id = $2 AND worker = $3 RETURNING tries", sqldb.Micros(s.now()), imp.ID, s.worker).Scan(&tries)
	})
	return tries, err
}

func (s *Store) finish(ctx context.Context, imp *Import) error {
	status := StatusFinished
	if imp.Failure != "" {
		status = StatusFailed
	}
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if imp.DryRun {
			if _, err := tx.ExecContext(ctx, "DELETE FROM import_people WHERE import_id = $1", imp.ID); err != nil {
				return fmt.Errorf("imports: %w", err)
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE imports SET status = $1, failure = $2, finished_at = $3, worker = '', done = size WHERE id = $4 AND worker = $5",
			status, imp.Failure, sqldb.Micros(s.now()), imp.ID, s.worker)
		return err
	})
	if err != nil {
		return fmt.Errorf("imports: %w", err)
	}
	if imp.DryRun && imp.Failure == "" && imp.actor.Kind == audit.KindUser {
		return nil // kept for [Store.Again] until the sweep
	}
	if err := os.Remove(s.path(imp.ID)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("imports: %w", err)
	}
	return nil
}

// rows works off the rows that are not counted yet.
func (s *Store) rows(ctx context.Context, imp *Import, progress func(*Import)) error {
	t, err := openTable(s.path(imp.ID), imp.charset)
	if err != nil {
		return problem.Invalid("file", err.Error())
	}
	defer t.Close()
	fields, err := imp.Mapping.columns(t.header)
	if err != nil {
		return err
	}
	var topics []*preferences.Topic
	for _, key := range imp.Evidence.topics() {
		topic, err := s.People.Topic(ctx, s.DB, key)
		if err != nil {
			return problem.Invalid("evidence.topic", key+" is not the key of a topic any more")
		}
		topics = append(topics, topic)
	}
	for range imp.Rows { // done before a crash
		if _, err := t.next(); err != nil {
			return t.failed(err)
		}
	}
	for {
		records, err := t.batch()
		if len(records) > 0 {
			if err := s.commit(ctx, imp, fields, topics, records, t.raw.n); err != nil {
				return err
			}
			if progress != nil {
				progress(imp)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return t.failed(err)
		}
	}
}

// batch reads the next rows. The error ends the file; it may come with rows.
func (t *table) batch() (records []record, err error) {
	for len(records) < batch {
		r, err := t.next()
		if err != nil {
			return records, err
		}
		records = append(records, r)
	}
	return records, nil
}

// line is one row of a batch on its way.
type line struct {
	record
	key         string // of the address
	fingerprint []byte
	row         preferences.BulkRow
	result      preferences.BulkResult
}

// commit works off a batch in one transaction and counts it.
func (s *Store) commit(ctx context.Context, imp *Import, fields []string, topics []*preferences.Topic, records []record, read int64) error {
	for try := 0; ; try++ {
		var next *Import
		var claimed []string
		err := s.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			next = imp.copy()
			next.Done = min(read, imp.Size)
			if claimed, err = s.apply(ctx, tx, next, fields, topics, records); err != nil {
				return err
			}
			return s.count(ctx, tx, next)
		})
		if errors.Is(err, preferences.ErrBulkAgain) && try < 10 {
			continue
		}
		if err != nil {
			return err
		}
		if next.Confirmations > imp.Confirmations {
			s.People.Outbox.Flush(ctx)
		}
		*imp = *next
		_, err = s.People.Sending.Settle(ctx, claimed)
		return err
	}
}

func (i *Import) copy() *Import {
	c := *i
	c.Skipped, c.Partly = maps.Clone(i.Skipped), maps.Clone(i.Partly)
	c.Errors = append([]RowError{}, i.Errors...)
	return &c
}

// count stores how it went, if this process still is the one that works on it.
func (s *Store) count(ctx context.Context, tx *sqldb.Tx, imp *Import) error {
	res, err := tx.ExecContext(ctx, `UPDATE imports SET row_count = $1, created = $2, updated = $3, confirmations = $4, skipped = $5, partly = $6, errors = $7, done = $8, lease_until = $9, tries = 0
		WHERE id = $10 AND worker = $11 AND status = 'running'`,
		imp.Rows, imp.Created, imp.Updated, imp.Confirmations, sqldb.JSON(imp.Skipped), sqldb.JSON(imp.Partly), sqldb.JSON(imp.Errors), imp.Done, sqldb.Micros(s.now().Add(lease)), imp.ID, s.worker)
	if err != nil {
		return fmt.Errorf("imports: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return errTaken
	}
	return nil
}

// apply works off a batch and counts it in imp. It returns the mails that were taken back.
func (s *Store) apply(ctx context.Context, tx *sqldb.Tx, imp *Import, fields []string, topics []*preferences.Topic, records []record) (claimed []string, err error) {
	lines := make([]line, len(records))
	seen, err := s.prepare(ctx, tx, imp, fields, records, lines)
	if err != nil {
		return nil, err
	}
	in := preferences.Bulk{Actor: imp.actor, Topics: topics, Source: "import:" + imp.ID, Note: "import " + imp.ID, DryRun: imp.DryRun}
	if imp.Evidence != nil {
		in.Action, in.Confirmed = imp.Evidence.Action, imp.Evidence.Confirmed
	}
	var good []*line
	for i := range lines {
		l := &lines[i]
		if l.result.Skipped == "" && seen[string(l.fingerprint)] {
			l.result.Skipped = preferences.SkipDuplicate
		}
		if l.result.Skipped != "" {
			continue
		}
		seen[string(l.fingerprint)] = true
		good = append(good, l)
		in.Rows = append(in.Rows, l.row)
	}
	results, claimed, err := s.People.Bulk(ctx, tx, in)
	if err != nil {
		return nil, err
	}
	for i, l := range good {
		l.result = results[i]
	}
	if err := s.remember(ctx, tx, imp, lines); err != nil {
		return nil, err
	}
	if err := s.reject(ctx, tx, imp, lines); err != nil {
		return nil, err
	}
	for i := range lines {
		imp.tally(&lines[i])
	}
	return claimed, nil
}

// prepare reads the rows, and finds which of their addresses were in the file before.
func (s *Store) prepare(ctx context.Context, tx *sqldb.Tx, imp *Import, fields []string, records []record, lines []line) (map[string]bool, error) {
	var prints []any
	for i, r := range records {
		l := &lines[i]
		l.record = r
		if r.wrong != "" {
			l.result = preferences.BulkResult{Skipped: preferences.SkipInvalid, Fields: []problem.Field{{Detail: r.wrong}}}
			continue
		}
		var err error
		if l.row, err = imp.Evidence.row(fields, r.cells); err == nil {
			err = l.addressed(s)
		}
		if p, ok := problem.As(err); ok {
			l.result = preferences.BulkResult{Skipped: preferences.SkipInvalid, Fields: p.Fields}
			continue
		}
		prints = append(prints, l.fingerprint)
	}
	seen := map[string]bool{}
	if len(prints) == 0 {
		return seen, nil
	}
	// Without the import in the condition: its statistics are of yesterday, and PostgreSQL would read all of its rows.
	for row := range sqldb.Rows(ctx, tx, "SELECT fingerprint, import_id FROM import_people WHERE fingerprint IN ("+places(tx.Dialect(), 1, len(prints))+")", prints...) {
		var sum []byte
		var id string
		if err := row.Scan(&sum, &id); err != nil {
			return nil, fmt.Errorf("imports: %w", err)
		}
		if id == imp.ID {
			seen[string(sum)] = true
		}
	}
	return seen, nil
}

// addressed notes whose row it is.
func (l *line) addressed(s *Store) error {
	if l.row.Profile.Email == nil {
		return problem.Invalid("email", "is required")
	}
	parsed, err := address.Parse(*l.row.Profile.Email)
	if err != nil {
		return problem.Invalid("email", "is not an e-mail address")
	}
	l.key = parsed.Key
	_, sum := s.People.Keys.Fingerprint(parsed.Key)
	l.fingerprint = sum[:16]
	return nil
}

// tally counts one row.
func (i *Import) tally(l *line) {
	i.Rows++
	switch r := &l.result; {
	case r.Skipped != "":
		i.Skipped[r.Skipped]++
	case r.Created:
		i.Created++
	default:
		i.Updated++
	}
	if l.result.Confirms {
		i.Confirmations++
	}
	for _, reason := range l.result.Partly {
		i.Partly[reason]++
	}
	for _, f := range l.result.Fields {
		if len(i.Errors) < maxErrors {
			i.Errors = append(i.Errors, RowError{Line: l.line, Field: f.Field, Detail: f.Detail})
		}
	}
}

// places are n placeholders from the one numbered first; see preferences.
func places(d sqldb.Dialect, first, n int) string {
	text := make([]byte, 0, 5*n)
	for i := range n {
		if i > 0 {
			text = append(text, ',')
		}
		if d == sqldb.SQLite {
			text = append(text, '?')
		} else {
			text = fmt.Appendf(text, "$%d", first+i)
		}
	}
	return string(text)
}
