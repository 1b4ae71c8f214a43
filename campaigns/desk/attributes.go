package desk

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"assent/preferences/problem"
)

// spelt is the value of an attribute as the form has it.
func spelt(value any) string {
	if text, ok := value.(string); ok && !strings.ContainsAny(text, "\r\n") && text == strings.TrimSpace(text) {
		return text
	}
	out, _ := json.Marshal(value) // it came from JSON
	return string(out)
}

// attributeLines are somebody's own fields, one a line.
func attributeLines(had map[string]any) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(had)) {
		lines = append(lines, name+": "+spelt(had[name]))
	}
	return strings.Join(lines, "\n")
}

// attributes are what the form makes of those that somebody had: a line that is as it was keeps its value with its type, a line
// that is gone takes it away. A new value is a number or a truth value where it reads as one, and else a text.
func attributes(val map[string]string, had map[string]any) (*map[string]any, error) {
	text, asked := val["attributes"]
	if !asked {
		return nil, nil
	}
	out := map[string]any{}
	for name := range had {
		out[name] = nil
	}
	for i, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" {
			return nil, problem.Invalid("attributes", fmt.Sprintf("line %d must be a name, a colon and a value", i+1))
		}
		if before, kept := had[name]; kept && spelt(before) == value {
			out[name] = before
			continue
		}
		out[name] = valued(value)
	}
	return &out, nil
}

func valued(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) == nil {
		switch v.(type) {
		case float64, bool:
			return v
		}
	}
	return text
}
