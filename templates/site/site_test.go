package site

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"assent/templates/locale"
	"assent/templates/pagetest"

	"golang.org/x/net/html"
)

func asIs(s string) string { return s }

// maxPage is what a page may weigh (issue: no page over 200 KB, with its style sheet and scripts).
const maxPage = 120 << 10

func TestEveryPageInEveryLanguage(t *testing.T) {
	for _, tag := range []string{"en", "nl", "de", "ar"} {
		for name, c := range gallery(tag, asIs) {
			page := pagetest.Render(t, c)
			pagetest.Check(t, tag+"/"+name, page, false)
			if want := `<html lang="` + tag + `" dir="` + locale.Get(tag).Dir() + `">`; !strings.Contains(page, want) {
				t.Errorf("%s/%s lacks %s", tag, name, want)
			}
			if len(page) > maxPage {
				t.Errorf("%s/%s has %d bytes", tag, name, len(page))
			}
		}
	}
}

func TestHostileValuesComeOutAsText(t *testing.T) {
	for _, bad := range pagetest.Hostile {
		for name, c := range gallery("en", func(string) string { return bad }) {
			page := pagetest.Render(t, c)
			pagetest.Check(t, name, page, true)
			root, err := html.Parse(strings.NewReader(page))
			if err != nil {
				t.Fatal(err)
			}
			for n := range root.Descendants() {
				if n.Type == html.ElementNode && (n.Data == "script" && !strings.HasPrefix(attr(n, "src"), "/assets/") || n.Data == "img" && !strings.HasPrefix(attr(n, "src"), "/media/") || strings.Contains(n.Data, "onload")) {
					t.Errorf("%s: %q made a <%s>", name, bad, n.Data)
				}
			}
		}
	}
}

// A form without the token would be refused by the server, or worse, taken.
func TestEveryFormThatChangesSomethingHasTheToken(t *testing.T) {
	for name, c := range gallery("en", asIs) {
		root, err := html.Parse(strings.NewReader(pagetest.Render(t, c)))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if n.Data != "form" || attr(n, "method") != "post" {
				continue
			}
			found := false
			for k := range n.Descendants() {
				found = found || k.Data == "input" && attr(k, "name") == "csrf" && attr(k, "value") == "csrf-token"
			}
			if !found {
				t.Errorf("%s: the form to %s has no token", name, attr(n, "action"))
			}
		}
	}
}

// Whoever is asked before something happens can also say no: Escape is not on every keyboard.
func TestEveryQuestionCanBeLeft(t *testing.T) {
	pages := gallery("en", asIs)
	maps.Copy(pages, staffGallery("en", asIs))
	asked := 0
	for name, c := range pages {
		root, err := html.Parse(strings.NewReader(pagetest.Render(t, c)))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if attr(n, "role") != "dialog" || attr(n, "id") == "finder" { // which opens and closes by keys alone
				continue
			}
			asked++
			found := false
			for k := range n.Descendants() {
				found = found || attr(k, "popovertargetaction") == "hide" && attr(k, "popovertarget") == attr(n, "id") && k.FirstChild != nil && strings.TrimSpace(k.FirstChild.Data) != ""
			}
			if !found {
				t.Errorf("%s: %s cannot be left", name, attr(n, "id"))
			}
		}
	}
	if asked < 10 {
		t.Errorf("only %d questions in the gallery", asked)
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func TestNavShowsWhatIsAllowed(t *testing.T) {
	l := locale.Get("en")
	groups := Nav(l, func(key string) bool { return key == NavHome || key == NavRequests }, map[string]string{NavRequests: "2"})
	if len(groups) != 2 || len(groups[1].Items) != 1 || groups[1].Items[0] != (NavItem{NavRequests, "Data requests", "/admin/requests", "2"}) {
		t.Errorf("%+v", groups)
	}
	if n := len(Nav(l, nil, nil)); n != len(navGroups) {
		t.Errorf("%d groups", n)
	}
}

func TestFramesComeFromThisHost(t *testing.T) {
	for _, url := range []string{"https://evil.example/", "//evil.example/", `/\evil.example/`, "javascript:alert(1)", "data:text/html,x"} {
		p := samplePage("en", asIs)
		if page := pagetest.Render(t, Mail(MailView{Page: p, FrameURL: url})); strings.Contains(page, "<iframe") {
			t.Errorf("%q is framed", url)
		}
	}
}

func TestPagesInABrowser(t *testing.T) {
	pages := map[string]string{}
	for _, tag := range []string{"en", "nl", "ar"} {
		for name, c := range gallery(tag, asIs) {
			pages[tag+"/"+name] = pagetest.Render(t, c)
		}
	}
	pagetest.Browse(t, ContentPolicy, pages)
}

// parts are shown within pages of the gallery, or are put into one by a script.
var parts = []string{"CampaignProgress", "EditChecks", "HomeRuns", "ImportProgress", "Layout", "MediaPick", "RuleBuilder", "RuleCount"}

// Every page that this package can draw is in the gallery, and with it looked at in a browser in light and dark, wide and narrow.
func TestEveryPageIsInTheGallery(t *testing.T) {
	read := func(pattern string) (out string) {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, "_test.go") == strings.HasSuffix(pattern, "_test.go") && !strings.HasSuffix(name, "_templ.go") {
				out += string(text)
			}
		}
		return out
	}
	gallery, found := read("*_test.go"), 0
	for _, m := range regexp.MustCompile(`(?m)^(?:templ ([A-Z]\w+)\(|func ([A-Z]\w+)\(.*\) templ\.Component \{)`).FindAllStringSubmatch(read("*.go")+read("*.templ"), -1) {
		name := m[1] + m[2]
		if found++; !slices.Contains(parts, name) && !regexp.MustCompile(`\b`+name+`\(`).MatchString(gallery) {
			t.Errorf("%s is not in the gallery", name)
		}
	}
	if found < 70 {
		t.Errorf("only %d pages were found", found)
	}
}
