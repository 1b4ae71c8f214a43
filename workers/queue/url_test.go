package queue

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseURL(t *testing.T) {
	type view struct {
		Addrs                                []string
		User, Password                       string
		DB                                   int
		TLS, Cluster                         bool
		Master, SentinelUser, SentinelPasswd string
	}
	for text, want := range map[string]view{
		"redis://localhost":                    {Addrs: []string{"localhost:6379"}},
		"redis://localhost:7000/3":             {Addrs: []string{"localhost:7000"}, DB: 3},
		"redis://:p%40ss%2Fword@h":             {Addrs: []string{"h:6379"}, Password: "p@ss/word"},
		"redis://user:pass@[::1]:6380/":        {Addrs: []string{"[::1]:6380"}, User: "user", Password: "pass"},
		"redis://[::1]":                        {Addrs: []string{"[::1]:6379"}},
		"rediss://u:p@cache.example.com:6390":  {Addrs: []string{"cache.example.com:6390"}, User: "u", Password: "p", TLS: true},
		"redis-sentinel://s1,s2:26380,s3/main": {Addrs: []string{"s1:26379", "s2:26380", "s3:26379"}, Master: "main"},
		"redis-sentinel://u:p@s1/main/2":       {Addrs: []string{"s1:26379"}, User: "u", Password: "p", Master: "main", DB: 2},
		"redis-sentinel://s1,s2?master=main":   {Addrs: []string{"s1:26379", "s2:26379"}, Master: "main"},
		"redis-sentinel://s1/main?tls=true&sentinel_username=su&sentinel_password=sp": {Addrs: []string{"s1:26379"}, Master: "main", TLS: true, SentinelUser: "su", SentinelPasswd: "sp"},
		"redis-cluster://h1,h2:7001":      {Addrs: []string{"h1:6379", "h2:7001"}, Cluster: true},
		"redis-cluster://u:p@h1?tls=true": {Addrs: []string{"h1:6379"}, User: "u", Password: "p", Cluster: true, TLS: true},
	} {
		o, err := parseURL(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := view{o.Addrs, o.Username, o.Password, o.DB, o.TLSConfig != nil, o.IsClusterMode, o.MasterName, o.SentinelUsername, o.SentinelPassword}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", text, diff)
		}
	}
	for _, text := range []string{
		"localhost:6379", "http://h", "redis://", "redis:///0", "redis://h1,h2", "redis://h/x", "redis://h/-1", "redis://h:0", "redis://h:port",
		"redis://u:hunter2%zz@h", "redis://::1", "redis://h?tls=true", "redis://h?db=1", "redis://h:1:2",
		"redis-sentinel://s1,s2", "redis-sentinel://s1/main/x", "redis-sentinel://s1,,s2/main", "redis-cluster://h1/1", "redis-cluster://h1?master=m", "redis-cluster://h1?tls=maybe",
	} {
		err := CheckURL(text)
		if err == nil {
			t.Errorf("%s is taken", text)
		} else if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error tells the secret or is not one line: %v", text, err)
		}
	}
}
