package office_test

import (
	"strings"
	"testing"

	"assent/preferences/staff/access"
)

// Compliance 74: an administrator sets the lead times, everybody on the staff sees them, and a broadcast is held to them from
// then on.
func TestLeadTimesAreSetOnTheSite(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		const page = "/admin/notices/lead-times"
		ada, olga := h.As("Ada", access.Administrator), h.As("Olga", access.PrivacyOfficer)
		olga.Get("/admin/notices").Want(200, `href="`+page+`"`)
		if body := olga.Get(page).Want(200, "30 days", "Only administrators change these.").Body.String(); strings.Contains(body, `name="lead.`) || strings.Contains(body, `action="`+page) || strings.Count(body, "disabled") < 3 {
			t.Error("an officer is offered to change the lead times")
		}
		olga.Post(page, "lead.terms_change", "1").Want(403)
		ada.Get(page).Want(200, `name="lead.privacy_change"`, `value="telecoms"`)
		for _, number := range []string{"-1", "3661", "1.5", "x", "+3"} {
			ada.Post(page, "lead.terms_change", number, "unit.terms_change", "D", "lead.security", "7").Want(422, `value="`+number+`"`, "lead-terms_change-error", `value="7"`)
		}
		rules, err := h.b.Rules(ctx, h.DB)
		if err != nil || len(rules.LeadTimes)+len(rules.Jurisdictions) != 0 {
			t.Fatalf("something wrong was stored: %+v %v", rules, err)
		}
		ada.Post(page, "jurisdictions", "mars").Want(303)
		ada.Get(page).Want(200, "mars")
		ada.Post(page, "lead.terms_change", "2", "unit.terms_change", "M", "lead.security", " 0 ", "unit.security", "D", "lead.legal", "", "jurisdictions", "telecoms", "jurisdictions", "platforms").Want(303, page)
		if rules, err = h.b.Rules(ctx, h.DB); err != nil {
			t.Fatal(err)
		}
		if len(rules.LeadTimes) != 2 || rules.LeadTimes["terms_change"].Months != 2 || !rules.LeadTimes["security"].Zero() || strings.Join(rules.Jurisdictions, " ") != "telecoms platforms" {
			t.Errorf("%+v", rules)
		}
		ada.Get(page).Want(200, `name="lead.terms_change" value="2"`, "2 months", "longer by law", `name="lead.security" value="0"`)
		olga.Get(page).Want(200, "2 months", "one month")
		olga.Get("/admin/notices/new").Want(200, "2 months must lie between")
		var by string
		if err := h.DB.QueryRowContext(ctx, "SELECT actor_name FROM audit_log WHERE action = 'settings.change' AND object = 'settings:notices'").Scan(&by); err != nil || by != "Ada" {
			t.Errorf("the change is not in the audit log: %q %v", by, err)
		}
		ada.Post(page).Want(303)
		olga.Get("/admin/notices/new").Want(200, "30 days must lie between")
	})
}
