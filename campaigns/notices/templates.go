package notices

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"assent/campaigns/content"
	"assent/campaigns/outbox"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/templates/mail"
)

// Views are the typed notices for the composer of the outbox.
func Views() map[string]outbox.View {
	views := map[string]outbox.View{}
	for _, name := range content.NoticeTemplates() {
		views[name] = func(_ context.Context, _ sqldb.Querier, m *outbox.Message, _ *locale.Locale) (mail.View, error) {
			view, err := content.Notice(name, m.Content)
			if err != nil {
				return nil, fmt.Errorf("notices: %w", err)
			}
			return view, nil
		}
	}
	return views
}

// lintData is [Lint] for the data of a template, whatever its shape. The text of a notice of changed terms or privacy is that of
// the policy, which is linted as one.
func lintData(bad *problem.Collector, obligation, template string, raw json.RawMessage) {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return
	}
	l := dataLint{bad, obligation == "privacy_change" || template == "privacy_change", template == "privacy_change" || template == "terms_change"}
	l.value("data", value)
}

type dataLint struct {
	bad             *problem.Collector
	privacy, policy bool
}

func (l dataLint) value(path string, value any) {
	switch v := value.(type) {
	case string:
		l.text(path, v)
	case []any:
		for i, one := range v {
			l.value(fmt.Sprintf("%s[%d]", path, i), one)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			l.value(path+"."+name, v[name])
		}
	}
}

func (l dataLint) text(path, text string) {
	switch {
	case path == "data.url":
		lintLink(l.bad, path, text)
		return
	case l.policy && path == "data.text":
		LintPolicy(l.bad, path, text)
		return
	}
	lintText(l.bad, path, text)
	if l.privacy {
		lintMatter(l.bad, path, text)
	}
	for _, link := range (content.Blocks{content.Text{Markdown: text}}).Links() {
		lintLink(l.bad, path, link.URL)
	}
}
