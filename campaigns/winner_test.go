package campaigns_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// tried is a world with n people who get the news and a campaign of two subjects, tried on a share.
func tried(t *testing.T, db *sqldb.DB, n int, test string) (*campaignstest.World, []*preferences.Subscriber, *campaigns.Campaign) {
	w := campaignstest.New(t, db)
	w.Topic("news", nil)
	var people []*preferences.Subscriber
	for i := range n {
		p := w.Person(fmt.Sprintf("p%03d@example.com", i), nil)
		w.Give(p, "news")
		people = append(people, p)
	}
	c := w.Campaign("news", func(d *campaigns.Draft) { d.ABTest = json.RawMessage(test) })
	return w, people, c
}

// variants are the texts that people got, and how many took part in the test.
func variants(t *testing.T, w *campaignstest.World, c *campaigns.Campaign) (byPerson map[string]int, tested map[int]int) {
	t.Helper()
	byPerson, tested = map[string]int{}, map[int]int{}
	for row := range sqldb.Rows(context.Background(), w.DB, "SELECT subscriber_id, variant, tested FROM deliveries WHERE campaign_id = $1 AND status = 'sent'", c.ID) {
		var id string
		var n int
		var part bool
		if err := row.Scan(&id, &n, &part); err != nil {
			t.Fatal(err)
		}
		if byPerson[id] = n; part {
			tested[n]++
		}
	}
	return byPerson, tested
}

func note(t *testing.T, w *campaignstest.World, c *campaigns.Campaign, subscriber string) {
	t.Helper()
	err := w.DB.Tx(context.Background(), func(tx *sqldb.Tx) error {
		_, err := w.Mails.Note(context.Background(), tx, w.Clock.Now(), c.ID, subscriber, campaigns.CountUnsubscribed)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, w *campaignstest.World, c *campaigns.Campaign) *campaigns.Campaign {
	t.Helper()
	c, err := w.Mails.Get(context.Background(), w.DB, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheRestOfATestGetsTheBetterText(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, _, c := tried(t, db, 300, `{"share": 60, "wait": "4h", "measure": "unsubscribes", "variants": [{"subject": "Another subject"}]}`)
		w.Schedule(c)
		first := w.SendAll(c)
		got, tested := variants(t, w, c)
		if len(first) < 130 || len(first) > 230 || tested[1]+tested[2] != len(first) || tested[1] < 50 || tested[2] < 50 {
			t.Fatalf("%d took part: %v", len(first), tested)
		}
		n := 0
		for id, variant := range got { // most who got the first text leave
			if variant == 1 && n < 30 {
				n++
				note(t, w, c, id)
			}
		}
		w.Clock.Move(3 * time.Hour)
		if more := w.SendAll(c); len(more) != 0 {
			t.Fatalf("%d mails left before the test was over", len(more))
		}
		if work, err := w.Mails.HasWork(context.Background(), get(t, w, c)); err != nil || work {
			t.Errorf("before it is over there is work: %v %v", work, err)
		}
		w.Clock.Move(time.Hour)
		if work, err := w.Mails.HasWork(context.Background(), get(t, w, c)); err != nil || !work {
			t.Errorf("when it is over there is no work: %v %v", work, err)
		}
		rest := w.SendAll(c)
		got, _ = variants(t, w, c)
		c = get(t, w, c)
		if c.Status != campaigns.StatusFinished || c.ABState.Winner != 2 || !c.ABState.Shown || c.ABState.By != "" {
			t.Fatalf("%s %+v", c.Status, c.ABState)
		}
		seen := map[string]bool{}
		for _, email := range append(first, rest...) {
			if seen[email] {
				t.Errorf("%s got two mails", email)
			}
			seen[email] = true
		}
		if len(seen) != 300 || w.Report(c).Sent != 300 {
			t.Errorf("%d of 300 got it", len(seen))
		}
		second := 0
		for _, variant := range got {
			if variant == 2 {
				second++
			}
		}
		if second != tested[2]+len(rest) {
			t.Errorf("%d of the rest got the better text, not %d", second-tested[2], len(rest))
		}
		// In the browser each sees the text that they got, also when the delivery is not kept any more.
		for _, kept := range []bool{true, false} {
			looked := map[int]int{}
			for id, variant := range got {
				if looked[variant]++; looked[variant] > 20 {
					continue
				}
				subject, _, err := w.Mails.View(context.Background(), c.ID, id, w.Clock.Now())
				if want := map[int]string{1: "Hello", 2: "Another subject"}[variant]; err != nil || !strings.HasPrefix(subject, want) {
					t.Fatalf("kept %v: who got text %d sees %q, %v", kept, variant, subject, err)
				}
			}
			if _, err := db.ExecContext(context.Background(), "DELETE FROM deliveries WHERE campaign_id = $1", c.ID); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestNobodyGetsTwoTextsHoweverOftenItIsDecided(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, _, c := tried(t, db, 60, `{"share": 100, "wait": "1h", "measure": "unsubscribes", "variants": [{"subject": "B"}, {"subject": "C"}]}`)
		ctx := context.Background()
		w.Schedule(c)
		before := map[string]int{}
		for range 3 { // claimed, not begun, and claimed again
			b, err := w.Mails.Claim(ctx, c.ID, "worker", 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			var back []campaigns.Outcome
			for _, item := range b.Items {
				if was := before[item.Person.ID]; item.Variant == 0 || was != 0 && was != item.Variant {
					t.Fatalf("text %d after text %d", item.Variant, was)
				}
				before[item.Person.ID] = item.Variant
				back = append(back, campaigns.Outcome{ID: item.ID, Status: campaigns.StatusClaimed})
			}
			if err := w.Mails.Complete(ctx, c.ID, "worker", 0, back); err != nil {
				t.Fatal(err)
			}
		}
		w.SendAll(c)
		got, _ := variants(t, w, c)
		for id, variant := range got {
			if before[id] != variant {
				t.Errorf("sent text %d, decided %d", variant, before[id])
			}
			_, html, err := w.Mails.View(ctx, c.ID, id, w.Clock.Now())
			if err != nil || html == "" {
				t.Fatal(err)
			}
			subject, _, _ := w.Mails.View(ctx, c.ID, id, w.Clock.Now())
			if want := map[int]string{1: "Hello", 2: "B", 3: "C"}[variant]; !strings.HasPrefix(subject, want) {
				t.Errorf("who got text %d sees %q", variant, subject)
			}
		}
		if len(got) != 60 {
			t.Errorf("%d of 60", len(got))
		}
	})
}

func TestAHandChoosesTheWinnerOnce(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, people, c := tried(t, db, 40, `{"share": 30, "measure": "hand", "variants": [{"subject": "B"}]}`)
		ctx := context.Background()
		w.Schedule(c)
		first := w.SendAll(c)
		w.Clock.Move(30 * 24 * time.Hour)
		if more := w.SendAll(c); len(more) != 0 || len(first) == 0 || len(first) == 40 {
			t.Fatalf("%d, then %d left before somebody chose", len(first), len(more))
		}
		if _, err := w.Mails.ChooseWinner(ctx, campaignstest.Staff, c.ID, 3); status(err) != 422 {
			t.Errorf("a text that is not there: %v", err)
		}
		if _, err := w.Mails.ChooseWinner(ctx, campaignstest.Staff, c.ID, 2); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Mails.ChooseWinner(ctx, campaignstest.Staff, c.ID, 1); status(err) != 409 {
			t.Errorf("chosen twice: %v", err)
		}
		// The gate is asked again: who leaves while the mail waits gets none (promise 2).
		waits := map[string]bool{}
		for _, p := range people {
			waits[p.Email] = true
		}
		for _, email := range first {
			delete(waits, email)
		}
		for _, p := range people {
			if waits[p.Email] {
				w.Withdraw(p, "news")
				break
			}
		}
		rest := w.SendAll(c)
		if c = get(t, w, c); len(first)+len(rest) != 39 || c.Status != campaigns.StatusFinished || c.ABState.By != campaignstest.Staff.Name || w.Report(c).Skipped["withdrawn"] != 1 {
			t.Errorf("%d and %d; %+v", len(first), len(rest), w.Report(c))
		}
	})
}

func TestACancelledOrExpiredTestLeavesNobodyWithoutAnOutcome(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, _, c := tried(t, db, 40, `{"share": 30, "measure": "hand", "variants": [{"subject": "B"}]}`)
		w.Schedule(c)
		first := w.SendAll(c)
		if _, err := w.Mails.Cancel(context.Background(), campaignstest.Staff, c.ID); err != nil {
			t.Fatal(err)
		}
		if r := w.Report(c); r.Sent != int64(len(first)) || r.Skipped[campaigns.ReasonCancelled] != int64(40-len(first)) || r.Total != 40 {
			t.Errorf("%+v", r)
		}
		after := "48h"
		c = w.Campaign("news", func(d *campaigns.Draft) {
			d.ABTest, d.ExpiresAfter = json.RawMessage(`{"share": 30, "measure": "hand", "variants": [{"subject": "B"}]}`), &after
		})
		w.Schedule(c)
		first = w.SendAll(c)
		w.Clock.Move(49 * time.Hour)
		w.SendAll(c)
		if r := w.Report(c); r.Status != campaigns.StatusFinished || r.Skipped[campaigns.ReasonExpired] != int64(40-len(first)) || r.Total != 40 {
			t.Errorf("%+v", r)
		}
	})
}

// The time of a campaign may run out while a lane is about to look at its test: it is over then, and nobody wins.
func TestNobodyWinsOnceTheTimeIsOver(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		w.Topic("news", nil)
		w.Crowd(60, "news")
		expires := "2h"
		c := w.Campaign("news", func(d *campaigns.Draft) {
			d.ABTest, d.ExpiresAfter = json.RawMessage(`{"share": 50, "wait": "1h", "measure": "unsubscribes", "variants": [{"subject": "Another"}]}`), &expires
		})
		w.Schedule(c)
		first := w.SendAll(c)
		looks := 0
		w.Mails.Now = func() time.Time {
			if looks++; looks == 1 {
				return w.Clock.Now()
			}
			return w.Clock.Now().Add(3 * time.Hour)
		}
		rest := w.SendAll(c)
		w.SendAll(c)
		c = get(t, w, c)
		if r := w.Report(c); c.ABState.Winner != 0 || len(rest) != 0 || r.Skipped[campaigns.ReasonExpired] != int64(60-len(first)) || r.Deferred != 0 {
			t.Errorf("%s: %+v; %d of the rest got it: %+v", c.Status, c.ABState, len(rest), r)
		}
	})
}

func TestATestThatCannotBeIsNamed(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	w.Topic("news", nil)
	name, topic, subject := "Spring", "news", "Hello"
	for test, field := range map[string]string{
		`{"share": 0, "wait": "4h", "measure": "unsubscribes", "variants": [{"subject": "B"}]}`:                                                       "ab_test.share",
		`{"share": 10, "wait": "4h", "measure": "clicks", "variants": [{"subject": "B"}]}`:                                                            "ab_test.measure",
		`{"share": 10, "wait": "4h", "measure": "opens", "variants": [{"subject": "B"}]}`:                                                             "ab_test.measure",
		`{"share": 10, "wait": "soon", "measure": "unsubscribes", "variants": [{"subject": "B"}]}`:                                                    "ab_test.wait",
		`{"share": 10, "wait": "4h", "measure": "unsubscribes", "variants": []}`:                                                                      "ab_test.variants",
		`{"share": 10, "wait": "4h", "measure": "unsubscribes", "variants": [{}]}`:                                                                    "ab_test.variants[0]",
		`{"share": 10, "wait": "4h", "measure": "unsubscribes", "variants": [{"blocks": [{"type": "button", "label": "x", "url": "javascript:x"}]}]}`: "ab_test.variants[0].",
		`{"share": 10, "wait": "4h", "measure": "unsubscribes", "variants": [{"subject": "{{ env }}"}]}`:                                              "ab_test.variants[0].",
		`{"share": 10, "wait": "4h", "measure": "unsubscribes", "variants": [{"title": "B"}]}`:                                                        "ab_test",
		`{"share": 10, "wait": "4h", "measure": "unsubscribes", "variants": [{"subject":"B"},{"subject":"C"},{"subject":"D"},{"subject":"E"}]}`:       "ab_test.variants",
	} {
		_, err := w.Mails.Create(context.Background(), campaignstest.Staff, campaigns.Draft{Name: &name, Topic: &topic, Subject: &subject, Blocks: []byte(`[{"type":"text","markdown":"Hi"}]`), ABTest: json.RawMessage(test)})
		if status(err) != 422 || !strings.Contains(fmt.Sprintf("%+v", problemOf(err).Fields), field) {
			t.Errorf("%s: %v", test, err)
		}
	}
}
