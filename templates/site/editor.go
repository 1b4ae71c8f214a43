package site

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"assent/templates/site/ui"
)

// CampaignEditView makes or changes a draft. Fields: name, topic, segment, exclude_segments (repeated), brand, subject,
// preheader, expires_after, version; and for the block at PATH b.PATH.type and its values. A path is the number of a
// block, or for one in a column N-COLUMN-M. Each button is a field do: save, stay, force, add-TYPE, add-TYPE-N-COLUMN,
// up-PATH, down-PATH, copy-PATH, drop-PATH. With the header Accept: application/json the answer is an EditAnswer.
type CampaignEditView struct {
	Page
	Record
	Action, BackURL          string
	Name                     string
	Values                   map[string]string
	Excluded                 []string
	Topics, Segments, Brands []ui.Option
	Events                   []ui.Option // that a block can show: those to come, the next first, then those that were
	Blocks                   []EditBlock
	Merge                    []string // merge fields that can be written
	PreviewURL, FrameURL     string
	Version                  string
	State                    string   // when it was saved and by whom
	Unfinished               *ui.Post // goes back to what was saved; nil: nothing was typed that is not saved
	Conflict                 string   // who else changed it; empty: nobody
	Languages                []ui.Option
	PeopleURL                string // suggests people for whom the preview can be, as JSON
	MediaURL                 string // the pictures to choose from; empty: there are none
	Panel                    EditPanel
	Texts                    []ui.Tab // the texts of its test; empty: there is one
	TextOnly                 bool     // another text than the campaign's own: only what differs can be written
}

// EditBlock is one block with the values of its fields; those of columns hold further blocks.
type EditBlock struct {
	Type    string            `json:"type"`
	Values  map[string]string `json:"values"`
	Columns [][]EditBlock     `json:"columns,omitempty"`
	Errors  map[string]string `json:"-"`
}

// EditAnswer tells the script of the editor what became of what it sent.
type EditAnswer struct {
	State   string            `json:"state"` // saved, kept (typed but not complete), conflict or failed
	Text    string            `json:"text"`
	Version string            `json:"version,omitempty"`
	Errors  map[string]string `json:"errors,omitempty"` // by name of the form's field
	Action  string            `json:"action,omitempty"`
	Frame   string            `json:"frame,omitempty"`
	Panel   string            `json:"panel,omitempty"` // HTML of the checks
}

// BlockTypes are what can be added.
var BlockTypes = []string{"heading", "text", "image", "button", "divider", "columns", "event"}

func (v CampaignEditView) recipients() []ui.Field {
	val := v.Values
	none := func(key string, list []ui.Option) []ui.Option {
		return append([]ui.Option{{Value: "", Label: v.t(key)}}, list...)
	}
	fields := []ui.Field{
		{Name: "name", Label: v.t("site.campaigns.name"), Hint: v.t("site.editor.name_hint"), Value: val["name"], Required: true, MaxLength: 255},
		{Name: "topic", Kind: "select", Label: v.t("site.campaigns.topic"), Hint: v.t("site.editor.topic_hint"), Options: v.Topics, Value: val["topic"], Required: true},
	}
	if len(v.Segments) > 0 {
		fields = append(fields,
			ui.Field{Name: "segment", Kind: "select", Label: v.t("site.campaign.segment"), Options: none("site.campaign.everybody", v.Segments), Value: val["segment"]},
			ui.Field{Name: "exclude_segments", Kind: "checks", Label: v.t("site.campaign.excluded"), Options: v.Segments, Values: v.Excluded})
	}
	if len(v.Brands) > 1 {
		fields = append(fields, ui.Field{Name: "brand", Kind: "select", Label: v.t("site.campaign.brand"), Options: none("site.editor.brand_of_topic", v.Brands), Value: val["brand"]})
	}
	return append(fields, ui.Field{Name: "expires_after", Label: v.t("site.editor.expires"), Hint: v.t("site.editor.expires_hint"), Value: val["expires_after"], Placeholder: "72h", Short: true})
}

func (v CampaignEditView) words() []ui.Field {
	return []ui.Field{
		{Name: "subject", Label: v.t("site.campaign.subject"), Value: v.Values["subject"], Required: true, MaxLength: 500},
		{Name: "preheader", Label: v.t("site.campaign.preheader"), Hint: v.t("site.editor.preheader_hint"), Value: v.Values["preheader"], MaxLength: 500},
	}
}

// placed puts the errors at their fields; what has none is said above the form.
func (v CampaignEditView) placed(fields []ui.Field) []ui.Field {
	for i := range fields {
		fields[i].Error = v.Errors[fields[i].Name]
	}
	return fields
}

// loose are the errors of no field that is shown.
func (v CampaignEditView) loose() []string {
	shown := map[string]bool{}
	for _, f := range append(v.recipients(), v.words()...) {
		shown[f.Name] = true
	}
	var out []string
	for name, text := range v.Errors {
		if !shown[name] {
			out = append(out, FieldName(v.Locale, name)+": "+text)
		}
	}
	return out
}

func (v CampaignEditView) fields(path string, b EditBlock) []ui.Field {
	field := func(name, kind string) ui.Field {
		return ui.Field{Name: "b." + path + "." + name, Kind: kind, Label: v.t("site.editor." + name), Value: b.Values[name], Error: b.Errors[name]}
	}
	need := func(f ui.Field) ui.Field { f.Required = true; return f }
	out := []ui.Field{{Name: "b." + path + ".type", Kind: "hidden", Value: b.Type}}
	switch b.Type {
	case "heading":
		level := field("level", "select")
		for i := 1; i <= 4; i++ {
			level.Options = append(level.Options, ui.Option{Value: strconv.Itoa(i), Label: v.t("site.build.level." + strconv.Itoa(i))})
		}
		level.Required, level.Short = true, true
		out = append(out, need(field("text", "")), level)
	case "text":
		text := need(field("markdown", "textarea"))
		text.Rows, text.Hint = 6, v.t("site.editor.markdown_hint")
		out = append(out, text)
	case "button":
		out = append(out, need(field("label", "")), need(field("url", "url")))
	case "image":
		alt := field("alt", "")
		alt.Hint, alt.Required = v.t("site.editor.alt_hint"), b.Values["decorative"] == ""
		width := field("width", "number")
		width.Label, width.Hint, width.Short = v.t("site.build.width"), v.t("site.build.width_hint"), true
		out = append(out, need(field("url", "url")), alt, field("decorative", "checkbox"), field("link", "url"), width)
	case "event":
		event := need(field("event", "select"))
		event.Options = append([]ui.Option{{Label: v.t("site.pick.event")}}, v.Events...)
		if !slices.ContainsFunc(event.Options, func(o ui.Option) bool { return o.Value == event.Value }) {
			event.Options = append(event.Options, ui.Option{Value: event.Value, Label: event.Value})
		}
		if len(v.Events) == 0 {
			event.Hint = v.t("site.pick.no_event")
		}
		out = append(out, event)
	case "columns":
		n := field("columns", "select")
		n.Label, n.Required, n.Short = v.t("site.build.columns"), true, true
		n.Options = []ui.Option{{Value: "2", Label: "2"}, {Value: "3", Label: "3"}}
		out = append(out, n)
	case "divider":
	default:
		raw := field("json", "textarea")
		raw.Mono, raw.Rows = true, 8
		out = append(out, raw)
	}
	return out
}

// wrong is what is said about a block as a whole.
func (b EditBlock) wrong() string {
	if text := b.Errors[""]; text != "" {
		return text
	}
	if b.Type == "columns" {
		return b.Errors["columns"]
	}
	return ""
}

// EditPanel is what stands beside the editor about the whole mail.
type EditPanel struct {
	Checks []EditCheck
	Faults int // how many of them ask for something
}

// EditCheck is a check and the block or field that it speaks of: a path such as 3-0-1, or a name. Empty: the whole.
type EditCheck struct {
	Check
	Spot string
}

// PreviewView shows a campaign as its recipient will see it.
type PreviewView struct {
	Page
	Name, Subject, BackURL string
	FrameURL               string
	Plain                  string // the text part in place of the frame
	Text                   string // which text of a test is shown, counted from 1
	Texts                  []ui.Tab
	Phone                  bool
	Ways, Languages        []ui.Tab
	Action, As             string // whose mail is shown: an address
	Language, Way          string
	Wrong                  string
}

// spotID is the id of the block or field that a check speaks of.
func spotID(spot string) string {
	if spot == "" {
		return ""
	}
	if spot[0] >= '0' && spot[0] <= '9' {
		return "#block-" + spot
	}
	return "#" + ui.Field{Name: spot}.ID()
}

// templatesOf are an empty block of each type, for the script to add. Their fields are numbered when they are.
func (v CampaignEditView) templatesOf() []EditBlock {
	var out []EditBlock
	for _, t := range BlockTypes {
		b := EditBlock{Type: t, Values: map[string]string{"level": "2", "columns": "2"}}
		if t == "columns" {
			b.Columns = make([][]EditBlock, 2)
		}
		out = append(out, b)
	}
	return append(out, EditBlock{Type: "json"})
}

// words of the script, as attributes of the editor.
func (v CampaignEditView) says() templ.Attributes {
	out := templ.Attributes{}
	for _, key := range []string{"saving", "unsaved", "failed", "offline", "signed_out", "moved", "moved_column", "added", "removed", "copied", "undone", "redone", "undo", "nothing_undo", "nothing_redo", "uploading", "upload_failed", "block", "bold_word", "link_word", "item_word", "leave"} {
		out["data-say-"+strings.ReplaceAll(key, "_", "-")] = v.t("site.build.say."+key, "type", "%type", "n", "%n", "total", "%total", "column", "%column")
	}
	return out
}

// number1 is a path as people count: 3-0-1 is 4.1.2.
func number1(path string) string {
	parts := strings.Split(path, "-")
	for i, p := range parts {
		if n, err := strconv.Atoi(p); err == nil {
			parts[i] = strconv.Itoa(n + 1)
		}
	}
	return strings.Join(parts, ".")
}

func addTo(kind, at string) string {
	if at == "" {
		return "add-" + kind
	}
	return "add-" + kind + "-" + at
}

// recipientsWrong tells whether the part that says to whom must be seen.
func (v CampaignEditView) recipientsWrong() bool {
	for _, f := range v.recipients() {
		if v.Errors[f.Name] != "" {
			return true
		}
	}
	return false
}
