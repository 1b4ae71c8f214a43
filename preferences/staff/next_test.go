package staff

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Compliance 63.
func TestNextNeverLeavesTheSite(t *testing.T) {
	for _, evil := range []string{
		"", "https://evil.example", "http:evil.example", "//evil.example", "///evil.example", `\\evil.example`, `/\evil.example`, `/\/evil.example`,
		"/%2Fevil.example", "/%2f%2fevil.example", "/%252Fevil.example", "/%25252Fevil.example", "/%5Cevil.example", "/%255Cevil.example",
		"/\t/evil.example", "/\n/evil.example", "/%09/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example",
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "evil.example", "@evil.example", "/..//evil.example", "/.//evil.example",
		"/%0d%0aLocation:%20https://evil.example", "/a\x00b", "/%zz", "?next=x", "#x", "/\u0085/evil", "https:/evil.example", "/a//evil.example/",
		"/" + strings.Repeat("a", 2000),
	} {
		if got := SafeNext(evil, "/home"); got != "/home" {
			t.Errorf("SafeNext(%q) = %q", evil, got)
		}
	}
	for _, good := range []string{"/", "/account", "/campaigns/0192?tab=report&q=a%20b", "/people#add", "/a%20b", "/subscribers?email=a%40b.example&next=https://x.example"} {
		if got := SafeNext(good, "/home"); got != good {
			t.Errorf("SafeNext(%q) = %q", good, got)
		}
	}
}

func TestWhateverNextIsABrowserStaysHere(t *testing.T) {
	base, _ := url.Parse("https://assent.example/sign-in")
	rapid.Check(t, func(t *rapid.T) {
		next := rapid.StringMatching(`[/\\a-z.:@?#%25FfCc0-9\t\n]{0,20}`).Draw(t, "next")
		got := SafeNext(next, "/")
		// What browsers do before they parse: backslashes are slashes, tabs and line breaks are dropped.
		seen := strings.NewReplacer(`\`, "/", "\t", "", "\n", "", "\r", "").Replace(got)
		ref, err := url.Parse(seen)
		if err != nil {
			t.Fatalf("SafeNext(%q) = %q: %v", next, got, err)
		}
		if to := base.ResolveReference(ref); to.Host != base.Host || to.Scheme != base.Scheme {
			t.Fatalf("SafeNext(%q) = %q leads to %s", next, got, to)
		}
	})
}
