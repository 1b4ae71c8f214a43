package notices

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"assent/campaigns/outbox"
	"assent/preferences/address"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Filter narrows a list of notices; empty fields do not.
type Filter struct {
	Status     string
	Obligation string
	Reference  string
	Email      string
	Broadcast  string
	Single     bool // none that belong to a broadcast
}

// query is what [Service.List] asks.
func (f Filter) query(before string, limit int) (query string, args []any, err error) {
	if f.Email == "" && f.Reference == "" && f.Broadcast == "" && f.Status+f.Obligation != "" {
		query, args = f.merged(before, limit)
		return query, args, nil
	}
	query = "SELECT " + outbox.BareColumns + " FROM messages WHERE class = 'notice'"
	where := func(column, op string, value any) {
		args = append(args, value)
		query += fmt.Sprintf(" AND %s %s $%d", column, op, len(args))
	}
	if f.Email != "" {
		parsed, err := address.Parse(strings.TrimSpace(f.Email))
		if err != nil {
			return "", nil, problem.Invalid("email", "is not an e-mail address")
		}
		where("address_key", "=", parsed.Key)
	}
	for _, c := range []struct{ column, value string }{{"status", f.Status}, {"reference", f.Reference}, {"broadcast_id", f.Broadcast}} {
		if c.value != "" {
			where(c.column, "=", c.value)
		}
	}
	switch {
	case f.Obligation == "":
	case f.Broadcast == "":
		where("obligation", "=", f.Obligation)
	default: // all of its messages have that of the broadcast
		args = append(args, f.Broadcast, f.Obligation)
		query += fmt.Sprintf(" AND EXISTS (SELECT 1 FROM notice_broadcasts WHERE id = $%d AND obligation = $%d)", len(args)-1, len(args))
	}
	if f.Reference != "" {
		query += " AND reference <> ''" // as the index has it
	}
	if f.Single {
		query += " AND broadcast_id IS NULL"
	}
	if before != "" {
		where("id", "<", before)
	}
	args = append(args, limit)
	return query + fmt.Sprintf(" ORDER BY id DESC LIMIT $%d", len(args)), args, nil
}

// merged asks for each obligation and status by itself, as the indexes have them, and takes the newest of all.
func (f Filter) merged(before string, limit int) (query string, args []any) {
	obligations, statuses, kinds := Obligations, outbox.Statuses, []string{"broadcast_id IS NULL", "broadcast_id IS NOT NULL"}
	if f.Obligation != "" {
		obligations = []string{f.Obligation}
	}
	if f.Status != "" {
		statuses = []string{f.Status}
	}
	if f.Single {
		kinds = kinds[:1]
	}
	bind := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	newest := " ORDER BY id DESC LIMIT " + strconv.Itoa(limit)
	end := bind(cmp.Or(before, "z")) // after every id
	var parts []string
	for _, obligation := range obligations {
		for _, status := range statuses {
			which := "obligation = " + bind(obligation) + " AND status = " + bind(status)
			for _, kind := range kinds {
				parts = append(parts, "SELECT * FROM (SELECT id FROM messages WHERE id < "+end+" AND class = 'notice' AND "+kind+" AND "+which+newest+") AS part")
			}
		}
	}
	return "SELECT " + outbox.BareColumns + " FROM messages WHERE id IN (SELECT id FROM (" + strings.Join(parts, " UNION ALL ") + ") AS parts" + newest + ") ORDER BY id DESC", args
}

// List reads up to limit notices made before the one with the given id (empty: from the newest), newest first.
func (s *Service) List(ctx context.Context, f Filter, before string, limit int) ([]*outbox.Message, error) {
	query, args, err := f.query(before, limit)
	if err != nil {
		return nil, err
	}
	return sqldb.All(ctx, s.DB, outbox.Scan, query, args...)
}

// trimBatch is how many mails one transaction forgets.
const trimBatch = 500

// Trim forgets the bytes of mails that are kept no longer. Their evidence stays.
func (s *Service) Trim(ctx context.Context) error {
	site, err := s.People.Site.Get(ctx)
	if err != nil || site.RetentionMessages <= 0 {
		return err
	}
	before := sqldb.Micros(s.now().Add(-site.RetentionMessages))
	for ctx.Err() == nil {
		res, err := s.DB.ExecContext(ctx, "DELETE FROM message_bytes WHERE message_id IN (SELECT message_id FROM message_bytes WHERE at < $1 ORDER BY at LIMIT $2)", before, trimBatch)
		if err != nil {
			return fmt.Errorf("notices: trim: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n < trimBatch {
			return err
		}
		time.Sleep(50 * time.Millisecond) // let others write
	}
	return ctx.Err()
}
