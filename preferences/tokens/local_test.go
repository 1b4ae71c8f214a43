package tokens

import (
	"strings"
	"testing"
)

// Compliance 17: the return path is signed and fits a local part.
func TestLocalPartFits(t *testing.T) {
	r := ring(t, "sixteen-byte-kid:"+secretA)
	for _, p := range all {
		local := r.SignLocal(p, subscriber, campaign)
		if len(local) > 64 || local[0] != byte(p) || strings.Trim(local, "abcdefghijklmnopqrstuvwxyz234567") != "" {
			t.Errorf("%c: local part %q of %d octets", p, local, len(local))
		}
		c, err := r.VerifyLocal(p, local)
		if err != nil || c != (Claims{Subject: subscriber, Source: campaign}) {
			t.Errorf("%c: got %+v, %v", p, c, err)
		}
	}
	if c, err := r.VerifyLocal(Return, r.SignLocal(Return, subscriber, "")); err != nil || c != (Claims{Subject: subscriber}) {
		t.Errorf("without a source: %+v, %v", c, err)
	}
}

func TestLocalPartSurvivesCaseFolding(t *testing.T) {
	r := ring(t, "a:"+secretA)
	local := strings.ToUpper(r.SignLocal(Unsubscribe, subscriber, campaign))
	if c, err := r.VerifyLocal(Unsubscribe, local); err != nil || c.Subject != subscriber {
		t.Errorf("got %+v, %v", c, err)
	}
}

// Compliance 17: a forged return path changes nothing.
func TestAnyChangeOfALocalPartIsInvalid(t *testing.T) {
	r := ring(t, "b:"+secretB+",a:"+secretA)
	local := r.SignLocal(Return, subscriber, campaign)
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567018-_.=+@\n\r \x00\xc1"
	try := func(s string) {
		t.Helper()
		if c, err := r.VerifyLocal(Return, s); err != ErrInvalid || c != (Claims{}) {
			t.Fatalf("%q gives %+v, %v", s, c, err)
		}
	}
	for i := range local {
		for j := range len(alphabet) {
			if alphabet[j] != local[i] {
				try(local[:i] + alphabet[j:j+1] + local[i+1:])
			}
		}
		try(local[:i])
		try(local[i+1:])
		try(local[:i] + "\n" + local[i:len(local)-1])
	}
	try("")
	try(local + "a")
	try(strings.Repeat("a", 64))
}

func FuzzVerifyLocal(f *testing.F) {
	r := ring(f, "b:"+secretB+",a:"+secretA)
	old := ring(f, "a:"+secretA)
	f.Add(r.SignLocal(Return, subscriber, campaign))
	f.Add(old.SignLocal(Return, "", ""))
	f.Add(strings.Repeat("r", 64))
	f.Fuzz(func(t *testing.T, s string) {
		c, err := r.VerifyLocal(Return, s)
		if err != nil {
			if err != ErrInvalid || c != (Claims{}) {
				t.Fatalf("%q gives %+v, %v", s, c, err)
			}
			return
		}
		if l := strings.ToLower(s); l != r.SignLocal(Return, c.Subject, c.Source) && l != old.SignLocal(Return, c.Subject, c.Source) {
			t.Fatalf("%q is accepted but is not what we sign for %+v", s, c)
		}
	})
}
