package staff

import (
	"context"
	"strings"
	"testing"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
)

// letterBox keeps the letters that were committed.
type letterBox struct {
	t       *testing.T
	h       *house
	letters []accounts.Letter
	flushed int
}

func (b *letterBox) Queue(_ context.Context, _ *sqldb.Tx, _ time.Time, l accounts.Letter) error {
	b.letters = append(b.letters, l)
	return nil
}

func (b *letterBox) Flush(context.Context) { b.flushed++ }

// last is the newest letter, and the token of its link.
func (b *letterBox) last(kind, to string) (accounts.Letter, string) {
	b.t.Helper()
	if len(b.letters) == 0 {
		b.t.Fatal("no letter")
	}
	l := b.letters[len(b.letters)-1]
	token, err := b.h.Accounts.Unseal(l.Facts)
	if err != nil || l.Kind != kind || l.Email != to || b.flushed != len(b.letters) {
		b.t.Fatalf("%+v, %d flushed, %v", l, b.flushed, err)
	}
	if token != "" && strings.Contains(l.Facts.Token, token) {
		b.t.Error("the link is stored in the clear")
	}
	return l, token
}

func withLetters(t *testing.T, test func(t *testing.T, h *house, box *letterBox)) {
	exercise(t, func(t *testing.T, h *house) {
		box := &letterBox{t: t, h: h}
		h.Accounts.Letters, h.Accounts.Seal = box, [][]byte{[]byte(strings.Repeat("k", 32))}
		test(t, h.open(), box)
	})
}

func TestInvitationIsShownAndMailed(t *testing.T) {
	withLetters(t, func(t *testing.T, h *house, box *letterBox) {
		h.person(t, "ada@example.org", access.Administrator)
		ada := h.browser(t).signIn("ada@example.org")
		ada.send("/admin/people/new", "/admin/people", "name", "Bob", "email", "bob@example.org", "role", "marketer", "locale", "xx").want(t, 400)
		made := ada.send("/admin/people/new", "/admin/people", "name", "Bob", "email", "bob@example.org", "role", "marketer", "locale", "nl").want(t, 200, "was mailed to Bob at bob@example.org")
		l, token := box.last(accounts.LetterInvite, "bob@example.org")
		if !strings.Contains(made.body, "/admin/password/"+token) {
			t.Error("the link that is shown is not the one that is mailed")
		}
		if l.Locale != "nl" || l.Name != "Bob" || l.Facts.By != "Person ada@example.org" || len(l.Facts.Roles) != 1 || l.Facts.Until.Sub(h.Accounts.Now()) != 7*24*time.Hour {
			t.Errorf("%+v", l)
		}
		bob := h.browser(t)
		bob.send("/admin/password/"+token, "/admin/password/"+token, "password", password).want(t, 303)
		u, err := h.Accounts.ByEmail(ctx, "bob@example.org")
		if err != nil || u.Locale != "nl" {
			t.Fatalf("%+v %v", u, err)
		}
		ada.send("/admin/people/"+u.ID, "/admin/people/"+u.ID+"/link").want(t, 200)
		box.last(accounts.LetterReset, "bob@example.org") // who has a password is not invited again
	})
}

func TestOwnAddressChangesOnceTheNewOneConfirms(t *testing.T) {
	withLetters(t, func(t *testing.T, h *house, box *letterBox) {
		h.person(t, "ada@example.org", access.Marketer)
		h.person(t, "bob@example.org", access.Administrator)
		ada := h.browser(t).signIn("ada@example.org")
		ask := func(email, password string) answer {
			return ada.send("/admin/account", "/admin/account/email", "email", email, "password", password)
		}
		ask("new@example.org", "wrong").want(t, 422, "not your present password")
		ask("new@", password).want(t, 422, "must be an e-mail address")
		ask("BOB@example.org", password).want(t, 422, "belongs to somebody")
		ask("ada@example.org", password).want(t, 422, "is the present address")
		if len(box.letters) != 0 {
			t.Fatalf("%+v", box.letters)
		}
		ask("first@example.org", password).want(t, 303)
		_, stale := box.last(accounts.LetterConfirm, "first@example.org")
		ask("new@example.org", password).want(t, 303)
		_, token := box.last(accounts.LetterConfirm, "new@example.org")
		ada.get("/admin/address/"+stale).want(t, 410)
		other := h.browser(t) // the mail is read elsewhere
		other.get("/admin/address/"+token).want(t, 200, "new@example.org")
		h.browser(t).signIn("ada@example.org") // looking at the link changed nothing
		other.send("/admin/address/"+token, "/admin/address/"+token).want(t, 303, "/admin/sign-in")
		box.last(accounts.LetterMoved, "ada@example.org")
		other.get("/admin/address/"+token).want(t, 410)
		if !ada.signedIn() {
			t.Error("the session ended")
		}
		h.browser(t).send("/admin/sign-in", "/admin/sign-in", "email", "ada@example.org", "password", password).want(t, 422)
		h.browser(t).signIn("new@example.org")
		ada.get("/admin/account").want(t, 200, "Asked for another address", "ada@example.org → new@example.org")

		ask("third@example.org", password).want(t, 303)
		_, late := box.last(accounts.LetterConfirm, "third@example.org")
		h.pass(24*time.Hour - time.Second)
		other.get("/admin/address/"+late).want(t, 200)
		h.pass(time.Second)
		other.get("/admin/address/"+late).want(t, 410)
	})
}

// Whoever changes the password because somebody else knew it also stops the address change which that one began.
func TestPasswordChangeEndsAnAddressChange(t *testing.T) {
	withLetters(t, func(t *testing.T, h *house, box *letterBox) {
		h.person(t, "ada@example.org", access.Marketer)
		ada := h.browser(t).signIn("ada@example.org")
		ada.send("/admin/account", "/admin/account/email", "email", "thief@example.net", "password", password).want(t, 303)
		_, token := box.last(accounts.LetterConfirm, "thief@example.net")
		ada.send("/admin/account", "/admin/account/password", "password", password, "new_password", "another fine password").want(t, 303)
		ada.get("/admin/address/"+token).want(t, 410)
	})
}

func TestAdministratorChangesAnAddress(t *testing.T) {
	withLetters(t, func(t *testing.T, h *house, box *letterBox) {
		ada, bob := h.person(t, "ada@example.org", access.Administrator), h.person(t, "bob@example.org", access.Marketer)
		b, page := h.browser(t).signIn("ada@example.org"), "/admin/people/"+bob.ID
		b.send(page, page+"/email", "email", "ada@example.org").want(t, 422, "belongs to somebody")
		b.send(page, "/admin/people/"+ada.ID+"/email", "email", "x@example.org").want(t, 422, "Change your own address on the page of your account")
		b.send(page, page+"/link").want(t, 200)
		_, link := box.last(accounts.LetterReset, "bob@example.org")
		b.send(page, page+"/email", "email", "robert@example.org").want(t, 303, page)
		if l, _ := box.last(accounts.LetterMoved, "bob@example.org"); l.Facts.By != "Person ada@example.org" || l.Facts.Email != "robert@example.org" {
			t.Errorf("%+v", l)
		}
		h.browser(t).get("/admin/password/"+link).want(t, 410) // it was mailed to an address that counts no more
		b.get(page).want(t, 200, "Address changed", "bob@example.org → robert@example.org (Person ada@example.org)")
		b.get("/admin/audit?q=user:"+bob.ID).want(t, 200, "E-mail address changed", "<ins>robert@example.org</ins>")
		h.browser(t).signIn("robert@example.org")
		h.browser(t).signIn("robert@example.org").send("/admin/account", page+"/email", "email", "y@example.org").want(t, 403)
	})
}
