package feedback

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"assent/preferences/sqldb"
	"assent/workers/inbound"
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

// Groups are the parts that a list of what came back can be narrowed to, in the order in which they are offered.
var Groups = []string{"hard", "soft", "policy", "delayed", "complaint", "unsubscribe", "answer", "unknown"}

// part is what the index feedback_part is of: the group of an event, but for answers, which have the name of their kind there.
const part = "CASE WHEN f.kind <> 'bounce' THEN f.kind WHEN f.class IN ('soft', 'full') THEN 'soft' WHEN f.class IN ('policy', 'spam') THEN 'policy' ELSE f.class END"

// List is what came back, newest first, of one of Groups or all; after is the last of the page before, in time and id.
func List(ctx context.Context, q sqldb.Querier, group string, after time.Time, id string, most int) ([]Kept, error) {
	query, args := keptList(group, after, id, most)
	list, err := sqldb.All(ctx, q, scanKept, query, args...)
	if err != nil {
		return nil, fmt.Errorf("feedback: list: %w", err)
	}
	return list, nil
}

func keptList(group string, after time.Time, id string, most int) (query string, args []any) {
	before := int64(1<<62 - 1)
	if !after.IsZero() {
		before = sqldb.Micros(after)
	}
	query, args = `SELECT f.id, f.provider, f.at, f.kind, f.class, f.code, f.said, f.effect, coalesce(f.subscriber_id, ''), coalesce(s.email, ''), coalesce(f.source_id, ''), coalesce(c.name, '')
		FROM feedback f LEFT JOIN subscribers s ON s.id = f.subscriber_id LEFT JOIN campaigns c ON c.id = f.source_id
		WHERE (f.at, f.id) < ($1, $2)`, []any{before, id}
	if slices.Contains(Groups, group) {
		if group == "answer" {
			group = string(inbound.AutoReply)
		}
		query, args = query+" AND "+part+" = $3", append(args, group)
	}
	args = append(args, most)
	return query + " ORDER BY f.at DESC, f.id DESC LIMIT $" + strconv.Itoa(len(args)), args
}

func scanKept(row sqldb.Scanner) (k Kept, err error) {
	var at int64
	err = row.Scan(&k.ID, &k.Provider, &at, &k.Kind, &k.Class, &k.Code, &k.Said, &k.Effect, &k.SubscriberID, &k.Email, &k.SourceID, &k.Campaign)
	k.At = sqldb.Time(at)
	return k, err
}
