package parts

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // decodes what mail servers of the world write
)

// ErrEmpty says that there was nothing to read.
var ErrEmpty = errors.New("parts: empty message")

// Message is a message taken apart.
type Message struct {
	Header    Header
	Type      string // media type of the whole, lower case
	Report    string // report-type of a multipart/report, lower case
	Parts     []Part // leaves in order
	Truncated bool   // a limit was reached
	Size      int64  // bytes read
}

// Part is one leaf: anything that is not a multipart. An embedded message is a
// leaf too; its body is the message.
type Part struct {
	Type   string // media type, lower case
	Header Header
	Body   []byte // transfer encoding and, for text, charset decoded
	Attach bool   // Content-Disposition: attachment
}

// Text is the part's body as plain text with LF line ends.
func (p Part) Text() string {
	t := utf8Text(p.Body)
	if p.Type == "text/html" {
		return htmlText(t)
	}
	return t
}

// Read takes the message apart. An error is one of reading r, or ErrEmpty: a
// message that is broken yields what could be understood of it.
func Read(r io.Reader, limits Limits) (*Message, error) {
	l := limits.withDefaults()
	data, err := io.ReadAll(io.LimitReader(r, l.Bytes+1))
	if err != nil {
		return nil, err
	}
	m := &Message{Size: int64(len(data))}
	if int64(len(data)) > l.Bytes {
		data, m.Truncated = data[:l.Bytes], true
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, ErrEmpty
	}
	if !bytes.ContainsRune(data, '\n') {
		data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n")) // files of old Macintoshes
	}
	head, body, cut := split(data, l.Header)
	m.Truncated = m.Truncated || cut
	m.Header = ParseHeader(head)
	typ, params := contentType(m.Header)
	m.Type = typ
	if typ == "multipart/report" {
		m.Report = strings.ToLower(params["report-type"])
	}
	w := walker{m: m, l: l}
	w.entity(m.Header, body, 0)
	return m, nil
}

type walker struct {
	m *Message
	l Limits
}

func (w *walker) full() bool {
	if len(w.m.Parts) >= w.l.Parts {
		w.m.Truncated = true
		return true
	}
	return false
}

// entity adds the leaves of one entity.
func (w *walker) entity(h Header, body []byte, depth int) {
	if w.full() {
		return
	}
	typ, params := contentType(h)
	if strings.HasPrefix(typ, "multipart/") && params["boundary"] != "" && depth < w.l.Depth {
		if w.multipart(h, body, depth) {
			return
		}
		typ = "text/plain" // the boundary never came: all there is is text
	} else if strings.HasPrefix(typ, "multipart/") {
		w.m.Truncated = w.m.Truncated || depth >= w.l.Depth
		typ = "text/plain"
	}
	w.leaf(h, typ, body)
}

func (w *walker) multipart(h Header, body []byte, depth int) bool {
	_, params := contentType(h)
	before := len(w.m.Parts)
	for _, part := range cutParts(body, params["boundary"], w.l.Parts) {
		head, rest, cut := split(part, w.l.Header)
		w.m.Truncated = w.m.Truncated || cut
		h := ParseHeader(head)
		if h.Has("From") && (h.Has("Message-Id") || h.Has("Received")) {
			// A message that somebody put here without saying so.
			w.leaf(Header{}, "message/rfc822", part)
			continue
		}
		w.entity(h, rest, depth+1)
	}
	return len(w.m.Parts) > before
}

func (w *walker) leaf(h Header, typ string, body []byte) {
	if w.full() {
		return
	}
	r := io.Reader(bytes.NewReader(body))
	if e, err := message.New(h.h, r); e != nil && (err == nil || message.IsUnknownCharset(err)) {
		r = e.Body
	}
	// A decoding error in the middle leaves what came before it.
	decoded, err := io.ReadAll(io.LimitReader(r, int64(w.l.Body)+1))
	if err != nil && len(decoded) == 0 {
		decoded = body
	}
	if len(decoded) > w.l.Body {
		decoded, w.m.Truncated = decoded[:w.l.Body], true
	}
	disposition, _, _ := strings.Cut(strings.ToLower(h.Get("Content-Disposition")), ";")
	w.m.Parts = append(w.m.Parts, Part{
		Type: typ, Header: h, Body: decoded,
		Attach: strings.TrimSpace(disposition) == "attachment",
	})
}

// contentType is the media type, text/plain when absent or broken. Where the
// parameters are broken the type itself still counts.
func contentType(h Header) (string, map[string]string) {
	typ, params, err := h.h.ContentType()
	if err != nil {
		typ = h.Get("Content-Type")
		if i := strings.IndexAny(typ, "; \t"); i >= 0 {
			typ = typ[:i]
		}
	}
	if !strings.Contains(typ, "/") {
		typ = "text/plain"
	}
	return strings.ToLower(typ), params
}
