package tokens

import (
	"strings"
	"testing"
)

// Compliance 59: tokens never reach a log.
func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		"/":                                  "/",
		"/u/abc":                             "/u/[redacted]",
		"/u/":                                "/u/",
		"/p/abc?x=1":                         "/p/[redacted]?x=1",
		"/why/abc/more":                      "/why/[redacted]/more",
		"/c/abc#x":                           "/c/[redacted]#x",
		"/u/abc%2Fdef.ghi=":                  "/u/[redacted]",
		"POST https://a.example/u/abc":       "POST https://a.example/u/[redacted]",
		`"https://a.example/v/abc": 1`:       `"https://a.example/v/[redacted]": 1`,
		"/u/a /p/b":                          "/u/[redacted] /p/[redacted]",
		"/subscribe/newsletter":              "/subscribe/newsletter",
		"/api/v1/subscribers/" + subscriber:  "/api/v1/subscribers/" + subscriber,
		"sha256 " + strings.Repeat("0a", 32): "sha256 " + strings.Repeat("0a", 32),
	} {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRedactFindsEveryToken(t *testing.T) {
	r := ring(t, "a:"+secretA)
	for _, p := range all {
		tok, local := r.Sign(p, Claims{}), r.SignLocal(p, subscriber, campaign)
		for _, line := range []string{"/" + string(p) + "/" + tok, "token=" + tok, "<" + local + "@bounce.example>", "/u%2F" + tok, tok} {
			if got := Redact(line); strings.Contains(got, tok) || strings.Contains(got, local) {
				t.Errorf("Redact(%q) = %q", line, got)
			}
		}
	}
}

func FuzzRedact(f *testing.F) {
	r := ring(f, "a:"+secretA)
	tok := r.Sign(Preferences, full)
	f.Add("GET /", " 200")
	f.Add("/u/", "")
	f.Fuzz(func(t *testing.T, before, after string) {
		if got := Redact(before + tok + after); strings.Contains(got, tok) {
			t.Fatalf("%q still holds the token", got)
		}
	})
}
