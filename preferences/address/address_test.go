package address

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Address
	}{
		{"jan@example.com", Address{Local: "jan", Domain: "example.com", Display: "jan@example.com", Key: "jan@example.com"}},
		{"  Jan.Jansen+news@EXAMPLE.com ", Address{Local: "Jan.Jansen+news", Domain: "example.com", Display: "Jan.Jansen+news@example.com", Key: "jan.jansen+news@example.com"}},
		{"o'neil/x=y@example.com", Address{Local: "o'neil/x=y", Domain: "example.com", Display: "o'neil/x=y@example.com", Key: "o'neil/x=y@example.com"}},
		{"a@localhost", Address{Local: "a", Domain: "localhost", Display: "a@localhost", Key: "a@localhost"}},
		{"a@127.0.0.1", Address{Local: "a", Domain: "127.0.0.1", Display: "a@127.0.0.1", Key: "a@127.0.0.1"}},
		{"a@r3---sn.example", Address{Local: "a", Domain: "r3---sn.example", Display: "a@r3---sn.example", Key: "a@r3---sn.example"}},
		// Compliance 13: an IDN goes out as its A-label, and both spellings have one key.
		{"info@Bücher.example", Address{Local: "info", Domain: "xn--bcher-kva.example", Display: "info@bücher.example", Key: "info@xn--bcher-kva.example"}},
		{"info@XN--BCHER-KVA.example", Address{Local: "info", Domain: "xn--bcher-kva.example", Display: "info@bücher.example", Key: "info@xn--bcher-kva.example"}},
		{"info@bu\u0308cher.example", Address{Local: "info", Domain: "xn--bcher-kva.example", Display: "info@bücher.example", Key: "info@xn--bcher-kva.example"}},
		{"a@faß.de", Address{Local: "a", Domain: "xn--fa-hia.de", Display: "a@faß.de", Key: "a@xn--fa-hia.de"}},
		{"a@例え。テスト", Address{Local: "a", Domain: "xn--r8jz45g.xn--zckzah", Display: "a@例え.テスト", Key: "a@xn--r8jz45g.xn--zckzah"}},
		// A local part beyond ASCII needs SMTPUTF8, and is composed.
		{"Jo\u0308rg@example.com", Address{Local: "Jörg", Domain: "example.com", Display: "Jörg@example.com", Key: "jörg@example.com", NeedsSMTPUTF8: true}},
	} {
		got, err := Parse(c.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", c.in, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Parse(%q):\n%s", c.in, diff)
		}
	}
}

// One address in either case and either composition has one key: H and J have no
// composed capitals with these marks, their small letters do.
func TestKeyFoldsCaseAndComposition(t *testing.T) {
	for _, same := range [][]string{
		{"JAN@example.com", "jan@EXAMPLE.com"},
		{"H\u0331@example.com", "h\u0331@example.com", "\u1e96@example.com"},
		{"J\u030c@example.com", "\u01f0@example.com"},
		{"ÅSA@example.com", "a\u030asa@example.com", "\u212bsa@example.com"},
	} {
		first, err := Parse(same[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range same[1:] {
			if a, err := Parse(s); err != nil || a.Key != first.Key {
				t.Errorf("%q has key %q, %q has %q, %v", same[0], first.Key, s, a.Key, err)
			}
		}
	}
}

func TestStringIsTheWireForm(t *testing.T) {
	a, err := Parse("Info@bücher.example")
	if err != nil || a.String() != "Info@xn--bcher-kva.example" {
		t.Errorf("got %q, %v", a, err)
	}
	if s := (Address{}).String(); s != "" {
		t.Errorf("the zero address reads %q", s)
	}
}

// Compliance 18: line breaks, NUL, U+2028, second addresses and SMTP parameters.
func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		"", " ", "@", "jan", "jan@", "@example.com", "a@@b.example", "a@b@c.example",
		"a@b.example\r\nBcc: x@y.example", "a@b.example\n", "\na@b.example", "a\r@b.example", "a@b.example\x00", "a\x00@b.example",
		"a\u2028@b.example", "a@b\u2028.example", "a\u2029@b.example", "a\u0085@b.example", "a\t@b.example", "a@b.example\t", "a\x7f@b.example",
		`"a@b> ORCPT=x"@t`, `"a b"@t.example`, `""@t.example`, `"a"@t.example`, `a"b@t.example`, `a\b@t.example`,
		"<a@b.example>", "Jan <a@b.example>", "a@b.example>", "a>ORCPT=x@b.example", "a@b.example ORCPT=x", "a b@c.example",
		"a(comment)@b.example", "a@b.example(comment)", "@route:a@b.example", "a,b@c.example", "a;b@c.example", "a:b@c.example", "a[b@c.example",
		".a@b.example", "a.@b.example", "a..b@c.example",
		"a@.example", "a@b..example", "a@b.example.", "a@b.example。", "a@.", "a@-b.example", "a@b-.example", "a@b_c.example", "a@b c.example", "a@[127.0.0.1]", "a@[IPv6:::1]", "a@b/c.example", "a@b%c.example",
		"a@xn--.example", "a@xn--a.example", "a@xn--\u00e9.example",
		"a\u200b@b.example", "a\u202e@b.example", "a\ufeff@b.example", "a\u00a0@b.example", "a\ufe0f@b.example",
		"a@\xff.example", "\xff@b.example", "a\ufffd@b.example",
		strings.Repeat("a", 65) + "@b.example",
		strings.Repeat("é", 33) + "@b.example",
		"a@" + strings.Repeat("b", 64) + ".example",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 93) + "example", // 258
		strings.Repeat("a", 5000) + "@b.example",
	} {
		if a, err := Parse(in); err == nil {
			t.Errorf("Parse(%q) = %+v, want an error", in, a)
		} else if !errors.Is(err, ErrInvalid) || a != (Address{}) {
			t.Errorf("Parse(%q) = %+v, %v; want the zero address and ErrInvalid", in, a, err)
		}
	}
}

func TestParseTakesTheLongestAddress(t *testing.T) {
	in := strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 91) + "example" // 254
	if len(in) != 254 {
		t.Fatalf("the test's address has %d bytes", len(in))
	}
	if _, err := Parse(in); err != nil {
		t.Error(err)
	}
	if _, err := Parse(in + "x"); err == nil {
		t.Error("255 bytes are accepted")
	}
}

func TestErrorsDoNotRepeatTheInput(t *testing.T) {
	_, err := Parse("secret-person@exa mple")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

// Compliance 69: plus tags are folded for limits only.
func TestFoldPlus(t *testing.T) {
	for in, want := range map[string]string{
		"jan+a@example.com":     "jan@example.com",
		"jan+a+b@example.com":   "jan@example.com",
		"jan@example.com":       "jan@example.com",
		"+jan@example.com":      "+jan@example.com",
		"jan@ex+ample.com":      "jan@ex+ample.com",
		"not an address+really": "not an address+really",
		"":                      "",
	} {
		if got := FoldPlus(in); got != want {
			t.Errorf("FoldPlus(%q) = %q, want %q", in, got, want)
		}
	}
	a, _ := Parse("jan+a@example.com")
	b, _ := Parse("jan@example.com")
	if a.Key == b.Key {
		t.Error("the keys of two addresses are the same")
	}
}

// Compliance 18: what could end a header line is refused.
func TestHeaderSafe(t *testing.T) {
	for _, ok := range []string{"", "Jan Jansen", "Ünï 😀 عربى", "a, b; \"c\" <d>", "\ufffd", "right\u200fto\u200eleft"} {
		if err := HeaderSafe(ok); err != nil {
			t.Errorf("HeaderSafe(%q): %v", ok, err)
		}
	}
	for _, bad := range []string{"a\r\nBcc: x", "a\n", "\r", "a\x00b", "\x1b[0m", "\t", "\x7f", "\u0080", "\u0085", "a\u2028b", "a\u2029b", "\xff", "a\xc3"} {
		if err := HeaderSafe(bad); !errors.Is(err, ErrUnsafeHeader) {
			t.Errorf("HeaderSafe(%q) = %v", bad, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"jan@example.com", "İ@example.com", "info@bücher.example", "a@例え。テスト", `"a@b> ORCPT=x"@t`, "a@b.example\r\n", "ͅ@b.example", "Σ.ς@b.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		wire := a.String()
		if len(wire) > 254 || strings.ContainsAny(wire, "\r\n\x00\t <>()[]\\,;:\"\u2028\u2029\u0085") || strings.Count(wire, "@") != 1 {
			t.Fatalf("Parse(%q) gives the unsafe address %q", s, wire)
		}
		if HeaderSafe(wire) != nil || HeaderSafe(a.Display) != nil || !utf8.ValidString(a.Key) {
			t.Fatalf("Parse(%q) gives what a header may not hold: %+v", s, a)
		}
		if a.Domain != strings.ToLower(a.Domain) || !ascii(a.Domain) {
			t.Fatalf("Parse(%q): the domain %q is not a lower-case A-label", s, a.Domain)
		}
		for _, form := range []string{wire, a.Key, a.Display} {
			b, err := Parse(form)
			if err != nil || b.Key != a.Key {
				t.Fatalf("Parse(%q) has key %q, but its form %q reads %+v, %v", s, a.Key, form, b, err)
			}
		}
	})
}

func FuzzHeaderSafe(f *testing.F) {
	f.Add("a\r\nb")
	f.Add("Ünï")
	f.Fuzz(func(t *testing.T, s string) {
		bad := strings.ContainsAny(s, "\r\n\x00\u2028\u2029\u0085") || !utf8.ValidString(s)
		if bad && HeaderSafe(s) == nil {
			t.Fatalf("%q is taken as safe", s)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("Jan.Jansen@example.com"); err != nil {
			b.Fatal(err)
		}
	}
}
