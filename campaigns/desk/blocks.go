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

// maxColumns and maxInColumn bound what stands side by side.
const (
	maxColumns  = 3
	maxInColumn = 20
)

// blocksOf reads the blocks of the editor's form.
func blocksOf(val map[string]string) []site.EditBlock {
	byPath := map[string]map[string]string{}
	for name, value := range val {
		rest, ok := strings.CutPrefix(name, "b.")
		path, field, named := strings.Cut(rest, ".")
		if !ok || !named {
			continue
		}
		if byPath[path] == nil {
			byPath[path] = map[string]string{}
		}
		byPath[path][field] = strings.ReplaceAll(value, "\r\n", "\n")
	}
	return listOf(byPath, "", maxBlocks)
}

// listOf reads the blocks that stand below one another in a column, or at the top with an empty prefix.
func listOf(byPath map[string]map[string]string, prefix string, most int) []site.EditBlock {
	var out []site.EditBlock
	for n := range most {
		path := prefix + strconv.Itoa(n)
		fields := byPath[path]
		kind := fields["type"]
		if kind == "" || prefix != "" && kind == "columns" {
			break
		}
		b := site.EditBlock{Type: kind, Values: map[string]string{}}
		for field, value := range fields {
			if field != "type" {
				b.Values[field] = value
			}
		}
		if kind == "columns" {
			for c := range columnsIn(b) {
				b.Columns = append(b.Columns, listOf(byPath, path+"-"+strconv.Itoa(c)+"-", maxInColumn))
			}
		}
		out = append(out, b)
	}
	return out
}

func columnsIn(b site.EditBlock) int {
	n, _ := strconv.Atoi(b.Values["columns"])
	return min(max(n, 2), maxColumns)
}

// fresh is a block that was just added.
func fresh(kind string) site.EditBlock {
	b := site.EditBlock{Type: kind, Values: map[string]string{"level": "2"}}
	if kind == "columns" {
		b.Values = map[string]string{"columns": "2"}
		b.Columns = make([][]site.EditBlock, 2)
	}
	return b
}

// rearrange does what a button of the editor says: a verb and the path of a block, such as up-3 or copy-3-0-1; or add,
// the type, and the path of a column if it is for one, such as add-text-3-0.
func rearrange(blocks []site.EditBlock, do string) []site.EditBlock {
	verb, arg, _ := strings.Cut(do, "-")
	if verb == "add" {
		kind, at, nested := strings.Cut(arg, "-")
		if !slices.Contains(site.BlockTypes, kind) || nested && kind == "columns" {
			return blocks
		}
		list := column(&blocks, at)
		if list == nil || len(*list) >= map[bool]int{false: maxBlocks, true: maxInColumn}[nested] {
			return blocks
		}
		*list = append(*list, fresh(kind))
		return blocks
	}
	at, last, nested := cutLast(arg)
	if !nested {
		at = ""
	}
	n, err := strconv.Atoi(last)
	list := column(&blocks, at)
	if err != nil || list == nil || n < 0 || n >= len(*list) {
		return blocks
	}
	l := *list
	switch verb {
	case "up":
		if n > 0 {
			l[n-1], l[n] = l[n], l[n-1]
		}
	case "down":
		if n < len(l)-1 {
			l[n+1], l[n] = l[n], l[n+1]
		}
	case "copy":
		*list = slices.Insert(l, n, l[n])
	case "drop":
		*list = slices.Delete(l, n, n+1)
	}
	return blocks
}

func cutLast(path string) (before, last string, found bool) {
	i := strings.LastIndexByte(path, '-')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// column is the list at a path such as 3-0, or the whole for an empty one; nil if there is none.
func column(blocks *[]site.EditBlock, path string) *[]site.EditBlock {
	if path == "" {
		return blocks
	}
	block, col, _ := strings.Cut(path, "-")
	n, err := strconv.Atoi(block)
	c, wrong := strconv.Atoi(col)
	if err != nil || wrong != nil || n < 0 || n >= len(*blocks) || c < 0 || c >= len((*blocks)[n].Columns) {
		return nil
	}
	return &(*blocks)[n].Columns[c]
}

// encode writes blocks as a campaign stores them.
func encode(blocks []site.EditBlock) json.RawMessage {
	out, _ := json.Marshal(tree(blocks)) // texts, numbers and valid JSON always encode
	return out
}

func tree(blocks []site.EditBlock) []any {
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
			if width, err := strconv.Atoi(strings.TrimSpace(b.Values["width"])); err == nil {
				m["width"] = width
			}
		case "event":
			put("event")
		case "divider":
		case "columns":
			columns := make([]any, len(b.Columns))
			for i, c := range b.Columns {
				columns[i] = tree(c)
			}
			m["columns"] = columns
		default:
			if raw := json.RawMessage(b.Values["json"]); json.Valid(raw) {
				list = append(list, raw)
				continue
			}
		}
		list = append(list, m)
	}
	return list
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
		switch {
		case kind == "heading" && b.Values["level"] == "":
			b.Values["level"] = "2"
		case kind == "columns":
			var c struct{ Columns []json.RawMessage }
			_ = json.Unmarshal(item, &c) // it is an object
			for _, column := range c.Columns {
				b.Columns = append(b.Columns, decode(column))
			}
			b.Values["columns"] = strconv.Itoa(len(b.Columns))
		}
		out = append(out, b)
	}
	return out
}

var (
	blockField  = regexp.MustCompile(`^blocks\[(\d+)\](?:\.(\w+))?$`)
	nestedField = regexp.MustCompile(`^blocks\[(\d+)\]\.columns\[(\d+)\]\[(\d+)\](?:\.(\w+))?$`)
)

// spot is the block and the field that a path such as blocks[2].columns[0][1].alt names.
func spot(field string) (path, name string) {
	if m := nestedField.FindStringSubmatch(field); m != nil {
		return m[1] + "-" + m[2] + "-" + m[3], m[4]
	}
	if m := blockField.FindStringSubmatch(field); m != nil {
		return m[1], m[2]
	}
	return "", field
}

// place moves the errors within blocks to their fields.
func place(blocks []site.EditBlock, wrong map[string]string) {
	for field, text := range wrong {
		path, name := spot(field)
		if path == "" {
			continue
		}
		at, last, _ := cutLast(path)
		list := column(&blocks, at)
		n, err := strconv.Atoi(last)
		if err != nil || list == nil || n >= len(*list) {
			continue
		}
		b := &(*list)[n]
		if b.Errors == nil {
			b.Errors = map[string]string{}
		}
		if b.Values["json"] != "" {
			name = "json"
		}
		b.Errors[name] = text
	}
}
