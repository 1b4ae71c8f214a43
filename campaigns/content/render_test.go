package content

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"assent/templates/mail"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

// straight renders a person's values through the components, without compiling: the message is built for this one
// person and templ escapes what it is given.
func straight(t testing.TB, c Content, s Setting, p *Person) (subject, page, text string) {
	t.Helper()
	var m marks
	msg, err := m.message(c, s)
	if err != nil {
		t.Fatal(err)
	}
	fill := func(text string) string {
		var b strings.Builder
		for {
			lit, u, rest, ok := m.next(text)
			b.WriteString(lit)
			if !ok {
				return b.String()
			}
			b.Write(appendValue(nil, p.value(&u.ref), textPart, u.place))
			text = rest
		}
	}
	msg = deepFill(reflect.ValueOf(msg), fill).Interface().(mail.Message)
	if page, err = msg.HTML(); err != nil {
		t.Fatal(err)
	}
	return msg.Subject, page, msg.Text()
}

// deepFill copies a value with f applied to every string in it.
func deepFill(v reflect.Value, f func(string) string) reflect.Value {
	switch v.Kind() {
	case reflect.String:
		return reflect.ValueOf(f(v.String())).Convert(v.Type())
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		out := reflect.New(v.Type()).Elem()
		out.Set(deepFill(v.Elem(), f))
		return out
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(deepFill(v.Index(i), f))
		}
		return out
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			if out.Field(i).CanSet() {
				out.Field(i).Set(deepFill(v.Field(i), f))
			}
		}
		return out
	}
	return v
}

func same(t interface {
	Helper()
	Errorf(string, ...any)
}, what, want, got string) {
	t.Helper()
	if want != got {
		t.Errorf("%s differs (-straight +filled):\n%s", what, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
	}
}

// Compiling once and filling in gives byte for byte what rendering for that person alone gives.
func TestFillingEqualsRendering(t *testing.T) {
	c, s := marchContent(t), setting("de")
	compiled, err := Compile(c, s)
	if err != nil {
		t.Fatal(err)
	}
	value := rapid.OneOf(rapid.String(), rapid.SampledFrom(append(hostile, "", " ", strings.Repeat("word ", 30), strings.Repeat("語", 100), "Anna")))
	rapid.Check(t, func(t *rapid.T) {
		p := anna
		p.FirstName, p.LastName, p.Company = value.Draw(t, "first"), value.Draw(t, "last"), value.Draw(t, "company")
		p.Country = value.Draw(t, "country")
		p.Attributes = map[string]string{"plan": value.Draw(t, "plan"), "quote": value.Draw(t, "quote")}
		subject, page, text := compiled.Render(&p)
		wantSubject, wantPage, wantText := straight(&testing.T{}, c, s, &p)
		same(t, "subject", wantSubject, subject)
		same(t, "HTML", wantPage, page)
		same(t, "text", wantText, text)
		for _, line := range strings.Split(text, "\n") {
			if len([]rune(line)) > mail.TextWidth && strings.Contains(strings.TrimLeft(line, "> 0123456789.-"), " ") {
				t.Errorf("line of %d characters: %q", len([]rune(line)), line)
			}
		}
	})
}

var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `--><script>alert(1)</script>`, `]]>`, `</title><script>`,
	`{{env "PATH"}}`, `{{7}}`, `{{ first_name }}`, `{{ unsubscribe_url }}`, `{first_name}`, `{brand}`, `%s%d%n`, `$1 \1`, `*bold* _it_ [a](javascript:alert(1)) ![x](http://x/)`,
	`javascript:alert(1)`, "a\r\nBcc: victim@example.com", "a\nb", "a\u2028b\u2029c", "a\x00b", "a\u0085b", "\u202eevil\u202c", "\xff\xfe\xf3\xb0", "\U000F0000\U000F0001", "%F3%B0%80%80",
	`&lt;b&gt; &amp; &#39;`, `\u003cscript\u003e`, "`code`", "> quote", "# title", "- item", `=cmd|' /C calc'!A0`, "../../etc/passwd", "?a=b&c=d#e", "Zoë Åström 😀 مرحبا",
}

// Nothing that a person's data contains is evaluated, becomes markup, ends a line or moves a link (compliance 60, 61).
func TestHostileValuesAreOnlyInserted(t *testing.T) {
	compiled, err := Compile(marchContent(t), setting("en"))
	if err != nil {
		t.Fatal(err)
	}
	_, cleanPage, cleanText := compiled.Render(&anna)
	shape := skeleton(t, cleanPage)
	for _, h := range hostile {
		p := anna
		p.FirstName, p.LastName, p.Company, p.Country = h, h, h, h
		p.Attributes = map[string]string{"plan": h, "quote": h}
		subject, page, text := compiled.Render(&p)
		if strings.ContainsAny(subject, "\r\n\x00\u2028\u2029\u0085") {
			t.Errorf("%q: subject %q has a line break", h, subject)
		}
		if diff := cmp.Diff(shape, skeleton(t, page)); diff != "" {
			t.Errorf("%q changed the elements or where links lead:\n%s", h, diff)
		}
		if !strings.HasSuffix(subject, ": what is new") {
			t.Errorf("%q: subject %q", h, subject)
		}
		if n := strings.Count(text, "https://m.acme.example/u/"); n != strings.Count(cleanText, "https://m.acme.example/u/") {
			t.Errorf("%q: the link field was evaluated: %d times", h, n)
		}
		if strings.HasPrefix(h, "{") && (!strings.HasPrefix(subject, h) || !strings.Contains(html.UnescapeString(page), "Hello "+h+", this")) {
			t.Errorf("%q did not stay literal: %q", h, subject)
		}
		if strings.ContainsFunc(strings.NewReplacer("\n", "").Replace(text), breaks) {
			t.Errorf("%q: control characters in the text part", h)
		}
	}
}

// skeleton is the page's elements, their attributes' names and the start of every link.
func skeleton(t *testing.T, page string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	var visit func(n *html.Node)
	visit = func(n *html.Node) {
		switch n.Type {
		case html.ElementNode:
			s := n.Data
			for _, a := range n.Attr {
				s += " " + a.Key
				if a.Key == "href" || a.Key == "src" {
					s += "=" + a.Val[:min(len(a.Val), 20)]
				}
			}
			out = append(out, s)
		case html.CommentNode:
			out = append(out, "<!--"+n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
	}
	visit(root)
	return out
}

func TestFallbackStandsWhereThereIsNoValue(t *testing.T) {
	compiled, err := Compile(Content{Subject: `{{ first_name | "dear \"reader\"" }}{{ attributes.x }}`, Blocks: Blocks{Heading{Text: `{{company|"C"}}`}}}, setting("en"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"": `dear "reader"`, "  ": `dear "reader"`, "Bo": "Bo"} {
		subject, _, text := compiled.Render(&Person{FirstName: name})
		if subject != want || !strings.HasPrefix(text, "C\n") {
			t.Errorf("name %q: %q %.5q", name, subject, text)
		}
	}
}

func TestReservedCharactersOfOthersNeverBecomeFields(t *testing.T) {
	s := setting("en")
	s.Brand.Name, s.Footer.Topic, s.Brand.PostalAddress = "\U000F0000", "\U000F0001", "\U000F0000 1"
	c := Content{Subject: "{{ first_name }}", Preheader: "{{ company }}", Blocks: Blocks{Divider{}, Heading{Text: "\U000F0000"}, Text{Markdown: "\U000F0000"}}}
	compiled, err := Compile(c, s)
	if err != nil {
		t.Fatal(err)
	}
	_, page, text := compiled.Render(&Person{FirstName: "SECRET"})
	if strings.Count(page, "SECRET") != 1 || strings.Contains(text, "SECRET") { // once: the title
		t.Errorf("the name stands %d times in the HTML, text:\n%s", strings.Count(page, "SECRET"), text)
	}
}

func TestFooterLinksAreTheirs(t *testing.T) {
	c := Content{Subject: "s", Blocks: Blocks{Divider{}}}
	for class, want := range map[mail.Class]int{mail.Marketing: 1, mail.Research: 1, mail.Service: 0, mail.Notice: 0} {
		s := setting("en")
		s.Footer.Class = class
		compiled, err := Compile(c, s)
		if err != nil {
			t.Fatal(err)
		}
		_, page, text := compiled.Render(&anna)
		if n := strings.Count(text, anna.UnsubscribeURL); n != want {
			t.Errorf("class %d: %d unsubscribe links in the text", class, n)
		}
		if n := strings.Count(page, html.EscapeString(anna.UnsubscribeURL)); n != want {
			t.Errorf("class %d: %d unsubscribe links in the HTML", class, n)
		}
		if n := strings.Count(text, anna.WhyURL) + strings.Count(text, anna.ViewURL); n != 2*want {
			t.Errorf("class %d: %d links that nobody asked for", class, n)
		}
	}
	s := setting("en")
	s.Footer = mail.Footer{Class: mail.Notice, Obligation: "contract", WhyURL: "{{ why_url }}"}
	compiled, err := Compile(c, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, text := compiled.Render(&anna); !strings.Contains(text, anna.WhyURL) {
		t.Error("a link that a notice asks for is not filled in")
	}
}

func TestCompiledIsShared(t *testing.T) {
	compiled, err := Compile(marchContent(t), setting("en"))
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := compiled.Render(&anna)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, got, _ := compiled.Render(&anna); got != want {
					t.Error("another mail")
					return
				}
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff([]string{"plan", "quote"}, compiled.Attributes()); diff != "" {
		t.Error(diff)
	}
	if got := compiled.Size(); got < len(want)-400 || got > len(want)+400 {
		t.Errorf("Size %d of a page of %d bytes", got, len(want))
	}
	if got := Plain(compiled.Subject); got != "{{ first_name }}: what is new" {
		t.Errorf("Plain = %q", got)
	}
}

func BenchmarkCompile(b *testing.B) {
	c, s := marchContent(b), setting("en")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(c, s); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFill is the work per person: subject, HTML and text of about 14 KB with 22 fields.
func BenchmarkFill(b *testing.B) {
	compiled, err := Compile(marchContent(b), setting("en"))
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = Append(buf[:0], compiled.Subject, &anna)
		buf = Append(buf, compiled.HTML, &anna)
		buf = Append(buf, compiled.Text, &anna)
		b.SetBytes(int64(len(buf)))
	}
}

// BenchmarkStraight is what rendering for each person anew costs.
func BenchmarkStraight(b *testing.B) {
	c, s := marchContent(b), setting("en")
	for b.Loop() {
		straight(b, c, s, &anna)
	}
}
