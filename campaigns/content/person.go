package content

import "strings"

// Person is whom a mail is filled in for. Values are plain text; the four links are whole URLs made by Assent.
type Person struct {
	FirstName, LastName, Company string
	Locale, Country              string
	Attributes                   map[string]string

	UnsubscribeURL, PreferencesURL, WhyURL, ViewURL string
	// Click makes the link that counts a click, of the id that [Setting] gave. Needed only where links are counted.
	Click func(id string) string
}

// value is what stands for a field: the person's value, or the fallback where there is none.
func (p *Person) value(r *ref) string {
	var v string
	switch r.field {
	case firstName:
		v = p.FirstName
	case lastName:
		v = p.LastName
	case company:
		v = p.Company
	case localeTag:
		v = p.Locale
	case country:
		v = p.Country
	case unsubscribeURL:
		v = p.UnsubscribeURL
	case preferencesURL:
		v = p.PreferencesURL
	case whyURL:
		v = p.WhyURL
	case viewURL:
		v = p.ViewURL
	case clickURL:
		if p.Click != nil {
			v = p.Click(r.name)
		}
	case attribute:
		v = p.Attributes[r.name]
	}
	if strings.TrimSpace(v) == "" {
		return r.fallback
	}
	return v
}
