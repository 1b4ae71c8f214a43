package site

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"assent/templates/locale"
	"assent/templates/site/ui"
)

// Forms in many languages show the site's own; the others are a press away, and in sight when there is something in them.
func TestOtherLanguagesAreFolded(t *testing.T) {
	folds := func(values, errors map[string]string) map[string]bool {
		t.Helper()
		v := BroadcastFormView{Page: Page{Locale: locale.Get("en")}, Values: values, Errors: errors, Languages: []string{"en", "nl", "de"}}
		var b bytes.Buffer
		if err := ui.Form(v.Locale, "", v.form()).Render(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		if i := strings.Index(b.String(), `name="subject.en"`); i < 0 || i > strings.Index(b.String(), "<details") {
			t.Error("the site's own language is folded away")
		}
		out := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?s)<details class="folded"( open)?>.*?name="subject\.(\w+)".*?name="text\.\w+".*?</details>`).FindAllStringSubmatch(b.String(), -1) {
			out[m[2]] = m[1] != ""
		}
		if len(out) != 2 {
			t.Fatalf("folded: %v", out)
		}
		return out
	}
	if f := folds(map[string]string{"subject.en": "Terms"}, nil); f["nl"] || f["de"] {
		t.Errorf("with nothing in them: %v", f)
	}
	if f := folds(map[string]string{"text.nl": "Nieuw"}, nil); !f["nl"] || f["de"] {
		t.Errorf("with a text in Dutch: %v", f)
	}
	if f := folds(nil, map[string]string{"subject.de": "is too long"}); f["nl"] || !f["de"] {
		t.Errorf("with an error in German: %v", f)
	}
	v := FormEditView{Page: Page{Locale: locale.Get("en")}, Record: Record{Errors: map[string]string{"wording.news.nl": "is missing"}}, Languages: []string{"en", "nl"}, Topics: []ui.Option{{Value: "news", Label: "News"}}, Ticked: []string{"news"}, Values: map[string]string{"names.nl": ""}}
	form := v.form()
	if !form.Wrong() || form.Problem != "" {
		t.Errorf("an error of a folded field is not at its field: %q", form.Problem)
	}
	var b bytes.Buffer
	if err := ui.Form(v.Locale, "", form).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), `<details class="folded">`); n != 1 || !strings.Contains(b.String(), `<details class="folded" open>`) {
		t.Errorf("%d folds are closed", n)
	}
}
