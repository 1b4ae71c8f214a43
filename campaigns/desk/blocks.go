package desk

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"assent/templates/site"
)

// maxBlocks is how many blocks the editor takes.
const maxBlocks = 200

// blocksOf reads the blocks of the editor's form.
func blocksOf(val map[string]string) []site.EditBlock {
	var out []site.EditBlock
	for n := 0; n < maxBlocks; n++ {
		prefix := "b." + strconv.Itoa(n) + "."
		kind := val[prefix+"type"]
		if kind == "" {
			break
		}
		b := site.EditBlock{Type: kind, Values: map[string]string{}}
		for name, value := range val {
			if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "type" {
				b.Values[rest] = strings.ReplaceAll(value, "\r\n", "\n")
			}
		}
		out = append(out, b)
	}
	return out
}

// rearrange does what a button of the editor says.
func rearrange(blocks []site.EditBlock, do string) []site.EditBlock {
	verb, arg, _ := strings.Cut(do, "-")
	if verb == "add" && slices.Contains(site.BlockTypes, arg) && len(blocks) < maxBlocks {
		return append(blocks, site.EditBlock{Type: arg, Values: map[string]string{"level": "2"}})
	}
	n, err := strconv.Atoi(arg)
	if err != nil || n < 0 || n >= len(blocks) {
		return blocks
	}
	switch verb {
	case "up":
		if n > 0 {
			blocks[n-1], blocks[n] = blocks[n], blocks[n-1]
		}
	case "down":
		if n < len(blocks)-1 {
			blocks[n+1], blocks[n] = blocks[n], blocks[n+1]
		}
	case "copy":
		return slices.Insert(blocks, n, blocks[n])
	case "drop":
		return slices.Delete(blocks, n, n+1)
	}
	return blocks
}

// encode writes blocks as a campaign stores them.
func encode(blocks []site.EditBlock) json.RawMessage {
	list := make([]any, 0, len(blocks))
	for _, b := range blocks {
		m := map[string]any{"type": b.Type}
		put := func(names ...string) {
			for _, name := range names {
				m[name] = strings.TrimSpace(b.Values[name])
			}
		}
		switch b.Type {
		case "heading":
			put("text")
			m["level"], _ = strconv.Atoi(b.Values["level"])
		case "text":
			put("markdown")
		case "button":
			put("label", "url")
		case "image":
			put("url", "alt", "link")
			m["decorative"] = b.Values["decorative"] != ""
			if width, err := strconv.Atoi(b.Values["width"]); err == nil {
				m["width"] = width
			}
		case "event":
			put("event")
		case "divider":
		default:
			if raw := json.RawMessage(b.Values["json"]); json.Valid(raw) {
				list = append(list, raw)
				continue
			}
		}
		list = append(list, m)
	}
	out, _ := json.Marshal(list) // texts, numbers and valid JSON always encode
	return out
}

// decode reads stored blocks for the editor. What it has no fields for is shown as JSON.
func decode(raw json.RawMessage) []site.EditBlock {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	var out []site.EditBlock
	for _, item := range list {
		var m map[string]any
		if json.Unmarshal(item, &m) != nil {
			continue
		}
		kind, _ := m["type"].(string)
		b := site.EditBlock{Type: kind, Values: map[string]string{}}
		if !slices.Contains(site.BlockTypes, kind) {
			b.Values["json"] = string(item)
		}
		for name, value := range m {
			switch v := value.(type) {
			case string:
				b.Values[name] = v
			case float64:
				b.Values[name] = strconv.FormatFloat(v, 'f', -1, 64)
			case bool:
				if v {
					b.Values[name] = "1"
				}
			}
		}
		if kind == "heading" && b.Values["level"] == "" {
			b.Values["level"] = "2"
		}
		out = append(out, b)
	}
	return out
}

var blockField = regexp.MustCompile(`^blocks\[(\d+)\](?:\.(\w+))?`)

// place moves the errors within blocks to their fields.
func place(blocks []site.EditBlock, wrong map[string]string) {
	for field, text := range wrong {
		m := blockField.FindStringSubmatch(field)
		if m == nil {
			continue
		}
		n, err := strconv.Atoi(m[1])
		if err != nil || n >= len(blocks) {
			continue
		}
		if blocks[n].Errors == nil {
			blocks[n].Errors = map[string]string{}
		}
		name := m[2]
		if blocks[n].Values["json"] != "" {
			name = "json"
		}
		blocks[n].Errors[name] = text
	}
}
