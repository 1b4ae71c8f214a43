package content

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// maxURL is longer than any link needs and short enough for a header line.
const maxURL = 2000

// checkURL says what is wrong with a link: it is http, https, mailto or tel, or one whole link field. Other fields
// may stand only behind the host, so that no value decides where a link leads.
func checkURL(s string) error {
	parts, err := split(s)
	if err != nil {
		return err
	}
	return checkLink(parts)
}

func checkLink(parts []part) error {
	if len(parts) == 1 && parts[0].ref != nil && parts[0].ref.field.link() {
		return nil
	}
	var b strings.Builder
	for i, p := range parts {
		switch {
		case p.ref == nil:
			b.WriteString(p.literal)
		case p.ref.field.link():
			return fmt.Errorf("the field %s must be the whole link", p.ref)
		case i == 0:
			return fmt.Errorf("the field %s cannot decide where a link leads", clip(p.ref.String()))
		case !behindHost(b.String()):
			return fmt.Errorf("the field %s may stand only behind the address of the site, in the path or the query", clip(p.ref.String()))
		default:
			b.WriteString("x")
		}
	}
	return checkPlainURL(b.String())
}

// behindHost tells whether a link that begins like this has its destination whole.
func behindHost(start string) bool {
	if rest, ok := strings.CutPrefix(strings.ToLower(start), "mailto:"); ok {
		return strings.Contains(rest, "?")
	}
	_, rest, ok := strings.Cut(start, "://")
	return ok && strings.ContainsAny(rest, "/?#")
}

func checkPlainURL(s string) error {
	if s == "" {
		return errors.New("is required")
	}
	if len(s) > maxURL {
		return fmt.Errorf("is longer than %d bytes", maxURL)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("\"<>\\^`{|}", r) }) || hasMark(s) {
		return errors.New("has a character that a link cannot have")
	}
	u, err := url.Parse(s)
	if err != nil {
		return errors.New("is not a link")
	}
	switch u.Scheme {
	case "http", "https":
		if u.Hostname() == "" {
			return errors.New("must name a site, such as https://example.com/")
		}
		if u.User != nil {
			return errors.New("must not carry a user name or a password")
		}
	case "mailto":
		if !strings.Contains(u.Opaque, "@") {
			return errors.New("must name an address, such as mailto:help@example.com")
		}
	case "tel":
		if !strings.ContainsAny(u.Opaque, "0123456789") {
			return errors.New("must name a number, such as tel:+31201234567")
		}
	default:
		return errors.New("must begin with https://, http://, mailto: or tel:")
	}
	return nil
}

// checkImageURL is for pictures: from the web, and the same for everybody, because a picture whose address differs
// per person tells who opened the mail.
func checkImageURL(s string) error {
	if strings.Contains(s, "{{") {
		return errors.New("cannot have merge fields: it would tell who opened the mail")
	}
	if err := checkPlainURL(s); err != nil {
		return err
	}
	if l := strings.ToLower(s); !strings.HasPrefix(l, "http://") && !strings.HasPrefix(l, "https://") {
		return errors.New("must begin with https:// or http://")
	}
	return nil
}
