package desk_test

import (
	"strings"
	"testing"

	"assent/preferences/staff/access"
)

// The people whom the filter finds, and nobody else, come as a file; the audit log says who took it.
func TestListIsTakenAsAFile(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		ann := h.Person("ann@example.com", nil)
		h.Person("bob@example.com", nil)
		h.Give(ann, "news")
		officer, ada, reader := h.As("Olga", access.PrivacyOfficer), h.As("Ada", access.Marketer), h.As("Rita", access.ReadOnly)
		if strings.Contains(reader.Get("/admin/subscribers").Want(200).Body.String(), "export.csv") {
			t.Error("a file is offered to somebody who may not take it")
		}
		reader.Get("/admin/subscribers/export.csv").Want(403)
		ada.Get("/admin/subscribers?status=active&topic=news").Want(200, "/admin/subscribers/export.csv?status=active&amp;topic=news")
		for query, want := range map[string]string{"": "ab", "?status=active&topic=news": "a", "?topic=news": "a", "?status=none": "b", "?q=bob": "b", "?q=nobody": ""} {
			rec := ada.Get("/admin/subscribers/export.csv"+query).Want(200, "email,external_id")
			for name, sign := range map[string]string{"ann@": "a", "bob@": "b"} {
				if strings.Contains(rec.Body.String(), name) != strings.Contains(want, sign) {
					t.Errorf("%s: %s of %q", query, rec.Body, want)
				}
			}
			if !strings.HasPrefix(rec.Header().Get("Content-Disposition"), "attachment;") || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/csv") {
				t.Errorf("%s: %v", query, rec.Header())
			}
		}
		log := officer.Get("/admin/audit").Want(200, "Subscribers exported", "Ada").Body.String()
		if strings.Contains(log, "nobody") {
			t.Error("what was searched for, which may be an address, is in the audit log")
		}
	})
}
