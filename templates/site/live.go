package site

import (
	"math"
	"strings"
	"time"
)

// Speed is how fast a campaign goes, and how long the rest takes. Zero: not known.
type Speed struct {
	PerSecond float64
	Left      time.Duration
}

// says tells both in words that do not pretend to more than is known.
func (s Speed) says(p Page) string {
	var parts []string
	switch {
	case s.PerSecond >= 1:
		parts = append(parts, p.t("site.live.per_second", "n", int(math.Round(s.PerSecond))))
	case s.PerSecond > 0:
		parts = append(parts, p.Locale.N("site.live.per_minute", max(1, int(math.Round(60*s.PerSecond)))))
	}
	switch left := s.Left; {
	case left <= 0:
	case left < time.Minute:
		parts = append(parts, p.t("site.live.left_moment"))
	case left < 90*time.Minute:
		parts = append(parts, p.t("site.live.left", "time", p.Locale.N("site.minutes", int(math.Round(left.Minutes())))))
	case left < 48*time.Hour:
		parts = append(parts, p.t("site.live.left", "time", p.Locale.N("site.hours", int(math.Round(left.Hours())))))
	default:
		parts = append(parts, p.t("site.live.left", "time", p.Locale.N("site.days", int(math.Round(left.Hours()/24)))))
	}
	return strings.Join(parts, " · ")
}

// pace is the line below the bar: how fast, how long still, and who comes later by themselves.
func (v CampaignView) pace() string {
	parts := []string{}
	if s := v.Speed.says(v.Page); s != "" {
		parts = append(parts, s)
	}
	if v.Report.Deferred > 0 {
		parts = append(parts, v.Locale.N("site.live.later", v.Report.Deferred))
	}
	return strings.Join(parts, " · ")
}
