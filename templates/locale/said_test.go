package locale

import "testing"

func TestSaid(t *testing.T) {
	nl, en := Get("nl"), Get("en")
	for english, dutch := range map[string]string{
		"is required":                                                                   "is verplicht",
		"must have at most 200 characters":                                              "mag hoogstens 200 tekens hebben",
		"A campaign that is sending cannot be scheduled.":                               "Een campagne met de status “Wordt verstuurd” kan niet worden ingepland.",
		"is not an e-mail address: it has no @":                                         "is geen e-mailadres: het heeft geen @",
		"the relay refused too much by policy: 550 5.7.1 no":                            "de relay weigerde te veel vanwege beleid: 550 5.7.1 no",
		"Version 2.1 was announced, so it can no longer be changed; add a new version.": "Versie 2.1 is aangekondigd, dus kan niet meer worden gewijzigd; voeg een nieuwe versie toe.",
		"{x} nobody ever said this":                                                     "{x} nobody ever said this",
		"":                                                                              "",
	} {
		if got := nl.Said(english); got != dutch {
			t.Errorf("%q is said %q instead of %q", english, got, dutch)
		}
		if got := en.Said(english); got != english {
			t.Errorf("%q is said %q in English", english, got)
		}
	}
}

func FuzzSaid(f *testing.F) {
	f.Add("must be one of a, b")
	f.Add("{status} is required")
	f.Fuzz(func(t *testing.T, text string) {
		_ = Get("nl").Said(text)
		if Get("en").Said(text) != text {
			t.Errorf("%q is not itself in English", text)
		}
	})
}
