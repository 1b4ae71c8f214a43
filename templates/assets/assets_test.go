package assets

import (
	"compress/gzip"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

func get(t *testing.T, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

func TestEveryFileIsServedForEver(t *testing.T) {
	for name := range bundles {
		w := get(t, "GET", URL(name))
		if w.Code != 200 || w.Body.Len() != Size(name) || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d, %d bytes, %v", name, w.Code, w.Body.Len(), w.Header())
		}
		zipped := get(t, "GET", URL(name), "Accept-Encoding", "br, gzip")
		r, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if body, err := io.ReadAll(r); err != nil || string(body) != w.Body.String() {
			t.Errorf("%s: compressed is another text", name)
		}
		if head := get(t, "HEAD", URL(name)); head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") == "" {
			t.Errorf("%s: HEAD %d", name, head.Code)
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	for _, path := range []string{
		"/assets/", "/assets/staff.css", "/assets/staff.000000000000.css", "/assets/../assets.go", "/assets/files/tokens.css", "/assets/htmx.LICENSE",
		"/assets/brand/.css", "/assets/brand/0A674D.css", "/assets/brand/0a674d", "/assets/brand/fff.css", "/assets/brand/zzzzzz.css", "/assets/brand/0a674d}.css", "/assets/brand/-a674d.css",
	} {
		if w := get(t, "GET", path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := get(t, "POST", URL("staff.css")); w.Code != 405 {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestBrandColourIsAlwaysLegible(t *testing.T) {
	for _, color := range []string{"#000", "#fff", "#ffff00", "#0a674d", "#ff0000", "#00ff00", "#0000ff", "#808080", "#FFB6C1", "#123456"} {
		url := BrandURL(color)
		w := get(t, "GET", url)
		if w.Code != 200 || w.Header().Get("Content-Type") != "text/css; charset=utf-8" {
			t.Fatalf("%s: %d", url, w.Code)
		}
		light, dark, ok := strings.Cut(w.Body.String(), "@media")
		if !ok {
			t.Fatalf("%s: no dark scheme", color)
		}
		for sheet, ground := range map[string]rgb{light: lightGround, dark: darkGround} {
			v := values(t, sheet)
			for _, pair := range [][2]rgb{{v["--accent"], ground}, {v["--on-accent"], v["--accent"]}, {v["--on-accent"], v["--accent-strong"]}, {v["--on-accent-soft"], v["--accent-soft"]}, {v["--accent-strong"], ground}} {
				if c := contrast(pair[0], pair[1]); c < minContrast {
					t.Errorf("%s: #%s on #%s has %.2f", color, pair[0].hex(), pair[1].hex(), c)
				}
			}
		}
	}
	for _, bad := range []string{"", "red", "#12", "#1234567", "#+12345", "url(x)", "#12345g", "0a674d", "#0a674d;}"} {
		if url := BrandURL(bad); url != "" {
			t.Errorf("BrandURL(%q) = %q", bad, url)
		}
	}
}

func values(t *testing.T, sheet string) map[string]rgb {
	t.Helper()
	out := map[string]rgb{}
	_, body, _ := strings.Cut(sheet, ":root {")
	for _, decl := range strings.Split(strings.Trim(body, " }\n"), ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(decl), ": ")
		if c, valid := parse(value); ok && valid {
			out[name] = c
		}
	}
	if len(out) != 6 {
		t.Fatalf("%d colours in %q", len(out), sheet)
	}
	return out
}
