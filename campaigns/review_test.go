package campaigns_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// status is the HTTP status that an error becomes, 0 for none.
func status(err error) int {
	if err == nil {
		return 0
	}
	if p, ok := problem.As(err); ok {
		return p.Status
	}
	return 500
}

// Who rewrites somebody else's campaign would otherwise approve their own words. Once another has changed it again, they may.
func TestNobodyApprovesWhatTheyChanged(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		author := audit.Actor{Kind: audit.KindUser, ID: "u1", UserID: "u1", Name: "Ada"}
		other := audit.Actor{Kind: audit.KindUser, ID: "u2", UserID: "u2", Name: "Olga"}
		key := audit.Actor{Kind: audit.KindKey, ID: "k2", UserID: "u2", Name: "Olga's key"}
		name, topic, subject, mine := "Spring", "news", "Hello", "Mine now"
		text := []byte(`[{"type":"text","markdown":"Hi"}]`)
		for how, change := range map[string]func(id string, who audit.Actor) error{
			"by the API": func(id string, who audit.Actor) error {
				_, err := w.Mails.Update(ctx, who, id, campaigns.Draft{Subject: &mine})
				return err
			},
			"in the editor": func(id string, who audit.Actor) error {
				_, _, wrong, err := w.Mails.Revise(ctx, who, id, campaigns.Revision{Draft: campaigns.Draft{Subject: &mine}, Form: []byte("{}"), Version: campaigns.AnyVersion})
				return errors.Join(wrong, err)
			},
		} {
			for _, who := range []audit.Actor{other, key} {
				c, err := w.Mails.Create(ctx, author, campaigns.Draft{Name: &name, Topic: &topic, Subject: &subject, Blocks: text})
				if err != nil {
					t.Fatal(err)
				}
				submit := func(changed audit.Actor) {
					t.Helper()
					if err := change(c.ID, changed); err != nil {
						t.Fatal(err)
					}
					if _, err := w.Mails.Submit(ctx, author, c.ID); err != nil {
						t.Fatal(err)
					}
				}
				submit(who)
				if _, err := w.Mails.Approve(ctx, other, c.ID); status(err) != 403 {
					t.Errorf("%s, %s: who changed it approved it: %v", how, who.Name, err)
				}
				if _, err := w.Mails.Schedule(ctx, other, c.ID, campaigns.Schedule{}); status(err) != 403 {
					t.Errorf("%s, %s: who changed it let it go: %v", how, who.Name, err)
				}
				if _, err := w.Mails.Refuse(ctx, other, c.ID, "again"); err != nil {
					t.Fatal(err)
				}
				submit(author)
				if _, err := w.Mails.Approve(ctx, other, c.ID); err != nil {
					t.Errorf("%s, %s: the author changed it again, and nobody may approve it: %v", how, who.Name, err)
				}
			}
		}
	})
}

func TestNobodyApprovesTheirOwnCampaign(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", nil)
		author := audit.Actor{Kind: audit.KindUser, ID: "u1", UserID: "u1", Name: "Ada"}
		key := audit.Actor{Kind: audit.KindKey, ID: "k1", UserID: "u1", Name: "Ada's key"}
		other := audit.Actor{Kind: audit.KindUser, ID: "u2", UserID: "u2", Name: "Olga"}
		name, topic, subject := "Spring", "news", "Hello"
		draft := campaigns.Draft{Name: &name, Topic: &topic, Subject: &subject, Blocks: []byte(`[{"type":"text","markdown":"Hi"}]`)}
		made := func(how campaigns.Draft) *campaigns.Campaign {
			c, err := w.Mails.Create(ctx, author, how)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		c := made(draft)
		if _, err := w.Mails.Approve(ctx, other, c.ID); status(err) != 409 {
			t.Errorf("a draft was approved: %v", err)
		}
		site, _ := w.People.Site.Get(ctx)
		site.ReviewRequired = true
		if err := w.People.Site.Put(ctx, w.Clock.Now(), other, site); err != nil {
			t.Fatal(err)
		}
		for _, who := range []audit.Actor{author, other} {
			if _, err := w.Mails.Schedule(ctx, who, c.ID, campaigns.Schedule{}); status(err) != 409 {
				t.Errorf("%s scheduled what nobody looked at: %v", who.Name, err)
			}
		}
		if _, err := w.Mails.Submit(ctx, author, c.ID); err != nil {
			t.Fatal(err)
		}
		for _, who := range []audit.Actor{author, key} {
			if _, err := w.Mails.Approve(ctx, who, c.ID); status(err) != 403 {
				t.Errorf("%s approved the own campaign: %v", who.Name, err)
			}
			if _, err := w.Mails.Schedule(ctx, who, c.ID, campaigns.Schedule{}); status(err) != 403 {
				t.Errorf("%s scheduled the own campaign without approval: %v", who.Name, err)
			}
		}
		if _, err := w.Mails.Refuse(ctx, other, c.ID, " "); status(err) != 422 {
			t.Errorf("refused without a reason: %v", err)
		}
		refused, err := w.Mails.Refuse(ctx, other, c.ID, "The date is wrong.")
		if err != nil || refused.Status != campaigns.StatusDraft || refused.StatusReason != "The date is wrong." {
			t.Fatalf("%+v %v", refused, err)
		}
		if c, err = w.Mails.Submit(ctx, author, c.ID); err != nil || c.StatusReason != "" {
			t.Fatalf("%q %v", c.StatusReason, err)
		}
		w.Clock.Move(time.Minute)
		approved, err := w.Mails.Approve(ctx, other, c.ID)
		if err != nil || approved.ApprovedName != "Olga" || !approved.ApprovedAt.Equal(w.Clock.Now()) {
			t.Fatalf("%+v %v", approved, err)
		}
		if back, err := w.Mails.Unschedule(ctx, author, c.ID); err != nil || !back.ApprovedAt.IsZero() || back.ApprovedBy != "" {
			t.Fatalf("what may be changed again is still approved: %+v %v", back, err)
		}
		if _, err := w.Mails.Schedule(ctx, author, c.ID, campaigns.Schedule{}); status(err) != 409 {
			t.Errorf("an old approval counts after a change: %v", err)
		}
		if _, err := w.Mails.Submit(ctx, author, c.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Mails.Approve(ctx, other, c.ID); err != nil {
			t.Fatal(err)
		}
		if c, err = w.Mails.Schedule(ctx, author, c.ID, campaigns.Schedule{}); err != nil || c.Status != campaigns.StatusScheduled || c.ApprovedName != "Olga" {
			t.Fatalf("%+v %v", c, err)
		}
		// Whoever else schedules what is in review approves it by that.
		second := made(draft)
		if _, err := w.Mails.Submit(ctx, author, second.ID); err != nil {
			t.Fatal(err)
		}
		if second, err = w.Mails.Schedule(ctx, other, second.ID, campaigns.Schedule{}); err != nil || second.ApprovedName != "Olga" {
			t.Fatalf("%+v %v", second, err)
		}
	})
}

func problemOf(err error) *problem.Problem {
	p, _ := problem.As(err)
	if p == nil {
		return &problem.Problem{}
	}
	return p
}
