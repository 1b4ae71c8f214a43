package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"assent/preferences/audit"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/workers/desk"
	"assent/workers/mailbox"
)

// A colleague who is invited finds the link in a mail in their own language, and no table holds it in the clear.
func TestInvitationArrives(t *testing.T) {
	ctx := context.Background()
	w := startWhole(t, "sqlite:"+t.TempDir()+"/a.db")
	u, err := w.a.accounts.Add(ctx, audit.System("test"), accounts.NewUser{Email: "bob@staff.example", Name: "Bob", Roles: []access.Role{access.Marketer}, Locale: "nl"})
	if err != nil {
		t.Fatal(err)
	}
	token, err := w.a.accounts.PasswordLink(ctx, audit.Actor{Kind: audit.KindUser, ID: "x", Name: "Ada"}, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	link := staff.PasswordURL(w.a.config.BaseURL, token)
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		list, err := w.a.mailbox.List(ctx, mailbox.Query{Search: "bob@staff.example", Limit: 5})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 1 {
			_, raw, err := w.a.mailbox.Get(ctx, list[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			html, text := desk.Open(raw)
			if !strings.Contains(html, link) || !strings.Contains(text, link) || !strings.Contains(text, "Ada nodigt u uit") || !strings.Contains(text, "Marketeer") || list[0].Stream != "transactional" {
				t.Errorf("%+v\n%s", list[0], text)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal("no mail")
		}
	}
	var n int
	if err := w.a.db.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE kind = 'staff_invite' AND content LIKE $1", "%"+token+"%").Scan(&n); err != nil || n != 0 {
		t.Errorf("the link is in the table of messages: %d %v", n, err)
	}
}
