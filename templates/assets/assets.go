// Package assets holds the style sheets, the scripts and the mark of the pages, in the binary.
// Each file is served under a name that carries a hash of its content, so that a browser may keep it for ever.
// A brand's colour becomes a style sheet of its own (see BrandURL), so that pages need no inline style.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// Prefix is where Handler wants to be mounted.
const Prefix = "/assets/"

//go:embed files
var files embed.FS

// bundles lists what each served file is made of. Recipients get one sheet, staff another.
var bundles = map[string][]string{
	"recipient.css": {"tokens.css", "base.css", "recipient.css"},
	"staff.css":     {"tokens.css", "base.css", "staff.css", "editor.css"},
	"htmx.js":       {"htmx.min.js"},
	"passkey.js":    {"passkey.js"},
	"live.js":       {"live.js"},
	"keys.js":       {"keys.js"},
	"sortable.js":   {"sortable.min.js"},
	"editor.js":     {"editor/blocks.js", "editor/order.js", "editor/history.js", "editor/save.js", "editor/text.js", "editor/look.js", "editor/media.js", "editor/start.js"},
	"check.js":      {"check.js"},
	"icon.svg":      {"icon.svg"},
}

var types = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

type asset struct {
	name, url, contentType string
	body                   []byte
	zipped                 func() []byte
}

var byName, byURL = load()

func load() (map[string]*asset, map[string]*asset) {
	names, urls := map[string]*asset{}, map[string]*asset{}
	for name, parts := range bundles {
		var body bytes.Buffer
		for _, part := range parts {
			data, err := files.ReadFile("files/" + part)
			if err != nil {
				panic(fmt.Sprintf("assets: %s: %v", part, err))
			}
			body.Write(data)
		}
		sum := sha256.Sum256(body.Bytes())
		ext := path.Ext(name)
		a := &asset{
			name: name, contentType: types[ext], body: body.Bytes(),
			url: Prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
		}
		a.zipped = sync.OnceValue(func() []byte { return zip(a.body) })
		names[name], urls[a.url] = a, a
	}
	return names, urls
}

func zip(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = w.Write(body)
	_ = w.Close()
	return out.Bytes()
}

// URL returns the address of a served file, such as "/assets/staff.1f2e3d4c5b6a.css".
// It panics for a name that does not exist: names are constants of the pages, and their tests render every page.
func URL(name string) string {
	a, ok := byName[name]
	if !ok {
		panic("assets: no file " + strconv.Quote(name))
	}
	return a.url
}

// Size returns the length of a served file in bytes before compression.
func Size(name string) int {
	if a, ok := byName[name]; ok {
		return len(a.body)
	}
	return 0
}

// Handler serves everything below Prefix.
func Handler() http.Handler { return http.HandlerFunc(serve) }

func serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	a, ok := byURL[r.URL.Path]
	if !ok {
		a, ok = brandSheet(r.URL.Path)
	}
	if !ok {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	body, h := a.body, w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	if a.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body = a.zipped()
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}
