package secret

import (
	"errors"
	"strings"
	"testing"
)

var quick = Params{MemoryKiB: 64, Passes: 1, Threads: 1}

func TestPasswordFitsOnlyItsOwnHash(t *testing.T) {
	hash := HashPassword("correct horse battery", quick)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatalf("not the PHC form: %s", hash)
	}
	if strings.Contains(hash, "horse") {
		t.Fatal("the hash holds the password")
	}
	if !CheckPassword(hash, "correct horse battery") {
		t.Error("the right password was refused")
	}
	for _, wrong := range []string{"", "correct horse batterx", "Correct horse battery", "correct horse battery "} {
		if CheckPassword(hash, wrong) {
			t.Errorf("%q was taken", wrong)
		}
	}
	if HashPassword("correct horse battery", quick) == hash {
		t.Error("two hashes of one password are equal: no salt")
	}
}

func TestPasswordIsTheSameInEitherNormalForm(t *testing.T) {
	hash := HashPassword("caf\u00e9 in the corner", quick)
	if !CheckPassword(hash, "cafe\u0301 in the corner") {
		t.Error("the decomposed form was refused")
	}
}

func TestMalformedHashFitsNothing(t *testing.T) {
	good := HashPassword("correct horse battery", quick)
	for _, hash := range []string{
		"", "$", "plain", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=64", "m=4294967295", 1), strings.Replace(good, "t=1", "t=0", 1),
		strings.Replace(good, "p=1", "p=0", 1), good[:strings.LastIndex(good, "$")+1], good + "$x",
	} {
		if CheckPassword(hash, "correct horse battery") {
			t.Errorf("%q fits", hash)
		}
	}
}

func TestNeedsRehashWhenCostsChange(t *testing.T) {
	hash := HashPassword("x", quick)
	if NeedsRehash(hash, quick) {
		t.Error("the same costs ask for a new hash")
	}
	if !NeedsRehash(hash, Params{MemoryKiB: 64, Passes: 2, Threads: 1}) || !NeedsRehash("", quick) {
		t.Error("other costs ask for none")
	}
}

func TestRecommendedHashWorks(t *testing.T) {
	if hash := HashPassword("correct horse battery", Recommended); !CheckPassword(hash, "correct horse battery") {
		t.Error("the right password was refused")
	}
}

func TestPolicy(t *testing.T) {
	for password, want := range map[string]error{
		"short":                  ErrPasswordShort,
		"elevenchars":            ErrPasswordShort,
		strings.Repeat("é7", 6):  ErrPasswordSimple,
		"aaaaaaaaaaaaaaaa":       ErrPasswordSimple,
		"Password12345":          ErrPasswordSimple,
		"ada.lovelace1815":       ErrPasswordSimple,
		"adalovelaceada":         ErrPasswordSimple,
		"assentassent1":          ErrPasswordSimple,
		strings.Repeat("x", 257): ErrPasswordLong,
		"correct horse battery":  nil,
		"onderdeurtje is moe":    nil,
		"日本語のとても長い合言葉です": nil,
	} {
		if got := CheckPolicy(password, "Ada Lovelace", "ada.lovelace@example.org"); !errors.Is(got, want) {
			t.Errorf("CheckPolicy(%q) = %v, want %v", password, got, want)
		}
	}
}
