package desk

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/edits"
	"assent/preferences/problem"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// The texts of a test are counted from 1, which is the campaign's own. Each has the editor and the preview under a path of its own.

// textURL is what the pages of one text begin with.
func textURL(id string, n int) string {
	if n < 2 {
		return campaignURL(id)
	}
	return campaignURL(id) + "/text/" + strconv.Itoa(n)
}

// textOf is the text that the path or the query names.
func textOf(c echo.Context) int {
	n, err := strconv.Atoi(c.Param("n") + c.QueryParam("text"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// arms is how many texts a campaign has.
func arms(m *campaigns.Campaign) int {
	if m.AB == nil {
		return 1
	}
	return m.AB.Arms()
}

var errNoText = problem.NotFound("text")

// withText reads a campaign and the text that is asked for.
func (d *Desk) withText(c echo.Context) (*campaigns.Campaign, int, error) {
	n := textOf(c)
	m, err := d.Campaigns.Get(c.Request().Context(), d.DB, c.Param("id"))
	if err == nil && n > arms(m) {
		err = errNoText
	}
	return m, n, err
}

// text leads from what a text's pages begin with to its campaign.
func (d *Desk) text(c echo.Context) error {
	return c.Redirect(http.StatusSeeOther, campaignURL(c.Param("id")))
}

// tabs lead from one text to the others; none where there is but one.
func tabs(l *locale.Locale, m *campaigns.Campaign, current int, url func(n int) string) []ui.Tab {
	if m == nil || arms(m) < 2 {
		return nil
	}
	var out []ui.Tab
	for n := 1; n <= arms(m); n++ {
		out = append(out, ui.Tab{Label: l.T("site.ab.text", "name", site.VariantName(n)), URL: url(n), Current: n == max(current, 1)})
	}
	return out
}

// draftOf is the draft that the form makes of a campaign, or of one text of its test.
func (f typed) draftOf(m *campaigns.Campaign) campaigns.Draft {
	if f.Text < 2 || f.Text > arms(m) {
		return f.draft()
	}
	test, v, blocks := *m.AB, campaigns.Variant{}, encode(f.Blocks)
	if text := strings.TrimSpace(f.Values["subject"]); text != m.Subject {
		v.Subject = text
	}
	if text := strings.TrimSpace(f.Values["preheader"]); text != m.Preheader {
		v.Preheader = text
	}
	if same := string(blocks) == string(encode(decode(m.Blocks))); !same || v.Subject == "" && v.Preheader == "" {
		v.Blocks = blocks
	}
	test.Variants = slices.Clone(test.Variants)
	test.Variants[f.Text-2] = v
	raw, _ := json.Marshal(test) // it was read from JSON
	return campaigns.Draft{ABTest: raw}
}

// ofText names faults of a text as the editor that shows only this text does.
func ofText(n int, wrong map[string]string) map[string]string {
	if n < 2 || wrong == nil {
		return wrong
	}
	out, prefix := map[string]string{}, "ab_test.variants["+strconv.Itoa(n-2)+"]"
	for field, text := range wrong {
		out[strings.TrimPrefix(strings.TrimPrefix(field, prefix), ".")] = text
	}
	return out
}

// unfinished is the form that was typed and is not complete; nil for none.
func unfinished(e edits.Edit) (*typed, error) {
	if !e.Pending() {
		return nil, nil
	}
	var f typed
	if err := json.Unmarshal(e.Form, &f); err != nil {
		return nil, err
	}
	f.Text = max(f.Text, 1)
	return &f, nil
}

// checkTexts looks at the other texts of a test: what asks for something is said, with the name of the text.
func (d *Desk) checkTexts(ctx context.Context, l *locale.Locale, m *campaigns.Campaign) (out []site.Check, err error) {
	for n := 2; n <= arms(m); n++ {
		list, err := d.inspect(ctx, l, m.As(n))
		if err != nil {
			return nil, err
		}
		name, faults := l.T("site.ab.text", "name", site.VariantName(n)), 0
		for _, c := range list {
			if c.Tone != ui.Good {
				c.Check.Text, faults = name+": "+c.Check.Text, faults+1
				out = append(out, c.Check)
			}
		}
		if faults == 0 {
			out = append(out, site.Check{Text: l.T("site.ab.text_fine", "name", site.VariantName(n)), Tone: ui.Good})
		}
	}
	return out, nil
}
