package preferences

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/audit"
	"assent/preferences/sqldb"
)

// suppressionLine is a block as a statement over many reads it.
type suppressionLine struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Email  string `json:"email"`
	Reason string `json:"reason"`
	Note   string `json:"note"`
	Source string `json:"source"`
}

// SuppressSet blocks many addresses in the transaction of the caller, as [Service.Suppress] does one; those that are blocked for the
// same reason stay as they were, and do not count as added. It takes back no claims: a mail that was claimed just now may still begin.
func (s *Service) SuppressSet(ctx context.Context, tx *sqldb.Tx, at time.Time, actor audit.Actor, blocks []Suppression) (added int, err error) {
	if len(blocks) == 0 {
		return 0, nil
	}
	lines := make([]suppressionLine, 0, len(blocks))
	had := map[[2]string]bool{} // PostgreSQL refuses to meet the same conflict twice in one statement
	for _, b := range blocks {
		if k := [2]string{b.AddressKey, b.Reason}; !had[k] {
			had[k] = true
			lines = append(lines, suppressionLine{sqldb.NewID(), b.AddressKey, b.Email, b.Reason, b.Note, b.Source})
		}
	}
	d := tx.Dialect()
	var entries []audit.Change
	for row := range sqldb.Rows(ctx, tx, "INSERT INTO suppressions (created_at, id, address_key, email, reason, note, source) SELECT CAST($1 AS BIGINT), "+
		d.Field("id", "TEXT")+", "+d.Field("key", "TEXT")+", "+d.Field("email", "TEXT")+", "+d.Field("reason", "TEXT")+", "+d.Field("note", "TEXT")+", "+d.Field("source", "TEXT")+
		" FROM "+d.Rows(2)+" WHERE true ON CONFLICT (address_key, reason) DO NOTHING RETURNING id, reason", sqldb.Micros(at), sqldb.JSON(lines)) {
		var id, reason string
		if err := row.Scan(&id, &reason); err != nil {
			return 0, fmt.Errorf("preferences: suppressions: %w", err)
		}
		entries = append(entries, audit.Change{Object: audit.Object("suppression", id), After: map[string]string{"reason": reason}})
	}
	return len(entries), audit.RecordSet(ctx, tx, at, actor, "suppression.add", entries)
}
