package preferences

import (
	"context"
	"fmt"
	"strings"

	"assent/preferences/address"
	"assent/preferences/sqldb"
)

// Search picks people from the list of all. Its fields narrow it; empty ones do not.
type Search struct {
	Text       string // the beginning of an address, or a whole one
	ExternalID string
	Where      string // a condition over the alias s, its arguments bound from $5 on
	Args       []any
	After      string // a subscriber id
	Limit      int
}

// Search lists people in the order of their ids, which is that of their coming.
func (s *Service) Search(ctx context.Context, in Search) ([]*Subscriber, error) {
	where := ""
	if in.Where != "" {
		where = " AND (" + in.Where + ")"
	}
	text := strings.ToLower(in.Text)
	if parsed, err := address.Parse(in.Text); err == nil {
		text = parsed.Key
	}
	// A range over the normalised address uses its index, whatever is in the text.
	rows, err := s.DB.QueryContext(ctx, "SELECT "+columns+` FROM subscribers s WHERE s.id > $1 AND ($2 = '' OR (s.email_key >= $2 AND s.email_key < $2 || '~~~')) AND ($3 = '' OR s.external_id = $3)`+where+
		" ORDER BY s.id LIMIT $4", append([]any{in.After, text, in.ExternalID, in.Limit}, in.Args...)...)
	if err != nil {
		return nil, fmt.Errorf("preferences: search: %w", err)
	}
	defer rows.Close()
	var people []*Subscriber
	for rows.Next() {
		sub, err := scanSubscriber(rows)
		if err != nil {
			return nil, fmt.Errorf("preferences: search: %w", err)
		}
		people = append(people, sub)
	}
	return people, rows.Err()
}

// CountAll is how many people there are.
func (s *Service) CountAll(ctx context.Context, q sqldb.Querier) (n int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM subscribers").Scan(&n)
	return n, err
}
