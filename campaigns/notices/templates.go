package notices

import (
	"context"
	"encoding/json"
	"fmt"

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

// lintData is [Lint] for the data of a template, whatever its shape.
func lintData(bad *problem.Collector, raw json.RawMessage) {
	var value any
	if json.Unmarshal(raw, &value) == nil {
		lintValue(bad, "data", value)
	}
}

func lintValue(bad *problem.Collector, path string, value any) {
	switch v := value.(type) {
	case string:
		lintText(bad, path, v)
		if param := tracked(v); param != "" {
			bad.Add(path, "is a tracked link (%s), which a mandatory notice must not have", param)
		}
	case []any:
		for i, one := range v {
			lintValue(bad, fmt.Sprintf("%s[%d]", path, i), one)
		}
	case map[string]any:
		for name, one := range v {
			lintValue(bad, path+"."+name, one)
		}
	}
}
