package broadcasts_test

import (
	"strings"
	"testing"
	"time"

	"assent/campaigns/campaignstest"
	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/outbox"
	"assent/campaigns/policies"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

const tick = time.Microsecond

// Compliance 74: an effective date that no acceptance could be early enough for is refused in advance, by obligation and
// jurisdiction, one microsecond before it can be met and not at it; and again when somebody approves too late.
func TestADateThatIsTooNearIsRefused(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.customers(1, nil)
		for _, tt := range []struct {
			obligation, jurisdiction string
			rules                    broadcasts.Rules
			lead                     broadcasts.Lead
		}{
			{"terms_change", "", broadcasts.Rules{}, broadcasts.Lead{Days: 30}},
			{"privacy_change", "", broadcasts.Rules{}, broadcasts.Lead{Days: 30}},
			{"terms_change", "payment_services", broadcasts.Rules{}, broadcasts.Lead{Months: 2}},
			{"terms_change", "telecoms", broadcasts.Rules{}, broadcasts.Lead{Months: 1}},
			{"contract", "telecoms", broadcasts.Rules{}, broadcasts.Lead{Months: 1}},
			{"terms_change", "platforms", broadcasts.Rules{LeadTimes: map[string]broadcasts.Lead{"terms_change": {Days: 1}}}, broadcasts.Lead{Days: 15}},
			{"terms_change", "", broadcasts.Rules{Jurisdictions: []string{"payment_services"}}, broadcasts.Lead{Months: 2}},
			{"security", "", broadcasts.Rules{LeadTimes: map[string]broadcasts.Lead{"security": {Days: 3}}}, broadcasts.Lead{Days: 3}},
		} {
			w.Must(w.b.SetRules(ctx, campaignstest.Staff, tt.rules))
			now := w.Clock.Now()
			with := func(at time.Time) (*broadcasts.Broadcast, error) {
				return w.b.Create(ctx, author, input(func(in *broadcasts.Input) {
					in.Obligation, in.Jurisdiction, in.EffectiveAt = tt.obligation, tt.jurisdiction, at
					in.Blocks = []byte(`[{"type":"text","markdown":"It changes."}]`)
				}))
			}
			if _, err := with(tt.lead.After(now).Add(-tick)); !names(err, "effective_at") {
				t.Errorf("%s %s, one microsecond too near: %v", tt.obligation, tt.jurisdiction, err)
			}
			if _, err := with(time.Time{}); !names(err, "effective_at") {
				t.Errorf("%s %s, no date: %v", tt.obligation, tt.jurisdiction, err)
			}
			b, err := with(tt.lead.After(now))
			if err != nil {
				t.Errorf("%s %s, just in time: %v", tt.obligation, tt.jurisdiction, err)
				continue
			}
			if b.Lead != tt.lead {
				t.Errorf("%s %s: %s, want %s", tt.obligation, tt.jurisdiction, b.Lead, tt.lead)
			}
			w.Clock.Move(tick)
			if _, err := w.b.Approve(ctx, approver, b.ID); !names(err, "effective_at") {
				t.Errorf("%s %s, approved one microsecond too late: %v", tt.obligation, tt.jurisdiction, err)
			}
			w.Clock.Move(-tick)
			if _, err := w.b.Approve(ctx, approver, b.ID); err != nil {
				t.Errorf("%s %s, approved just in time: %v", tt.obligation, tt.jurisdiction, err)
			}
		}
		if _, err := w.b.Create(ctx, author, input(func(in *broadcasts.Input) { in.Jurisdiction = "mars" })); !names(err, "jurisdiction") {
			t.Error(err)
		}
	})
}

// names tells whether an error is an invalid field of that name.
func names(err error, field string) bool {
	p, ok := problem.As(err)
	if !ok || p.Status != 422 {
		return false
	}
	for _, f := range p.Fields {
		if f.Field == field {
			return true
		}
	}
	return false
}

// A relay that cannot be through with everybody in time is as good as a date that is too near.
func TestADateThatTheRelayCannotMeetIsRefused(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.customers(100, nil)
	w.b.Rate = 0.5 // 200 seconds
	for after, fits := range map[time.Duration]bool{199 * time.Second: false, 200 * time.Second: true} {
		_, err := w.b.Create(ctx, author, input(func(in *broadcasts.Input) { in.EffectiveAt = w.Clock.Now().AddDate(0, 0, 30).Add(after) }))
		if fits != (err == nil) || !fits && !names(err, "effective_at") {
			t.Errorf("%s: %v", after, err)
		}
	}
}

// The lead time is counted for each person from the acceptance of their mail by the relay: one accepted in the last
// microsecond is in time, one a microsecond later is not.
func TestTheLeadTimeIsCountedFromEachAcceptance(t *testing.T) {
	for _, late := range []bool{false, true} {
		sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
			w := newWorld(t, db)
			w.customers(4, nil)
			accept := func(id string, at time.Time) {
				w.Clock.Move(at.Sub(w.Clock.Now()))
				w.Must(w.Outbox.Complete(ctx, outbox.Result{ID: id, Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}))
			}
			b := w.broadcast(nil)
			w.advance()
			claimed, _, err := w.Outbox.Claim(ctx, gate.Notice, "worker", 4)
			if err != nil || len(claimed) != 4 {
				t.Fatal(len(claimed), err)
			}
			deadline := b.EffectiveAt.AddDate(0, 0, -30)
			accept(claimed[0].ID, deadline.Add(-time.Hour))
			accept(claimed[1].ID, deadline.Add(-tick))
			accept(claimed[2].ID, deadline)
			if c, _ := w.covered(b); c.LeadTimeMet || c.Pending != 1 || c.InTime != 3 || !c.AcceptBy.Equal(deadline) {
				t.Fatalf("while somebody waits: %+v", c)
			}
			last, inTime := deadline, int64(4)
			if late {
				last, inTime = deadline.Add(tick), 3
			}
			accept(claimed[3].ID, last)
			w.advance()
			c, _ := w.covered(b)
			if c.Status != broadcasts.Finished || c.LeadTimeMet == late || c.InTime != inTime || c.Late != 4-inTime || !c.LastAt.Equal(last) || !c.Earliest.Equal(last.AddDate(0, 0, 30)) {
				t.Errorf("late %v: %+v", late, c)
			}
		})
	}
}

// What has no lead time is never late.
func TestWithoutALeadTimeNobodyIsLate(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.customers(3, nil)
	b := w.broadcast(func(in *broadcasts.Input) {
		in.Obligation, in.EffectiveAt, in.Blocks = "security", time.Time{}, []byte(`[{"type":"text","markdown":"Change your password."}]`)
	})
	w.Clock.Move(time.Hour)
	b = w.run(b)
	if c, _ := w.covered(b); !c.LeadTimeMet || c.InTime != 3 || c.Late != 0 || c.Accepted != 3 {
		t.Errorf("%+v", c)
	}
}

// People whom mail did not reach are told apart, and count from the end of the day on which another channel reached them.
func TestServedOtherwiseCountsFromTheEndOfItsDay(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ids := w.customers(4, nil)
		w.relay = func(m outbox.Claimed) outbox.Result {
			if m.SubscriberID == ids[0] {
				return outbox.Result{Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}
			}
			return outbox.Result{Status: outbox.StatusBounced, Code: 550, Reply: "550 5.1.1 no", Reason: "hard_bounce"}
		}
		effective := time.Date(2026, 7, 10, 0, 0, 0, 0, time.UTC) // 30 days before: 10 June, 00:00
		b := w.run(w.broadcast(func(in *broadcasts.Input) { in.EffectiveAt = effective }))
		w.Clock.Move(60 * 24 * time.Hour)
		for i, day := range []string{"2026-06-09", "2026-06-10"} { // the end of the 9th is early enough, that of the 10th is not
			_, err := w.b.MarkServed(ctx, approver, b.ID, broadcasts.ServedInput{SubscriberID: ids[i+1], Channel: "post", On: day})
			w.Must(err)
		}
		c, people := w.covered(b)
		if c.Accepted != 1 || c.Bounced != 3 || c.Served != 2 || c.InTime != 2 || c.Late != 1 || c.NotReached != 1 || c.LeadTimeMet {
			t.Errorf("%+v", c)
		}
		if p := people[ids[1]]; p.Served == nil || p.Served.On != "2026-06-09" || p.Served.By != "Bob" {
			t.Errorf("%+v", p)
		}
	})
}

// Who joins after the audience was read is told, and the report says when less than the lead time was left.
func TestLateJoinersAreToldAndCountedApart(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.customers(3, nil)
		b := w.run(w.broadcast(nil)) // takes effect after 40 days
		join := func(email string) {
			since := w.Clock.Now()
			id := sqldb.NewID()
			_, err := db.ExecContext(ctx, "INSERT INTO subscribers (id, email, email_key, customer_since, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)", id, email, email, sqldb.Micros(since), 1, 1)
			w.Must(err)
		}
		w.Clock.Move(2 * 24 * time.Hour)
		join("early@example.com")
		b = w.run(b)
		w.Clock.Move(20 * 24 * time.Hour)
		join("short@example.com")
		b = w.run(b)
		w.Clock.Move(b.EffectiveAt.Sub(w.Clock.Now()))
		join("after@example.com") // what was announced is in effect
		b = w.run(b)
		c, people := w.covered(b)
		if c.Addressed != 5 || c.Accepted != 5 || c.Joined != 2 || c.InTime != 4 || c.JoinedLate != 1 || c.Late != 0 || !c.LeadTimeMet || b.Total != 3 {
			t.Errorf("%+v, total %d", c, b.Total)
		}
		for _, p := range people {
			if joined := p.Email == "early@example.com" || p.Email == "short@example.com"; p.Joined != joined || p.Email == "after@example.com" {
				t.Errorf("%+v", p)
			}
		}
	})
}

// rights is a policy with a version that affects rights, wanted from a date in the past.
func (w *world) rights() {
	_, err := w.policies.Create(ctx, author, "terms", map[string]string{"en": "Terms"})
	w.Must(err)
	w.done(w.policies.AddVersion(ctx, author, "terms", policies.Draft{Version: "1", EffectiveAt: campaignstest.Start.AddDate(-1, 0, 0), Bodies: map[string]string{"en": "Old."}}))
	w.done(w.policies.AddVersion(ctx, author, "terms", policies.Draft{Version: "2", EffectiveAt: campaignstest.Start.AddDate(0, 0, -1), AffectsRights: true, Bodies: map[string]string{"en": "New."}}))
}

func (w *world) done(_ policies.Version, err error) { w.T.Helper(); w.Must(err) }

// inEffect is the version of the policy that is in effect, after the worker has settled what is.
func (w *world) inEffect() string {
	w.T.Helper()
	w.Must(w.policies.Maintain(ctx))
	p, err := w.policies.Get(ctx, w.DB, "terms")
	w.Must(err)
	return p.Current
}

func carrying(in *broadcasts.Input) { in.Policy = &broadcasts.Policy{Slug: "terms", Version: "2"} }

// A version that affects rights cannot take effect before its broadcast has met its lead time, whatever is tried: dates in the
// past, edits, time, broadcasts that are not approved, not sent, cancelled, about something else, or that reached nobody.
func TestNoWayAroundTheLeadTimeOfAPolicy(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		ids := w.customers(3, nil)
		w.rights()
		still := func(when string) {
			t.Helper()
			if v := w.inEffect(); v != "1" {
				t.Fatalf("%s: version %s is in effect", when, v)
			}
		}
		still("a date in the past")
		w.done(w.policies.ChangeVersion(ctx, author, "terms", "2", func(d *policies.Draft) { d.EffectiveAt = campaignstest.Start.AddDate(-5, 0, 0) }))
		still("a date further in the past")
		w.Clock.Move(365 * 24 * time.Hour)
		still("a year later, nothing announced")

		// About something that has no lead time.
		for _, obligation := range []string{"legal", "security", "contract", "account", "payment", "service_change"} {
			_, err := w.b.Create(ctx, author, input(func(in *broadcasts.Input) {
				carrying(in)
				in.Obligation, in.EffectiveAt = obligation, w.Clock.Now().AddDate(0, 0, 40)
			}))
			if !names(err, "obligation") {
				t.Errorf("as a notice of %s: %v", obligation, err)
			}
		}
		soon := func(in *broadcasts.Input) { carrying(in); in.EffectiveAt = w.Clock.Now().AddDate(0, 0, 30) }
		if _, err := w.b.Create(ctx, author, input(func(in *broadcasts.Input) { soon(in); in.EffectiveAt = in.EffectiveAt.Add(-tick) })); !names(err, "effective_at") {
			t.Error(err)
		}

		// Written, but not approved.
		b, err := w.b.Create(ctx, author, input(soon))
		w.Must(err)
		w.advance()
		w.Clock.Move(60 * 24 * time.Hour)
		still("in review")
		_, err = w.b.Cancel(ctx, author, b.ID)
		w.Must(err)

		// Approved, and cancelled before and after it began.
		b = w.broadcast(soon)
		_, err = w.b.Cancel(ctx, author, b.ID)
		w.Must(err)
		b = w.broadcast(soon)
		w.advance()
		w.drain(1)
		_, err = w.b.Cancel(ctx, author, b.ID)
		w.Must(err)
		w.Clock.Move(60 * 24 * time.Hour)
		still("cancelled")

		// It reached nobody: every address refused it, or its segment is empty.
		w.relay = func(outbox.Claimed) outbox.Result {
			return outbox.Result{Status: outbox.StatusUnserved, Code: 550, Reply: "550 5.6.7 no", Reason: "other"}
		}
		b = w.run(w.broadcast(soon))
		w.relay = nil
		w.segment("nobody", `{"country": "AQ"}`)
		empty := w.run(w.broadcast(func(in *broadcasts.Input) { soon(in); in.Audience = broadcasts.Audience{Segment: "nobody"} }))
		w.Clock.Move(60 * 24 * time.Hour)
		if c, _ := w.covered(b); c.LeadTimeMet || c.NotReached != 3 {
			t.Errorf("%+v", c)
		}
		if c, _ := w.covered(empty); c.Addressed != 0 || empty.Status != broadcasts.Finished {
			t.Errorf("%+v", c)
		}
		still("nobody was reached")

		// Somebody waits: the relay does not take the mail of one.
		w.relay = func(m outbox.Claimed) outbox.Result {
			if m.SubscriberID == ids[2] {
				return outbox.Result{Status: outbox.StatusDeferred, Code: 451, Reply: "451 later", DueAt: w.Clock.Now().Add(24 * time.Hour)}
			}
			return outbox.Result{Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}
		}
		b = w.broadcast(func(in *broadcasts.Input) { soon(in); in.EffectiveAt = in.EffectiveAt.AddDate(0, 0, 10) })
		for range 3 {
			w.advance()
			w.drain(10)
		}
		w.Clock.Move(60 * 24 * time.Hour)
		still("somebody waits")

		// The last one is accepted: from there the lead time runs for everybody, though the date of the notice has passed.
		w.relay = nil
		b = w.run(b)
		c, _ := w.covered(b)
		if c.Accepted != 3 || c.Late != 1 || c.LeadTimeMet {
			t.Fatalf("%+v", c)
		}
		from := c.LastAt.AddDate(0, 0, 30)
		w.Clock.Move(from.Add(-tick).Sub(w.Clock.Now()))
		still("one microsecond too early")
		w.Clock.Move(tick)
		if v := w.inEffect(); v != "2" {
			t.Fatalf("version %s is in effect when the lead time is over", v)
		}
		_, err = w.policies.ChangeVersion(ctx, author, "terms", "2", func(d *policies.Draft) { d.Bodies = map[string]string{"en": "Other."} })
		if p, ok := problem.As(err); !ok || p.Status != 409 || !strings.Contains(p.Detail, "cannot") && !strings.Contains(p.Detail, "no longer") {
			t.Errorf("the text of a version in effect was changed: %v", err)
		}
	})
}

// With nobody to tell, an announcement to all customers is made when it is made.
func TestAPolicyOfACompanyWithoutCustomersTakesEffect(t *testing.T) {
	w := newWorld(t, sqldbtest.SQLite(t))
	w.rights()
	b := w.run(w.broadcast(carrying))
	w.Clock.Move(b.EffectiveAt.Add(-tick).Sub(w.Clock.Now()))
	if v := w.inEffect(); v != "1" {
		t.Errorf("%s is in effect too early", v)
	}
	w.Clock.Move(tick)
	if v := w.inEffect(); v != "2" {
		t.Errorf("%s is in effect", v)
	}
}

// What is in effect does not wait for a worker: a process that was killed right after the last acceptance shows the right version
// from its first answer on. What the brake is going to hold is not through, though.
func TestAVersionDoesNotWaitForAWorker(t *testing.T) {
	for _, bounces := range []int{0, 3} {
		sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
			w := newWorld(t, db)
			w.customers(8, nil)
			w.rights()
			w.b.Brake = func(_, bounced int64) bool { return bounced >= 3 }
			taken := 0
			w.relay = func(outbox.Claimed) outbox.Result {
				if taken++; taken > 8-bounces {
					return outbox.Result{Status: outbox.StatusBounced, Code: 550, Reply: "550 5.1.1 no", Reason: "hard_bounce"}
				}
				return outbox.Result{Status: outbox.StatusSent, Code: 250, Reply: "250 ok", SHA256: "00"}
			}
			b := w.broadcast(carrying)
			w.advance()
			w.drain(7)
			w.Clock.Move(60 * 24 * time.Hour)
			if v := w.inEffect(); v != "1" {
				t.Fatalf("version %s is in effect while somebody waits", v)
			}
			if w.drain(1) != 1 {
				t.Fatal("the last mail was not sent")
			}
			w.Clock.Move(30*24*time.Hour - tick)
			if v := w.inEffect(); v != "1" {
				t.Fatalf("version %s is in effect before the lead time of the last one is over", v)
			}
			w.Clock.Move(tick)
			want := map[int]string{0: "2", 3: "1"}[bounces]
			if v := w.inEffect(); v != want {
				t.Errorf("%d bounces: version %s is in effect before a worker looked", bounces, v)
			}
			w.advance()
			if v := w.inEffect(); v != want {
				t.Errorf("%d bounces: version %s is in effect after a worker looked", bounces, v)
			}
			b, err := w.b.Get(ctx, db, b.ID)
			if w.Must(err); (b.Status == broadcasts.Finished) != (bounces == 0) || b.HeldAt.IsZero() != (bounces == 0) {
				t.Errorf("%d bounces: %+v", bounces, b.State)
			}
		})
	}
}
