package audit

import (
	"context"
	"fmt"
	"io"
	"time"

	"assent/preferences/sheet"
	"assent/preferences/sqldb"
)

// pageSize is how many entries an export reads at a time.
const pageSize = 1000

// WriteCSV writes all entries that f chooses, the newest first, as CSV with a
// heading. Cells cannot be run as formulas.
func WriteCSV(ctx context.Context, q sqldb.Querier, f Filter, w io.Writer) error {
	out := sheet.NewWriter(w)
	err := out.Row("at", "actor_kind", "actor_id", "actor_name", "actor_user_id", "ip", "action", "object", "before", "after")
	for cursor := ""; err == nil; {
		var page []Entry
		if page, cursor, err = List(ctx, q, f, pageSize, cursor); err != nil {
			return err
		}
		for _, e := range page {
			if err = out.Row(e.At.Format(time.RFC3339Nano), e.Actor.Kind, e.Actor.ID, e.Actor.Name, e.Actor.UserID, e.Actor.IP,
				e.Action, e.Object, string(e.Before), string(e.After)); err != nil {
				break
			}
		}
		if cursor == "" {
			break
		}
	}
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		return fmt.Errorf("audit: write CSV: %w", err)
	}
	return nil
}
