package dsn

import (
	"regexp"
	"strings"
)

// copyMarkers begin the copy of the original message. What stands after one is
// ours, and its words say nothing about the failure.
var copyMarkers = []string{
	"--- below this line is a copy of the message", "--- enclosed are the original headers", "--- the header of the original message", "--- der header der originalnachricht", "--- header of the original",
	"------ this is a copy of", "------- this is a copy of", "this is a copy of the message", "this is a copy of your message", "------ original message", "----- original message", "-----original message", "--- original message", "----- message header",
	"------- returned message", "----- returned message", "--- returned message", "----- unsent message", "--- unsent message", "----- message headers follow", "---- start of returned message", "--- start of the original", "---- begin of original", "--------- copy of your message",
	"original message follows", "original message headers:", "message headers follow", "the following is the original message", "the original message follows", "your original message", "text of original message", "copy of the original message", "received message follows", "message header follows", "mail header follows", "unsent message below", "undelivered message follows",
	"a copy of your message", "a copy of the message", "the body of your message", "the first 50 lines of your message", "--- here is a copy", "-- headers of the original", "headers of the undelivered", "x-original message", "----- ursprüngliche nachricht", "ursprüngliche nachricht", "originalnachricht", "message d'origine", "message original", "oorspronkelijk bericht", "mensaje original", "元のメッセージ", "原邮件", "原メール",
}

// headerBlock is a copy that begins without a marker, as Japanese carriers do.
var headerBlock = regexp.MustCompile(`(?mi)^(?:received: (?:from|by)|return-path: <|message-id: <|x-mailer: |dkim-signature: )`)

// humanText is the part of a bounce's text that its author wrote, without the
// copy of the original.
func humanText(text string) string {
	low := strings.ToLower(text)
	if len(low) != len(text) { // a letter whose lower case is longer: offsets would lie
		text = low
	}
	end := len(text)
	for _, marker := range copyMarkers {
		// A marker in the very first words is how the text introduces itself.
		if i := strings.Index(low, marker); i > 40 && i < end {
			end = i
		}
	}
	if loc := headerBlock.FindStringIndex(text[:end]); loc != nil && loc[0] > 0 {
		end = loc[0]
	}
	return strings.TrimSpace(text[:end])
}

// reasonForms begin the line or paragraph in which the failure stands, from
// the most reliable down.
var reasonForms = []*regexp.Regexp{
	regexp.MustCompile(`(?i)(?:remote (?:host|server) (?:said|returned|responded with)|the response(?: from the remote server)? was|the error that the other server returned was|response from the remote (?:host|server)|returned the following error|error message below|remote server returned|<<<)[:\s]`),
	regexp.MustCompile(`(?i)(?:for the following reasons?|aus folgendem grund|reason(?:s)? for (?:the )?failure|could not be delivered because of|failure reasons|non-delivered information|diagnostic(?:-| )code|transcript of session follows|pour la raison suivante|om de volgende reden|エラー内容)[\s:\-]`),
	regexp.MustCompile(`(?m)(?:^|[\s:"'>])[45]\d\d[ \-](?:#?[45]\.\d\.\d{1,3}[\s:])?`),
	regexp.MustCompile(`\(#?[45]\.\d\.\d{1,3}\)`),
}

// reasonIn narrows the text down to what was said about the failure; the whole
// text if no form is met.
func reasonIn(human string) string {
	for i, form := range reasonForms {
		loc := form.FindStringIndex(human)
		if loc == nil {
			continue
		}
		from := loc[0]
		if i > 1 {
			// the code stands inside the sentence: take its whole paragraph
			if p := strings.LastIndex(human[:from], "\n\n"); p >= 0 {
				from = p
			} else {
				from = 0
			}
			rest := human[from:]
			if end := strings.Index(rest[loc[1]-from:], "\n\n"); end >= 0 {
				rest = rest[:loc[1]-from+end]
			}
			return strings.TrimSpace(rest)
		}
		return strings.TrimSpace(human[loc[1]-1:])
	}
	return human
}
