package desk

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (d *Desk) registerSettings(e *echo.Echo) {
	r := d.at(e, site.NavSettings)
	r.getFor("", d.settings, access.Administrator)
	r.post("", d.changeSettings, access.Administrator)
}

func (d *Desk) settings(c echo.Context) error {
	s, err := d.People.Site.Get(c.Request().Context())
	if err != nil {
		return err
	}
	return d.settingsForm(c, http.StatusOK, map[string]string{"review_required": map[bool]string{true: "1"}[s.ReviewRequired], "frequency_cap": s.FrequencyCap.String(), "quiet_hours": s.QuietHours.String(), "confirm_ttl": shorter(s.ConfirmTTL), "signups_per_ip_hour": strconv.Itoa(s.SignupsPerIPHour),
		"default_locale": s.DefaultLocale, "default_timezone": s.DefaultTimezone, "authority": s.Authority, "authority_url": s.AuthorityURL, "privacy_policy_url": s.PrivacyPolicyURL}, nil)
}

func (d *Desk) settingsForm(c echo.Context, status int, val, wrong map[string]string) error {
	v := site.SettingsView{Page: d.page(c, site.NavSettings)}
	l := v.Locale
	field := func(name string) ui.Field {
		f := ui.Field{Name: name, Label: l.T("site.setting." + name), Value: val[name]}
		if key := "site.setting." + name + "_hint"; l.Has(key) {
			f.Hint = l.T(key)
		}
		return f
	}
	short := func(f ui.Field) ui.Field { f.Short = true; return f }
	language := field("default_locale")
	language.Kind, language.Required = "select", true
	for _, tag := range locale.Languages() {
		language.Options = append(language.Options, ui.Option{Value: tag, Label: locale.Name(tag)})
	}
	review := field("review_required")
	review.Kind = "checkbox"
	v.Forms = []site.SettingsForm{{ID: "site", Title: l.T("site.setting.title"), Form: ui.FormOf{Action: site.Path(site.NavSettings), Submit: l.T("site.save"), Fields: []ui.Field{
		review, short(field("frequency_cap")), short(field("quiet_hours")), short(field("confirm_ttl")), short(field("signups_per_ip_hour")), language, short(field("default_timezone")),
		field("privacy_policy_url"), field("authority"), field("authority_url"),
	}}.WithErrors(wrong)}}
	for _, pair := range d.Fixed {
		v.Fixed = append(v.Fixed, site.Header{Name: pair[0], Value: cmp.Or(pair[1], l.T("site.setting.off"))})
	}
	return staff.Render(c, status, site.Settings(v))
}

// write reads the form over the settings.
func write(s *preferences.SiteSettings, val map[string]string) error {
	var bad problem.Collector
	var err error
	s.FrequencyCap, s.QuietHours, s.ReviewRequired = gate.Cap{}, gate.Quiet{}, val["review_required"] != ""
	if text := val["frequency_cap"]; text != "" {
		if s.FrequencyCap, err = gate.ParseCap(text); err != nil {
			bad.Add("frequency_cap", "must be such as 3/168h")
		}
	}
	if text := val["quiet_hours"]; text != "" {
		if s.QuietHours, err = gate.ParseQuiet(text); err != nil {
			bad.Add("quiet_hours", "must be such as 22:00-07:00")
		}
	}
	if s.ConfirmTTL, err = time.ParseDuration(val["confirm_ttl"]); err != nil || s.ConfirmTTL < time.Hour {
		bad.Add("confirm_ttl", "must be an hour or more, such as 168h")
	}
	if s.SignupsPerIPHour, err = strconv.Atoi(val["signups_per_ip_hour"]); err != nil || s.SignupsPerIPHour < 1 {
		bad.Add("signups_per_ip_hour", "must be a number")
	}
	if s.DefaultLocale = val["default_locale"]; locale.Get(s.DefaultLocale).Tag() != s.DefaultLocale {
		bad.Add("default_locale", "must be one of the languages")
	}
	if s.DefaultTimezone = val["default_timezone"]; s.DefaultTimezone != "" {
		if _, err := preferences.LoadZone(s.DefaultTimezone); err != nil {
			bad.Add("default_timezone", "must be a zone such as Europe/Amsterdam")
		}
	}
	s.Authority, s.AuthorityURL, s.PrivacyPolicyURL = val["authority"], val["authority_url"], val["privacy_policy_url"]
	for field, url := range map[string]string{"authority_url": s.AuthorityURL, "privacy_policy_url": s.PrivacyPolicyURL} {
		if url != "" && !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
			bad.Add(field, "must begin with https://")
		}
	}
	return bad.Err()
}

func (d *Desk) changeSettings(c echo.Context) error {
	ctx, val := c.Request().Context(), values(c)
	s, err := d.People.Site.Get(ctx)
	if err != nil {
		return err
	}
	for name, value := range val {
		val[name] = strings.TrimSpace(value)
	}
	if err = write(&s, val); err == nil {
		err = d.People.Site.Put(ctx, d.Now(), actor(c), s)
	}
	if wrong := staff.Problems(c, err); wrong != nil {
		return d.settingsForm(c, http.StatusUnprocessableEntity, val, wrong)
	}
	return d.did(c, err, site.Path(site.NavSettings), "site.desk.saved")
}

// shorter is a duration as people write it: 168h for 168h0m0s.
func shorter(d time.Duration) string {
	if d%time.Hour == 0 {
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return strings.TrimSuffix(d.String(), "0s")
}
