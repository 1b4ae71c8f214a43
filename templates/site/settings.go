package site

import "assent/templates/site/ui"

// SettingsView changes what holds for the whole installation. Sections are built by the handler with fields of package
// ui; the values that come from the environment are shown as Fixed.
type SettingsView struct {
	Page
	Forms []SettingsForm
	Fixed []Header
}

// SettingsForm is one section with a form of its own.
type SettingsForm struct {
	ID, Title, Text string
	Form            ui.FormOf
}

// apart gives the fields ids of their own, as several forms share the page.
func (f SettingsForm) apart() ui.FormOf {
	fields := make([]ui.Field, len(f.Form.Fields))
	for i, field := range f.Form.Fields {
		field.Prefix = f.ID + "-"
		fields[i] = field
	}
	f.Form.Fields = fields
	return f.Form
}
