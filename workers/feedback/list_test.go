package feedback_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/workers/feedback"
	"assent/workers/inbound"
)

// What came back is kept with its code and its words, whatever it changed, and can be looked at newest first, page by page.
func TestWhatCameBackCanBeLookedAt(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		s := sink(w)
		w.Topic("news", nil)
		p := w.Person("p@example.com", nil)
		w.Give(p, "news")
		w.Clock.Move(time.Minute)
		c := w.Campaign("news", nil)
		w.Schedule(c)
		w.SendAll(c)
		for i, e := range []inbound.Event{
			{Kind: inbound.Delayed, Class: inbound.Full, Code: "4.2.2", Text: "full"}, {Kind: inbound.Bounce, Class: inbound.Policy, Code: "5.7.1", Text: "not today"}, {Kind: inbound.AutoReply, Class: inbound.Vacation, Text: "away"},
			{Kind: inbound.Unknown, Text: "who knows"}, {Kind: inbound.Bounce, Class: inbound.Hard, Code: "5.1.1", Text: "no such user"},
		} {
			w.Clock.Move(time.Second)
			e.Provider, e.ProviderEventID = "smtp", fmt.Sprint(i)
			if e.Kind != inbound.Unknown {
				e.Proof, e.Claims = inbound.ByReturnPath, tokens.Claims{Subject: p.ID, Source: c.ID}
			}
			if err := s.Apply(ctx, []inbound.Event{e}); err != nil {
				t.Fatal(err)
			}
		}
		all, err := feedback.List(ctx, db, "", time.Time{}, "", 10)
		if err != nil || len(all) != 5 {
			t.Fatalf("%d: %v", len(all), err)
		}
		if k := all[0]; k.Code != "5.1.1" || k.Said != "no such user" || k.Effect != "suppress" || k.Email != "p@example.com" || k.SubscriberID != p.ID || k.SourceID != c.ID || k.Campaign != c.Name || k.Provider != "smtp" {
			t.Errorf("%+v", k)
		}
		if k := all[1]; k.Email != "" || k.Effect != "none" || k.Said != "who knows" {
			t.Errorf("what nothing proves is about somebody: %+v", k)
		}
		rest, err := feedback.List(ctx, db, "", all[1].At, all[1].ID, 2)
		if err != nil || len(rest) != 2 || rest[0].ID != all[2].ID || rest[1].ID != all[3].ID {
			t.Errorf("the next page: %+v, %v", rest, err)
		}
		for group, want := range map[string]string{"hard": "no such user", "policy": "not today", "delayed": "full", "answer": "away", "unknown": "who knows", "soft": "", "complaint": "", "unsubscribe": ""} {
			got, err := feedback.List(ctx, db, group, time.Time{}, "", 10)
			if err != nil || (want == "") != (len(got) == 0) || len(got) == 1 && got[0].Said != want || len(got) > 1 {
				t.Errorf("%s: %+v, %v", group, got, err)
			}
		}
	})
}
