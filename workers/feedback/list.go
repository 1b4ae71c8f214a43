package feedback

import (
	"context"
	"fmt"
	"strings"
	"time"

	"assent/preferences/sqldb"
)

// Kept is an event that came back, as it is kept for people to look at.
type Kept struct {
	ID, Provider            string
	At                      time.Time
	Kind, Class, Code, Said string
	Effect                  string
	SubscriberID, Email     string // empty: nothing proved whom it is about, or the person is erased
	SourceID, Campaign      string // the campaign with its name, or the id of a single message without one
}

// groups are the parts that a list of what came back can be narrowed to: conditions on kind and class.
var groups = map[string]string{
	"hard": "f.kind = 'bounce' AND f.class = 'hard'", "soft": "f.kind = 'bounce' AND f.class IN ('soft', 'full')", "policy": "f.kind = 'bounce' AND f.class IN ('policy', 'spam')", "delayed": "f.kind = 'delayed'",
	"complaint": "f.kind = 'complaint'", "unsubscribe": "f.kind = 'unsubscribe'", "answer": "f.kind = 'auto_reply'", "unknown": "f.kind = 'unknown'",
}

// Groups are their names in the order in which they are offered.
var Groups = []string{"hard", "soft", "policy", "delayed", "complaint", "unsubscribe", "answer", "unknown"}

// List is what came back, newest first, of one of Groups or all; after is the last of the page before, in time and id.
func List(ctx context.Context, q sqldb.Querier, group string, after time.Time, id string, most int) ([]Kept, error) {
	where, args := []string{"TRUE"}, []any{}
	if !after.IsZero() {
		where, args = append(where, "(f.at < $1 OR f.at = $1 AND f.id < $2)"), append(args, sqldb.Micros(after), id)
	}
	if condition := groups[group]; condition != "" {
		where = append(where, condition)
	}
	list, err := sqldb.All(ctx, q, scanKept, `SELECT f.id, f.provider, f.at, f.kind, f.class, f.code, f.said, f.effect, coalesce(f.subscriber_id, ''), coalesce(s.email, ''), coalesce(f.source_id, ''), coalesce(c.name, '')
		FROM feedback f LEFT JOIN subscribers s ON s.id = f.subscriber_id LEFT JOIN campaigns c ON c.id = f.source_id
		WHERE `+strings.Join(where, " AND ")+" ORDER BY f.at DESC, f.id DESC LIMIT "+fmt.Sprint(most), args...)
	if err != nil {
		return nil, fmt.Errorf("feedback: list: %w", err)
	}
	return list, nil
}

func scanKept(row sqldb.Scanner) (k Kept, err error) {
	var at int64
	err = row.Scan(&k.ID, &k.Provider, &at, &k.Kind, &k.Class, &k.Code, &k.Said, &k.Effect, &k.SubscriberID, &k.Email, &k.SourceID, &k.Campaign)
	k.At = sqldb.Time(at)
	return k, err
}
