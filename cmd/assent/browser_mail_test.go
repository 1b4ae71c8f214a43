package main

import (
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"assent/workers/mailbox"
)

// letter is one mail in the built-in mailbox, decoded.
type letter struct {
	id         int64
	header     mail.Header
	text, html string
}

// letters are the mails to an address, the newest first.
func (w *whole) letters(to string) (out []letter) {
	w.t.Helper()
	list, err := w.a.mailbox.List(w.t.Context(), mailbox.Query{Search: to, Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range list {
		if !strings.EqualFold(m.To, to) {
			continue
		}
		_, raw, err := w.a.mailbox.Get(w.t.Context(), m.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		parsed, err := mail.ReadMessage(strings.NewReader(string(raw)))
		if err != nil {
			w.t.Fatal(err)
		}
		l := letter{id: m.ID, header: parsed.Header}
		l.read(parsed.Header.Get("Content-Type"), parsed.Header.Get("Content-Transfer-Encoding"), parsed.Body)
		out = append(out, l)
	}
	return out
}

func (l *letter) read(kind, encoding string, body io.Reader) {
	media, params, _ := mime.ParseMediaType(kind)
	if strings.HasPrefix(media, "multipart/") {
		for r := multipart.NewReader(body, params["boundary"]); ; {
			p, err := r.NextRawPart()
			if err != nil {
				return
			}
			l.read(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
		}
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	raw, _ := io.ReadAll(body)
	switch media {
	case "text/plain":
		l.text += string(raw)
	case "text/html":
		l.html += string(raw)
	}
}

var (
	inText = regexp.MustCompile(`https?://[^\s<>")]+`)
	inHTML = regexp.MustCompile(`(?:href|src)="(https?://[^"]+)"`)
)

// links are the addresses that a scanner finds anywhere in the mail, its header included.
func (l *letter) links() (all []string) {
	for _, m := range inHTML.FindAllStringSubmatch(l.html, -1) {
		all = append(all, html.UnescapeString(m[1]))
	}
	all = append(all, inText.FindAllString(l.text, -1)...)
	for _, name := range []string{"List-Unsubscribe", "List-Archive", "List-Help", "List-Owner"} {
		all = append(all, inText.FindAllString(l.header.Get(name), -1)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// link waits for a mail to an address that was not read before and has a link whose path begins so.
func (w *whole) link(read map[int64]bool, to, prefix string) (link string) {
	w.t.Helper()
	w.until("a mail to "+to+" with a link to "+prefix, func() bool {
		for _, l := range w.letters(to) {
			for _, at := range l.links() {
				if !read[l.id] && strings.HasPrefix(strings.TrimPrefix(at, w.url), prefix) {
					link, read[l.id] = at, true
					return true
				}
			}
		}
		return false
	})
	return link
}
