package campaigns_test

import (
	"context"
	"testing"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// benchClaim is how many mails one claim takes, as a lane does.
const benchClaim = 100

// Each turn is one mail: its person's facts are read, the gate decides, and the claim is committed.
func BenchmarkClaim(b *testing.B) {
	stages(b, func(b *testing.B, claim func() campaigns.Batch, complete func(campaigns.Batch)) {
		for n := 0; n < b.N; {
			batch := claim()
			n += len(batch.Items)
			b.StopTimer()
			complete(batch)
			b.StartTimer()
		}
	})
}

// Each turn is one mail whose outcome is committed.
func BenchmarkComplete(b *testing.B) {
	stages(b, func(b *testing.B, claim func() campaigns.Batch, complete func(campaigns.Batch)) {
		for n := 0; n < b.N; {
			b.StopTimer()
			batch := claim()
			n += len(batch.Items)
			b.StartTimer()
			complete(batch)
		}
	})
}

func stages(b *testing.B, run func(b *testing.B, claim func() campaigns.Batch, complete func(campaigns.Batch))) {
	for name, open := range map[string]func(testing.TB) *sqldb.DB{"sqlite": sqldbtest.SQLite, "postgres": sqldbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w, ctx := campaignstest.New(b, open(b)), context.Background()
			w.Topic("news", nil)
			w.Crowd(b.N+benchClaim, "news")
			c := w.Campaign("news", nil)
			w.Schedule(c)
			b.ResetTimer()
			run(b, func() campaigns.Batch {
				for {
					batch, err := w.Mails.Claim(ctx, c.ID, "worker", 0, benchClaim)
					if err != nil || batch.Idle {
						b.Fatal(batch.Idle, err)
					}
					if len(batch.Items) > 0 {
						return batch
					}
				}
			}, func(batch campaigns.Batch) {
				out := make([]campaigns.Outcome, len(batch.Items))
				for i, item := range batch.Items {
					out[i] = campaigns.Outcome{ID: item.ID, Status: campaigns.StatusSent, Reply: "2.0.0 Ok: queued"}
				}
				if err := w.Mails.Complete(ctx, c.ID, "worker", 0, out); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}
