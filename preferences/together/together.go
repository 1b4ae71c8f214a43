// Package together does one thing with many people at once: gives them a mark, takes one away, blocks their addresses, or withdraws them
// from a topic.
//
// What it promises: however many people they are, they are worked off in sets, each committed together with its count, so that
// a crash loses nothing and repeats nothing; everybody is accounted for by a reason; it can be stopped, and taken back for a
// month; and nothing here gives a consent or brings one back, so that a withdrawal is not taken back.
package together

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/kick"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// States of a job.
const (
	StatusQueued    = "queued"
	StatusRunning   = "running"
	StatusFinished  = "finished"
	StatusCancelled = "cancelled"
	StatusFailed    = "failed"
	StatusUndoing   = "undoing"
	StatusUndone    = "undone"
)

// What can be done.
const (
	Tag      = "tag"
	Untag    = "untag"
	Suppress = "suppress"
	Withdraw = "withdraw" // cannot be taken back: only the person can agree again
)

// Job is one thing that is done with many people, and how it went so far.
type Job struct {
	ID                string
	Status            string
	Action, Tag, Note string
	Topic             string // the key of the one that people are withdrawn from
	Filter            preferences.Filter
	By                string // the name of who asked for it
	People, Changed   int64  // that were looked at, and that it did something with
	Skipped           map[string]int64
	Restored, Kept    int64 // by an undo
	CreatedAt         time.Time
	FinishedAt        time.Time // zero: it is not over

	actor  audit.Actor
	cursor string
}

// Open tells whether it is worked on, or waits for it.
func (j *Job) Open() bool {
	return j.Status == StatusQueued || j.Status == StatusRunning || j.Status == StatusUndoing
}

// value is what the mark is made.
func (j *Job) value() any {
	if j.Action == Tag {
		return true
	}
	return nil
}

// ErrNotFound is an id that no job has.
var ErrNotFound = problem.NotFound("job")

// Store keeps jobs and works them off. All fields are required but Log.
type Store struct {
	DB     *sqldb.DB
	Now    func() time.Time
	People *preferences.Service
	Log    *slog.Logger

	loop   kick.Loop
	once   sync.Once
	worker string
	one    sync.Mutex // one job at a time
}

func (s *Store) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Request is what is to be done, and with whom.
type Request struct {
	Action, Tag, Note string
	Topic             string // to withdraw from
	Filter            preferences.Filter
	Everybody         bool // whom the filter finds, though it may find all
}

const (
	maxNote = 500
)

// check names what is wrong with it.
func (r *Request) check() error {
	var bad problem.Collector
	r.Tag, r.Note = strings.TrimSpace(r.Tag), strings.TrimSpace(r.Note)
	switch r.Action {
	case Tag, Untag:
		if r.Tag == "" {
			bad.Add("tag", "is required")
		} else if err := preferences.CheckMark(r.Tag); err != nil {
			bad.Add("tag", "must be named with letters, digits and _, beginning with a letter, at most 64")
		}
		r.Note = ""
	case Suppress:
		if r.Note == "" {
			bad.Add("note", "is required: why these addresses are blocked")
		}
		r.Tag = ""
	case Withdraw:
		if r.Note == "" {
			bad.Add("note", "is required: why these people are withdrawn, and where they said so")
		} else if len(r.Note) > maxNote || address.HeaderSafe(r.Note) != nil {
			bad.Add("note", "must be one line of at most %d bytes", maxNote)
		}
		if r.Topic == "" {
			bad.Add("topic", "is required")
		}
		r.Tag = ""
	default:
		bad.Add("do", "must be one of these")
	}
	if r.Action != Withdraw {
		r.Topic = ""
	}
	if !r.Filter.Known() {
		bad.Add("status", "must be one of these")
	}
	r.Filter.IDs = slices.DeleteFunc(r.Filter.IDs, func(id string) bool { return !sqldb.IsID(id) })
	if !r.Everybody && len(r.Filter.IDs) == 0 {
		bad.Add("all", "has nobody: tick people in the list, or everybody whom the filter finds")
	}
	return bad.Err()
}

// Create makes a job. It reaches those who are there now.
func (s *Store) Create(ctx context.Context, actor audit.Actor, r Request) (*Job, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if r.Everybody {
		r.Filter.IDs = nil
	} else {
		r.Filter = preferences.Filter{IDs: r.Filter.IDs}
	}
	j := &Job{ID: sqldb.NewID(), Status: StatusQueued, Action: r.Action, Tag: r.Tag, Topic: r.Topic, Note: r.Note, Filter: r.Filter, By: actor.Name, Skipped: map[string]int64{}, CreatedAt: s.now(), actor: actor}
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if j.Topic != "" {
			if _, err := s.People.Topic(ctx, tx, j.Topic); errors.Is(err, preferences.ErrTopicNotFound) {
				return problem.Invalid("topic", "is not the key of a topic")
			} else if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO together (id, status, action, tag, topic, note, filter, actor, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			j.ID, j.Status, j.Action, j.Tag, j.Topic, j.Note, sqldb.JSON(j.Filter), sqldb.JSON(actor), sqldb.Micros(j.CreatedAt))
		if err != nil {
			return fmt.Errorf("together: %w", err)
		}
		after := map[string]any{"action": j.Action, "tag": j.Tag, "withdraw": j.Topic, "status": j.Filter.Status, "topic": j.Filter.Topic, "searched": j.Filter.Text != "", "ticked": len(j.Filter.IDs)}
		return audit.Record(ctx, tx, j.CreatedAt, actor, "subscriber.together", audit.Object("together", j.ID), nil, after)
	})
	return j, err
}

const columns = "id, status, action, tag, topic, note, filter, actor, cursor, people, changed, skipped, restored, kept, created_at, finished_at"

func scan(row sqldb.Scanner) (*Job, error) {
	var j Job
	var filter, actor, skipped string
	var created int64
	var finished sql.NullInt64
	err := row.Scan(&j.ID, &j.Status, &j.Action, &j.Tag, &j.Topic, &j.Note, &filter, &actor, &j.cursor, &j.People, &j.Changed, &skipped, &j.Restored, &j.Kept, &created, &finished)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("together: %w", err)
	}
	for _, field := range []struct {
		text string
		to   any
	}{{filter, &j.Filter}, {actor, &j.actor}, {skipped, &j.Skipped}} {
		if err := json.Unmarshal([]byte(field.text), field.to); err != nil {
			return nil, fmt.Errorf("together: stored job: %w", err)
		}
	}
	j.By, j.CreatedAt, j.FinishedAt = j.actor.Name, sqldb.Time(created), sqldb.NullTime(finished)
	return &j, nil
}

// Get reads one job.
func (s *Store) Get(ctx context.Context, q sqldb.Querier, id string) (*Job, error) {
	if !sqldb.IsID(id) {
		return nil, ErrNotFound
	}
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM together WHERE id = $1", id))
}

// List reads up to limit jobs, newest first, before the one with that id.
func (s *Store) List(ctx context.Context, before string, limit int) ([]*Job, error) {
	if before == "" {
		before = "z" // after every id
	}
	return sqldb.All(ctx, s.DB, scan, "SELECT "+columns+" FROM together WHERE id < $1 ORDER BY id DESC LIMIT $2", before, limit)
}

// Cancel stops a job after the set that is under way. What is done stays.
func (s *Store) Cancel(ctx context.Context, actor audit.Actor, id string) (j *Job, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if j, err = s.Get(ctx, tx, id); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, "UPDATE together SET status = 'cancelled', filter = $1, cursor = '', worker = '', finished_at = $2 WHERE id = $3 AND status IN ('queued', 'running')", sqldb.JSON(j.told()), sqldb.Micros(s.now()), id)
		if err != nil {
			return fmt.Errorf("together: cancel: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		j.Status = StatusCancelled
		return audit.Record(ctx, tx, s.now(), actor, "subscriber.together_cancel", audit.Object("together", id), nil, nil)
	})
	return j, err
}

// told is the filter without what may be somebody's address or name: nobody needs it once the job is over.
func (j *Job) told() preferences.Filter {
	return preferences.Filter{Status: j.Filter.Status, Topic: j.Filter.Topic}
}
