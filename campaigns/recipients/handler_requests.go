package recipients

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/rights"
	"assent/templates/pages"
)

// request is a right that takes more power than reducing mail: a link goes to the address, and nothing happens before it is
// used. Whoever has only the mail that was passed on cannot see, change or erase anything (compliance 57).
func (p *Pages) request(kind rights.Kind) act {
	return func(c echo.Context, v visit, form url.Values) (*pages.Saved, error) {
		in := rights.Input{Kind: kind, SubscriberID: v.sub.ID, Source: rights.SourceCentre, Locale: v.page.Locale.Tag()}
		if kind == rights.Rectification {
			change, err := correction(v, form)
			if err != nil {
				return nil, err
			}
			in.Change = change
		}
		_, err := p.Rights.Receive(c.Request().Context(), audit.Actor{Kind: audit.KindRecipient, ID: v.sub.ID}, in)
		return &pages.Saved{Message: p.mailed(v)}, err
	}
}

// correction reads what is to be corrected. Empty fields stay as they are.
func correction(v visit, form url.Values) (*rights.Change, error) {
	change := rights.Change{Email: strings.TrimSpace(form.Get("email")), FirstName: strings.TrimSpace(form.Get("first_name")), LastName: strings.TrimSpace(form.Get("last_name"))}
	var bad problem.Collector
	if change.Email != "" {
		if parsed, err := address.Parse(change.Email); err != nil {
			bad.Add("email", "is not an e-mail address")
		} else if parsed.Key == v.sub.EmailKey {
			bad.Add("same_email", "is the address that we have")
		}
	}
	for field, text := range map[string]string{"first_name": change.FirstName, "last_name": change.LastName} {
		if address.HeaderSafe(text) != nil || len(text) > 255 {
			bad.Add(field, "must be one line of at most 255 bytes")
		}
	}
	if change == (rights.Change{}) {
		bad.Add("nothing", "is filled in")
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return &change, nil
}

// noted keeps, beside what was done at once, that a right was used.
func (p *Pages) noted(kind rights.Kind, do act) act {
	return func(c echo.Context, v visit, form url.Values) (*pages.Saved, error) {
		before := *v.sub
		saved, err := do(c, v, form)
		if err != nil {
			return nil, err
		}
		if !isNews(before, kind) {
			return saved, nil
		}
		return saved, p.Rights.Note(c.Request().Context(), audit.Actor{Kind: audit.KindRecipient, ID: v.sub.ID}, rights.Input{Kind: kind, SubscriberID: v.sub.ID, Source: rights.SourceCentre})
	}
}

// isNews tells that the right was not in force already.
func isNews(before preferences.Subscriber, kind rights.Kind) bool {
	if kind == rights.Restriction {
		return before.RestrictedAt.IsZero()
	}
	return before.ObjectedAt.IsZero() || before.ObjectedResearch.IsZero()
}
