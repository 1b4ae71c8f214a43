package site

import (
	"strconv"

	"assent/templates/site/ui"
)

// CampaignEditView makes or changes a draft. Fields: name, topic, segment, exclude_segments (repeated), brand, subject,
// preheader, expires_after; and for block N b.N.type and its values. Each button is a field do: save, add-TYPE,
// up-N, down-N, copy-N, drop-N.
type CampaignEditView struct {
	Page
	Record
	Action, BackURL          string
	Name                     string
	Values                   map[string]string
	Excluded                 []string
	Topics, Segments, Brands []ui.Option
	Blocks                   []EditBlock
	Merge                    []string // merge fields that can be written
	PreviewURL, FrameURL     string
}

// EditBlock is one block with the values of its fields.
type EditBlock struct {
	Type   string
	Values map[string]string
	Errors map[string]string
}

// BlockTypes are what can be added.
var BlockTypes = []string{"heading", "text", "button", "image", "divider", "event"}

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
			out = append(out, name+" "+text)
		}
	}
	return out
}

func (v CampaignEditView) fields(n int, b EditBlock) []ui.Field {
	field := func(name, kind string) ui.Field {
		return ui.Field{Name: "b." + strconv.Itoa(n) + "." + name, Kind: kind, Label: v.t("site.editor." + name), Value: b.Values[name], Error: b.Errors[name]}
	}
	need := func(f ui.Field) ui.Field { f.Required = true; return f }
	out := []ui.Field{{Name: "b." + strconv.Itoa(n) + ".type", Kind: "hidden", Value: b.Type}}
	switch b.Type {
	case "heading":
		level := field("level", "select")
		for i := 1; i <= 4; i++ {
			level.Options = append(level.Options, ui.Option{Value: strconv.Itoa(i), Label: strconv.Itoa(i)})
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
		alt.Hint = v.t("site.editor.alt_hint")
		out = append(out, need(field("url", "url")), alt, field("decorative", "checkbox"), field("link", "url"))
	case "event":
		out = append(out, need(field("event", "")))
	case "divider":
	default:
		raw := field("json", "textarea")
		raw.Mono, raw.Rows = true, 8
		out = append(out, raw)
	}
	return out
}

// PreviewView shows a campaign as its recipient will see it.
type PreviewView struct {
	Page
	Name, Subject, BackURL string
	FrameURL               string
	Text                   string // the text part in place of the frame
	Phone                  bool
	Ways, Languages        []ui.Tab
	Action, As             string // whose mail is shown: an address
	Language, Way          string
	Wrong                  string
}
