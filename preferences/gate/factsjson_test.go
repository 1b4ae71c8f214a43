package gate

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// same compares facts, times as instants.
func same(a, b Facts) bool {
	for i, t := range a.times() {
		u := b.times()[i].at
		if !t.at.Equal(*u) || t.at.IsZero() != u.IsZero() {
			return false
		}
		*t.at, *u = time.Time{}, time.Time{}
	}
	return a == b
}

// The stored form is kept for years, so it is pinned.
func TestFactsJSONIsStable(t *testing.T) {
	full := soft(Research)
	full.Erased, full.Minor, full.ObjectedResearch, full.PartnerOptedOut, full.Customer = Yes, Unknown, Yes, Yes, No
	full.State = StateWithdrawn
	full.ConsentExpires, full.PausedUntil = now, now.Add(time.Microsecond)
	full.CappedUntil, full.QuietUntil = now.Add(time.Nanosecond), time.Unix(0, 0)
	full.CampaignExpires = time.Unix(0, -1500)
	full.Evidence = "a \"b\" <é>"
	for want, f := range map[string]Facts{
		`{}`: {},
		`{"c":"m","b":"c","s":"g","n":"ebvrmsxdqup","e":"event"}`: clear(Marketing),
		`{"c":"n"}`: {Class: Notice},
		`{"c":"r","b":"s","s":"w","n":"bvrsxduc","y":"eqpgo","te":1772366400000000,"tp":1772366400000001,` +
			`"tc":1772366400000000.001,"tq":0,"tx":-1.500,"e":"a \"b\" \u003cé\u003e"}`: full,
	} {
		got := f.AppendJSON(nil)
		if string(got) != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		back, err := ParseFacts(got)
		if err != nil || !same(back, f) {
			t.Errorf("%s reads back as %+v, %v", got, back, err)
		}
	}
}

func TestEveryCodeIsItsOwn(t *testing.T) {
	seen := map[string]bool{}
	check := func(what string, i int, f Facts) {
		s := string(f.AppendJSON(nil))
		if seen[s] {
			t.Errorf("%s %d is stored as another is: %s", what, i, s)
		}
		seen[s] = true
		if back, err := ParseFacts([]byte(s)); err != nil || !same(back, f) {
			t.Errorf("%s %d: %s reads back as %+v, %v", what, i, s, back, err)
		}
	}
	for i := 1; i < len(classNames); i++ {
		check("class", i, Facts{Class: Class(i)})
	}
	for i := 1; i < len(basisNames); i++ {
		check("basis", i, Facts{Basis: Basis(i)})
	}
	for i := 1; i < len(stateNames); i++ {
		check("state", i, Facts{State: State(i)})
	}
	for i := range factCodes {
		for _, v := range []Fact{No, Yes} {
			var f Facts
			*f.fields()[i] = v
			check("fact", i, f)
		}
	}
	for i := range 5 {
		var f Facts
		*f.times()[i].at = now
		check("time", i, f)
	}
}

// A stored decision, made again from its stored facts, is the same decision.
func TestFactsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := randomFacts(t)
		for _, x := range f.times() {
			if !x.at.IsZero() {
				*x.at = time.Unix(rapid.Int64Range(-1e11, 1e11).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns"))
			}
		}
		b := f.AppendJSON([]byte("before"))
		if string(b[:6]) != "before" || !json.Valid(b[6:]) {
			t.Fatalf("%s", b)
		}
		back, err := ParseFacts(b[6:])
		if err != nil {
			t.Fatalf("%s: %v", b[6:], err)
		}
		if again := back.AppendJSON(nil); string(again) != string(b[6:]) {
			t.Fatalf("%s is written again as %s", b[6:], again)
		}
		if Decide(back, now) != Decide(f, now) && !Decide(back, now).Until().Equal(Decide(f, now).Until()) {
			t.Fatalf("decided again: %+v, before %+v", Decide(back, now), Decide(f, now))
		}
		// What is out of range is stored as unknown, which decides alike.
		clamp(&f)
		if !same(back, f) {
			t.Fatalf("%s:\n got %+v\nwant %+v", b[6:], back, f)
		}
	})
}

func clamp(f *Facts) {
	if int(f.Class) >= len(classNames) {
		f.Class = 0
	}
	if int(f.Basis) >= len(basisNames) {
		f.Basis = 0
	}
	if int(f.State) >= len(stateNames) {
		f.State = 0
	}
	for _, v := range f.fields() {
		if *v > Yes {
			*v = Unknown
		}
	}
}

func TestParseFactsIsStrict(t *testing.T) {
	for _, in := range []string{
		"", "null x", "[]", `"m"`, "{", "{}{}", "{} x", `{"z":1}`, `{"c":"z"}`, `{"c":"mm"}`, `{"c":1}`, `{"c":"\u0000"}`, `{"b":"m"}`, `{"s":"z"}`,
		`{"n":"z"}`, `{"n":"ee"}`, `{"n":"e","y":"e"}`, `{"tp":1.5}`, `{"tp":1e3}`, `{"tp":"soon"}`, `{"tp":1.-50}`, `{"tp":99999999999999999999}`, `{"tp":true}`,
	} {
		if f, err := ParseFacts([]byte(in)); err == nil {
			t.Errorf("%s reads as %+v", in, f)
		} else if f != (Facts{}) {
			t.Errorf("%s gives %+v with its error", in, f)
		}
	}
}

func TestFactsInsideOtherJSON(t *testing.T) {
	type row struct{ Facts Facts }
	b, err := json.Marshal(row{clear(Notice)})
	if err != nil || string(b) != `{"Facts":{"c":"n","b":"c","s":"g","n":"ebvrmsxdqup","e":"event"}}` {
		t.Fatalf("%s, %v", b, err)
	}
	var back row
	if err := json.Unmarshal(b, &back); err != nil || back.Facts != clear(Notice) {
		t.Errorf("got %+v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"Facts":{"c":"?"}}`), &back); err == nil {
		t.Error("an unknown code is read")
	}
}

func FuzzParseFacts(f *testing.F) {
	f.Add([]byte(`{"c":"m","b":"c","s":"g","n":"ebvrmsxdqup","y":"co","tq":1772366400000000.001,"e":"event"}`))
	f.Add([]byte(`{"tp":-1.500,"tx":-0.001}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		facts, err := ParseFacts(in)
		if err != nil {
			return
		}
		b := facts.AppendJSON(nil)
		back, err := ParseFacts(b)
		if err != nil || !same(back, facts) {
			t.Fatalf("%s is written as %s, which reads %+v, %v", in, b, back, err)
		}
		if again := back.AppendJSON(nil); string(again) != string(b) {
			t.Fatalf("%s is written again as %s", b, again)
		}
		Decide(facts, now)
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	f := clear(Marketing)
	f.Evidence = "01890a5d-ac96-774b-bcce-b302099a8057"
	f.QuietUntil = now
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buf = f.AppendJSON(buf[:0])
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}

func ExampleFacts_AppendJSON() {
	f := Facts{Class: Marketing, Basis: Consent, State: StateGiven, Erased: No, Complained: Yes}
	fmt.Printf("%s\n", f.AppendJSON(nil))
	// Output: {"c":"m","b":"c","s":"g","n":"e","y":"x"}
}
