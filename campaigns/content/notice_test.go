package content

import (
	"slices"
	"strings"
	"testing"
	"time"

	"assent/preferences/problem"
	"assent/templates/locale"
	"assent/templates/mail"

	"github.com/google/go-cmp/cmp"
)

func TestNoticeDataBecomesATypedMail(t *testing.T) {
	noon := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		template, data string
		want           mail.View
	}{
		{"contract_amended", `{"contract":"NL-88","product":"P","effective_at":"2026-05-01","details":[{"name":"a","value":"b"}],"text":"Hi","url":"https://a.example/"}`,
			mail.ContractNotice{Stage: "amended", Contract: "NL-88", Product: "P", EffectiveAt: noon, Details: []mail.Fact{{Name: "a", Value: "b"}}, Body: []mail.Node{mail.P("Hi")}, URL: "https://a.example/"}},
		{"payment_failed", `{"invoice":"7","amount":"12.50","currency":"EUR","retry_at":"2026-05-01T12:00:00Z","reason":"expired"}`,
			mail.PaymentNotice{Stage: "failed", Invoice: "7", Amount: "12.50", Currency: "EUR", RetryAt: noon, Reason: "expired"}},
		{"account_changed", `{"what":"address"}`, mail.AccountChanged{What: "address"}},
		{"sign_in_alert", `{"at":"2026-05-01T12:00:00Z","ip":"192.0.2.1"}`, mail.SignInAlert{At: noon, IP: "192.0.2.1"}},
		{"privacy_change", `{"effective_at":"2026-05-01","text":"All","summary":["x"]}`, mail.PolicyChange{Privacy: true, EffectiveAt: noon, Summary: []string{"x"}, Body: []mail.Node{mail.P("All")}}},
		{"service_interruption", `{"service":"S","starts_at":"2026-05-01","planned":true}`, mail.ServiceInterruption{Service: "S", StartsAt: noon, Planned: true}},
	} {
		v, err := Notice(c.template, []byte(c.data))
		if diff := cmp.Diff(c.want, v); err != nil || diff != "" {
			t.Errorf("%s: %v %s", c.template, err, diff)
		}
	}
}

func TestWrongNoticeDataIsNamed(t *testing.T) {
	for _, c := range []struct {
		template, data string
		status         int
		field          string
	}{
		{"newsletter", `{}`, 422, "template"},
		{"payment_due", `[]`, 400, "data"},
		{"payment_due", `null`, 400, "data"},
		{"payment_due", ``, 422, "data.invoice"},
		{"payment_due", `{"invoice":"7","amount":"","currency":"EUR"}`, 422, "data.amount"},
		{"payment_due", `{"invoice":7}`, 400, "data.invoice"},
		{"payment_due", `{"invoice":"7","coupon":"X"}`, 400, "data.coupon"},
		{"payment_due", `{"invoice":"7","contract":"X"}`, 400, "data.contract"},
		{"payment_due", `{"invoice":"7","amount":"1","currency":"euro"}`, 422, "data.currency"},
		{"payment_due", `{"invoice":"7\r\nBcc: x","amount":"1","currency":"EUR"}`, 422, "data.invoice"},
		{"payment_due", `{"invoice":"7","amount":"1","currency":"EUR","due_at":"soon"}`, 400, "data.due_at"},
		{"payment_due", `{"invoice":"7","amount":"1","currency":"EUR","url":"javascript:x"}`, 422, "data.url"},
		{"contract_confirmed", `{"contract":"1","details":[{"name":"","value":"x"}]}`, 422, "data.details[0]"},
		{"terms_change", `{"effective_at":"2026-05-01"}`, 422, "data.text"},
	} {
		_, err := Notice(c.template, []byte(c.data))
		if p, ok := problem.As(err); !ok || p.Status != c.status || p.Fields[0].Field != c.field {
			t.Errorf("%s %s: %v, want %d for %s", c.template, c.data, err, c.status, c.field)
		}
	}
}

// Each typed notice has an obligation that the footer knows in every language, and says so.
func TestEveryNoticeTemplateHasAnObligation(t *testing.T) {
	if len(NoticeTemplates()) != 11 || !slices.IsSorted(NoticeTemplates()) {
		t.Errorf("templates %v", NoticeTemplates())
	}
	data := map[string]string{"contract": `{"contract":"1"}`, "payment": `{"invoice":"1","amount":"1","currency":"EUR"}`, "account": `{"what":"x"}`, "security": `{"at":"2026-05-01"}`,
		"terms_change": `{"effective_at":"2026-05-01","text":"x"}`, "privacy_change": `{"effective_at":"2026-05-01","text":"x"}`, "service_change": `{"service":"x","starts_at":"2026-05-01"}`}
	for _, name := range NoticeTemplates() {
		obligation := NoticeObligation(name)
		v, err := Notice(name, []byte(data[obligation]))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, lang := range locale.Languages() {
			l := locale.Get(lang)
			m := mail.Compose(mail.Brand{Name: "Acme"}, mail.To{Locale: l}, v)
			if m.Footer.Obligation != obligation || m.Footer.Class != mail.Notice || !strings.Contains(strings.Join(strings.Fields(m.Text()), " "), strings.Join(strings.Fields(l.T("mail.footer.notice."+obligation, "brand", "Acme")), " ")) {
				t.Errorf("%s in %s: footer %+v", name, lang, m.Footer)
			}
		}
	}
}
