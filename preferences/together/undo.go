package together

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"assent/preferences"
	"assent/preferences/sqldb"
)

// undoStep takes back what was done with the next set of people.
func (s *Store) undoStep(ctx context.Context, j *Job) (over bool, err error) {
	next := *j
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		next = *j
		marked, err := s.changed(ctx, tx, j.ID)
		if err != nil {
			return err
		}
		if over = len(marked) == 0; over {
			next.Status = StatusUndone
		}
		n := 0
		switch {
		case over:
		case j.Action == Suppress:
			blocks := make([]string, len(marked))
			for i, m := range marked {
				blocks[i], _ = m.Before.(string)
			}
			n, err = s.People.LiftBlocks(ctx, tx, j.actor, blocks, "undone: "+j.Note)
		default:
			n, err = s.People.RestoreMarks(ctx, tx, j.actor, marked, j.Tag, j.value())
		}
		if err != nil {
			return err
		}
		next.Restored += int64(n)
		next.Kept += int64(len(marked) - n)
		if !over {
			last := marked[len(marked)-1].ID
			if _, err := tx.ExecContext(ctx, "DELETE FROM together_people WHERE together_id = $1 AND subscriber_id <= $2", j.ID, last); err != nil {
				return fmt.Errorf("together: undo: %w", err)
			}
		}
		res, err := tx.ExecContext(ctx, "UPDATE together SET status = $1, restored = $2, kept = $3, lease_until = $4, tries = 0 WHERE id = $5 AND status = 'undoing' AND worker = $6",
			next.Status, next.Restored, next.Kept, sqldb.Micros(s.now().Add(lease)), j.ID, s.worker)
		if err != nil {
			return fmt.Errorf("together: undo: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errTaken)
		}
		return nil
	})
	if err == nil {
		*j = next
	}
	return over, err
}

// changed are the next people whom a job changed.
func (s *Store) changed(ctx context.Context, tx *sqldb.Tx, id string) (list []preferences.Marked, err error) {
	for row := range sqldb.Rows(ctx, tx, "SELECT subscriber_id, before FROM together_people WHERE together_id = $1 ORDER BY subscriber_id LIMIT $2", id, set) {
		var m preferences.Marked
		var before string
		if err := row.Scan(&m.ID, &before); err != nil {
			return nil, fmt.Errorf("together: undo: %w", err)
		}
		if err := json.Unmarshal([]byte(before), &m.Before); err != nil {
			return nil, fmt.Errorf("together: undo: %w", err)
		}
		list = append(list, m)
	}
	return list, nil
}
