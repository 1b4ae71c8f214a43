package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// Kinds of actor.
const (
	KindUser      = "user"      // a person on the staff, signed in
	KindKey       = "key"       // an API key
	KindRecipient = "recipient" // the person whom the data is about
	KindSystem    = "system"    // Assent itself
)

// Actor is who does something. It is given as an argument to whatever changes
// things.
type Actor struct {
	Kind   string // one of the kinds above
	ID     string // of the user, key or subscriber; for the system the part that acts
	Name   string // for people to read, as it was at the time
	UserID string // the person behind a key, if one is known; for a user the same as ID
	IP     string // where the request came from, if there was one
}

// System is Assent acting by itself; part names which part of it, such as "planner".
func System(part string) Actor { return Actor{Kind: KindSystem, ID: part, Name: part} }

// Person identifies whoever is behind the actor: the user behind a key if it has one, else the actor itself. Two
// actors with the same Person are one person where a second one is needed.
func (a Actor) Person() string {
	if a.UserID != "" {
		return KindUser + ":" + a.UserID
	}
	return a.Kind + ":" + a.ID
}

// Record appends an entry: actor did action (such as "campaign.schedule") to
// object (such as "campaign:<id>", see [Object]). The states before and after are
// kept as JSON; give nil where there is none. Secrets must not be in them.
func Record(ctx context.Context, q sqldb.Querier, at time.Time, actor Actor, action, object string, before, after any) error {
	was, err := encode(before)
	if err != nil {
		return fmt.Errorf("audit: %s of %s, before: %w", action, object, err)
	}
	is, err := encode(after)
	if err != nil {
		return fmt.Errorf("audit: %s of %s, after: %w", action, object, err)
	}
	_, err = q.ExecContext(ctx, `INSERT INTO audit_log
		(id, at, actor_kind, actor_id, actor_name, actor_user_id, ip, action, object, before, after)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		sqldb.NewID(), sqldb.Micros(at), actor.Kind, actor.ID, actor.Name, actor.UserID, actor.IP, action, object, was, is)
	if err != nil {
		return fmt.Errorf("audit: record %s of %s: %w", action, object, err)
	}
	return nil
}

// Object names a thing in the log: its kind and its id or key.
func Object(kind, id string) string { return kind + ":" + id }

// Forget empties what the entries about object said before and after, for when
// the person it is about is erased.
func Forget(ctx context.Context, q sqldb.Querier, object string) error {
	if _, err := q.ExecContext(ctx, `UPDATE audit_log SET before = NULL, after = NULL WHERE object = $1`, object); err != nil {
		return fmt.Errorf("audit: forget %s: %w", object, err)
	}
	return nil
}

func encode(state any) (sql.NullString, error) {
	if state == nil {
		return sql.NullString{}, nil
	}
	b, err := json.Marshal(state)
	if err != nil || string(b) == "null" {
		return sql.NullString{}, err
	}
	return sql.NullString{String: string(b), Valid: true}, nil
}
