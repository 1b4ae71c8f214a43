package office_test

import (
	"strings"
	"testing"
	"time"

	"assent/preferences/audit"
	"assent/preferences/rights"
	"assent/preferences/staff/access"
)

// Requests are answered from the screen, each step of it in the audit log (compliance 31, 32, 34).
func TestOfficerAnswersRequests(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		ann := h.Person("ann@example.com", nil)
		h.Give(ann, "news")
		olga, ada := h.As("Olga", access.PrivacyOfficer), h.As("Ada", access.Marketer)
		ada.Get("/admin/requests").Want(403)
		if strings.Contains(ada.Get("/admin/topics").Want(200).Body.String(), `href="/admin/requests"`) {
			t.Error("a marketer is offered the requests")
		}
		olga.Get("/admin/requests").Want(200, "No requests", `href="/admin/requests/new"`)
		olga.Post("/admin/requests", "kind", "erasure", "email", "nobody").Want(422, "email", `value="nobody"`)
		asked := olga.Post("/admin/requests", "kind", "erasure", "email", "ann@example.com", "received_at", "2026-04-20", "message", script).Want(303).Location()
		page := olga.Get(asked).Want(200, "A link went to the address", "Not confirmed yet", "Mail the link again", "/identify").Body.String()
		if strings.Contains(page, "<script>alert") || strings.Contains(page, `value="done"`) {
			t.Error("the message runs, or the request can be carried out before it is known who asks")
		}
		olga.Post(asked+"/decide", "outcome", "done").Want(422, "cannot be done before it is known who asks")
		olga.Post(asked+"/decide", "outcome", "").Want(422, "what is to become of the request")
		olga.Post(asked + "/ask-again").Want(303)
		olga.Get(asked).Want(200, "within the last hour")
		h.Clock.Move(2 * time.Hour)
		olga.Post(asked + "/ask-again").Want(303)
		olga.Get(asked).Want(200, "The link was mailed again.", "Link mailed again")
		olga.Get("/admin/requests").Want(200, "Nothing waits for an answer")
		olga.Get("/admin/requests?show=unconfirmed").Want(200, "ann@example.com")
		olga.Post(asked+"/identify", "verified_by", "").Want(422, "must say how")
		olga.Post(asked+"/identify", "verified_by", "passport at the desk "+script).Want(303)
		olga.Get(asked).Want(200, "Noted: it is known who asks.", "passport at the desk &#34;&gt;&lt;script", "Erase the person now")
		olga.Get("/admin/requests?q=ANN%40").Want(200, asked)
		olga.Get("/admin/subscribers/"+ann.ID).Want(200, "Data request: Erasure", asked, "/admin/requests/new?email=ann%40example.com")
		if strings.Contains(ada.Get("/admin/subscribers/"+ann.ID).Want(200).Body.String(), "/admin/requests") {
			t.Error("a marketer sees a person's requests")
		}
		if strings.Contains(olga.Get("/admin/requests?q=a%25n").Want(200).Body.String(), asked) {
			t.Error("a per cent sign is searched as a pattern")
		}
	})
}

// What comes late is shown to be late, and can be put off only in time (GDPR 12(3)).
func TestRequestsAreEscalatedAndPutOff(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		h.Give(h.Person("ann@example.com", nil), "news")
		olga, rita := h.As("Olga", access.PrivacyOfficer), h.As("Rita", access.ReadOnly)
		take := func(kind string) string {
			return olga.Post("/admin/requests", "kind", kind, "email", "ann@example.com", "verified_by", "telephone").Want(303).Location()
		}
		complaint, access1, erasure := take("complaint"), take("access"), take("erasure")
		olga.Post(complaint+"/extend", "due_at", "2026-09-01", "extended", "many").Want(422, "at most three months")
		olga.Post(complaint+"/extend", "due_at", "2026-08-01", "extended", "").Want(422, "must tell the person why")
		olga.Post(complaint+"/extend", "due_at", "2026-07-01", "extended", "Many "+script).Want(303)
		if body := olga.Get(complaint).Want(200, "Put off, and the person was told why").Body.String(); strings.Contains(body, "<script>alert") || strings.Contains(body, "/extend") {
			t.Error("the reason runs, or it can be put off twice")
		}
		olga.Post(complaint + "/begin").Want(303)
		olga.Get(complaint).Want(200, "In progress")
		olga.Post(complaint+"/decide", "outcome", "done", "answer", "").Want(422, "must tell the person what was done")
		olga.Post(complaint+"/decide", "outcome", "refused", "answer", "Because.").Want(303)
		olga.Get(complaint).Want(200, "Refused, and the person is told why.")

		olga.Get(access1+"/data.json").Want(200, `"ann@example.com"`)
		if media := olga.Get(access1 + "/data.zip").Want(200).Header().Get("Content-Type"); media != "application/zip" {
			t.Error(media)
		}
		olga.Get(erasure + "/data.json").Want(409)
		rita.Get(access1 + "/data.json").Want(403)
		if body := rita.Get(access1).Want(200, "Copy of the data downloaded").Body.String(); strings.Contains(body, "/decide") || strings.Contains(body, "data.json") {
			t.Error("whoever only looks is offered to decide or to take the data away")
		}
		h.Clock.Move(26 * 24 * time.Hour)
		if err := h.rights.Clock(ctx); err != nil {
			t.Fatal(err)
		}
		olga = h.As("Otto", access.PrivacyOfficer)
		olga.Get(access1).Want(200, "Due soon: officers were told")
		h.Clock.Move(6 * 24 * time.Hour)
		if err := h.rights.Clock(ctx); err != nil {
			t.Fatal(err)
		}
		olga = h.As("Odo", access.PrivacyOfficer)
		olga.Get(access1).Want(200, "This request is overdue", "Overdue: officers were told")
		olga.Get("/admin/requests").Want(200, "Overdue", "Due within a week")
		olga.Post(erasure+"/decide", "outcome", "done").Want(303)
		olga.Get(erasure).Want(200, "The person is erased.", "(erased)", "Carried out")
		if _, err := h.People.SubscriberByKey(ctx, h.DB, "ann@example.com"); err == nil {
			t.Error("the person is still there")
		}
		entries, _, err := audit.List(ctx, h.DB, audit.Filter{Object: "data_request:" + erasure[strings.LastIndex(erasure, "/")+1:], Action: "data_request.done"}, 1, "")
		if err != nil || len(entries) != 1 || entries[0].Actor.Name != "Odo" {
			t.Errorf("%+v %v", entries, err)
		}
		olga.Get("/admin/requests?show=closed").Want(200, "Erasure", "Complaint")
		f, err := h.rights.Figures(ctx)
		if want := (rights.Figures{Closed: 2, Late: 1}); err != nil || f != want {
			t.Errorf("%+v %v", f, err)
		}
	})
}
