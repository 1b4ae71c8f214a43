package office

import (
	"html"
	"sort"
	"strings"
)

// Bare pages for a frame: they are shown in a sandbox, without scripts.

const frameHead = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>–</title><style>body{font:16px/1.5 system-ui,sans-serif;padding:1.5rem;color-scheme:light dark}pre{white-space:pre-wrap;font:14px/1.5 ui-monospace,monospace}li{margin:.4rem 0}</style></head><body>`

// plain is a mail that has only text.
func plain(text string) string {
	return frameHead + "<pre>" + html.EscapeString(text) + "</pre></body></html>"
}

// said is a sentence in place of a mail.
func said(text string) string {
	return frameHead + "<p>" + html.EscapeString(text) + "</p></body></html>"
}

// faults are why there is no mail to show.
func faults(title string, wrong map[string]string) string {
	var lines []string
	for field, text := range wrong {
		lines = append(lines, "<li><code>"+html.EscapeString(field)+"</code> "+html.EscapeString(text)+"</li>")
	}
	sort.Strings(lines)
	return frameHead + "<p>" + html.EscapeString(title) + "</p><ul>" + strings.Join(lines, "") + "</ul></body></html>"
}
