package doctor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// redisSettings are those that matter to a queue.
type redisSettings struct {
	version, policy string
	limited         bool // maxmemory is set
	appends         bool // appendonly
	saves           bool // snapshots were made, or are
	fault           bool // the last write to disk failed: then Redis takes no writes
	latency         time.Duration
}

// Redis looks at the settings of a Redis server. The work itself stands in the database; Redis says when it is to be done, and counts
// for the limits.
func Redis(ctx context.Context, client redis.UniversalClient) []Check {
	if err := client.Ping(ctx).Err(); err != nil {
		return []Check{failf("queue", "check REDIS_URL and that the server runs", "%v", err)}
	}
	s, err := readRedis(ctx, client)
	if err != nil {
		return []Check{warnf("queue", "let the user of REDIS_URL run INFO", "Redis answers, its settings cannot be read: %v", err)}
	}
	return s.checks()
}

// Embedded tells of the queue in the process itself, and of what is wrong with it if something is.
func Embedded(err error) []Check {
	const name = "queue"
	if err != nil {
		return []Check{failf(name, "restart the process", "%v", err)}
	}
	return []Check{okf(name, "embedded; set REDIS_URL to run workers on more than one machine")}
}

// rounds is how often Redis is asked for its latency; the middle one counts.
const rounds = 9

func readRedis(ctx context.Context, client redis.UniversalClient) (s redisSettings, err error) {
	text, err := client.Info(ctx).Result()
	if err != nil {
		return s, err
	}
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	s.version, s.policy = info["redis_version"], info["maxmemory_policy"]
	s.limited = info["maxmemory"] != "" && info["maxmemory"] != "0"
	s.appends = info["aof_enabled"] == "1"
	last, _ := strconv.ParseInt(info["rdb_saves"], 10, 64)
	s.saves = last > 0
	// Managed servers forbid CONFIG; what INFO told stands then.
	if conf, err := client.ConfigGet(ctx, "save").Result(); err == nil {
		s.saves = strings.TrimSpace(conf["save"]) != ""
	}
	s.fault = info["rdb_last_bgsave_status"] == "err" || s.appends && (info["aof_last_write_status"] == "err" || info["aof_last_bgrewrite_status"] == "err")
	took := make([]time.Duration, rounds)
	for i := range took {
		began := time.Now()
		if err := client.Ping(ctx).Err(); err != nil {
			return s, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	s.latency = took[rounds/2]
	return s, nil
}

// slow is the latency from which the queue holds the sending up.
const slow = 20 * time.Millisecond

func (s redisSettings) checks() []Check {
	const (
		name   = "queue"
		memory = "queue memory"
		disk   = "queue persistence"
	)
	var out []Check
	detail := fmt.Sprintf("Redis %s answers in %s", s.version, s.latency.Round(10*time.Microsecond))
	major, minor := release(s.version)
	switch {
	case major != 0 && (major < 6 || major == 6 && minor < 2):
		out = append(out, warnf(name, "move to Redis 6.2 or later, or Valkey", "%s; this version is not looked after any more", detail))
	case s.latency > slow:
		out = append(out, warnf(name, "put Redis into the same network as the workers", "%s", detail))
	default:
		out = append(out, okf(name, "%s", detail))
	}
	switch {
	case s.policy == "":
		out = append(out, warnf(memory, "set maxmemory-policy noeviction", "what Redis does when its memory is full is not known"))
	case s.policy != "noeviction" && s.limited:
		out = append(out, failf(memory, "set maxmemory-policy noeviction", "maxmemory-policy is %s: tasks and limits are thrown away when the memory is full", s.policy))
	case s.policy != "noeviction":
		out = append(out, warnf(memory, "set maxmemory-policy noeviction", "maxmemory-policy is %s; it throws tasks and limits away as soon as a maxmemory is set", s.policy))
	default:
		out = append(out, okf(memory, "nothing is thrown away"))
	}
	switch {
	case s.fault:
		out = append(out, failf(disk, "free the disk of Redis and look into its log", "the last write to disk failed; Redis takes no writes then"))
	case !s.appends && !s.saves:
		out = append(out, warnf(disk, "set appendonly yes", "nothing is kept on disk: after a restart of Redis tasks come again from the database, but limits on sign-ups and sending count anew"))
	case !s.appends:
		out = append(out, okf(disk, "snapshots; appendonly yes would keep the last minutes too"))
	default:
		out = append(out, okf(disk, "each change is appended"))
	}
	return out
}

// release is the beginning of a version, zero if it cannot be read.
func release(version string) (major, minor int) {
	a, rest, _ := strings.Cut(version, ".")
	b, _, _ := strings.Cut(rest, ".")
	major, _ = strconv.Atoi(a)
	minor, _ = strconv.Atoi(b)
	return major, minor
}

// RedisClock is that of the machine of Redis.
func RedisClock(client redis.UniversalClient) Clock {
	return Clock{Name: "Redis", Time: func(ctx context.Context) (time.Time, error) { return client.Time(ctx).Result() }}
}
