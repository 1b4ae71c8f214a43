package imports

import (
	"testing"
	"time"
)

func TestMomentsAreReadAsFilesWriteThem(t *testing.T) {
	day, minute, second := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 5, 1, 9, 30, 0, 0, time.UTC), time.Date(2026, 5, 1, 9, 30, 15, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-05-01": day, "2026-05-01 09:30": minute, "2026-05-01T09:30:15": second, "2026-05-01 09:30:15": second, "2026-05-01T11:30:15+02:00": second, "2026-05-01 11:30:15 +0200": second,
		"01.05.2026": day, "1.5.2026": day, "01.05.2026 09:30": minute, "1.5.2026 9:30": minute, "01.05.2026 09:30:15": second,
	} {
		if got, err := moment(text); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "01/05/2026", "05.13.2026", "31.02.2026", "1.5.26", "2026.05.01", "yesterday", "1777593600"} {
		if got, err := moment(text); err == nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
}
