package feedback_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/workers/feedback"
)

// What the calls of mail providers are checked with is sealed in the database, also what was kept as it is before that; under
// other keys it is set again.
func TestSecretsOfMailProvidersAreSealed(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, w := context.Background(), campaignstest.New(t, db)
		hooks := func(key byte) *feedback.Webhooks {
			return &feedback.Webhooks{Sink: sink(w), Seal: [][]byte{bytes.Repeat([]byte{key}, 32), bytes.Repeat([]byte{key - 1}, 32)}}
		}
		h := hooks(2)
		kept := func(h *feedback.Webhooks, password, key string) {
			t.Helper()
			p, err := h.Providers(ctx)
			if err != nil || p.Postmark.Password != password || p.Mailgun.SigningKey != key {
				t.Fatalf("%+v, %v", p, err)
			}
		}
		stored := func() (text string) {
			w.Must(db.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = 'providers'").Scan(&text))
			return text
		}
		w.Must(h.SealStored(ctx)) // nothing is kept
		var old feedback.Providers
		old.Postmark.User, old.Postmark.Password = "assent", "s3cret-old"
		w.Must(db.Tx(ctx, func(tx *sqldb.Tx) error { return preferences.WriteSetting(ctx, tx, w.Clock.Now(), "providers", old) }))
		kept(h, "s3cret-old", "")
		w.Must(h.SealStored(ctx))
		sealed := stored()
		if found := sqldbtest.Traces(t, db, "s3cret"); len(found) > 0 {
			t.Errorf("what was kept before can be read in %v", found)
		}
		w.Must(h.SealStored(ctx))
		if stored() != sealed {
			t.Error("what is sealed was sealed again")
		}
		kept(h, "s3cret-old", "")
		_, err := h.Change(ctx, campaignstest.Staff, func(p *feedback.Providers) { p.Mailgun.SigningKey = "s3cret-new" })
		w.Must(err)
		kept(h, "s3cret-old", "s3cret-new")
		if found := sqldbtest.Traces(t, db, "s3cret"); len(found) > 0 {
			t.Errorf("secrets can be read in %v", found)
		}
		kept(hooks(3), "s3cret-old", "s3cret-new") // a newer key beside the one it was sealed with

		other := hooks(9)
		if _, err := other.Providers(ctx); !errors.Is(err, preferences.ErrSealed) {
			t.Errorf("under other keys: %v", err)
		}
		_, err = other.Change(ctx, campaignstest.Staff, func(p *feedback.Providers) { p.Mailgun.SigningKey = "s3cret-other" })
		w.Must(err)
		kept(other, "", "s3cret-other")
	})
}
