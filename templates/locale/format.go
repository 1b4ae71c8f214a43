package locale

import (
	"math/big"
	"strconv"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // a bare container has no zone files

	"golang.org/x/text/number"
)

// format is a language's way of writing, from its format.toml. The patterns know {weekday} {day} {month} {year}
// {hour} {hour12} {half} {minute} {date} {time} {zone} {amount} {currency}.
type format struct {
	Name     string
	Position int // among the other languages, where they are listed
	Months   []string
	Weekdays []string
	Default  shapes
	// Regions that write otherwise than the language does by default, such as US.
	Regions map[string]shapes
}

type shapes struct{ Date, Day, Time, DateTime, Money string }

// shape is the pattern for this locale's region, else for its language.
func (l *Locale) shape(pick func(shapes) string) string {
	if region, _ := l.strings.Region(); l.strings.String() != l.book.tag.String() {
		if s := pick(l.book.format.Regions[region.String()]); s != "" {
			return s
		}
	}
	return pick(l.book.format.Default)
}

// Date writes the day of t in t's own zone: "3 March 2026".
func (l *Locale) Date(t time.Time) string {
	return l.write(l.shape(func(s shapes) string { return s.Date }), t)
}

// Day is [Locale.Date] with the day of the week: "Tuesday 3 March 2026".
func (l *Locale) Day(t time.Time) string {
	return l.write(l.shape(func(s shapes) string { return s.Day }), t)
}

// Time writes hours and minutes of t in t's own zone: "14:05".
func (l *Locale) Time(t time.Time) string {
	return l.write(l.shape(func(s shapes) string { return s.Time }), t)
}

// DateTime writes t in the IANA zone tz, and names the zone: "3 March 2026, 14:05 CET". An empty or unknown zone
// is UTC.
func (l *Locale) DateTime(t time.Time, tz string) string {
	t = t.In(Zone(tz))
	return strings.NewReplacer(
		"{date}", l.Date(t), "{day}", l.Day(t), "{time}", l.Time(t), "{zone}", zoneName(t),
	).Replace(l.shape(func(s shapes) string { return s.DateTime }))
}

func (l *Locale) write(pattern string, t time.Time) string {
	f := l.book.format
	half, h12 := "AM", t.Hour()%12
	if t.Hour() >= 12 {
		half = "PM"
	}
	if h12 == 0 {
		h12 = 12
	}
	return strings.NewReplacer(
		"{weekday}", f.Weekdays[t.Weekday()], "{day}", strconv.Itoa(t.Day()), "{month}", f.Months[t.Month()-1],
		"{year}", strconv.Itoa(t.Year()), "{hour}", t.Format("15"), "{hour12}", strconv.Itoa(h12), "{half}", half,
		"{minute}", t.Format("04"),
	).Replace(pattern)
}

// Number writes a whole number with the language's grouping: "12,345" or "12.345".
func (l *Locale) Number(n int64) string { return l.printer.Sprint(number.Decimal(n)) }

// Money writes a decimal amount such as "1234.5" with its ISO 4217 code, two digits after the point: "EUR 1,234.50".
// What is no decimal number is written as it was given.
func (l *Locale) Money(amount, currency string) string {
	shown := amount
	if r, ok := decimal(amount); ok {
		f, _ := r.Float64()
		shown = l.printer.Sprint(number.Decimal(f, number.Scale(2)))
	}
	if currency == "" {
		return shown
	}
	return strings.NewReplacer("{amount}", shown, "{currency}", currency).
		Replace(l.shape(func(s shapes) string { return s.Money }))
}

// decimal takes plain decimals of up to fifteen digits, which a float64 holds exactly enough for two places.
func decimal(s string) (*big.Rat, bool) {
	digits := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '-' && i == 0, c == '.':
		default:
			return nil, false
		}
	}
	if digits == 0 || digits > 15 {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

var zones sync.Map // IANA name → *time.Location, only of zones that exist

// Zone is the time zone of an IANA name; UTC for a name that is empty or unknown.
func Zone(name string) *time.Location {
	if name == "" || name == "Local" {
		return time.UTC
	}
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	zones.Store(name, z)
	return z
}

// zoneName is the zone's abbreviation at t; zones that have only an offset get "UTC+03".
func zoneName(t time.Time) string {
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		return "UTC" + name
	}
	return name
}

// Percent writes a share with two digits after the point: "0.42%". The share of nothing is a dash.
func (l *Locale) Percent(part, whole int64) string {
	if whole <= 0 {
		return "–"
	}
	return l.printer.Sprint(number.Decimal(100*float64(part)/float64(whole), number.Scale(2))) + "%"
}
