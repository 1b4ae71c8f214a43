package limits

import (
	"sync"
	"time"
)

// most is how many keys a process remembers while Redis is away.
const most = 10_000

// local keeps limits in this process, by the same algorithm as the script.
type local struct {
	mu sync.Mutex
	at map[string]time.Time // until when each key's rate is used up
}

func newLocal() *local { return &local{at: map[string]time.Time{}} }

func (l *local) take(now time.Time, n int, limits []Limit) (allowed int, retryAfter time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trim(now)
	allowed = n
	at := make([]time.Time, len(limits))
	for i, limit := range limits {
		at[i] = now
		if t := l.at[limit.Key]; t.After(now) {
			at[i] = t
		}
		free := (time.Duration(limit.burst())*limit.interval() - at[i].Sub(now)) / limit.interval()
		allowed = min(allowed, max(int(free), 0))
	}
	for i, limit := range limits {
		if allowed > 0 {
			at[i] = at[i].Add(time.Duration(allowed) * limit.interval())
			l.at[limit.Key] = at[i]
		}
		retryAfter = max(retryAfter, at[i].Sub(now)+limit.interval()-time.Duration(limit.burst())*limit.interval())
	}
	return allowed, retryAfter
}

// trim forgets the keys whose rate is free again once there are many, and any others if that is not enough.
func (l *local) trim(now time.Time) {
	if len(l.at) < most {
		return
	}
	for key, t := range l.at {
		if !t.After(now) {
			delete(l.at, key)
		}
	}
	for key := range l.at {
		if len(l.at) < most {
			return
		}
		delete(l.at, key)
	}
}
