package forms_test

import (
	"strings"
	"testing"

	"assent/preferences/forms"
	"assent/preferences/names"
	"assent/templates/locale"
)

func TestAnswersAreToldWithTheirQuestions(t *testing.T) {
	f := &forms.Form{}
	f.Kind, f.Questions = forms.KindContact, []forms.Question{{Name: "size", Kind: "choices", Labels: names.Texts{"en": "How large?", "nl": "Hoe groot?"}}}
	answers := map[string]any{"size": []any{"10", "20"}, "message": "Hallo", "gone": 3.0}
	if got := strings.Join(f.Told(locale.Get("nl"), answers), " | "); got != "Uw bericht: Hallo | Hoe groot?: 10, 20 | gone: 3" {
		t.Error(got)
	}
	if len(answers) != 3 {
		t.Error("the answers are changed")
	}
}
