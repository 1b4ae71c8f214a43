package queue

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

var errURL = errors.New("is no Redis; want redis://, rediss://, redis-sentinel://HOST,HOST/MASTER or redis-cluster://HOST,HOST (percent-encode signs in the password)")

// CheckURL says in one line what is wrong with a REDIS_URL, without quoting it.
func CheckURL(text string) error {
	_, err := parseURL(text)
	return err
}

// parseURL reads one of
//
//	redis://[USER:PASSWORD@]HOST[:6379][/DB]            rediss:// the same over TLS
//	redis-sentinel://[USER:PASSWORD@]HOST[:26379],HOST…/MASTER[/DB]
//	redis-cluster://[USER:PASSWORD@]HOST[:6379],HOST…
//
// with the options tls=true (Sentinel and Cluster), master=NAME in place of the path, sentinel_username and
// sentinel_password. net/url takes one host only, so the parts are cut here. No error quotes any part: it may hold the password.
func parseURL(text string) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	port := "6379"
	opts := options()
	switch scheme {
	case "redis":
	case "rediss":
		opts.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	case "redis-sentinel":
		port = "26379"
	case "redis-cluster":
		opts.IsClusterMode = true
	default:
		ok = false
	}
	if !ok {
		return nil, errURL
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		var err, err2 error
		user, password, _ := strings.Cut(authority[:at], ":")
		opts.Username, err = url.PathUnescape(user)
		opts.Password, err2 = url.PathUnescape(password)
		if err != nil || err2 != nil {
			return nil, errURL
		}
		authority = authority[at+1:]
	}
	for _, host := range strings.Split(authority, ",") {
		addr, err := withPort(host, port)
		if err != nil {
			return nil, err
		}
		opts.Addrs = append(opts.Addrs, addr)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, errURL
	}
	if err := setOptions(opts, scheme, values); err != nil {
		return nil, err
	}
	if scheme == "redis-sentinel" && opts.MasterName == "" {
		opts.MasterName, path, _ = strings.Cut(path, "/")
		if opts.MasterName == "" {
			return nil, errors.New("names no master; want redis-sentinel://HOST,HOST/MASTER")
		}
	}
	if path != "" {
		db, err := strconv.Atoi(path)
		if err != nil || db < 0 || opts.IsClusterMode {
			return nil, errors.New("has an odd end; want the number of a database, such as redis://HOST/0 (a cluster has none)")
		}
		opts.DB = db
	}
	if !opts.IsClusterMode && opts.MasterName == "" && len(opts.Addrs) > 1 {
		return nil, errors.New("names several hosts; want one, or redis-sentinel:// or redis-cluster://")
	}
	return opts, nil
}

// options are the same for every kind of Redis: whoever waits for it waits two seconds at most.
func options() *redis.UniversalOptions {
	return &redis.UniversalOptions{
		ClientName:               "assent",
		DialTimeout:              time.Second,
		DialerRetries:            1,
		ReadTimeout:              2 * time.Second,
		WriteTimeout:             2 * time.Second,
		PoolTimeout:              2 * time.Second,
		MaxRetries:               1,
		ContextTimeoutEnabled:    true,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

func setOptions(opts *redis.UniversalOptions, scheme string, values url.Values) error {
	sentinel, cluster := scheme == "redis-sentinel", scheme == "redis-cluster"
	for key := range values {
		value := values.Get(key)
		switch {
		case key == "tls" && value == "true" && (sentinel || cluster):
			opts.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		case key == "master" && sentinel:
			opts.MasterName = value
		case key == "sentinel_username" && sentinel:
			opts.SentinelUsername = value
		case key == "sentinel_password" && sentinel:
			opts.SentinelPassword = value
		default:
			return errors.New("has an unknown option " + strconv.Quote(key) + "; want tls=true, master, sentinel_username or sentinel_password (rediss:// for TLS to a single server)")
		}
	}
	return nil
}

func withPort(host, port string) (string, error) {
	h, p, err := net.SplitHostPort(host)
	if err != nil {
		h, p = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), port
		if strings.Contains(h, ":") && !strings.HasPrefix(host, "[") {
			return "", errURL
		}
	}
	if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 || h == "" || strings.ContainsAny(h, " \t\r\n/") {
		return "", errURL
	}
	return net.JoinHostPort(h, p), nil
}
