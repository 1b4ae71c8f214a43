package gate

import (
	"strings"
	"time"
)

// consentAges holds the age from which a child can consent for itself, where
// it is not 16: GDPR art. 8(1) and the national laws that lower it. Iceland and
// Norway apply the GDPR through the EEA, the United Kingdom kept its own.
var consentAges = map[string]int{
	"BE": 13, "EE": 13, "FI": 13, "GB": 13, "IS": 13, "LV": 13, "MT": 13, "NO": 13, "PT": 13, "SE": 13,
	"AT": 14, "BG": 14, "CY": 14, "ES": 14, "IT": 14, "LT": 14,
	"CZ": 15, "DK": 15, "FR": 15, "GR": 15, "SI": 15,
}

// ConsentAge is the age of digital consent in a country (ISO 3166-1 alpha-2):
// 16 wherever nothing lower is known.
func ConsentAge(country string) int {
	if age, ok := consentAges[strings.ToUpper(country)]; ok {
		return age
	}
	return 16
}

// Minor says whether a person born on birthDate (YYYY-MM-DD) is below the age
// of consent of their country at the time now. Without a birth date the answer
// is No: nobody has to state one where a service is not meant for children. A
// date that cannot be read or lies ahead is Unknown.
//
// The birthday counts once it has begun everywhere (UTC-12), and that of 29
// February is 1 March in a common year: the stricter reading of both.
func Minor(birthDate, country string, now time.Time) Fact {
	if birthDate == "" {
		return No
	}
	born, err := time.Parse(time.DateOnly, birthDate)
	if err != nil || now.IsZero() || born.After(now.Add(14*time.Hour)) {
		return Unknown
	}
	grown := born.AddDate(ConsentAge(country), 0, 0)
	return Is(now.Add(-12 * time.Hour).Before(grown))
}
