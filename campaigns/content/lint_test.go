package content

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLintSeesEverything(t *testing.T) {
	c := marchContent(t)
	if diff := cmp.Diff([]Link{
		{"blocks[1].markdown", "what is new", "https://acme.example/march?who={{ attributes.plan }}&n=1"},
		{"blocks[1].markdown", "https://acme.example/all", "https://acme.example/all"},
		{"blocks[1].markdown", "this link", "{{ unsubscribe_url }}"},
		{"blocks[2].link", "A page for {{ first_name }}", "https://acme.example/p/{{ last_name }}"},
		{"blocks[4].columns[1][0].url", "For {{ company }}", "https://acme.example/b#{{ country }}"},
		{"blocks[7].url", "Choose", "{{ preferences_url }}"},
	}, c.Blocks.Links()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Picture{
		{"blocks[2].url", "https://acme.example/a.png", "A page for {{ first_name }}", "https://acme.example/p/{{ last_name }}"},
		{"blocks[3].url", "https://acme.example/line.png", "", ""},
	}, c.Blocks.Images()); diff != "" {
		t.Error(diff)
	}
	if n := c.Blocks.Unsubscribes(); n != 1 {
		t.Errorf("%d unsubscribe links", n)
	}
	if diff := cmp.Diff([]string{"first_name", "company", "attributes.plan", "attributes.quote", "unsubscribe_url", "last_name", "country", "preferences_url"}, c.Fields()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"payroll-day"}, c.Blocks.EventSlugs()); diff != "" {
		t.Error(diff)
	}
	var paths []string
	for _, p := range c.Blocks.Passages() {
		paths = append(paths, p.Path+" "+clip(p.Text))
	}
	if diff := cmp.Diff([]string{
		`blocks[0].text Hello {{ first_name | "there" }}, this i…`, "blocks[1].markdown Dear {{ first_name }} of {{ company }}, …", "blocks[1].markdown One {{ {{ }} thing\nAnother thing that is…",
		"blocks[1].markdown {{ attributes.quote }}", "blocks[1].markdown Stop with this link.", "blocks[2].alt A page for {{ first_name }}",
		"blocks[4].columns[0][0].text Left", "blocks[4].columns[1][0].label For {{ company }}", "blocks[7].label Choose",
	}, paths); diff != "" {
		t.Error(diff)
	}
}
