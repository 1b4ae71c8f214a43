package campaigns_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

func TestATimelineHasEveryOutcomeInItsStretch(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		var ids []string
		for _, p := range w.Crowd(30, "news") {
			ids = append(ids, p.ID)
		}
		c := w.Campaign("news", nil)
		w.Schedule(c)
		for i := range 3 { // ten a minute
			w.Send(c, i, 10)
			w.Clock.Move(time.Minute)
		}
		read := func(from time.Time, zone *time.Location, outcomes ...string) campaigns.Timeline {
			line, err := w.Mails.Timeline(ctx, []string{c.ID}, from, zone, outcomes...)
			if err != nil {
				t.Fatal(err)
			}
			return line
		}
		if l := read(time.Time{}, time.UTC, campaigns.StatusSent); l.Step != time.Minute || fmt.Sprint(l.Counts["sent"]) != "[10 10 10]" || !l.Start.Equal(campaignstest.Start) {
			t.Errorf("%+v", l)
		}
		for i, days := range []int{0, 3, 3} {
			w.Clock.Move(time.Duration(days) * 24 * time.Hour)
			for range 2 { // the second time is no other unsubscribe
				err := db.Tx(ctx, func(tx *sqldb.Tx) error {
					_, err := w.Mails.Note(ctx, tx, w.Clock.Now(), c.ID, ids[i], campaigns.CountUnsubscribed)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		l := read(time.Time{}, time.UTC, campaigns.CountUnsubscribed, campaigns.StatusSent)
		var gone, sent int64
		for i := range l.N {
			gone, sent = gone+l.Counts["unsubscribed"][i], sent+l.Counts["sent"][i]
		}
		if l.N > 48 || l.Step != 6*time.Hour || gone != 3 || sent != 30 || l.Counts["unsubscribed"][l.N-1] != 1 {
			t.Errorf("%+v", l)
		}
		if l := read(campaignstest.Start.Add(time.Hour), time.UTC, campaigns.StatusSent); l.N != 0 {
			t.Errorf("after the last: %+v", l)
		}
		zone, err := time.LoadLocation("Asia/Kolkata")
		if err != nil {
			t.Fatal(err)
		}
		if l := read(time.Time{}, zone, campaigns.CountUnsubscribed); l.Start.In(zone).Minute() != 0 {
			t.Errorf("a stretch of hours begins at %v", l.Start.In(zone))
		}
		past, err := w.Mails.Past(ctx, campaigns.Past{TopicID: c.TopicID, Brand: "default", Limit: 5})
		if err != nil || len(past) != 1 {
			t.Errorf("%d campaigns that have begun, %v", len(past), err)
		}
		if past, _ := w.Mails.Past(ctx, campaigns.Past{Brand: "other", Limit: 5}); len(past) != 0 {
			t.Error("a campaign of another brand is among them")
		}
	})
}
