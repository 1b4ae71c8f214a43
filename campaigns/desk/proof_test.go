package desk_test

import (
	"encoding/json"
	"strings"
	"testing"

	"assent/preferences/audit"
	"assent/preferences/proof"
	"assent/preferences/staff/access"
	"assent/templates/site"
)

// An officer prints what proves a person's choices; nobody else on the staff does, and that it was printed is on record (compliance 27).
func TestProofIsPrintedForOfficers(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		sub := h.Person("ann@example.com", nil)
		h.Give(sub, "news")
		at := "/admin/subscribers/" + sub.ID
		olga, ada := h.As("Olga", access.PrivacyOfficer), h.As("Ada", access.Marketer)
		olga.Get(at).Want(200, `href="`+at+`/proof"`)
		if strings.Contains(ada.Get(at).Want(200).Body.String(), "/proof") {
			t.Error("a marketer is offered the proof")
		}
		ada.Get(at + "/proof").Want(403)
		ada.Get(at + "/proof.json").Want(403)
		a := olga.Get(at+"/proof").Want(200, "The record is whole.", "ann@example.com", "Yes, mail me.", "Matches entry 1 of the chain", "by Olga", at+"/proof.json")
		if got := a.Header().Get("Content-Security-Policy"); got != site.ProofPolicy {
			t.Errorf("policy %s", got)
		}
		var p proof.Proof
		if err := json.Unmarshal(olga.Get(at+"/proof.json").Want(200).Body.Bytes(), &p); err != nil || !p.Sound() || len(p.Events) != 1 || p.PrintedBy != "Olga" {
			t.Errorf("%+v %v", p, err)
		}
		entries, _, err := audit.List(ctx, h.DB, audit.Filter{Object: audit.Object("subscriber", sub.ID)}, 50, "")
		printed := 0
		for _, e := range entries {
			if e.Action == "subscriber.proof" {
				printed++
			}
		}
		if err != nil || printed != 2 {
			t.Errorf("%d printings on record, want 2: %v", printed, err)
		}
		if _, err := h.DB.ExecContext(ctx, "UPDATE consent_events SET content = replace(content, 'mail', 'call')"); err != nil {
			t.Fatal(err)
		}
		olga.Get(at+"/proof").Want(200, "THE RECORD WAS CHANGED.", "CHANGED: this is not what was recorded in entry 1")
		olga.Get("/admin/subscribers/none/proof").Want(404)
	})
}
