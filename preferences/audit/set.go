package audit

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/sqldb"
)

// Change is what was done to one object of many.
type Change struct {
	Object string
	After  any // the state after it; nil where there is none
}

// changeLine is an entry as one statement over many reads it.
type changeLine struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	After  string `json:"after"`
}

// RecordSet appends one entry for each change, as [Record] does for one.
func RecordSet(ctx context.Context, q sqldb.Querier, at time.Time, actor Actor, action string, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	lines := make([]changeLine, len(changes))
	for i, c := range changes {
		after, err := encode(c.After)
		if err != nil {
			return fmt.Errorf("audit: %s of %s, after: %w", action, c.Object, err)
		}
		lines[i] = changeLine{sqldb.NewID(), c.Object, after.String}
	}
	d := q.Dialect()
	_, err := q.ExecContext(ctx, `INSERT INTO audit_log (at, actor_kind, actor_id, actor_name, actor_user_id, ip, action, id, object, after)
		SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), CAST($7 AS TEXT), `+
		d.Field("id", "TEXT")+", "+d.Field("object", "TEXT")+", NULLIF("+d.Field("after", "TEXT")+", '') FROM "+d.Rows(8),
		sqldb.Micros(at), actor.Kind, actor.ID, actor.Name, actor.UserID, actor.IP, action, sqldb.JSON(lines))
	if err != nil {
		return fmt.Errorf("audit: record %s of %d: %w", action, len(changes), err)
	}
	return nil
}
