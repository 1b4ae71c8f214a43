package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Clock is another clock to compare ours with: the database's, Redis's.
type Clock struct {
	Name string
	Time func(ctx context.Context) (time.Time, error)
}

// How far clocks may be apart. Tokens, leases and schedules bear seconds; the
// order of events over several machines does not bear minutes.
const (
	clockWarn = 2 * time.Second
	clockFail = 30 * time.Second
)

// CheckClock compares our clock with others and asks the system whether it
// keeps it in step.
func CheckClock(ctx context.Context, others []Clock, now func() time.Time) Check {
	const name = "clock"
	const todo = "run a time service (chrony, systemd-timesyncd) on every machine"
	var details []string
	worst := time.Duration(0)
	for _, c := range others {
		before := now()
		theirs, err := c.Time(ctx)
		after := now()
		if err != nil {
			detail := c.Name + " did not answer"
			details = append(details, detail)
			continue
		}
		// The answer was given at some time between the two.
		apart := max(before.Sub(theirs), theirs.Sub(after), 0)
		worst = max(worst, apart)
		detail := fmt.Sprintf("%s is %s apart", c.Name, apart.Round(time.Millisecond))
		details = append(details, detail)
	}
	synced, known := kernelSynced()
	if known {
		detail := "the system keeps it in step"
		if !synced {
			detail = "the system does not keep it in step"
		}
		details = append(details, detail)
	}
	detail := strings.Join(details, "; ")
	switch {
	case worst > clockFail:
		return failf(name, todo, "%s", detail)
	case worst > clockWarn, known && !synced:
		return warnf(name, todo, "%s", detail)
	case detail == "":
		return Check{Name: name, Status: Skip, Detail: "no other clock to compare with", WhatToDo: todo}
	}
	return okf(name, "%s", detail)
}
