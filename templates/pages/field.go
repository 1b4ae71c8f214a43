package pages

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// fieldSpec is one labelled control. Empty Type is text.
type fieldSpec struct {
	ID, Name, Type, Label, Hint, Error, Value, Autocomplete string
	Required                                                bool
}

func (f fieldSpec) kind() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

// id makes an element id of a name and positions.
func id(name string, at ...int) string {
	var b strings.Builder
	b.WriteString(name)
	for _, n := range at {
		b.WriteString("-" + strconv.Itoa(n))
	}
	return b.String()
}

// invalid ties a control to its hint and its error.
func invalid(id string, hint bool, err string) templ.Attributes {
	a := templ.Attributes{}
	if d := described(id, hint, err); d != "" {
		a["aria-describedby"] = d
	}
	if err != "" {
		a["aria-invalid"] = "true"
	}
	return a
}
