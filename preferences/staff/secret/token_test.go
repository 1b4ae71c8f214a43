package secret

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestTokensAreLongAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		token := NewToken()
		if len(token) != 43 || seen[token] {
			t.Fatalf("token %q: %d characters, seen before: %v", token, len(token), seen[token])
		}
		seen[token] = true
	}
}

func TestKeyNamesItsID(t *testing.T) {
	key := NewKey("0192f0c1-2345-7abc-8def-0123456789ab")
	if !regexp.MustCompile(`^ak_0192f0c123457abc8def0123456789ab_[a-z2-7]{52}$`).MatchString(key) {
		t.Fatalf("key %q", key)
	}
	if bytes.Equal(Hash(key), Hash(key[:len(key)-1])) {
		t.Error("the hash does not cover the whole key")
	}
}

func TestRecoveryCodeIsReadHoweverTyped(t *testing.T) {
	codes := NewRecoveryCodes(10)
	if len(codes) != 10 {
		t.Fatalf("%d codes", len(codes))
	}
	for _, code := range codes {
		if !regexp.MustCompile(`^([a-z2-7]{4}-){3}[a-z2-7]{4}$`).MatchString(code) {
			t.Fatalf("code %q", code)
		}
		want := HashRecoveryCode(code)
		for _, typed := range []string{strings.ToUpper(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "-", " ") + "\n"} {
			if !bytes.Equal(HashRecoveryCode(typed), want) {
				t.Errorf("%q is not read as %q", typed, code)
			}
		}
	}
	if bytes.Equal(HashRecoveryCode(codes[0]), HashRecoveryCode(codes[1])) {
		t.Error("two codes have one hash")
	}
}

// The vectors of RFC 6238 Appendix B (SHA-1), cut to six digits.
func TestCodesFollowRFC6238(t *testing.T) {
	seed := "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // "12345678901234567890"
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1234567890: "005924", 2000000000: "279037"} {
		now := time.Unix(at, 0)
		if got, err := Code(seed, now); err != nil || got != want {
			t.Errorf("at %d: %s, %v; want %s", at, got, err, want)
		}
		step, ok := CheckCode(seed, want[:3]+" "+want[3:], now, 0)
		if !ok || step != at/30 {
			t.Errorf("at %d: step %d, %v", at, step, ok)
		}
	}
}

func TestCodeWorksOnceAndOnlyAround(t *testing.T) {
	seed, err := NewSeed("Assent", "ada@example.org")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_700_000_010, 0)
	code, _ := Code(seed.Text, now)
	for shift, want := range map[time.Duration]bool{-90 * time.Second: false, -30 * time.Second: true, 0: true, 30 * time.Second: true, 90 * time.Second: false} {
		if _, ok := CheckCode(seed.Text, code, now.Add(shift), 0); ok != want {
			t.Errorf("shifted by %v: %v", shift, ok)
		}
	}
	step, _ := CheckCode(seed.Text, code, now, 0)
	if _, ok := CheckCode(seed.Text, code, now, step); ok {
		t.Error("a code worked twice")
	}
	if _, ok := CheckCode(seed.Text, "", now, 0); ok {
		t.Error("an empty code worked")
	}
}

func TestSeedHasAnAddressForQRCodes(t *testing.T) {
	seed, err := NewSeed("Assent", "ada@example.org")
	if err != nil {
		t.Fatal(err)
	}
	again, err := SeedURL("Assent", "ada@example.org", seed.Text)
	if err != nil || again != seed.URL {
		t.Errorf("SeedURL = %q, %v; want %q", again, err, seed.URL)
	}
	if !strings.Contains(seed.URL, "secret="+seed.Text) {
		t.Errorf("the address %q lacks the seed", seed.URL)
	}
}
