package tokens

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	secretA = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	secretB = "/v79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA="

	subscriber = "01890a5d-ac96-774b-bcce-b302099a8057"
	topicID    = "01890a5d-ac96-774b-bcce-b302099a8058"
	campaign   = "01890a5d-ac96-774b-bcce-b302099a8059"
)

var all = []Purpose{Unsubscribe, Preferences, Confirm, Why, View, Click, Return, Rights, Open, Undo, Document, Registration}

func ring(t testing.TB, s string) *Keyring {
	t.Helper()
	r, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var full = Claims{Subject: subscriber, Topic: topicID, Source: campaign, Issued: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}

func TestEveryPurposeRoundTrips(t *testing.T) {
	r := ring(t, "a:"+secretA)
	if len(all) != len(purposes) {
		t.Fatalf("the test knows %d purposes of %d", len(all), len(purposes))
	}
	for _, p := range all {
		for _, c := range []Claims{full, {}, {Subject: subscriber}, {Topic: topicID}, {Source: campaign, Issued: full.Issued}} {
			got, err := r.Verify(p, r.Sign(p, c))
			if err != nil || got != c {
				t.Errorf("%c: got %+v, %v; want %+v", p, got, err, c)
			}
		}
	}
}

func TestTheNilUUIDStandsForEmpty(t *testing.T) {
	r := ring(t, "a:"+secretA)
	const zero = "00000000-0000-0000-0000-000000000000"
	c, err := r.Verify(Why, r.Sign(Why, Claims{Subject: subscriber, Topic: zero, Source: zero}))
	if err != nil || c != (Claims{Subject: subscriber}) {
		t.Errorf("got %+v, %v", c, err)
	}
}

// Compliance 52: base64url, no personal data, URL under 300.
func TestATokenIsShortAndOpaque(t *testing.T) {
	r := ring(t, "sixteen-byte-kid:"+secretA)
	tok := r.Sign(Unsubscribe, full)
	if len(tok) > 140 {
		t.Errorf("the longest token has %d characters", len(tok))
	}
	if strings.Trim(tok, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("%q is not base64url", tok)
	}
	if url := "https://mail-preferences.department.of.a.long-company-name.example.co.uk/unsubscribe/u/" + tok; len(url) >= 300 {
		t.Errorf("a URL has %d characters", len(url))
	}
}

// Compliance 52: any flipped bit, any other spelling, gives the same error.
func TestAnyChangeIsInvalid(t *testing.T) {
	r := ring(t, "a:"+secretA)
	for _, c := range []Claims{full, {Subject: subscriber}, {}} {
		tok := r.Sign(Unsubscribe, c)
		raw, _ := base64.RawURLEncoding.DecodeString(tok)
		for i := range raw {
			for bit := range 8 {
				raw[i] ^= 1 << bit
				refuse(t, r, Unsubscribe, base64.RawURLEncoding.EncodeToString(raw))
				raw[i] ^= 1 << bit
			}
		}
		for i := range tok {
			for bit := range 8 {
				b := []byte(tok)
				b[i] ^= 1 << bit
				refuse(t, r, Unsubscribe, string(b))
			}
			refuse(t, r, Unsubscribe, tok[:i])
			refuse(t, r, Unsubscribe, tok[i+1:])
			refuse(t, r, Unsubscribe, tok[:i]+"\n"+tok[i:])
			refuse(t, r, Unsubscribe, tok[:i]+"\r"+tok[i:])
		}
		for _, more := range []string{"=", "==", "\n", " ", "A", "AA", "AAAA", ".", "\x00", strings.Repeat("A", 1<<16)} {
			refuse(t, r, Unsubscribe, tok+more)
			refuse(t, r, Unsubscribe, more+tok)
		}
	}
}

// The last character of most lengths carries bits that decode to nothing; each
// token must have one spelling only.
func TestTrailingBitsAreCanonical(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	partial := 0
	for _, kid := range []string{"a", "ab", "abc"} {
		r := ring(t, kid+":"+secretA)
		tok := r.Sign(Confirm, full)
		if len(tok)%4 != 0 {
			partial++
		}
		good := 0
		for _, c := range alphabet {
			if _, err := r.Verify(Confirm, tok[:len(tok)-1]+string(c)); err == nil {
				good++
			}
		}
		if good != 1 {
			t.Errorf("kid %q: %d last characters are accepted", kid, good)
		}
	}
	if partial != 2 {
		t.Errorf("%d of the lengths have trailing bits, want 2", partial)
	}
}

// Compliance 54: every cross-use is refused.
func TestPurposesAreSeparate(t *testing.T) {
	r := ring(t, "a:"+secretA)
	for _, p := range all {
		for _, q := range append(all, 0, 'x', 'U') {
			_, err := r.Verify(q, r.Sign(p, full))
			if (err == nil) != (p == q) {
				t.Errorf("a token for %c, used for %c: %v", p, q, err)
			}
			_, err = r.VerifyLocal(q, r.SignLocal(p, subscriber, campaign))
			if (err == nil) != (p == q) {
				t.Errorf("a local part for %c, used for %c: %v", p, q, err)
			}
		}
	}
}

// Compliance 53: a retired key still verifies, an unknown one never.
func TestRotation(t *testing.T) {
	before := ring(t, "old:"+secretA)
	after := ring(t, "new:"+secretB+",old:"+secretA)
	gone := ring(t, "new:"+secretB)
	renamed := ring(t, "other:"+secretA)
	swapped := ring(t, "old:"+secretB)

	tok, local := before.Sign(Unsubscribe, full), before.SignLocal(Return, subscriber, campaign)
	if c, err := after.Verify(Unsubscribe, tok); err != nil || c != full {
		t.Errorf("after rotation an old link gives %+v, %v", c, err)
	}
	if _, err := after.VerifyLocal(Return, local); err != nil {
		t.Errorf("after rotation an old return path gives %v", err)
	}
	for _, r := range []*Keyring{gone, renamed, swapped} {
		refuse(t, r, Unsubscribe, tok)
	}
	for _, r := range []*Keyring{gone, swapped} {
		if _, err := r.VerifyLocal(Return, local); err != ErrInvalid {
			t.Errorf("%v takes a return path of another key: %v", r.KeyIDs(), err)
		}
	}
	if _, err := gone.Verify(Unsubscribe, after.Sign(Unsubscribe, full)); err != nil {
		t.Errorf("the newest key does not sign: %v", err)
	}
}

// Compliance 55: a link works for ever; only Issued tells its age.
func TestTokensDoNotExpire(t *testing.T) {
	r := ring(t, "a:"+secretA)
	for _, issued := range []time.Time{time.Unix(1, 0).UTC(), time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2106, 1, 1, 0, 0, 0, 0, time.UTC)} {
		c, err := r.Verify(Unsubscribe, r.Sign(Unsubscribe, Claims{Subject: subscriber, Issued: issued}))
		if err != nil || !c.Issued.Equal(issued) {
			t.Errorf("issued %v: got %v, %v", issued, c.Issued, err)
		}
	}
	// Times that four bytes cannot hold keep to their ends.
	c, _ := r.Verify(Unsubscribe, r.Sign(Unsubscribe, Claims{Issued: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}))
	if c.Issued.Year() != 2106 {
		t.Errorf("the far future reads %v", c.Issued)
	}
}

// A change to the wire form breaks every link already sent, so it is pinned.
func TestTheFormIsStable(t *testing.T) {
	r := ring(t, "a:"+secretA)
	if got := r.Sign(Unsubscribe, full); got != pinnedToken {
		t.Errorf("token\n got %s\nwant %s", got, pinnedToken)
	}
	if got := r.SignLocal(Return, subscriber, campaign); got != pinnedLocal {
		t.Errorf("local part\n got %s\nwant %s", got, pinnedLocal)
	}
}

func TestSignPanicsOnWhatIsNotAnID(t *testing.T) {
	r := ring(t, "a:"+secretA)
	for _, id := range []string{"newsletter", "01890A5D-AC96-774B-BCCE-B302099A8057", "01890a5dac96774bbcceb302099a8057", "01890a5d-ac96-774b-bcce-b302099a805g", "01890a5d-ac96-774b-bcce-b302099a805", subscriber + "0"} {
		for what, f := range map[string]func(){
			"Sign":      func() { r.Sign(Why, Claims{Topic: id}) },
			"SignLocal": func() { r.SignLocal(Return, id, campaign) },
		} {
			if !panics(f) {
				t.Errorf("%s takes %q for an id", what, id)
			}
		}
	}
	if !panics(func() { r.Sign('x', full) }) || !panics(func() { r.SignLocal('x', subscriber, "") }) {
		t.Error("an unknown purpose is signed")
	}
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

func TestClaimsRoundTrip(t *testing.T) {
	r := ring(t, "b:"+secretB+",a:"+secretA)
	id := rapid.Custom(func(t *rapid.T) string {
		return formatUUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid"))
	})
	rapid.Check(t, func(t *rapid.T) {
		c := Claims{Subject: id.Draw(t, "subject"), Topic: id.Draw(t, "topic"), Source: id.Draw(t, "source")}
		if s := rapid.Uint32().Draw(t, "issued"); s != 0 {
			c.Issued = time.Unix(int64(s), 0).UTC()
		}
		p := rapid.SampledFrom(all).Draw(t, "purpose")
		if got, err := r.Verify(p, r.Sign(p, c)); err != nil || got != c {
			t.Fatalf("got %+v, %v; want %+v", got, err, c)
		}
	})
}

func refuse(t testing.TB, r *Keyring, p Purpose, tok string) {
	t.Helper()
	if c, err := r.Verify(p, tok); err != ErrInvalid || c != (Claims{}) {
		t.Fatalf("%q gives %+v, %v; want nothing and ErrInvalid", tok, c, err)
	}
}

func FuzzVerify(f *testing.F) {
	r := ring(f, "b:"+secretB+",a:"+secretA)
	f.Add(r.Sign(Unsubscribe, full))
	f.Add(r.Sign(Unsubscribe, Claims{}))
	f.Add(r.Sign(Click, full))
	f.Add("AQABYXU")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := r.Verify(Unsubscribe, s)
		if err != nil {
			if err != ErrInvalid || c != (Claims{}) {
				t.Fatalf("%q gives %+v, %v", s, c, err)
			}
			return
		}
		if r.Sign(Unsubscribe, c) != s && ring(t, "a:"+secretA).Sign(Unsubscribe, c) != s {
			t.Fatalf("%q is accepted but is not what we sign for %+v", s, c)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	r := ring(b, "a:"+secretA)
	b.ReportAllocs()
	for b.Loop() {
		r.Sign(Unsubscribe, full)
	}
}

func BenchmarkVerify(b *testing.B) {
	r := ring(b, "a:"+secretA)
	tok := r.Sign(Unsubscribe, full)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Verify(Unsubscribe, tok); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSignLocal(b *testing.B) {
	r := ring(b, "a:"+secretA)
	b.ReportAllocs()
	for b.Loop() {
		r.SignLocal(Return, subscriber, campaign)
	}
}

// Signing happens several times for every mail: its result and one buffer are
// all it allocates. (Under the race detector a pool forgets now and then.)
func TestSignAllocatesLittle(t *testing.T) {
	r := ring(t, "a:"+secretA)
	if n := testing.AllocsPerRun(200, func() { r.Sign(Unsubscribe, full) }); n > 5 {
		t.Errorf("Sign allocates %v times", n)
	}
}

const (
	pinnedToken = "AQcBYXUBiQpdrJZ3S7zOswIJmoBXAYkKXayWd0u8zrMCCZqAWAGJCl2slndLvM6zAgmagFlppCpAK0h-tfET7B4LVsaeWPa1Vc51Qxyh4kCrYs4s0xMwR3Q"
	pinnedLocal = "ragequxnmsz3uxpgowmbatguak4ayscs5vslhos54z2zqecm2qbm2tnjs2qi5gmq"
)
