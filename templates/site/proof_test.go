package site

import (
	"strings"
	"testing"
	"time"

	"assent/templates/locale"
	"assent/templates/pagetest"
)

func proofOf(tag string, say func(string) string) ProofView {
	at := time.Date(2026, 3, 3, 13, 5, 0, 0, time.UTC)
	hash := strings.Repeat("0123456789abcdef", 4)
	return ProofView{
		Locale: locale.Get(tag), Zone: "Europe/Amsterdam", Email: say("anna.de.vries@example.com"), Number: "0197b3a2-6b1c-7c3e-9a77-5a1e0b1c2d3e", Company: say("Nordlicht B.V., Keizersgracht 1, Amsterdam"),
		PrintedAt: at, PrintedBy: say("Olga"), BackURL: "/admin/subscribers/x", JSONURL: "/admin/subscribers/x/proof.json", Entries: 1234, Erased: 5, Head: "1234:" + hash,
		Now: []ProofState{{say("Newsletter"), say("On"), say("3 March 2026")}, {say("Paused"), "", say("until 1 April")}},
		Events: []ProofEvent{
			{Title: say("Consent given: Newsletter"), At: at, Wording: say("Yes, send me the newsletter."), Seq: 17, Hash: hash, Commitment: hash, Sound: true, Fields: [][2]string{{"Where", say("https://nordlicht.example/a/very/long/address/that/has/no/space/in/it/at/all")}}},
			{Title: say("Consent withdrawn"), At: at, Seq: 18, Hash: hash, Commitment: hash, Sound: true},
		},
	}
}

// The verdict is what the chain says, not what looks good: one event or one entry that was changed takes the good word away.
func TestProofSaysWhatTheChainSays(t *testing.T) {
	good := pagetest.Render(t, Proof(proofOf("en", func(s string) string { return s })))
	if !strings.Contains(good, "The record is whole.") || strings.Contains(good, "CHANGED") || strings.Count(good, "✓") != 2 {
		t.Error(good)
	}
	for name, harm := range map[string]func(*ProofView){
		"entry": func(v *ProofView) { v.Broken = &ProofBreak{17, "entry changed", "its hash differs"} },
		"event": func(v *ProofView) { v.Events[0].Sound = false },
	} {
		v := proofOf("en", func(s string) string { return s })
		harm(&v)
		if page := pagetest.Render(t, Proof(v)); strings.Contains(page, "The record is whole.") || !strings.Contains(page, "THE RECORD WAS CHANGED.") {
			t.Errorf("%s: %s", name, page)
		}
	}
}

func TestProofTakesNothingFromElsewhereAndRunsNothing(t *testing.T) {
	for _, bad := range pagetest.Hostile {
		page := pagetest.Render(t, Proof(proofOf("en", func(string) string { return bad })))
		if strings.Contains(page, "<script") || strings.Contains(page, "<img") || strings.Contains(page, "<svg") {
			t.Errorf("%q came out as markup", bad)
		}
	}
}

func TestProofInABrowser(t *testing.T) {
	pages := map[string]string{}
	for _, tag := range []string{"en", "nl", "ar"} {
		v := proofOf(tag, func(s string) string { return s })
		pages[tag+"/proof"] = pagetest.Render(t, Proof(v))
		v.Events[0].Sound = false
		pages[tag+"/proof-changed"] = pagetest.Render(t, Proof(v))
	}
	pagetest.Browse(t, ProofPolicy, pages)
}
