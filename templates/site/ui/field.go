package ui

import "github.com/a-h/templ"

// Field is one labelled control of a form.
type Field struct {
	Name, Label, Hint, Error string
	// Kind is text (also when empty), email, password, tel, url, number, date, datetime-local, time, color, file,
	// textarea, select, checkbox, checks, radio, hidden, title (a heading between fields) or fold: see [Fold].
	Kind         string
	Value        string
	Values       []string // those that are ticked, for checks
	Options      []Option
	Required     bool
	Sometimes    bool // another field decides whether it is required, so that it is not called optional
	Placeholder  string
	Autocomplete string
	// Mono sets what is typed in a fixed pitch: keys, rules, code.
	Mono bool
	// Short makes the control as narrow as what belongs in it.
	Short     bool
	Rows      int
	MaxLength int
	Disabled  bool
	Accept    string // for file
	// Multiple takes several files; together they may have MaxBytes, or any number where it is 0. TooLarge says so.
	Multiple  bool
	MaxBytes  int
	TooLarge  string
	InputMode string
	Autofocus bool
	Prefix    string  // makes ids distinct where two forms share a page
	Fields    []Field // of a fold
}

// Option is one choice of a select, of checks or of radios.
type Option struct{ Value, Label, Hint string }

// Fold is fields that are put away behind their label until somebody opens them. They are in sight from the start when one of them has
// a text or an error. None of them may be required: a browser cannot lead to what is folded.
func Fold(label string, fields ...Field) Field {
	return Field{Kind: "fold", Label: label, Fields: fields}
}

// open says whether a fold is open from the start.
func (f Field) open() bool {
	for _, in := range f.Fields {
		if in.Value != "" && in.Kind != "hidden" || len(in.Values) > 0 || in.Error != "" || in.open() {
			return true
		}
	}
	return false
}

// wrong says whether one of the fields has an error.
func wrong(fields []Field) bool {
	for _, f := range fields {
		if f.Error != "" || wrong(f.Fields) {
			return true
		}
	}
	return false
}

// place puts an error at the field with this name.
func place(fields []Field, name, text string) (placed bool) {
	for i := range fields {
		if name != "" && fields[i].Name == name {
			fields[i].Error, placed = text, true
		}
		placed = place(fields[i].Fields, name, text) || placed
	}
	return placed
}

// ID is the id of the control.
func (f Field) ID() string {
	return "f-" + f.Prefix + slug(f.Name)
}

func (f Field) kind() string {
	if f.Kind == "" {
		return "text"
	}
	return f.Kind
}

func (f Field) ticked(value string) bool {
	for _, v := range f.Values {
		if v == value {
			return true
		}
	}
	return false
}

// attributes are those that every kind of control has.
func (f Field) attributes() templ.Attributes {
	a := templ.Attributes{"id": f.ID(), "name": f.Name}
	ref := ""
	if f.Hint != "" {
		ref = f.ID() + "-hint"
	}
	if f.Error != "" {
		ref += " " + f.ID() + "-error"
		a["aria-invalid"] = "true"
	}
	if ref != "" {
		a["aria-describedby"] = ref
	}
	for name, value := range map[string]string{"placeholder": f.Placeholder, "autocomplete": f.Autocomplete, "inputmode": f.InputMode, "accept": f.Accept} {
		if value != "" {
			a[name] = value
		}
	}
	if f.MaxLength > 0 {
		a["maxlength"] = f.MaxLength
	}
	if f.MaxBytes > 0 {
		a["data-max"], a["data-too-large"] = f.MaxBytes, f.TooLarge
	}
	for name, on := range map[string]bool{"multiple": f.Multiple, "required": f.Required, "disabled": f.Disabled, "autofocus": f.Autofocus} {
		if on {
			a[name] = true
		}
	}
	switch {
	case f.Mono && f.Short:
		a["class"] = "mono short"
	case f.Mono:
		a["class"] = "mono"
	case f.Short:
		a["class"] = "short"
	}
	return a
}

func (f Field) rows() int {
	if f.Rows > 0 {
		return f.Rows
	}
	return 5
}
