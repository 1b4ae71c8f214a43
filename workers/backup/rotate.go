package backup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rotation is how many backups are kept: one a day, one a week, one a month.
type Rotation struct{ Daily, Weekly, Monthly int }

// DefaultRotation keeps 14 backups over three months.
var DefaultRotation = Rotation{Daily: 7, Weekly: 4, Monthly: 3}

const (
	prefix = "assent-"
	suffix = ".tar.gz"
	stamp  = "20060102T150405Z"
)

// Name is the file name of a backup made then.
func Name(made time.Time) string { return prefix + made.UTC().Format(stamp) + suffix }

// Rotate removes the backups in a place that the rotation does not keep: of each of the last days, weeks and months that have
// one it keeps the newest. Files that are not backups are left alone. It returns what it removed.
func Rotate(ctx context.Context, place Place, r Rotation) (removed []string, err error) {
	made, err := all(ctx, place)
	if err != nil {
		return nil, err
	}
	keep := kept(made, r)
	for _, at := range made {
		if !keep[at] {
			if err := place.Remove(ctx, Name(at)); err != nil {
				return removed, fmt.Errorf("backup: %w", err)
			}
			removed = append(removed, Name(at))
		}
	}
	return removed, nil
}

// all is when each backup in a place was made.
func all(ctx context.Context, place Place) (made []time.Time, err error) {
	names, err := place.Names(ctx)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	for _, name := range names {
		text, ok := strings.CutPrefix(name, prefix)
		text, isBackup := strings.CutSuffix(text, suffix)
		if at, err := time.Parse(stamp, text); ok && isBackup && err == nil {
			made = append(made, at)
		}
	}
	return made, nil
}

// kept picks the newest of each period, for as many periods as are kept.
func kept(made []time.Time, r Rotation) map[time.Time]bool {
	made = slices.Clone(made)
	slices.SortFunc(made, func(a, b time.Time) int { return b.Compare(a) })
	keep := map[time.Time]bool{}
	for _, rule := range []struct {
		n      int
		period func(time.Time) string
	}{
		{r.Daily, func(t time.Time) string { return t.Format(time.DateOnly) }},
		{r.Weekly, func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprint(y, "-", w) }},
		{r.Monthly, func(t time.Time) string { return t.Format("2006-01") }},
	} {
		seen := map[string]bool{}
		for _, at := range made {
			if p := rule.period(at); !seen[p] && len(seen) < rule.n {
				seen[p] = true
				keep[at] = true
			}
		}
	}
	return keep
}

// Newest is when the newest backup in a place was made; the zero time when there is none.
func Newest(ctx context.Context, place Place) (newest time.Time, err error) {
	made, err := all(ctx, place)
	for _, at := range made {
		if at.After(newest) {
			newest = at
		}
	}
	return newest, err
}
