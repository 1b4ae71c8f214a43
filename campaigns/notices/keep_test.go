package notices_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/campaignstest"
	"assent/campaigns/evidence"
	"assent/campaigns/notices"
	"assent/campaigns/outbox"
	"assent/preferences/gate"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web"
	"assent/preferences/web/webtest"
)

// take lets the relay take what is due; raw is what it took.
func take(t *testing.T, w *campaignstest.World, raw string, more func(outbox.Claimed) outbox.Result) int {
	t.Helper()
	claimed, _, err := w.Outbox.Claim(context.Background(), gate.Notice, "worker", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range claimed {
		sum := sha256.Sum256([]byte(raw))
		r := outbox.Result{ID: m.ID, Status: outbox.StatusSent, Code: 250, Reply: "250 ok", Relay: "mx:25", TLS: "TLS 1.3", MessageID: "<" + m.ID + "@x>", SHA256: hex.EncodeToString(sum[:]), Raw: []byte(raw)}
		if more != nil {
			r = more(m)
		}
		if err := w.Outbox.Complete(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	return len(claimed)
}

// The exact mail is kept as long as the site says, to the microsecond; then the bytes are forgotten and hash and proof stay.
func TestTheExactMailIsKeptForItsTime(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		s := service(w)
		made, err := s.Create(ctx, campaignstest.Staff, valid())
		if err != nil {
			t.Fatal(err)
		}
		const mail = "Subject: x\r\n\r\nexactly this \x80\xff\r\n"
		take(t, w, mail, nil)
		site, err := w.People.Site.Get(ctx)
		if err != nil || site.RetentionMessages <= 0 {
			t.Fatal(site.RetentionMessages, err)
		}
		w.Clock.Move(site.RetentionMessages)
		if err := s.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if raw, err := s.Raw(ctx, made[0].ID); err != nil || string(raw) != mail {
			t.Fatalf("at the end of its time: %q, %v", raw, err)
		}
		w.Clock.Move(time.Microsecond)
		if err := s.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		if raw, err := s.Raw(ctx, made[0].ID); err == nil {
			t.Fatalf("after its time: %q", raw)
		}
		p, err := s.Proof(ctx, made[0].ID)
		sum := sha256.Sum256([]byte(mail))
		if err != nil || p.MailKept || len(p.Evidence) != 1 || p.Evidence[0].SHA256 != hex.EncodeToString(sum[:]) || !p.Evidence[0].Sound || p.Changed != "" {
			t.Errorf("%+v, %v", p, err)
		}
		if r, err := evidence.Verify(ctx, db, evidence.Options{}); err != nil || !r.OK() || r.Mails != 0 {
			t.Errorf("%+v %v", r, err)
		}
	})
}

// `assent notice proof` has something true to say about a notice in every state, and about one whose row was changed.
func TestTheProofOfEveryState(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		s := service(w)
		fates := []string{"sent", "bounced", "unserved", "deferred", "sending", "back", "erased", "queued"}
		ids := map[string]string{}
		for _, fate := range fates {
			w.Person(fate+"@example.com", nil)
			in := valid()
			in.To.Email, in.Reference = fate+"@example.com", "ref-"+fate
			made, err := s.Create(ctx, campaignstest.Staff, in)
			if err != nil {
				t.Fatal(err)
			}
			ids[fate] = made[0].ID
			if fate == "erased" {
				sub, err := w.People.SubscriberByKey(ctx, db, in.To.Email)
				if err == nil {
					_, err = w.People.Erase(ctx, campaignstest.Staff, sub.ID)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if fate == "back" {
				break
			}
		}
		// The first six are tried; the last two come after.
		claimed, _, err := w.Outbox.Claim(ctx, gate.Notice, "worker", 100)
		if err != nil || len(claimed) != 6 {
			t.Fatal(len(claimed), err)
		}
		for _, m := range claimed {
			sum := sha256.Sum256([]byte("mail"))
			r := outbox.Result{ID: m.ID, Status: outbox.StatusSent, Code: 250, Reply: "250 taken", Relay: "mx:25", TLS: "TLS 1.3", MessageID: "<x@x>", SHA256: hex.EncodeToString(sum[:]), Raw: []byte("mail")}
			switch m.ID {
			case ids["bounced"]:
				r = outbox.Result{ID: m.ID, Status: outbox.StatusBounced, Code: 550, Reply: "550 5.1.1 nobody here", Reason: "hard_bounce"}
			case ids["unserved"]:
				r = outbox.Result{ID: m.ID, Status: outbox.StatusUnserved, Code: 554, Reply: "554 never", Reason: "gave_up"}
			case ids["deferred"]:
				r = outbox.Result{ID: m.ID, Status: outbox.StatusDeferred, Code: 451, Reply: "451 not now", DueAt: w.Clock.Now().Add(time.Hour)}
			case ids["sending"]:
				continue
			}
			if err := w.Outbox.Complete(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Outbox.Bounced(ctx, ids["back"], "5.2.1 mailbox disabled"); err != nil {
			t.Fatal(err)
		}
		for fate, want := range map[string][]string{
			"sent": {"status         sent", "250 taken", "TLS 1.3", "mx:25", "accepted", "kept byte for byte", "ref-sent"}, "bounced": {"status         bounced", "550 5.1.1 nobody here", "hard_bounce"},
			"unserved": {"status         unserved", "gave_up", "554 never"}, "deferred": {"status         deferred", "451 not now"}, "sending": {"status         sending"},
			"back": {"status         bounced", "250 taken", "5.2.1 mailbox disabled", "accepted", "bounced"},
		} {
			p, err := s.Proof(ctx, ids[fate])
			if err != nil {
				t.Fatal(fate, err)
			}
			text := p.Text()
			for _, part := range append(want, "Proof of notice "+ids[fate], "obligation     contract", fate+"@example.com") {
				if !strings.Contains(text, part) {
					t.Errorf("%s: %q is not in\n%s", fate, part, text)
				}
			}
			if strings.Contains(text, "CHANGED") {
				t.Errorf("%s: %s", fate, text)
			}
		}
		if _, err := db.ExecContext(ctx, "UPDATE messages SET subject = 'Another subject' WHERE id = $1", ids["sent"]); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Proof(ctx, ids["sent"]); err != nil || !strings.Contains(p.Text(), "CHANGED: the details of the notice") {
			t.Errorf("a changed subject is not told: %v\n%s", err, p.Text())
		}
		// The person is erased: the proof names nobody, and the chain stays whole but for the change above.
		if _, err := db.ExecContext(ctx, "UPDATE messages SET subject = 'Your contract has changed' WHERE id = $1", ids["sent"]); err != nil {
			t.Fatal(err)
		}
		sub, err := w.People.SubscriberByKey(ctx, db, "sent@example.com")
		if err == nil {
			_, err = w.People.Erase(ctx, campaignstest.Staff, sub.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Proof(ctx, ids["sent"])
		if text := p.Text(); err != nil || strings.Contains(text, "sent@example.com") || !strings.Contains(text, "emptied by the erasure") || strings.Contains(text, "CHANGED") {
			t.Errorf("erased: %v\n%s", err, text)
		}
		if r, err := evidence.Verify(ctx, db, evidence.Options{}); err != nil || !r.OK() {
			t.Errorf("%+v %v", r.Broken, err)
		}
	})
}

// Attachments: how many, how large together, and which types.
func TestWhatMayBeAttached(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	file := func(name, kind string, size int) outbox.Attachment {
		return outbox.Attachment{Filename: name, ContentType: kind, Content: []byte(strings.Repeat("x", size))}
	}
	many := func(n int) (list []outbox.Attachment) {
		for i := range n {
			list = append(list, file(fmt.Sprintf("a%d.pdf", i), "application/pdf", 1))
		}
		return list
	}
	for name, tt := range map[string]struct {
		list  []outbox.Attachment
		field string // empty: it is taken
	}{
		"one":             {many(1), ""},
		"ten":             {many(10), ""},
		"eleven":          {many(11), "attachments"},
		"7 MB":            {[]outbox.Attachment{file("a.pdf", "application/pdf", 4<<20), file("b.pdf", "application/pdf", 3<<20)}, ""},
		"a byte more":     {[]outbox.Attachment{file("a.pdf", "application/pdf", 4<<20), file("b.pdf", "application/pdf", 3<<20+1)}, "attachments"},
		"nothing in it":   {[]outbox.Attachment{file("a.pdf", "application/pdf", 0)}, "attachments[0].content"},
		"no name":         {[]outbox.Attachment{file("", "application/pdf", 1)}, "attachments[0].filename"},
		"a folder":        {[]outbox.Attachment{file("../a.pdf", "application/pdf", 1)}, "attachments[0].filename"},
		"a header":        {[]outbox.Attachment{file("a\r\nBcc: x.pdf", "application/pdf", 1)}, "attachments[0].filename"},
		"a program":       {[]outbox.Attachment{file("a.EXE", "application/pdf", 1)}, "attachments[0].filename"},
		"a script":        {[]outbox.Attachment{many(1)[0], file("a.js", "text/plain", 1)}, "attachments[1].filename"},
		"no type":         {[]outbox.Attachment{file("a.pdf", "pdf", 1)}, "attachments[0].content_type"},
		"a program, said": {[]outbox.Attachment{file("a.txt", "application/x-msdownload", 1)}, "attachments[0].content_type"},
		"a disguise":      {[]outbox.Attachment{file("a.pdf.exe. ", "application/pdf", 1)}, "attachments[0].filename"},
		"with macros":     {[]outbox.Attachment{file("a.docm", "application/octet-stream", 1)}, "attachments[0].filename"},
		"an offer":        {[]outbox.Attachment{file("Special_Offer-2026.pdf", "application/pdf", 1)}, "attachments[0].filename"},
		"een aanbieding":  {[]outbox.Attachment{file("kortingscode.pdf", "application/pdf", 1)}, "attachments[0].filename"},
		"a contract":      {[]outbox.Attachment{file("Contract_C-1.2026.pdf", "application/pdf", 1)}, ""},
		"with a charset":  {[]outbox.Attachment{file("a.txt", "text/plain; charset=utf-8", 1)}, ""},
	} {
		in := valid()
		in.Attachments = tt.list
		_, err := service(w).Create(context.Background(), campaignstest.Staff, in)
		if tt.field == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		refusedFor(t, name, err, tt.field, "")
	}
}

// Copies are deliveries of their own, each with its outcome and evidence.
func TestCopiesHaveTheirOwnOutcome(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		s := service(w)
		in := valid()
		in.CC = []notices.Copy{{Email: "bob@example.com", Name: "Bob"}, {Email: "kim@example.com"}}
		made, err := s.Create(ctx, campaignstest.Staff, in)
		if err != nil || len(made) != 3 {
			t.Fatal(len(made), err)
		}
		take(t, w, "mail", func(m outbox.Claimed) outbox.Result {
			if m.Email == "bob@example.com" {
				return outbox.Result{ID: m.ID, Status: outbox.StatusBounced, Code: 550, Reply: "550 no", Reason: "hard_bounce"}
			}
			return outbox.Result{ID: m.ID, Status: outbox.StatusSent, Code: 250, Reply: "250 for " + m.Email, SHA256: "00"}
		})
		for i, want := range []string{"sent", "bounced", "sent"} {
			p, err := s.Proof(ctx, made[i].ID)
			if err != nil || p.Status != want || len(p.Evidence) != 1 || (i > 0) != (p.CopyOf == made[0].ID) {
				t.Errorf("%d: %+v, %v", i, p, err)
			}
		}
	})
}

// Nobody gets the same notice twice: neither who it is for, however the address is written, nor one of the others.
func TestACopyGoesToSomebodyElse(t *testing.T) {
	w := campaignstest.New(t, sqldbtest.SQLite(t))
	for field, cc := range map[string][]notices.Copy{
		"cc[0].email": {{Email: "anna@EXAMPLE.com"}},
		"cc[1].email": {{Email: "bob@example.com"}, {Email: "bob@Example.com", Name: "Bob"}},
	} {
		in := valid()
		in.CC = cc
		_, err := service(w).Create(context.Background(), campaignstest.Staff, in)
		refusedFor(t, field, err, field, "twice")
	}
}

// A POST that is repeated with its Idempotency-Key makes one notice; with another body it is refused.
func TestARepeatedPostMakesOneNotice(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		s := service(w)
		client := webtest.New(t, func(_ *echo.Echo, api *echo.Group) {
			api.Use(web.Idempotency(db, w.Clock.Now, func(c echo.Context) string { return webtest.ActorOf(c).ID }))
			s.Register(api, webtest.Scopes(t), webtest.ActorOf)
		})
		body := func(to string) string {
			raw, _ := json.Marshal(map[string]any{"to": map[string]string{"email": to}, "obligation": "contract", "basis": "contract", "subject": "Your contract",
				"blocks": []map[string]string{{"type": "text", "markdown": "It has changed."}}, "attachments": []map[string]string{{"filename": "a.txt", "content_type": "text/plain", "content": base64.StdEncoding.EncodeToString([]byte("x"))}}})
			return string(raw)
		}
		first := client.API("POST", "/notices", body("anna@example.com"), "Idempotency-Key", "k1").Want(http.StatusAccepted).Body
		for range 3 {
			if again := client.API("POST", "/notices", body("anna@example.com"), "Idempotency-Key", "k1").Want(http.StatusAccepted).Body; again != first {
				t.Errorf("%s, first %s", again, first)
			}
		}
		client.API("POST", "/notices", body("bob@example.com"), "Idempotency-Key", "k1").Want(http.StatusUnprocessableEntity)
		client.API("POST", "/notices", body("anna@example.com"), "Idempotency-Key", "k2").Want(http.StatusAccepted)
		w.Clock.Move(25 * time.Hour)
		client.API("POST", "/notices", body("anna@example.com"), "Idempotency-Key", "k1").Want(http.StatusAccepted)
		var n int
		if err := db.QueryRowContext(context.Background(), "SELECT count(*) FROM messages").Scan(&n); err != nil || n != 3 {
			t.Errorf("%d notices, %v", n, err)
		}
	})
}
