package content

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assent/preferences/problem"
	"assent/templates/locale"
	"assent/templates/mail"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

const march = `[
 {"type":"heading","text":"Hello {{ first_name | \"there\" }}, this is March","level":1},
 {"type":"text","markdown":"Dear **{{ first_name | \"reader\" }}** of {{ company | \"your company\" }}, payslips can now be sent *before* the weekend, and the year statement is one page.\nRead [what is new](https://acme.example/march?who={{ attributes.plan | \"none\" }}&n=1) or https://acme.example/all.\n\n1. One {{ \"{{\" }} thing\n2. Another thing that is long enough to need a second line before its field comes, of {{ company }}\n\n> {{ attributes.quote }}\n\nStop with [this link]({{ unsubscribe_url }})."},
 {"type":"image","url":"https://acme.example/a.png","alt":"A page for {{ first_name }}","link":"https://acme.example/p/{{ last_name }}"},
 {"type":"image","url":"https://acme.example/line.png","decorative":true,"width":200},
 {"type":"columns","columns":[[{"type":"heading","text":"Left","level":3}],[{"type":"button","label":"For {{ company }}","url":"https://acme.example/b#{{ country }}"}]]},
 {"type":"divider"},
 {"type":"event","event":"payroll-day"},
 {"type":"button","label":"Choose","url":"{{ preferences_url }}"}
]`

func marchContent(t testing.TB) Content {
	t.Helper()
	b, err := Parse([]byte(march))
	if err != nil {
		t.Fatal(err)
	}
	c := Content{Subject: "{{ first_name | \"Hello\" }}: what is new", Preheader: "For {{ company }}", Blocks: b}
	if err := check(c); err != nil {
		t.Fatal(err)
	}
	return c
}

func check(c Content) error {
	var out problem.Collector
	c.Check(&out)
	return out.Err()
}

func setting(lang string) Setting {
	return Setting{
		Locale: locale.Get(lang),
		Brand:  mail.Brand{Name: "Acme", Color: "#0b6e4f", PostalAddress: "Keizersgracht 1\n1015 CJ Amsterdam", ReplyTo: "help@acme.example"},
		Footer: mail.Footer{Class: mail.Marketing, Topic: "Newsletter", Basis: "consent"},
		Event: func(slug string) (mail.Event, bool) {
			return mail.Event{Title: "Payroll day", When: "Tuesday 10 March 2026", Place: "Amsterdam", Label: "Register", URL: "https://acme.example/events/" + slug}, slug == "payroll-day"
		},
	}
}

var anna = Person{
	FirstName: "Anna", LastName: "Jansen-O'Neill", Company: "Bakkerij Jansen & Zonen", Locale: "nl", Country: "NL",
	Attributes:     map[string]string{"plan": "plus & more", "quote": "It saves us an afternoon each month and nobody misses the old way."},
	UnsubscribeURL: "https://m.acme.example/u/AQID_tok-en?a=1&b=2", PreferencesURL: "https://m.acme.example/p/AQID",
	WhyURL: "https://m.acme.example/why/AQID", ViewURL: "https://m.acme.example/v/AQID",
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestCampaignIsAsItWas(t *testing.T) {
	for _, lang := range locale.Languages() {
		c, err := Compile(marchContent(t), setting(lang))
		if err != nil {
			t.Fatal(err)
		}
		subject, page, text := c.Render(&anna)
		golden(t, "march."+lang+".html", page)
		golden(t, "march."+lang+".txt", "Subject: "+subject+"\n\n"+text)
	}
}

func TestBlocksAreStoredAsTheyWereRead(t *testing.T) {
	c := marchContent(t)
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var again Content
	if err := json.Unmarshal(raw, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, again); diff != "" {
		t.Error(diff)
	}
}

func TestMalformedBlocksAreNamedByPath(t *testing.T) {
	for raw, want := range map[string]string{
		`{}`:                                   "blocks",
		`null`:                                 "blocks",
		`[1]`:                                  "blocks[0]",
		`[{}]`:                                 "blocks[0].type",
		`[{"type":"divider"},{"type":"hero"}]`: "blocks[1].type",
		`[{"type":"divider","x":1}]`:           "blocks[0].x",
		`[{"type":"text","text":"a"}]`:         "blocks[0].text",
		`[{"type":"heading","text":"a","level":"1"}]`:                                                           "blocks[0].level",
		`[{"type":"divider"},{"type":"divider"},{"type":"button","label":"a","url":7}]`:                         "blocks[2].url",
		`[{"type":"image","url":"https://a/","alt":null}]`:                                                      "blocks[0].alt",
		`[{"type":"columns","columns":[[{"type":"divider"}],[{"type":"divider"},{"type":"image","src":"x"}]]}]`: "blocks[0].columns[1][1].src",
		`[{"type":"columns","columns":[[{"type":"columns","columns":[]}],[]]}]`:                                 "blocks[0].columns[0][0].type",
		`[{"type":"columns","columns":{}}]`:                                                                     "blocks[0].columns",
		`[{"type":"Heading","text":"a"}]`:                                                                       "blocks[0].type",
	} {
		_, err := Parse([]byte(raw))
		p, ok := problem.As(err)
		if !ok || p.Status != 400 || p.Fields[0].Field != want {
			t.Errorf("%s: %v, want a malformed %s", raw, err, want)
		}
	}
}

func TestInvalidContentIsNamedByPath(t *testing.T) {
	long := strings.Repeat("x", maxMarkdown+1)
	for _, c := range []struct{ blocks, want, detail string }{
		{`[]`, "blocks", "at least one"},
		{`[{"type":"heading","text":" "}]`, "blocks[0].text", "required"},
		{`[{"type":"heading","text":"a","level":7}]`, "blocks[0].level", "between"},
		{`[{"type":"heading","text":"a\u0000b"}]`, "blocks[0].text", "one line"},
		{`[{"type":"heading","text":"a\u2028b"}]`, "blocks[0].text", "one line"},
		{`[{"type":"heading","text":"{{ email }}"}]`, "blocks[0].text", `"email"`},
		{`[{"type":"heading","text":"{{ first_nam }}"}]`, "blocks[0].text", `"first_nam"`},
		{`[{"type":"heading","text":"{{7}}"}]`, "blocks[0].text", `"7"`},
		{`[{"type":"heading","text":"{{ env \"PATH\" }}"}]`, "blocks[0].text", `"env"`},
		{`[{"type":"heading","text":"{{ first_name"}]`, "blocks[0].text", "not closed"},
		{`[{"type":"heading","text":"{{ first_name | there }}"}]`, "blocks[0].text", "double quotes"},
		{`[{"type":"heading","text":"{{ first_name || \"a\" }}"}]`, "blocks[0].text", "double quotes"},
		{`[{"type":"heading","text":"{{ first_name | \"a\\n\" }}"}]`, "blocks[0].text", "double quotes"},
		{`[{"type":"heading","text":"{{ attributes.a b }}"}]`, "blocks[0].text", "attributes.a must end"},
		{`[{"type":"heading","text":"{{ attributes.<b> }}"}]`, "blocks[0].text", "name of an attribute"},
		{`[{"type":"heading","text":"a\udb80\udc00b"}]`, "blocks[0].text", "private Unicode plane"},
		{`[{"type":"text","markdown":""}]`, "blocks[0].markdown", "required"},
		{`[{"type":"text","markdown":"` + long + `"}]`, "blocks[0].markdown", "at most"},
		{`[{"type":"text","markdown":"Hi {{ name }}"}]`, "blocks[0].markdown", `"name"`},
		{`[{"type":"text","markdown":"[a](javascript:alert(1))"}]`, "blocks[0].markdown", "javascript:alert(1)"},
		{`[{"type":"text","markdown":"[a](java&#115;cript:alert(1))"}]`, "blocks[0].markdown", "must begin with"},
		{`[{"type":"text","markdown":"[a](data:text/html,x)"}]`, "blocks[0].markdown", "must begin with"},
		{`[{"type":"text","markdown":"[a](/relative)"}]`, "blocks[0].markdown", "must begin with"},
		{`[{"type":"text","markdown":"[a]({{ attributes.link }})"}]`, "blocks[0].markdown", "where a link leads"},
		{`[{"type":"text","markdown":"[a](https://{{ company }}.example/)"}]`, "blocks[0].markdown", "behind the address"},
		{`[{"type":"text","markdown":"https://acme.example/?c={{ company }}"}]`, "blocks[0].markdown", "[label]"},
		{`[{"type":"text","markdown":"<https://acme.example/?c={{ company }}>"}]`, "blocks[0].markdown", "[label]"},
		{`[{"type":"text","markdown":"![a](https://acme.example/x.png)"}]`, "blocks[0].markdown", "image block"},
		{`[{"type":"text","markdown":"%f3%b0%80%80"}]`, "blocks[0].markdown", "private Unicode plane"},
		{`[{"type":"text","markdown":"` + strings.Repeat("> ", 5000) + `a"}]`, "blocks[0].markdown", "nested"},
		{`[{"type":"text","markdown":"` + strings.Repeat("- ", 5000) + `a"}]`, "blocks[0].markdown", "nested"},
		{`[{"type":"text","markdown":"` + strings.Repeat("<b>", 5000) + `a"}]`, "blocks[0].markdown", "nested"},
		{`[{"type":"text","markdown":"` + strings.Repeat("[a](", 5000) + `a"}]`, "blocks[0].markdown", "brackets"},
		{`[{"type":"image","url":"https://a.example/x.png"}]`, "blocks[0].alt", "required"},
		{`[{"type":"image","url":"https://a.example/x.png","alt":"a","decorative":true}]`, "blocks[0].alt", "decorative"},
		{`[{"type":"image","url":"https://a.example/x.png","decorative":true,"link":"https://a.example"}]`, "blocks[0].decorative", "alt text"},
		{`[{"type":"image","url":"https://a.example/{{ first_name }}.png","alt":"a"}]`, "blocks[0].url", "who opened"},
		{`[{"type":"image","url":"data:image/png;base64,AA==","alt":"a"}]`, "blocks[0].url", "must begin"},
		{`[{"type":"image","url":"cid:1","alt":"a"}]`, "blocks[0].url", "must begin"},
		{`[{"type":"image","url":"mailto:a@b","alt":"a"}]`, "blocks[0].url", "must begin"},
		{`[{"type":"image","url":"https://a.example/x.png","alt":"a","width":9}]`, "blocks[0].width", "between"},
		{`[{"type":"button","label":"","url":"https://a.example"}]`, "blocks[0].label", "required"},
		{`[{"type":"button","label":"a","url":""}]`, "blocks[0].url", "required"},
		{`[{"type":"button","label":"a","url":"JavaScript:alert(1)"}]`, "blocks[0].url", "must begin"},
		{`[{"type":"button","label":"a","url":" https://a.example"}]`, "blocks[0].url", "character"},
		{`[{"type":"button","label":"a","url":"https://a.example\\@b.example"}]`, "blocks[0].url", "character"},
		{`[{"type":"button","label":"a","url":"https://bank.example@evil.example/"}]`, "blocks[0].url", "user name"},
		{`[{"type":"button","label":"a","url":"//a.example"}]`, "blocks[0].url", "must begin"},
		{`[{"type":"button","label":"a","url":"https:///x"}]`, "blocks[0].url", "site"},
		{`[{"type":"button","label":"a","url":"mailto:x"}]`, "blocks[0].url", "address"},
		{`[{"type":"button","label":"a","url":"tel:x"}]`, "blocks[0].url", "number"},
		{`[{"type":"button","label":"a","url":"https://a.example/?u={{ unsubscribe_url }}"}]`, "blocks[0].url", "whole link"},
		{`[{"type":"button","label":"a","url":"https://a.{{ company }}"}]`, "blocks[0].url", "behind the address"},
		{`[{"type":"button","label":"a","url":"mailto:{{ first_name }}@a.example"}]`, "blocks[0].url", "behind the address"},
		{`[{"type":"columns","columns":[[{"type":"divider"}]]}]`, "blocks[0].columns", "two or three"},
		{`[{"type":"columns","columns":[[],[{"type":"button","label":"a","url":"x:y"}]]}]`, "blocks[0].columns[1][0].url", "must begin"},
		{`[{"type":"event","event":""}]`, "blocks[0].event", "required"},
		{`[` + strings.Repeat(`{"type":"divider"},`, maxBlocks) + `{"type":"divider"}]`, "blocks", "at most"},
	} {
		b, err := Parse([]byte(c.blocks))
		if err != nil {
			t.Errorf("%.80s: %v", c.blocks, err)
			continue
		}
		p, ok := problem.As(check(Content{Subject: "s", Blocks: b}))
		if !ok || p.Status != 422 || p.Fields[0].Field != c.want || !strings.Contains(p.Fields[0].Detail, c.detail) {
			t.Errorf("%.80s: %v, want %s to say %q", c.blocks, p, c.want, c.detail)
		}
	}
	ok := Blocks{Divider{}}
	for subject, want := range map[string]string{"": "required", "a\r\nBcc: x": "one line", strings.Repeat("x", 251): "at most", "{{ x }}": `"x"`} {
		p, failed := problem.As(check(Content{Subject: subject, Blocks: ok}))
		if !failed || p.Fields[0].Field != "subject" || !strings.Contains(p.Fields[0].Detail, want) {
			t.Errorf("subject %.20q: %v", subject, p)
		}
	}
}

func TestUncheckedContentDoesNotCompile(t *testing.T) {
	for _, b := range []Block{
		Heading{Text: "{{ x }}"}, Text{Markdown: "{{"}, Text{Markdown: "[a](https://a.example/%f3%B0%80%80)"}, Button{Label: "a", URL: "javascript:alert(1)"}, Image{URL: "data:x", Alt: "a"},
		Image{URL: "https://a.example/a.png", Alt: "a", Link: "javascript:x"}, Event{Event: "unknown"}, Columns{Columns: []Blocks{{Heading{Text: "{{"}}}},
	} {
		if _, err := Compile(Content{Subject: "s", Blocks: Blocks{b}}, setting("en")); err == nil {
			t.Errorf("%#v compiled", b)
		} else if !strings.Contains(err.Error(), "blocks[0]") {
			t.Errorf("%#v: %v does not say where", b, err)
		}
	}
}
