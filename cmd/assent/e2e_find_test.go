package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// The scripts are worth no more than the way they look at answers.
func TestFindInAnswers(t *testing.T) {
	dec := json.NewDecoder(strings.NewReader(`{"id": "x", "n": 2, "skipped": {"no_consent": 3}, "off": false, "none": null,
		"items": [{"email": "a@b.example", "deep": {"list": [1, 2]}}, {"email": "c@d.example"}], "next_cursor": ""}`))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"id": "x", "n": "2", "skipped.no_consent": "3", "off": "false", "none": "null", "items[0].email": "a@b.example",
		"items[email=c@d.example].email": "c@d.example", "items[0].deep.list[1]": "2", "items.length": "2", "items[0].deep.list.length": "2", "next_cursor": "",
		"skipped": `{"no_consent":3}`,
	} {
		if got, ok := find(v, path); !ok || text(got) != want {
			t.Errorf("%s is %s, %v; want %s", path, text(got), ok, want)
		}
	}
	for _, path := range []string{"nothing", "id.more", "items[2]", "items[-1]", "items[x]", "items[email=nobody].email", "skipped[0]", "n[0]", "id.length", "nothing.length", "skipped.length", "..", "items]"} {
		if got, ok := find(v, path); ok {
			t.Errorf("%s is %s, want nothing", path, text(got))
		}
	}
}
