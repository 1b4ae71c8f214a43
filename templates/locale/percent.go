package locale

import (
	"strconv"
	"strings"
)

// Percent writes a percentage with two decimals at most, without its sign, as the language does.
func Percent(l *Locale, p float64) string {
	s := strings.TrimRight(strings.TrimRight(strconv.FormatFloat(p, 'f', 2, 64), "0"), ".")
	if l.Language() != "en" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}
