package backup

import (
	"fmt"
	"os"
	"path/filepath"
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

// Rotate removes the backups in a folder that the rotation does not keep: of each of the last days, weeks and months that have
// one it keeps the newest. Files that are not backups are left alone. It returns what it removed.
func Rotate(dir string, r Rotation) (removed []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	var made []time.Time
	for _, e := range entries {
		text, ok := strings.CutPrefix(e.Name(), prefix)
		text, isBackup := strings.CutSuffix(text, suffix)
		if at, err := time.Parse(stamp, text); ok && isBackup && err == nil && e.Type().IsRegular() {
			made = append(made, at)
		}
	}
	keep := kept(made, r)
	for _, at := range made {
		if !keep[at] {
			if err := os.Remove(filepath.Join(dir, Name(at))); err != nil {
				return removed, fmt.Errorf("backup: %w", err)
			}
			removed = append(removed, Name(at))
		}
	}
	return removed, nil
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

// Newest is when the newest backup in a folder was made; the zero time when there is none.
func Newest(dir string) (newest time.Time, err error) {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return newest, nil
	}
	if err != nil {
		return newest, fmt.Errorf("backup: %w", err)
	}
	for _, e := range entries {
		if at, err := time.Parse(prefix+stamp+suffix, e.Name()); err == nil && at.After(newest) {
			newest = at
		}
	}
	return newest, nil
}
