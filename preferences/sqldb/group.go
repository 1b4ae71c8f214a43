package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// SQLite has one writer, and each commit waits for the disk. Transactions that wait for the writer at the same time therefore
// share one commit: one after the other runs in the open transaction, each behind a savepoint of its own so that its failure is
// its own, and all of them return when the commit that holds them is durable. Where nobody waits, a transaction is alone.
//
// They are as isolated as before: one sees what those before it in the group have written, and were all rolled back, it would
// be rolled back too. Nobody else sees anything before the commit.

const (
	// groupSize is how many transactions share a commit at most.
	groupSize = 64
	// groupTime is for how long one that is finished waits for others at most.
	groupTime = 10 * time.Millisecond
)

// errGroup is why a transaction is run again: another that shared its commit took it along.
var errGroup = errors.New("sqldb: rolled back with the transactions that shared its commit")

// group is the writer of an SQLite database.
type group struct {
	baton   chan struct{} // who holds it may write
	waiting atomic.Int32  // for the baton
	open    *shared       // begun and not committed; of the holder of the baton
}

// shared is one transaction of the engine in which several of ours run.
type shared struct {
	raw     *sql.Tx
	begun   time.Time
	members int
	done    chan struct{}
	err     error // of the commit, once done
}

func newGroup() *group { return &group{baton: make(chan struct{}, 1)} }

// tx runs do in the open transaction or a new one, and returns when it is committed.
func (g *group) tx(ctx context.Context, db *DB, do func(tx *Tx) error) error {
	g.waiting.Add(1)
	select {
	case g.baton <- struct{}{}:
		g.waiting.Add(-1)
	case <-ctx.Done():
		// Whoever was before may have left the commit to us.
		g.baton <- struct{}{}
		g.waiting.Add(-1)
		g.pass(false)
		return fmt.Errorf("sqldb: begin: %w", ctx.Err())
	}
	s := g.open
	if s == nil {
		// It outlives the one who begins it, so it does not end with their context.
		raw, err := db.write.BeginTx(context.WithoutCancel(ctx), nil)
		if err != nil {
			g.pass(false)
			return fmt.Errorf("sqldb: begin: %w", err)
		}
		s = &shared{raw: raw, begun: time.Now(), done: make(chan struct{})}
		g.open = s
	}
	if err := g.member(ctx, db, s, do); err != nil {
		return err
	}
	<-s.done
	return s.err
}

// member runs do as one more of s and passes the baton on, also when do panics.
func (g *group) member(ctx context.Context, db *DB, s *shared, do func(tx *Tx) error) (err error) {
	alone := s.members == 0
	broken, kept := true, false // until it is known better
	defer func() {
		switch {
		case kept:
			s.members++
		case alone:
			_ = s.raw.Rollback()
			g.open = nil
		default:
			// The engine may have rolled everything back by itself: then there is no savepoint any more.
			_, undo := s.raw.ExecContext(context.WithoutCancel(ctx), "ROLLBACK TO member")
			if undo == nil {
				_, undo = s.raw.ExecContext(context.WithoutCancel(ctx), "RELEASE member")
			}
			broken = undo != nil
		}
		g.pass(broken && !alone && !kept)
	}()
	if !alone {
		if _, err := s.raw.ExecContext(context.WithoutCancel(ctx), "SAVEPOINT member"); err != nil {
			return fmt.Errorf("sqldb: begin: %w", err)
		}
	}
	if err := do(&Tx{Tx: s.raw, dialect: db.dialect}); err != nil {
		return err
	}
	if !alone {
		if _, err := s.raw.ExecContext(context.WithoutCancel(ctx), "RELEASE member"); err != nil {
			return fmt.Errorf("sqldb: commit: %w", err)
		}
	}
	kept = true
	return nil
}

// pass ends the open transaction, unless it is to be left to somebody who waits, and gives the baton on.
func (g *group) pass(broken bool) {
	if s := g.open; s != nil && (broken || g.waiting.Load() == 0 || s.members >= groupSize || time.Since(s.begun) > groupTime) {
		g.open = nil
		if broken {
			_ = s.raw.Rollback()
			s.err = errGroup
		} else if err := s.raw.Commit(); err != nil {
			s.err = fmt.Errorf("sqldb: commit: %w", err)
		}
		close(s.done)
	}
	<-g.baton
}
