package ui

import "assent/templates/locale"

// FormOf is a form that posts to Action.
type FormOf struct {
	ID             string // for controls outside it. Empty: none
	Action, Submit string
	Cancel         Link
	Fields         []Field
	// Problem is what is wrong with the form as a whole. Empty while only fields are.
	Problem    string
	Upload     bool
	Danger     bool
	Locked     bool // for somebody who may only look
	NoValidate bool
}

// Wrong tells whether anything is.
func (f FormOf) Wrong() bool {
	if f.Problem != "" {
		return true
	}
	return wrong(f.Fields)
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
		if !place(fields, name, text) {
			if name != "" {
				text = name + ": " + text
			}
			f.Problem = text
		}
	}
	f.Fields = fields
	return f
}
