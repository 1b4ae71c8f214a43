package limits

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"assent/campaigns/pace"
)

// Without says what a Limiter does while Redis is away.
type Without int

const (
	Closed Without = iota // allows nothing and says why
	Local                 // keeps the rates for this process alone
	Open                  // allows everything
)

// Limit is a rate on one key. Burst is how many may come at once after a quiet time; 0 stands for a tenth of a
// second's worth, at least one. A key never holds an address, only its fingerprint.
type Limit struct {
	Key   string
	Rate  pace.Rate
	Burst int
}

func (l Limit) burst() int {
	if l.Burst > 0 {
		return l.Burst
	}
	return max(1, int(l.Rate.PerSecond()/10))
}

// interval is the time that one piece takes of the rate.
func (l Limit) interval() time.Duration { return l.Rate.Per / time.Duration(l.Rate.N) }

// Limiter keeps the limits of one group of keys.
type Limiter struct {
	redis   redis.UniversalClient
	group   string
	without Without
	local   *local
}

// New makes the Limiter of a group. A group's keys lie together in a Redis Cluster, so keep to few pieces of work in one.
func New(client redis.UniversalClient, group string, without Without) *Limiter {
	return &Limiter{redis: client, group: group, without: without, local: newLocal()}
}

// take moves each key's time on by as many intervals as every one of them allows. Times are in microseconds of the
// server's clock; a key outlives its time by a second, as an embedded server may drop one a little early. KEYS: the keys. ARGV: how many are wanted, then interval and burst of each key.
// Returns how many are allowed, and in how many microseconds more will be.
var take = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local allowed, wait = tonumber(ARGV[1]), 0
local at = {}
for i, key in ipairs(KEYS) do
	local interval, burst = tonumber(ARGV[2*i]), tonumber(ARGV[2*i+1])
	at[i] = math.max(tonumber(redis.call('GET', key) or 0), now)
	local free = math.floor((burst * interval - (at[i] - now)) / interval)
	allowed = math.min(allowed, math.max(free, 0))
end
for i, key in ipairs(KEYS) do
	local interval, burst = tonumber(ARGV[2*i]), tonumber(ARGV[2*i+1])
	if allowed > 0 then
		at[i] = at[i] + allowed * interval
		redis.call('SET', key, string.format('%.0f', at[i]), 'PX', string.format('%.0f', math.ceil((at[i] - now) / 1000) + 1000))
	end
	wait = math.max(wait, at[i] - now + interval - burst * interval)
end
return {allowed, string.format('%.0f', math.ceil(wait))}
`)

// Take asks for n pieces under all the limits at once and takes as many as every one of them allows, from all alike.
// Where that is fewer than n, retryAfter says when at least one more will be free. Limits with a zero rate are passed
// over. The error is that of Redis, under Closed only.
func (l *Limiter) Take(ctx context.Context, n int, all ...Limit) (allowed int, retryAfter time.Duration, err error) {
	limits := all[:0:0]
	for _, limit := range all {
		if !limit.Rate.IsZero() {
			limits = append(limits, limit)
		}
	}
	if n <= 0 || len(limits) == 0 {
		return n, 0, nil
	}
	allowed, retryAfter, err = l.take(ctx, n, limits)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return 0, 0, ctx.Err()
	case l.without == Open:
		return n, 0, nil
	case l.without == Local:
		allowed, retryAfter = l.local.take(time.Now(), n, limits)
	default:
		return 0, time.Second, fmt.Errorf("limits: %w", err)
	}
	if allowed == n {
		retryAfter = 0
	}
	return allowed, retryAfter, nil
}

func (l *Limiter) take(ctx context.Context, n int, limits []Limit) (allowed int, retryAfter time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	keys := make([]string, len(limits))
	args := []any{n}
	for i, limit := range limits {
		keys[i] = "assent:limit:{" + l.group + "}:" + limit.Key
		args = append(args, fmt.Sprintf("%.3f", float64(limit.Rate.Per.Nanoseconds())/float64(limit.Rate.N)/1000), limit.burst())
	}
	reply, err := take.Run(ctx, l.redis, keys, args...).Int64Slice()
	if err != nil {
		return 0, 0, err
	}
	if len(reply) != 2 {
		return 0, 0, errors.New("unexpected reply")
	}
	return int(reply[0]), time.Duration(reply[1]) * time.Microsecond, nil
}
