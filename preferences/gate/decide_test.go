package gate

import (
	"testing"
	"time"
)

func TestZeroValuesDeny(t *testing.T) {
	var d Decision
	if outcome(d) != "deny unknown" || d.Allowed() {
		t.Errorf("the zero decision: %s", outcome(d))
	}
	if got := outcome(Decide(Facts{}, now)); got != "deny unknown" {
		t.Errorf("zero facts: %s", got)
	}
	for _, c := range append(classes, 99) {
		if got := outcome(Decide(Facts{Class: c}, now)); got != "deny unknown" {
			t.Errorf("zero facts of class %s: %s", c, got)
		}
		if got := outcome(Decide(clear(c), time.Time{})); got != "deny unknown" {
			t.Errorf("%s without a time: %s", c, got)
		}
	}
	f := clear(Marketing)
	f.Class = 0
	if got := outcome(Decide(f, now)); got != "deny unknown" {
		t.Errorf("no class: %s", got)
	}
	f = clear(Marketing)
	f.Erased = 7
	if got := outcome(Decide(f, now)); got != "deny unknown" {
		t.Errorf("a fact out of range: %s", got)
	}
}

// Compliance 41: at the very instant a consent is over.
func TestConsentIsOverAtItsInstant(t *testing.T) {
	for name, f := range map[string]Facts{"consent": clear(Marketing), "soft opt-in": soft(Marketing)} {
		f.ConsentExpires = now
		for at, want := range map[time.Duration]string{
			-time.Microsecond: "allow allowed", 0: "deny consent_expired", time.Microsecond: "deny consent_expired",
		} {
			if got := outcome(Decide(f, now.Add(at))); got != want {
				t.Errorf("%s, %v from its end: got %s, want %s", name, at, got, want)
			}
		}
	}
}

// A message that would go out after its campaign expires is denied, not deferred.
func TestDeferralEndsWithTheCampaign(t *testing.T) {
	end := now.Add(time.Hour)
	for reason, set := range map[Reason]func(*Facts){
		ReasonPaused:          func(f *Facts) { f.PausedUntil = end },
		ReasonFrequencyCapped: func(f *Facts) { f.CappedUntil = end },
		ReasonQuietHours:      func(f *Facts) { f.QuietUntil = end },
	} {
		for expires, want := range map[time.Time]Outcome{
			{}: Defer, end.Add(time.Microsecond): Defer, end: Deny, end.Add(-time.Microsecond): Deny, now: Deny,
		} {
			f := clear(Marketing)
			set(&f)
			f.CampaignExpires = expires
			d := Decide(f, now)
			if d.Outcome() != want || d.Reason() != reason {
				t.Errorf("%s until %v, campaign ends %v: %s", reason, end, expires, outcome(d))
			}
			if want == Defer && !d.Until().Equal(end) || want == Deny && !d.Until().IsZero() {
				t.Errorf("%s, campaign ends %v: until %v", reason, expires, d.Until())
			}
		}
		f := clear(Marketing)
		set(&f)
		if d := Decide(f, end); !d.Allowed() {
			t.Errorf("%s at its end: %s", reason, outcome(d))
		}
	}
}

func TestDecisionKeepsBasisAndEvidence(t *testing.T) {
	d := Decide(clear(Marketing), now)
	if d.Basis() != Consent || d.Evidence() != "event" || d.Class() != Marketing || !d.Until().IsZero() {
		t.Errorf("got %+v", d)
	}
}

func TestPermit(t *testing.T) {
	for _, c := range classes {
		d := Decide(clear(c), now)
		right, wrong := StreamMarketing, StreamTransactional
		if c == Service || c == Notice {
			right, wrong = wrong, right
		}
		p, ok := d.Permit("delivery", right)
		if !ok || !p.Valid() || p.DeliveryID() != "delivery" || p.Stream() != right || p.Class() != c {
			t.Errorf("%s: got %+v, %v", c, p, ok)
		}
		for _, s := range []Stream{wrong, "", "other"} {
			if p, ok := d.Permit("delivery", s); ok || p.Valid() {
				t.Errorf("%s may leave by %q", c, s)
			}
		}
		if p, ok := d.Permit("", right); ok || p.Valid() {
			t.Errorf("%s: a permit for no delivery", c)
		}
	}
}

// What somebody asked for may take the marketing stream to show it; marketing itself gets no permit that way.
func TestTrialPermit(t *testing.T) {
	for _, c := range classes {
		d := Decide(clear(c), now)
		p, ok := d.TrialPermit("delivery")
		if ok != (c == Service) || p.Valid() != ok {
			t.Errorf("%s: got %+v, %v", c, p, ok)
		}
		if ok && (p.DeliveryID() != "delivery" || p.Stream() != StreamMarketing || p.Class() != Service) {
			t.Errorf("%s: got %+v", c, p)
		}
		if p, ok := d.TrialPermit(""); ok || p.Valid() {
			t.Errorf("%s: a permit for no delivery", c)
		}
	}
	for _, set := range []func(*Facts){func(f *Facts) { f.Bounced = Yes }, func(f *Facts) { f.Suppressed = Yes }} {
		f := clear(Service)
		set(&f)
		if p, ok := Decide(f, now).TrialPermit("delivery"); ok || p.Valid() {
			t.Errorf("a trial for %+v", f)
		}
	}
}

func TestOnlyAnAllowingDecisionGivesAPermit(t *testing.T) {
	denied, deferred := clear(Marketing), clear(Marketing)
	denied.Complained = Yes
	deferred.PausedUntil = now.Add(time.Hour)
	for _, d := range []Decision{{}, Decide(denied, now), Decide(deferred, now), Decide(Facts{}, now)} {
		for _, s := range []Stream{StreamMarketing, StreamTransactional, ""} {
			if p, ok := d.Permit("delivery", s); ok || p.Valid() || p != (Permit{}) {
				t.Errorf("%s gives %+v", outcome(d), p)
			}
		}
	}
	for _, d := range []Decision{{}, Decide(denied, now), Decide(deferred, now)} {
		if p, ok := d.TrialPermit("delivery"); ok || p != (Permit{}) {
			t.Errorf("%s gives a trial %+v", outcome(d), p)
		}
	}
	if (Permit{}).Valid() {
		t.Error("the zero permit is valid")
	}
}

func TestNamesReadBack(t *testing.T) {
	for c := range Class(9) {
		if got, ok := ParseClass(c.String()); ok != (c >= 1 && c <= 4) || ok && got != c {
			t.Errorf("class %d is %q and reads %d, %v", c, c, got, ok)
		}
	}
	for b := range Basis(12) {
		if got, ok := ParseBasis(b.String()); ok != (b >= 1 && b <= 7) || ok && got != b {
			t.Errorf("basis %d is %q and reads %d, %v", b, b, got, ok)
		}
	}
	for s := range State(9) {
		if got, ok := ParseState(s.String()); ok != (s >= 1 && s <= 6) || ok && got != s {
			t.Errorf("state %d is %q and reads %d, %v", s, s, got, ok)
		}
	}
	for _, s := range []string{"", "unknown", "Marketing"} {
		if c, ok := ParseClass(s); ok || c != 0 {
			t.Errorf("%q is class %v", s, c)
		}
	}
}

// The codes are public: this list may grow, but nothing in it may change.
func TestReasonsArePublic(t *testing.T) {
	want := []Reason{"erased", "address_bounced", "address_unverified", "restricted", "minor", "suppressed", "complained",
		"objected", "unsubscribed_all", "partner_opted_out", "withdrawn", "no_consent", "unconfirmed", "consent_expired",
		"soft_opt_in_unmet", "paused", "frequency_capped", "quiet_hours", "allowed", "unknown"}
	got := Reasons()
	if len(got) != len(want) {
		t.Fatalf("got %d reasons, want %d", len(got), len(want))
	}
	for i, r := range want {
		if got[i] != r || !r.Known() {
			t.Errorf("reason %d is %q, want %q", i, got[i], r)
		}
	}
	got[0] = "changed"
	if Reasons()[0] != "erased" || Reason("changed").Known() {
		t.Error("the list can be changed from outside")
	}
}

func BenchmarkDecide(b *testing.B) {
	f := clear(Marketing)
	b.ReportAllocs()
	for b.Loop() {
		if !Decide(f, now).Allowed() {
			b.Fatal("denied")
		}
	}
}
