package gate

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var classes = []Class{Marketing, Research, Service, Notice}

// clear is a message to which no row applies.
func clear(c Class) Facts {
	return Facts{
		Class: c, Basis: Consent, State: StateGiven, Evidence: "event",
		Erased: No, Bounced: No, Unverified: No, Restricted: No, Minor: No, Suppressed: No,
		Complained: No, ObjectedDirect: No, ObjectedResearch: No, UnsubscribedAll: No, PartnerOptedOut: No,
	}
}

// soft is clear on the soft opt-in, all conditions met.
func soft(c Class) Facts {
	f := clear(c)
	f.Basis, f.State = SoftOptIn, StateNone
	f.Customer, f.SimilarGoods, f.OptOutOffered = Yes, Yes, Yes
	return f
}

// cells are what a row does to each class, in the order of classes. "-" and
// "allow" let the next row decide.
type cells [4]string

var (
	denyMR  = cells{"deny", "deny", "allow", "allow"}
	topicMR = cells{"deny", "deny", "-", "-"}
	deferMR = cells{"defer", "defer", "-", "-"}
)

// rows is the gate's table, each row once for every way in which it applies.
// touches names the facts that a way sets, so that two ways which cannot be
// true at once are not tried together.
var rows = []struct {
	n       int
	name    string
	reason  Reason
	cells   cells
	touches string
	set     func(*Facts)
	unknown func(*Facts) // nil where the fact has no unknown of its own
}{
	{1, "erased", "erased", denyMR, "", func(f *Facts) { f.Erased = Yes }, func(f *Facts) { f.Erased = Unknown }},
	{2, "bounced", "address_bounced", cells{"deny", "deny", "deny", "deny"}, "", func(f *Facts) { f.Bounced = Yes }, func(f *Facts) { f.Bounced = Unknown }},
	{3, "unverified", "address_unverified", denyMR, "", func(f *Facts) { f.Unverified = Yes }, func(f *Facts) { f.Unverified = Unknown }},
	{4, "restricted", "restricted", denyMR, "", func(f *Facts) { f.Restricted = Yes }, func(f *Facts) { f.Restricted = Unknown }},
	{5, "minor", "minor", denyMR, "", func(f *Facts) { f.Minor = Yes }, func(f *Facts) { f.Minor = Unknown }},
	{6, "suppressed", "suppressed", cells{"deny", "deny", "deny", "allow"}, "", func(f *Facts) { f.Suppressed = Yes }, func(f *Facts) { f.Suppressed = Unknown }},
	{7, "complained", "complained", denyMR, "", func(f *Facts) { f.Complained = Yes }, func(f *Facts) { f.Complained = Unknown }},
	{8, "objected", "objected", denyMR, "", func(f *Facts) { f.ObjectedDirect = Yes }, func(f *Facts) { f.ObjectedDirect = Unknown }},
	{8, "objected to research", "objected", cells{"-", "deny", "-", "-"}, "", func(f *Facts) { f.ObjectedResearch = Yes }, func(f *Facts) { f.ObjectedResearch = Unknown }},
	{9, "unsubscribed from all", "unsubscribed_all", denyMR, "", func(f *Facts) { f.UnsubscribedAll = Yes }, func(f *Facts) { f.UnsubscribedAll = Unknown }},
	{10, "partner", "partner_opted_out", topicMR, "", func(f *Facts) { f.PartnerOptedOut = Yes }, func(f *Facts) { f.PartnerOptedOut = Unknown }},
	{11, "withdrawn", "withdrawn", topicMR, "state", func(f *Facts) { f.State = StateWithdrawn }, func(f *Facts) { f.State = 0 }},
	{12, "never given", "no_consent", topicMR, "state basis", func(f *Facts) { f.Basis, f.State = Consent, StateNone }, func(f *Facts) { f.Basis = 0 }},
	{12, "pending", "unconfirmed", topicMR, "state", func(f *Facts) { f.State = StatePending }, nil},
	{12, "expired", "consent_expired", topicMR, "state", func(f *Facts) { f.State = StateExpired }, nil},
	{12, "time over", "consent_expired", topicMR, "state basis expiry", func(f *Facts) { f.Basis, f.State, f.ConsentExpires = Consent, StateGiven, now }, nil},
	{13, "not a customer", "soft_opt_in_unmet", cells{"deny", "*", "-", "-"}, "state basis", func(f *Facts) { *f = withSoft(*f); f.Customer = No }, func(f *Facts) { *f = withSoft(*f); f.Customer = Unknown }},
	{13, "other goods", "soft_opt_in_unmet", cells{"deny", "*", "-", "-"}, "state basis", func(f *Facts) { *f = withSoft(*f); f.SimilarGoods = No }, func(f *Facts) { *f = withSoft(*f); f.SimilarGoods = Unknown }},
	{13, "no opt-out offered", "soft_opt_in_unmet", cells{"deny", "*", "-", "-"}, "state basis", func(f *Facts) { *f = withSoft(*f); f.OptOutOffered = No }, func(f *Facts) { *f = withSoft(*f); f.OptOutOffered = Unknown }},
	{13, "soft opt-in over", "consent_expired", cells{"deny", "*", "-", "-"}, "state basis expiry", func(f *Facts) { *f = withSoft(*f); f.ConsentExpires = now.Add(-time.Hour) }, nil},
	{14, "objected to the topic", "objected", topicMR, "state", func(f *Facts) { f.State = StateObjected }, nil},
	{15, "paused", "paused", deferMR, "", func(f *Facts) { f.PausedUntil = now.Add(3 * time.Hour) }, nil},
	{16, "capped", "frequency_capped", deferMR, "", func(f *Facts) { f.CappedUntil = now.Add(2 * time.Hour) }, nil},
	{17, "quiet", "quiet_hours", deferMR, "", func(f *Facts) { f.QuietUntil = now.Add(time.Hour) }, nil},
}

func withSoft(f Facts) Facts {
	s := soft(f.Class)
	f.Basis, f.State = s.Basis, s.State
	f.Customer, f.SimilarGoods, f.OptOutOffered = Yes, Yes, Yes
	return f
}

func outcome(d Decision) string { return d.Outcome().String() + " " + string(d.Reason()) }

// Every cell of the table. Compliance 22, 30, 33-36, 38, 41, 56, 71, 78.
func TestEveryCell(t *testing.T) {
	for _, r := range rows {
		for i, c := range classes {
			t.Run(fmt.Sprintf("%d %s/%s", r.n, r.name, c), func(t *testing.T) {
				f := clear(c)
				r.set(&f)
				d := Decide(f, now)
				want := r.cells[i] + " " + string(r.reason)
				switch r.cells[i] {
				case "allow", "-":
					want = "allow allowed"
				case "*": // the soft opt-in cannot carry research at all
					want = "deny unknown"
				}
				if got := outcome(d); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				if d.Until().IsZero() == (d.Outcome() == Defer) {
					t.Errorf("%s until %v", d.Outcome(), d.Until())
				}
			})
		}
	}
}

// What is not known denies wherever knowing it could have.
func TestEveryUnknownFactDenies(t *testing.T) {
	for _, r := range rows {
		if r.unknown == nil {
			continue
		}
		for i, c := range classes {
			f := clear(c)
			r.unknown(&f)
			want := "deny unknown"
			if r.cells[i] == "allow" || r.cells[i] == "-" {
				want = "allow allowed"
			}
			if got := outcome(Decide(f, now)); got != want {
				t.Errorf("%d %s unknown, %s: got %s, want %s", r.n, r.name, c, got, want)
			}
		}
	}
}

// Of two facts that hold at once the earlier row decides.
func TestOrder(t *testing.T) {
	pairs := 0
	for i, a := range rows {
		for _, b := range rows[i+1:] {
			if a.n == b.n || clash(a.touches, b.touches) {
				continue
			}
			for k, c := range classes {
				f := clear(c)
				a.set(&f)
				b.set(&f)
				want := "allow allowed"
				switch {
				case applies(a.cells[k]):
					want = a.cells[k] + " " + string(a.reason)
				case applies(b.cells[k]):
					want = b.cells[k] + " " + string(b.reason)
				}
				if strings.HasPrefix(want, "*") { // research on the soft opt-in
					want = "deny unknown"
				}
				if got := outcome(Decide(f, now)); got != want {
					t.Errorf("%s with %s, %s: got %s, want %s", a.name, b.name, c, got, want)
				}
				// What is unknown in the earlier row decides as well.
				if a.unknown != nil && applies(a.cells[k]) {
					f = clear(c)
					b.set(&f)
					a.unknown(&f)
					if got := outcome(Decide(f, now)); got != "deny unknown" {
						t.Errorf("%s unknown with %s, %s: got %s", a.name, b.name, c, got)
					}
				}
				pairs++
			}
		}
	}
	if pairs < 800 {
		t.Errorf("only %d pairs were tried", pairs)
	}
}

func applies(cell string) bool { return cell != "allow" && cell != "-" }

func clash(a, b string) bool {
	for _, w := range strings.Fields(a) {
		if strings.Contains(b, w) {
			return true
		}
	}
	return false
}

// Row 18: nothing above, on every basis that can carry the class.
func TestBasesThatCarry(t *testing.T) {
	for b := range Basis(9) {
		for _, c := range classes {
			for _, s := range []State{StateNone, StateGiven} {
				f := soft(c)
				f.Basis, f.State = b, s
				want := "deny unknown"
				switch {
				case c == Service || c == Notice:
					want = "allow allowed"
				case b == Consent && s == StateNone:
					want = "deny no_consent"
				case b == Consent, b == LegitimateInterests, b == SoftOptIn && c == Marketing:
					want = "allow allowed"
				}
				if got := outcome(Decide(f, now)); got != want {
					t.Errorf("%s on %s, state %s: got %s, want %s", c, b, s, got, want)
				}
			}
		}
	}
}

// An objection to a topic reads as such whatever its basis, and a withdrawal,
// an unfinished sign-up and a lapsed one deny on every basis (compliance 28).
func TestStatesThatDenyOnEveryBasis(t *testing.T) {
	for _, b := range []Basis{Consent, SoftOptIn, LegitimateInterests} {
		for s, want := range map[State]string{
			StateObjected: "deny objected", StateWithdrawn: "deny withdrawn", StatePending: "deny unconfirmed",
			StateExpired: "deny consent_expired", 0: "deny unknown", 99: "deny unknown",
		} {
			f := clear(Marketing) // no condition of the soft opt-in is known
			f.Basis, f.State, f.ConsentExpires = b, s, now.Add(-time.Hour)
			if got := outcome(Decide(f, now)); got != want {
				t.Errorf("%s on %s: got %s, want %s", s, b, got, want)
			}
		}
	}
}
