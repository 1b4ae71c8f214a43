package ui

import "assent/templates/locale"

// FormOf is a form that posts to Action.
type FormOf struct {
	Action, Submit string
	Cancel         Link
	Fields         []Field
	// Problem is what is wrong with the form as a whole. Empty while only fields are.
	Problem    string
	Upload     bool
	Danger     bool
	NoValidate bool
}

// Wrong tells whether anything is.
func (f FormOf) Wrong() bool {
	if f.Problem != "" {
		return true
	}
	for _, field := range f.Fields {
		if field.Error != "" {
			return true
		}
	}
	return false
}

func (f FormOf) problem(l *locale.Locale) string {
	if f.Problem != "" {
		return f.Problem
	}
	return l.T("site.form.check")
}

// WithErrors puts each error at its field, and says those of no field as the form's own problem.
func (f FormOf) WithErrors(errors map[string]string) FormOf {
	fields := make([]Field, len(f.Fields))
	copy(fields, f.Fields)
	for name, text := range errors {
		placed := false
		for i := range fields {
			if name != "" && fields[i].Name == name {
				fields[i].Error, placed = text, true
			}
		}
		if !placed {
			if name != "" {
				text = name + ": " + text
			}
			f.Problem = text
		}
	}
	f.Fields = fields
	return f
}
