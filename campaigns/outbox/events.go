package outbox

import (
	"context"

	"assent/preferences/sqldb"
)

// Events tells other systems what happens, in the transaction in which it does: package webhooks of preferences is one.
type Events interface {
	Enqueue(ctx context.Context, tx *sqldb.Tx, event string, payload any) error
}
