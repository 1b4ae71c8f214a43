package secret

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Lengths of a password in characters (NIST SP 800-63B §3.1.1.2: a floor, a
// generous ceiling, no rules about kinds of characters).
const (
	MinPasswordLength = 12
	MaxPasswordLength = 256
)

// Reasons why a password is refused.
var (
	ErrPasswordShort  = errors.New("use at least 12 characters")
	ErrPasswordLong   = errors.New("use at most 256 characters")
	ErrPasswordSimple = errors.New("this password is too easy to guess; several unrelated words make a good one")
)

// the start of what people choose when they are asked for something long
var guessed = []string{
	"password", "passw0rd", "qwerty", "azerty", "12345", "abcdef", "letmein", "welcome", "iloveyou",
	"administrator", "changeme", "wachtwoord", "welkom", "assent",
}

// CheckPolicy refuses passwords that are too short, too long or easily guessed.
// Words that belong to the person, such as name and address, are given in known.
func CheckPolicy(password string, known ...string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < MinPasswordLength:
		return ErrPasswordShort
	case n > MaxPasswordLength:
		return ErrPasswordLong
	}
	rest := strings.ToLower(password)
	for _, word := range known {
		word = strings.ToLower(strings.TrimSpace(word))
		for _, part := range append([]string{word}, strings.FieldsFunc(word, separator)...) {
			if utf8.RuneCountInString(part) >= 3 {
				rest = strings.ReplaceAll(rest, part, "")
			}
		}
	}
	for _, word := range guessed {
		rest = strings.ReplaceAll(rest, word, "")
	}
	// What is left when the guessable words are gone must still be varied.
	if distinct(rest) < 5 {
		return ErrPasswordSimple
	}
	return nil
}

func separator(r rune) bool { return strings.ContainsRune(" .@-_+", r) }

func distinct(s string) int {
	seen := map[rune]struct{}{}
	for _, r := range s {
		seen[r] = struct{}{}
	}
	return len(seen)
}
