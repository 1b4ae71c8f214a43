package site

import (
	"time"

	"assent/templates/locale"
	"assent/templates/site/ui"
)

// AlertCheck says what a rate of complaints, bounces or deferrals was, and what was done about it.
func AlertCheck(p Page, kind, domain string, stop bool, percent float64, total int, until time.Time) Check {
	c := Check{Tone: ui.Warn, Text: p.t("site.brakes."+kind, "rate", locale.Percent(p.Locale, percent), "total", total, "domain", domain), Help: p.t("site.brakes.alert")}
	if stop {
		c.Tone, c.Help = ui.Bad, p.t("site.brakes.stop")
	}
	if !until.IsZero() {
		c.Help = p.t("site.brakes.hold", "at", p.when(until))
	}
	return c
}
