package signing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// lookTime bounds one look at DNS.
const lookTime = 10 * time.Second

// Look asks DNS for the key's records and keeps what it finds. A key that waits for it begins to sign once both are there, if it was
// made so.
func (s *Store) Look(ctx context.Context, actor audit.Actor, id string) (Key, error) {
	k, err := s.Get(ctx, id)
	if err != nil {
		return k, err
	}
	fault := s.published(ctx, k)
	now := s.Now()
	seen := sqldb.NullMicros(time.Time{})
	if fault == "" {
		seen = sqldb.NullMicros(now)
		if k.SeenAt != nil {
			seen = sqldb.NullMicros(*k.SeenAt)
		}
	}
	if _, err := s.DB.ExecContext(ctx, "UPDATE dkim_keys SET looked_at = $1, fault = $2, seen_at = $3 WHERE id = $4", sqldb.Micros(now), fault, seen, id); err != nil {
		return k, fmt.Errorf("signing: %w", err)
	}
	if fault == "" && k.SwitchOnSeen && (k.State == Waiting || k.State == Seen) {
		return s.Switch(ctx, actor, id)
	}
	return s.Get(ctx, id)
}

// published says what is wrong with the records in DNS, and nothing when all is well.
func (s *Store) published(ctx context.Context, k Key) string {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	for _, r := range k.Records {
		found, err := s.Resolver.LookupTXT(ctx, r.Name)
		switch {
		case err != nil:
			return "no record at " + r.Name + ": " + err.Error()
		case len(found) != 1:
			return fmt.Sprintf("%d records at %s; there must be one", len(found), r.Name)
		case tag(found[0], "p") != tag(r.Text, "p"):
			return "the record at " + r.Name + " holds another key"
		}
	}
	return ""
}

// tag reads one tag of a record, without the blanks that providers put into long values.
func tag(record, name string) string {
	for part := range strings.SplitSeq(record, ";") {
		if k, v, ok := strings.Cut(part, "="); ok && strings.TrimSpace(k) == name {
			return strings.Join(strings.Fields(v), "")
		}
	}
	return ""
}

// Switch signs with the key from now on; the one in use before is retired. DNS must have shown the key: a signature that nobody can
// check does more harm than none.
func (s *Store) Switch(ctx context.Context, actor audit.Actor, id string) (Key, error) {
	err := s.change(ctx, actor, id, "dkim.switch", func(tx *sqldb.Tx, k Key, now time.Time) error {
		switch k.State {
		case Signing:
			return nil
		case Retired:
			return problem.Conflict("This key is retired; make a new one.")
		case Waiting:
			return problem.Conflict("This key has not been seen in DNS; publish its records first.")
		}
		if _, err := tx.ExecContext(ctx, "UPDATE dkim_keys SET retired_at = $1, rsa_private = '', ed_private = '' WHERE stream = $2 AND domain = $3 AND active_at IS NOT NULL AND retired_at IS NULL",
			sqldb.Micros(now), k.Stream, k.Domain); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE dkim_keys SET active_at = $1 WHERE id = $2", sqldb.Micros(now), id)
		return err
	})
	if err != nil {
		return Key{}, err
	}
	return s.Get(ctx, id)
}

// Stop ends the use of a key: then nothing is signed here for its stream and domain, until another is switched to.
func (s *Store) Stop(ctx context.Context, actor audit.Actor, id string) (Key, error) {
	err := s.change(ctx, actor, id, "dkim.stop", func(tx *sqldb.Tx, k Key, now time.Time) error {
		if k.State != Signing {
			return problem.Conflict("This key is not in use.")
		}
		_, err := tx.ExecContext(ctx, "UPDATE dkim_keys SET retired_at = $1, rsa_private = '', ed_private = '' WHERE id = $2", sqldb.Micros(now), id)
		return err
	})
	if err != nil {
		return Key{}, err
	}
	return s.Get(ctx, id)
}

// Remove forgets a key that is not in use. Until Keep has passed since it was retired, its records must stay in DNS and are shown.
func (s *Store) Remove(ctx context.Context, actor audit.Actor, id string) error {
	return s.change(ctx, actor, id, "dkim.remove", func(tx *sqldb.Tx, k Key, now time.Time) error {
		switch {
		case k.State == Signing:
			return problem.Conflict("This key is in use; switch to another one or stop it first.")
		case k.State == Retired && now.Sub(*k.RetiredAt) < Keep:
			return problem.Conflict("Mail that this key signed may be under way; keep its records in DNS until " + k.RetiredAt.Add(Keep).Format(time.DateOnly) + ".")
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM dkim_keys WHERE id = $1", id)
		return err
	})
}

// change runs f on a key under a lock that all changes share, and notes it.
func (s *Store) change(ctx context.Context, actor audit.Actor, id, action string, f func(tx *sqldb.Tx, k Key, now time.Time) error) error {
	defer s.forget()
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.Now()
		var key *Key
		for row := range sqldb.Rows(ctx, tx, "SELECT "+columns+" FROM dkim_keys ORDER BY id"+tx.Dialect().ForUpdate()) {
			k, err := scan(row)
			if err != nil {
				return fmt.Errorf("signing: %w", err)
			}
			if k.ID == id {
				key = &k
			}
		}
		if key == nil {
			return problem.NotFound("signing key")
		}
		if err := f(tx, *key, now); err != nil {
			return err
		}
		return audit.Record(ctx, tx, now, actor, action, audit.Object("dkim", id), map[string]string{"state": string(key.State)}, map[string]string{"stream": key.Stream, "domain": key.Domain, "selector": key.Selector})
	})
}

// watched is how long DNS is asked by itself for a key that waits.
const watched = 14 * 24 * time.Hour

// Watch looks at DNS for the keys that wait for it; it is run again and again.
func (s *Store) Watch(ctx context.Context) error {
	list, err := s.List(ctx)
	if err != nil {
		return err
	}
	for _, k := range list {
		if k.State == Waiting && s.Now().Sub(k.CreatedAt) < watched {
			if _, err := s.Look(ctx, audit.System("dkim"), k.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
