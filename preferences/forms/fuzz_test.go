package forms

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"assent/preferences/address"
	"assent/templates/locale"
	"assent/templates/pages"
)

// Whatever is posted, what is taken has an address that can stand in a header, names of one line, no topic that the form does not offer or
// that its box did not name, none at all from who is too young, and no answer to a question that was not asked (compliance 18, 26, 30, 68).
func FuzzPost(f *testing.F) {
	for _, seed := range []string{
		"email=a@example.com&topics=news", "email=a@example.com&topics=news&topics=offers&topics=other&of_age=no", "email=a@example.com&of_age=yes&topics=news&status=confirmed",
		"email=%22a%40b%3E+ORCPT%3Dx%22%40t.example", "email=a@example.com%0d%0aBcc:x@y.z&first_name=%00", "email=a@xn--80ak6aa92e.com&size=S&size=L&note=%ff", "email=%C3%A9@%C3%A9.example&colours=red&colours=nothing",
		"email=a@example.com&when=2026-02-30&amount=1e999&home=javascript:alert(1)", ";;;&&&===%", strings.Repeat("topics=news&", 300) + "email=a@example.com",
	} {
		f.Add(seed)
	}
	form := &Form{Key: "join", Kind: KindContact, Definition: Definition{Names: map[string]string{"en": "Join"}, Topics: []string{"news", "offers"}, AskAge: true, AskNames: true, Questions: []Question{
		{Name: "size", Kind: "choice", Options: []string{"S", "L"}}, {Name: "colours", Kind: "choices", Options: []string{"red", "blue"}}, {Name: "note", Kind: "text", Required: true}, {Name: "when", Kind: "date"}, {Name: "amount", Kind: "number"}, {Name: "home", Kind: "url"},
	}}}
	asked := []string{"company", "phone", "message", "size", "colours", "note", "when", "amount", "home"}
	f.Fuzz(func(t *testing.T, body string) {
		values, _ := url.ParseQuery(body)
		for _, tag := range []string{"en", "nl"} {
			in, wrong := form.read(values, locale.Get(tag))
			for field := range wrong {
				if !slices.Contains(asked, field) && !slices.Contains(reserved, field) {
					t.Errorf("%q is called wrong and was never asked for", field)
				}
			}
			if len(wrong) > 0 {
				continue
			}
			if address.HeaderSafe(in.Email) != nil || address.HeaderSafe(in.FirstName) != nil || address.HeaderSafe(in.LastName) != nil || in.key == "" {
				t.Errorf("taken: %+v", in)
			}
			for _, topic := range in.Topics {
				if !slices.Contains(form.Topics, topic) || !slices.Contains(values["topics"], topic) || values.Get(pages.FieldOfAge) != pages.OfAgeYes {
					t.Errorf("topic %q came from %q", topic, body)
				}
			}
			for name := range in.Answers {
				if !slices.Contains(asked, name) {
					t.Errorf("an answer to %q, which is no question", name)
				}
			}
		}
	})
}
