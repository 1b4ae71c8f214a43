package secret

import (
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

const totpPeriod = 30 // seconds; RFC 6238 §5.2

// Seed is the shared secret of a person's authenticator app.
type Seed struct {
	Text string // base32, as typed into an app by hand
	URL  string // otpauth://, as in the QR code
}

// NewSeed makes a seed of 160 bits (RFC 4226 §4, R6). The issuer and account
// are what the app shows.
func NewSeed(issuer, account string) (Seed, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: account, SecretSize: 20})
	if err != nil {
		return Seed{}, fmt.Errorf("secret: make a TOTP seed: %w", err)
	}
	return Seed{Text: key.Secret(), URL: key.URL()}, nil
}

// SeedURL returns the otpauth address of a seed that exists already.
func SeedURL(issuer, account, seed string) (string, error) {
	raw, err := base32Padless(seed)
	if err != nil {
		return "", err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: account, Secret: raw})
	if err != nil {
		return "", fmt.Errorf("secret: make a TOTP address: %w", err)
	}
	return key.URL(), nil
}

// CheckCode says whether code is right for seed at time now, one step of clock
// drift to either side, and returns the step it belongs to. Steps up to after
// are refused: a code works once (RFC 6238 §5.2). Keep the step returned and
// give it as after next time.
func CheckCode(seed, code string, now time.Time, after int64) (step int64, ok bool) {
	code = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, code)
	at := now.Unix() / totpPeriod
	for s := at - 1; s <= at+1; s++ {
		want, err := hotp.GenerateCodeCustom(seed, uint64(s), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, false
		}
		if Same([]byte(want), []byte(code)) && s > after {
			step, ok = s, true
		}
	}
	return step, ok
}

// Code returns the code that an app shows for seed at time now.
func Code(seed string, now time.Time) (string, error) {
	return hotp.GenerateCodeCustom(seed, uint64(now.Unix()/totpPeriod), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}

func base32Padless(s string) ([]byte, error) {
	raw, err := lower.DecodeString(strings.ToLower(s))
	if err != nil {
		return nil, fmt.Errorf("secret: malformed TOTP seed: %w", err)
	}
	return raw, nil
}
