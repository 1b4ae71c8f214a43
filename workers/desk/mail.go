package desk

import (
	"bytes"
	"mime"
	"strings"

	"assent/templates/site"
	"assent/workers/inbound/parts"
)

// message is a mail taken apart for the eye.
type message struct {
	headers    []site.Header
	html, text string
	files      []file
}

type file struct {
	name, kind string
	body       []byte
}

// limits let every mail that Assent itself builds be seen whole.
var limits = parts.Limits{Bytes: 64 << 20, Header: 256 << 10, Body: 32 << 20, Parts: 64, Depth: 8}

func read(raw []byte) message {
	var out message
	msg, err := parts.Read(bytes.NewReader(raw), limits)
	if err != nil {
		return out
	}
	words := &mime.WordDecoder{}
	msg.Header.Each(func(name, value string) {
		if decoded, err := words.DecodeHeader(value); err == nil {
			value = decoded
		}
		out.headers = append(out.headers, site.Header{Name: name, Value: parts.Plain(value, 16<<10)})
	})
	for _, p := range msg.Parts {
		switch {
		case p.Type == "text/html" && !p.Attach && out.html == "":
			out.html = strings.ToValidUTF8(string(p.Body), "\uFFFD")
		case p.Type == "text/plain" && !p.Attach && out.text == "":
			out.text = clean(p.Text())
		default:
			name := "file"
			for _, field := range []string{"Content-Disposition", "Content-Type"} {
				if _, params, err := mime.ParseMediaType(p.Header.Get(field)); err == nil && params["filename"]+params["name"] != "" {
					name = parts.Plain(params["filename"]+params["name"], 200)
					break
				}
			}
			out.files = append(out.files, file{name, p.Type, p.Body})
		}
	}
	return out
}

// Open takes a mail apart into what is shown of it. It is built by Assent itself, so that a part that cannot be read is none.
func Open(raw []byte) (html, text string) {
	m := read(raw)
	return m.html, m.text
}

// clean is text that a page can show.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
