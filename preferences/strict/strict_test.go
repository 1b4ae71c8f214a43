package strict_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"assent/preferences/strict"
)

type inner struct {
	Label string `json:"label"`
}

type base struct {
	Shared string `json:"shared"`
}

// own reads itself, and takes whatever names it likes.
type own struct{ raw string }

func (o *own) UnmarshalJSON(raw []byte) error {
	o.raw = string(raw)
	return nil
}

type document struct {
	base
	Email   string            `json:"email"`
	Plain   string            // no tag: its Go name
	Hidden  string            `json:"-"`
	Inner   *inner            `json:"inner"`
	List    []inner           `json:"list,omitempty"`
	Named   map[string]inner  `json:"named"`
	Texts   map[string]string `json:"texts"`
	Any     map[string]any    `json:"any"`
	Raw     json.RawMessage   `json:"raw"`
	Own     own               `json:"own"`
	Content []byte            `json:"content"`
}

func TestNamesAreReadLetterByLetter(t *testing.T) {
	for text, bad := range map[string]string{
		`{"email":"a"}`: "", `{"\u0065mail":"a"}`: "", `{"shared":"a","Plain":"b"}`: "", `null`: "", `{}`: "",
		`{"Email":"a"}`: "Email", `{"email":"a","EMAIL":"b"}`: "EMAIL", `{"plain":"b"}`: "plain", `{"Shared":"a"}`: "Shared", `{"\u0045mail":"a"}`: "Email",
		`{"other":1}`: "other", `{"Hidden":"x"}`: "Hidden", `{"\u017fhared":"a"}`: "\u017fhared", // which folds to s
		`{"inner":{"label":"x"},"email":"y"}`: "", `{"inner":{"Label":"x"}}`: "Label", `{"inner":null,"Email":"x"}`: "Email",
		`{"list":[{"label":"x"},{"LABEL":"y"}]}`: "LABEL", `{"list":[],"Email":""}`: "Email", `{"list":null}`: "",
		`{"named":{"Any":{"label":"x"}}}`: "", `{"named":{"Any":{"Label":"x"}}}`: "Label",
		`{"texts":{"EN":"x"},"any":{"Plan":{"Email":["A",{"B":1}]}},"raw":{"Email":1},"own":{"Email":2},"content":"QQ==","email":"x"}`: "",
		`{"any":{"Plan":1},"content":null,"raw":[1,{"A":2}],"Email":"x"}`:                                                              "Email",
	} {
		err := strict.Unmarshal([]byte(text), &document{})
		if got := ""; err != nil {
			if got = strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`); got != bad {
				t.Errorf("%s: %v, want %q", text, err, bad)
			}
		} else if bad != "" {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestOneSoundDocument(t *testing.T) {
	var syntax *json.SyntaxError
	if err := strict.Unmarshal([]byte(`{"email":}`), &document{}); !errors.As(err, &syntax) {
		t.Error(err)
	}
	if err := strict.Unmarshal(nil, &document{}); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if err := strict.Unmarshal([]byte(`{"email":`), &document{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	for _, text := range []string{`{} {}`, `{}]`, `{}x`} {
		if err := strict.Unmarshal([]byte(text), &document{}); !errors.Is(err, strict.ErrMore) {
			t.Errorf("%s: %v", text, err)
		}
	}
	var list []inner
	if err := strict.Unmarshal([]byte(` [{"label":"x"}] `), &list); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
}
