package throttle

import (
	"strconv"
	"testing"
	"time"
)

func TestAllowanceIsUsedUpAndRefills(t *testing.T) {
	l := New(Rate{Burst: 3, Every: 10 * time.Second}, 100)
	now := time.Unix(1000, 0)
	for i := range 3 {
		if wait, ok := l.Take("a", now); !ok {
			t.Fatalf("attempt %d waits %v", i, wait)
		}
	}
	if wait, ok := l.Take("a", now); ok || wait != 10*time.Second {
		t.Fatalf("fourth attempt: %v, %v", wait, ok)
	}
	if _, ok := l.Take("b", now); !ok {
		t.Error("another key is refused too")
	}
	if wait, ok := l.Take("a", now.Add(9*time.Second)); ok || wait != time.Second {
		t.Errorf("after 9 s: %v, %v", wait, ok)
	}
	if _, ok := l.Take("a", now.Add(10*time.Second)); !ok {
		t.Error("refused after its wait")
	}
	if _, ok := l.Take("a", now.Add(11*time.Second)); ok {
		t.Error("more than one attempt refilled")
	}
	l.Forgive("a")
	if _, ok := l.Take("a", now.Add(11*time.Second)); !ok {
		t.Error("refused after a success")
	}
}

func TestRefusedAttemptsDoNotLengthenTheWait(t *testing.T) {
	l := New(Rate{Burst: 1, Every: time.Minute}, 100)
	now := time.Unix(1000, 0)
	l.Take("a", now)
	for range 50 {
		l.Take("a", now)
	}
	if _, ok := l.Take("a", now.Add(time.Minute)); !ok {
		t.Error("refusals were counted: the account is locked")
	}
}

func TestMemoryIsBoundedAndKeepsTheBusiest(t *testing.T) {
	l := New(Rate{Burst: 5, Every: time.Minute}, 50)
	now := time.Unix(1000, 0)
	for range 5 {
		l.Take("attacker", now)
	}
	for i := range 1000 {
		l.Take(strconv.Itoa(i), now)
		if len(l.full) > 50 {
			t.Fatalf("%d keys are remembered", len(l.full))
		}
	}
	if _, ok := l.Take("attacker", now); ok {
		t.Error("the busiest key was forgotten")
	}
}

func TestCaller(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.7":               "192.0.2.7",
		"::ffff:192.0.2.7":        "192.0.2.7",
		"2001:db8:1:2:3:4:5:6":    "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::1%e0": "2001:db8:1:2::/64",
		"unix":                    "unix",
	} {
		if got := Caller(ip); got != want {
			t.Errorf("Caller(%q) = %q, want %q", ip, got, want)
		}
	}
}
