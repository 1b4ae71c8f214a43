package inbound

import (
	"strings"
	"unicode"

	"assent/preferences/tokens"
)

// unsubscribes reads the mail as a wish to stop. It is the token that counts,
// whatever From says: in the address it was sent to, in its subject, or in what
// the person wrote. A token in a quoted mail of ours is no wish.
//
// Somebody who answers the return path with nothing but "stop" means it too.
func (c *mail) unsubscribes() []Event {
	e := Event{Kind: Unsubscribe, Proof: ByUnsubscribe, Text: c.summary(), MessageID: c.originalID()}
	var out []Event
	for _, claims := range c.stops {
		e.Claims = claims
		out = append(out, e)
	}
	if len(out) > 0 {
		return out
	}
	subject := c.m.Header.Text("Subject")
	written := ownWords(c.m.Body())
	if claims, ok := c.domain.findToken(subject); ok {
		e.Claims = claims
		return []Event{e}
	}
	if claims, ok := c.domain.findToken(written); ok {
		e.Claims = claims
		return []Event{e}
	}
	if len(c.returns) > 0 && (asksToStop(subject) || asksToStop(written)) {
		e.Proof, e.Claims = ByReturnPath, c.returns[0]
		return []Event{e}
	}
	return nil
}

// ownWords are the first lines that the sender wrote, up to anything quoted.
func ownWords(body string) string {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if quotes(line) {
			break
		}
		b.WriteString(line)
		b.WriteByte('\n')
		if n++; n == 4 {
			break
		}
	}
	return b.String()
}

// quotes reports the line with which programs begin the mail that is answered.
func quotes(line string) bool {
	low := strings.ToLower(line)
	return strings.HasPrefix(line, ">") || strings.HasPrefix(line, "|") || strings.HasPrefix(line, "-- ") || strings.HasPrefix(line, "____") || strings.HasPrefix(line, "----") ||
		startsWith(low, []string{"from:", "von:", "van:", "de :", "de:", "da:", "sent:", "gesendet:", "subject:", "betreff:", "on ", "am ", "op ", "le ", "el ", "il ", "begin forwarded", "sent from my"}) ||
		strings.HasSuffix(low, "wrote:") || strings.HasSuffix(low, "schrieb:") || strings.HasSuffix(low, "schreef:") || strings.HasSuffix(low, "écrit :")
}

// asksToStop reports that the text says stop and nothing else.
func asksToStop(text string) bool {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && r != '-' && r != '\'' })
	if len(words) > 0 && (words[0] == "re" || words[0] == "aw" || words[0] == "antw" || words[0] == "sv") {
		words = words[1:]
	}
	kept := words[:0]
	for _, w := range words {
		switch w {
		case "please", "me", "bitte", "mich", "mij", "me-", "svp", "alstublieft", "aub", "thanks", "thank", "you", "danke", "por", "favor":
			continue
		}
		kept = append(kept, w)
	}
	return stopWords[strings.Join(kept, " ")]
}

var stopWords = map[string]bool{
	"unsubscribe": true, "stop": true, "remove": true, "opt out": true, "opt-out": true, "cancel": true, "take off your list": true, "remove from list": true, "remove from your list": true, "unsubscribe from list": true,
	"abmelden": true, "abbestellen": true, "austragen": true, "uitschrijven": true, "afmelden": true, "schrijf uit": true, "désabonner": true, "désinscrire": true, "désinscription": true, "désabonnement": true,
	"desabonner": true, "desinscrire": true, "desinscription": true, "baja": true, "darse de baja": true, "cancelar": true, "cancelar suscripción": true, "disiscrivi": true, "disiscrivimi": true, "cancellami": true, "cancelar inscrição": true,
	"отписаться": true, "отписка": true, "配信停止": true, "退订": true,
}

var _ Keys = (*tokens.Keyring)(nil)
