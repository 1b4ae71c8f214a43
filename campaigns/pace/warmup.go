package pace

import (
	"errors"
	"strconv"
	"strings"
)

// Warmup is the most that may be sent on each sending day of a new sender's first days: "50,100,500,2000" allows 50
// marketing mails on the first day on which any is sent, 100 on the next, and after the fourth any number.
// The zero Warmup limits nothing.
type Warmup struct {
	days []int
}

// ParseWarmup reads a list of numbers above zero, none below the one before it.
func ParseWarmup(text string) (Warmup, error) {
	var w Warmup
	for _, part := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return Warmup{}, errors.New("want the number of mails for each day, such as 50,100,500,2000")
		}
		if len(w.days) > 0 && n < w.days[len(w.days)-1] {
			return Warmup{}, errors.New("a day allows less than the one before it; want rising numbers, such as 50,100,500,2000")
		}
		w.days = append(w.days, n)
	}
	return w, nil
}

// IsZero says whether the plan limits nothing.
func (w Warmup) IsZero() bool { return len(w.days) == 0 }

// Days is how many days the plan has.
func (w Warmup) Days() int { return len(w.days) }

// Limit is the most that may be sent on a sending day, the first being 0; limited is false once the plan is over.
func (w Warmup) Limit(day int) (n int, limited bool) {
	if day < 0 || day >= len(w.days) {
		return 0, false
	}
	return w.days[day], true
}

// String is the form that ParseWarmup reads; empty for the zero Warmup.
func (w Warmup) String() string {
	parts := make([]string, len(w.days))
	for i, n := range w.days {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, ",")
}
