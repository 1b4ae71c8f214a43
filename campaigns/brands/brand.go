package brands

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"assent/preferences/names"
	"assent/preferences/problem"
)

// Default is the key of the brand that speaks when no other is named.
const Default = "default"

// Brand is one identity.
type Brand struct {
	Key             string    `json:"key"`
	Name            string    `json:"name"`
	FromName        string    `json:"from_name"`
	FromEmail       string    `json:"from_email"`
	NoticeFromEmail string    `json:"notice_from_email,omitempty"`
	ReplyTo         string    `json:"reply_to"`
	PostalAddress   string    `json:"postal_address"`
	LogoURL         string    `json:"logo_url,omitempty"`
	Color           string    `json:"color,omitempty"` // #rrggbb
	CreatedAt       time.Time `json:"created_at"`
	UpdatedAt       time.Time `json:"updated_at"`
}

// NoticeFrom is the From address of notices and service mail.
func (b Brand) NoticeFrom() string {
	if b.NoticeFromEmail != "" {
		return b.NoticeFromEmail
	}
	return b.FromEmail
}

// maxPostal bounds a postal address, which may have several lines.
const maxPostal = 500

// check returns everything that is wrong with b.
func (b Brand) check() error {
	var c problem.Collector
	names.CheckKey(&c, "key", b.Key)
	names.CheckLine(&c, "name", b.Name)
	names.CheckLine(&c, "from_name", b.FromName)
	checkAddress(&c, "from_email", b.FromEmail, true)
	checkAddress(&c, "notice_from_email", b.NoticeFromEmail, false)
	checkAddress(&c, "reply_to", b.ReplyTo, true)
	if utf8.RuneCountInString(b.PostalAddress) > maxPostal {
		c.Add("postal_address", "must have at most %d characters", maxPostal)
	}
	for _, line := range strings.Split(b.PostalAddress, "\n") {
		names.CheckOptionalLine(&c, "postal_address", line)
	}
	if b.LogoURL != "" {
		names.CheckLink(&c, "logo_url", b.LogoURL)
	}
	if b.Color != "" && !colorForm.MatchString(b.Color) {
		c.Add("color", "must be a colour such as #1a6b4f")
	}
	return c.Err()
}

// tidy brings what may be written in several ways into one.
func (b Brand) tidy() Brand {
	for _, field := range []*string{&b.Name, &b.FromName, &b.FromEmail, &b.NoticeFromEmail, &b.ReplyTo, &b.LogoURL} {
		*field = strings.Trim(*field, " ")
	}
	b.FromEmail, b.NoticeFromEmail, b.ReplyTo = wire(b.FromEmail), wire(b.NoticeFromEmail), wire(b.ReplyTo)
	b.PostalAddress = strings.TrimSpace(strings.ReplaceAll(b.PostalAddress, "\r\n", "\n"))
	b.Color = strings.ToLower(strings.TrimSpace(b.Color))
	if short := b.Color; len(short) == 4 && short[0] == '#' {
		b.Color = fmt.Sprintf("#%[1]c%[1]c%[2]c%[2]c%[3]c%[3]c", short[1], short[2], short[3])
	}
	return b
}

var colorForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// TextOn is the colour, black or white, that is easier to read on color. Against one of the two every colour reaches
// the contrast of 4.5 that WCAG 2.2 §1.4.3 asks for.
func TextOn(color string) string {
	if !colorForm.MatchString(color) {
		return "#ffffff"
	}
	if l := luminance(color); (l+0.05)/0.05 > 1.05/(l+0.05) {
		return "#000000"
	}
	return "#ffffff"
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(color string) float64 {
	var l float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, _ := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8) // its form was checked
		s := float64(n) / 255
		if s <= 0.04045 {
			l += weight * s / 12.92
		} else {
			l += weight * math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return l
}
