package inbound

import (
	"regexp"
	"strings"

	"assent/preferences/tokens"
)

// Keys checks what our mails were signed with. *tokens.Keyring is one.
type Keys interface {
	Verify(p tokens.Purpose, token string) (tokens.Claims, error)
	VerifyLocal(p tokens.Purpose, local string) (tokens.Claims, error)
}

// Domain knows the addresses at which mail comes back to us.
type Domain struct {
	Keys Keys
	Name string // the bounce domain
}

// FeedbackLocal is the local part at which complaint reports are taken.
const FeedbackLocal = "fbl"

// Address is what one address of ours stands for.
type Address struct {
	Feedback bool // fbl@
	Purpose  tokens.Purpose
	Claims   tokens.Claims
}

// Address reads a recipient address; ok is false if it is none of ours.
func (d Domain) Address(addr string) (a Address, ok bool) {
	at := strings.LastIndexByte(addr, '@')
	if at <= 0 || !strings.EqualFold(strings.TrimSuffix(addr[at+1:], "."), d.Name) {
		return a, false
	}
	local := addr[:at]
	if strings.EqualFold(local, FeedbackLocal) {
		return Address{Feedback: true}, true
	}
	for _, p := range []tokens.Purpose{tokens.Return, tokens.Unsubscribe} {
		if c, err := d.Keys.VerifyLocal(p, local); err == nil {
			return Address{Purpose: p, Claims: c}, true
		}
	}
	return a, false
}

var (
	localForm = regexp.MustCompile(`(?i)[ru][a-z2-7]{63}`)
	tokenForm = regexp.MustCompile(`[A-Za-z0-9_-]{56,200}`)
)

// maxTries bounds the signatures that are computed for one text.
const maxTries = 32

// find looks for the first local part with a good signature for p in text.
func (d Domain) find(p tokens.Purpose, text string) (tokens.Claims, bool) {
	for _, s := range localForm.FindAllString(text, maxTries) {
		if c, err := d.Keys.VerifyLocal(p, s); err == nil {
			return c, true
		}
	}
	return tokens.Claims{}, false
}

// Quoted is what sent the mail of ours that a text quotes, such as the campaign, "" if no signature of ours is in it.
func (d Domain) Quoted(text string) string {
	if d.Keys == nil {
		return ""
	}
	c, ok := d.find(tokens.Return, text)
	if !ok {
		c, _ = d.findToken(text)
	}
	return c.Source
}

// findToken looks for an unsubscribe token in text: one from a link (which
// carries the topic) before one from an address.
func (d Domain) findToken(text string) (tokens.Claims, bool) {
	for _, s := range tokenForm.FindAllString(text, maxTries) {
		if c, err := d.Keys.Verify(tokens.Unsubscribe, s); err == nil {
			return c, true
		}
	}
	return d.find(tokens.Unsubscribe, text)
}
