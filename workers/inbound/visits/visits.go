package visits

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"assent/preferences/sqldb"
)

// Mailbox is what is visited. *fetch.Mailbox is one.
type Mailbox interface {
	// Name tells it from others, without its user and password.
	Name() string
	// Every is the time between two visits.
	Every() time.Duration
	// Once visits and returns how many mails were dealt with, also beside an error.
	Once(ctx context.Context) (int, error)
}

// Turns gives out the turns of visiting. All fields but the last two are required.
type Turns struct {
	DB     *sqldb.DB
	Log    *slog.Logger
	Holder string        // this process
	Lease  time.Duration // of one turn, renewed at a third of it; zero is a minute
	Most   time.Duration // that a visit is put off after faults; zero is 15 minutes
}

// Status is how a mailbox does.
type Status struct {
	Source         string
	LastAt, GoodAt time.Time // of the last visit, and the last without a fault; zero before it
	Fails          int       // since GoodAt
	Fault          string
	Mails          int64 // in all
	Busy           bool  // somebody visits just now
}

func (t *Turns) lease() time.Duration {
	if t.Lease > 0 {
		return t.Lease
	}
	return time.Minute
}

// look is how often a process that has no turn looks whether it is its turn.
func (t *Turns) look(every time.Duration) time.Duration {
	return min(every, t.lease()/3, 5*time.Second)
}

// Run visits m, whenever it is this process's turn, until ctx ends.
func (t *Turns) Run(ctx context.Context, m Mailbox) {
	look := time.NewTicker(t.look(m.Every()))
	defer look.Stop()
	for {
		mine, err := t.take(ctx, m.Name())
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			t.Log.Error("inbound mailbox: whose turn it is cannot be told", "mailbox", m.Name(), "error", err)
		case mine:
			t.visit(ctx, m)
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// take tries to get the turn: it is due, and nobody has it.
func (t *Turns) take(ctx context.Context, source string) (mine bool, err error) {
	now := time.Now()
	var held, next int64
	err = t.DB.QueryRowContext(ctx, "SELECT held_until, next_at FROM visits WHERE source = $1", source).Scan(&held, &next)
	switch at := sqldb.Micros(now); {
	case errors.Is(err, sql.ErrNoRows):
		_, err = t.DB.ExecContext(ctx, "INSERT INTO visits (source, holder, held_until, next_at, fails, fault, mails) VALUES ($1, '', 0, 0, 0, '', 0) ON CONFLICT (source) DO NOTHING", source)
		if err != nil {
			return false, fmt.Errorf("visits: %w", err)
		}
	case err != nil:
		return false, fmt.Errorf("visits: %w", err)
	case held > at || next > at:
		return false, nil
	}
	res, err := t.DB.ExecContext(ctx, "UPDATE visits SET holder = $1, held_until = $2 WHERE source = $3 AND held_until <= $4 AND next_at <= $4",
		t.Holder, sqldb.Micros(now.Add(t.lease())), source, sqldb.Micros(now))
	if err != nil {
		return false, fmt.Errorf("visits: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// keep renews the turn until ctx ends; it ends the visit when the turn is lost.
func (t *Turns) keep(ctx context.Context, source string, lost context.CancelFunc) {
	tick := time.NewTicker(t.lease() / 3)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		res, err := t.DB.ExecContext(ctx, "UPDATE visits SET held_until = $1 WHERE source = $2 AND holder = $3", sqldb.Micros(now.Add(t.lease())), source, t.Holder)
		if err == nil {
			if n, err := res.RowsAffected(); err == nil && n == 0 {
				lost() // somebody else took it, as we were asleep
				return
			}
			last = now
		} else if time.Since(last) > t.lease()*2/3 {
			lost()
			return
		}
	}
}

func (t *Turns) visit(ctx context.Context, m Mailbox) {
	visit, cancel := context.WithCancel(ctx)
	defer cancel()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		t.keep(visit, m.Name(), cancel)
	}()
	n, fault := m.Once(visit)
	cancel()
	<-kept
	if ctx.Err() != nil {
		fault = nil // we were told to stop: the next one goes on
	}
	if err := t.done(context.WithoutCancel(ctx), m, n, fault); err != nil {
		t.Log.Error("inbound mailbox: visit not noted", "mailbox", m.Name(), "error", err)
	}
}

// done notes the visit and gives the turn back.
func (t *Turns) done(ctx context.Context, m Mailbox, n int, fault error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return t.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := time.Now()
		var fails int
		err := tx.QueryRowContext(ctx, "SELECT fails FROM visits WHERE source = $1 AND holder = $2"+tx.Dialect().ForUpdate(), m.Name(), t.Holder).Scan(&fails)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // not our turn any more: whoever has it notes
		}
		if err != nil {
			return fmt.Errorf("visits: %w", err)
		}
		if fault == nil {
			_, err = tx.ExecContext(ctx, "UPDATE visits SET holder = '', held_until = 0, next_at = $1, last_at = $2, good_at = $2, fails = 0, fault = '', mails = mails + $3 WHERE source = $4",
				sqldb.Micros(now.Add(m.Every())), sqldb.Micros(now), n, m.Name())
			return err
		}
		fails++
		wait := t.wait(m.Every(), fails)
		t.Log.Error("inbound mailbox", "mailbox", m.Name(), "mails", n, "retry", wait.String(), "error", fault)
		said := strings.Join(strings.Fields(fault.Error()), " ")
		_, err = tx.ExecContext(ctx, "UPDATE visits SET holder = '', held_until = 0, next_at = $1, last_at = $2, fails = $3, fault = $4, mails = mails + $5 WHERE source = $6",
			sqldb.Micros(now.Add(wait)), sqldb.Micros(now), fails, said[:min(len(said), 500)], n, m.Name())
		return err
	})
}

// wait doubles with each fault.
func (t *Turns) wait(every time.Duration, fails int) time.Duration {
	most := t.Most
	if most == 0 {
		most = 15 * time.Minute
	}
	return min(every<<min(fails, 20), max(most, every))
}

// StatusOf is how a mailbox does; nothing of it is known before the first visit.
func StatusOf(ctx context.Context, q sqldb.Querier, source string) (s Status, err error) {
	s.Source = source
	var last, good sql.NullInt64
	var held int64
	err = q.QueryRowContext(ctx, "SELECT held_until, last_at, good_at, fails, fault, mails FROM visits WHERE source = $1", source).Scan(&held, &last, &good, &s.Fails, &s.Fault, &s.Mails)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("visits: %w", err)
	}
	s.Busy = held > sqldb.Micros(time.Now())
	if last.Valid {
		s.LastAt = sqldb.Time(last.Int64)
	}
	if good.Valid {
		s.GoodAt = sqldb.Time(good.Int64)
	}
	return s, nil
}
