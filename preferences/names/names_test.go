package names_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"assent/preferences/names"
	"assent/preferences/problem"
)

func TestKeys(t *testing.T) {
	for _, good := range []string{"a", "7", "newsletter", "product-updates", "a_b", strings.Repeat("x", 64)} {
		if !names.IsKey(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", "-a", "a-", "A", "a b", "a/b", "a.b", "é", "a\n", strings.Repeat("x", 65)} {
		if names.IsKey(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestTheLanguageThatSuitsBest(t *testing.T) {
	all := names.Texts{"en": "Hello", "nl": "Hallo", "pt-BR": "Olá", "ar": "مرحبا"}
	for wanted, want := range map[string]string{
		"nl": "nl", "nl-BE": "nl", "en-GB": "en", "pt": "pt-BR", "pt-PT": "pt-BR", "ar-EG": "ar", "ja": "en", "": "en", "!!": "en",
	} {
		if got := all.Language(wanted); got != want {
			t.Errorf("%q: %q, want %q", wanted, got, want)
		}
	}
	if got := (names.Texts{"nl": "Hallo"}).In("fr"); got != "Hallo" {
		t.Errorf("the only text is not used: %q", got)
	}
	if got := (names.Texts{}).In("en"); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestTheLanguageThatABrowserAsksFor(t *testing.T) {
	all := names.Texts{"en": "Hello", "nl": "Hallo", "ar": "مرحبا"}
	for header, want := range map[string]string{
		"ja,nl-BE;q=0.8,en;q=0.5": "nl", "ar-EG": "ar", "ja": "en", "": "en", ";;;": "en", "en;q=0.1,nl;q=0.9": "nl", strings.Repeat("nl,", 200): "en",
	} {
		if got := all.Accept(header); got != want {
			t.Errorf("%.30q: %q, want %q", header, got, want)
		}
	}
}

func TestBadTextsAreNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		texts names.Texts
		field string
	}{
		"none":       {nil, "names"},
		"tag":        {names.Texts{"not a tag": "x"}, "names"},
		"underscore": {names.Texts{"pt_BR": "x"}, "names"},
		"empty":      {names.Texts{"en": " "}, "names.en"},
		"two lines":  {names.Texts{"en": "a\r\nBcc: x"}, "names.en"},
		"separator":  {names.Texts{"en": "a\u2028b"}, "names.en"},
		"long":       {names.Texts{"en": strings.Repeat("é", 201)}, "names.en"},
	} {
		var c problem.Collector
		tt.texts.Check(&c, "names")
		p, ok := problem.As(c.Err())
		if !ok || p.Fields[0].Field != tt.field {
			t.Errorf("%s: %v", name, c.Err())
		}
	}
	var c problem.Collector
	names.Texts{"en": strings.Repeat("é", 200), "zh-Hant": "名"}.Check(&c, "names")
	if err := c.Err(); err != nil {
		t.Error(err)
	}
}

func TestStoredTextsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := names.Texts(rapid.MapOf(rapid.SampledFrom([]string{"en", "nl", "ar"}), rapid.StringN(0, 20, -1)).Draw(t, "texts"))
		out, err := names.Read(in.Text())
		if err != nil {
			t.Fatal(err)
		}
		if len(out) != len(in) {
			t.Fatalf("%v became %v", in, out)
		}
		for tag, text := range in {
			if out[tag] != text {
				t.Fatalf("%q became %q", text, out[tag])
			}
		}
	})
}

func TestLinks(t *testing.T) {
	for link, good := range map[string]bool{
		"https://acme.example/x?y=1#z": true, "http://acme.example": true, "https://[2001:db8::1]/": true,
		"": false, "/x": false, "acme.example": false, "javascript:alert(1)": false, "https://": false, "https:///x": false, "https://a b": false,
		"https://user:pw@acme.example/": false, "https://a.example/\"x": false, "https://a.example\\@evil.example": false, "mailto:a@b.example": false,
		"https://a.example/" + strings.Repeat("x", 2000): false, "https://a.example/\r\nx": false,
	} {
		var c problem.Collector
		if names.CheckLink(&c, "url", link); (c.Err() == nil) != good {
			t.Errorf("%.60q: %v", link, c.Err())
		}
	}
}
