package office_test

import (
	"fmt"
	"strings"
	"testing"

	"assent/preferences/staff/access"
)

// With many people the pages of a broadcast come before its figures. Nobody can approve it before it is counted whom it reaches.
func TestTheFiguresOfManyPeopleComeAfterThePage(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.office.CountAtOnce = 2
		h.customers("ann@example.com", "gone@example.com", "cy@example.com")
		olga, ada := h.As("Olga", access.PrivacyOfficer), h.As("Ada", access.Approver)
		here := olga.Post("/admin/notices", "obligation", "terms_change", "basis", "contract", "audience", "customers", "effective_at", "2026-07-10T00:00", "subject.en", "Our terms change", "text.en", "They change.").Want(303).Location()
		first := ada.Get(here).Want(200, "Counting", `hx-get="`+here+`?count=1"`, "as soon as it is counted", here+"/refuse").Body.String()
		if strings.Contains(first, here+"/approve") {
			t.Error("it can be approved before it is counted")
		}
		ada.Get(here+"?count=1").Want(200, here+"/approve", "3 people will get it")
		ada.Post(here + "/approve").Want(303)
		h.send()
		without := func(path string, figures ...string) {
			t.Helper()
			body := olga.Get(path).Want(200, "hx-get").Body.String()
			for _, one := range figures {
				if strings.Contains(body, one) {
					t.Errorf("%s has %q already", path, one)
				}
			}
		}
		sum := "2 + 0 + 1 + 0 = 3"
		without(here, "3 of 3 have an outcome")
		olga.Get(here+"?count=1").Want(200, "3 of 3 have an outcome")
		without(here+"/coverage", sum, `class="count num"`)
		olga.Get(here+"/coverage").Want(200, "gone@example.com", fmt.Sprintf(`hx-get="%s/coverage?count=1"`, here))
		olga.Get(here+"/coverage?show=open").Want(200, `/coverage?count=1&amp;show=open"`)
		olga.Get(here+"/coverage?count=1").Want(200, sum, here+"/served-all")
		without("/admin/notices", "3 of 3")
		olga.Get("/admin/notices?count=1").Want(200, "3 of 3")
		h.office.CountAtOnce = 3
		for path, figure := range map[string]string{here: "3 of 3 have an outcome", here + "/coverage": sum, "/admin/notices": "3 of 3"} {
			if body := olga.Get(path).Want(200, figure).Body.String(); strings.Contains(body, "hx-get") {
				t.Errorf("%s counts few people later", path)
			}
		}
	})
}
