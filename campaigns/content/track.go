package content

import (
	"strings"

	"assent/templates/mail"
)

// A counted link is a field whose value is the whole link, made for the person when the mail is written. What is counted is the link
// as its author wrote it: one with merge fields leads each person to their own page and is one link in the report. Links of
// Assent's own, such as that to unsubscribe, are fields already and are never counted.

// counted puts the field of a counted link in the place of a link that [marks.bindURL] has bound.
func (m *marks) counted(bound string) (string, error) {
	if m.track == nil {
		return bound, nil
	}
	if l := strings.ToLower(bound); !strings.HasPrefix(l, "http://") && !strings.HasPrefix(l, "https://") {
		return bound, nil
	}
	template := bound
	if hasMark(bound) {
		template = source(m.cut(bound))
	}
	id, ok := m.track(template)
	if !ok {
		return bound, nil
	}
	return m.mark(use{ref{field: clickURL, name: id}, inURL})
}

// source is how an author writes these parts.
func source(parts []part) string {
	var b strings.Builder
	quoted := strings.NewReplacer("\\", "\\\\", `"`, `\"`)
	for _, p := range parts {
		switch {
		case p.ref == nil:
			b.WriteString(p.literal)
		case p.ref.field == constant:
			b.WriteString(`{{ "` + quoted.Replace(p.ref.fallback) + `" }}`)
		case p.ref.fallback != "":
			b.WriteString("{{ " + p.ref.String() + ` | "` + quoted.Replace(p.ref.fallback) + `" }}`)
		default:
			b.WriteString("{{ " + p.ref.String() + " }}")
		}
	}
	return b.String()
}

// FillLink is where a counted link leads a person. As in a mail, no value of theirs decides on which site that is.
func FillLink(template string, p *Person) (string, error) {
	parts, err := split(template)
	if err == nil {
		err = checkLink(parts)
	}
	if err != nil {
		return "", err
	}
	var dst []byte
	for _, at := range parts {
		if at.ref == nil {
			dst = append(dst, at.literal...)
		} else {
			dst = appendQuery(dst, p.value(at.ref))
		}
	}
	return string(dst), nil
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
