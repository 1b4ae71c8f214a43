package site

import (
	"time"

	"assent/templates/site/ui"
)

// MediaView is the library of pictures. Fields of the form: file, alt, decorative.
type MediaView struct {
	Page
	Action   string
	Pictures []MediaPicture
	Pager    ui.Pager
	Write    bool
	Values   map[string]string
	Errors   map[string]string
}

// MediaPicture is one of them: Src is its path on this host, URL its public address.
type MediaPicture struct {
	Src, URL, Title, Alt string
	Width, Height, Bytes int
	At                   time.Time
	Remove               ui.Post
}

func (m MediaPicture) altText(p Page) string {
	if m.Alt == "" {
		return p.t("site.media.decorative")
	}
	return m.Alt
}

// label names a picture on its button.
func (m MediaPicture) label() string {
	if m.Alt == "" {
		return m.Title
	}
	return m.Alt
}

func (m MediaPicture) measures(p Page) string {
	return p.t("site.media.measures", "width", m.Width, "height", m.Height, "kb", (m.Bytes+1023)/1024)
}

func (v MediaView) fields(prefix string) []ui.Field {
	return []ui.Field{
		{Prefix: prefix, Name: "file", Kind: "file", Label: v.t("site.media.file"), Hint: v.t("site.media.file_hint"), Accept: "image/png,image/jpeg,image/gif,image/webp", Required: true, Error: v.Errors["file"]},
		{Prefix: prefix, Name: "alt", Label: v.t("site.editor.alt"), Hint: v.t("site.editor.alt_hint"), Value: v.Values["alt"], Required: v.Values["decorative"] == "", MaxLength: 500, Error: v.Errors["alt"]},
		{Prefix: prefix, Name: "decorative", Kind: "checkbox", Label: v.t("site.editor.decorative"), Value: v.Values["decorative"]},
	}
}

func (v MediaView) form() ui.FormOf {
	return ui.FormOf{Action: v.Action, Submit: v.t("site.media.upload"), Upload: true, NoValidate: true, Fields: v.fields("")}
}
