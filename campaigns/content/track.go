package content

import (
	"strings"

	"assent/templates/mail"
)

// A counted link is a field whose value is the whole link, made for the person when the mail is written. Only links that are the
// same for everybody are: one with a merge field would need as many targets as there are people. Links of Assent's own, such
// as that to unsubscribe, are fields already and are never counted.

// counted puts the field of a counted link in the place of a link that [marks.bindURL] has bound.
func (m *marks) counted(bound string) (string, error) {
	if m.track == nil || hasMark(bound) {
		return bound, nil
	}
	if l := strings.ToLower(bound); !strings.HasPrefix(l, "http://") && !strings.HasPrefix(l, "https://") {
		return bound, nil
	}
	id, ok := m.track(bound)
	if !ok {
		return bound, nil
	}
	return m.mark(use{ref{field: clickURL, name: id}, inURL})
}

// Countable lists where the links of a mail lead that can be counted, each once.
func Countable(c Content) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	m := marks{track: func(url string) (string, bool) {
		if !seen[url] {
			seen[url] = true
			out = append(out, url)
		}
		return "", false
	}}
	_, err := m.blocks("blocks", c.Blocks, Setting{Event: func(string) (mail.Event, bool) { return mail.Event{}, true }})
	return out, err
}
