package pace

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	for text, want := range map[string]Rate{
		"3/168h":   {3, 168 * time.Hour},
		"20/s":     {20, time.Second},
		"100/m":    {100, time.Minute},
		" 5000/h ": {5000, time.Hour},
		"1/d":      {1, 24 * time.Hour},
		"7/1m30s":  {7, 90 * time.Second},
	} {
		got, err := ParseRate(text)
		if err != nil || got != want {
			t.Errorf("ParseRate(%q) = %v, %v; want %v", text, got, err, want)
		}
		if got.String() != strings.ReplaceAll(strings.TrimSpace(text), "24h", "d") {
			t.Errorf("ParseRate(%q).String() = %q", text, got)
		}
	}
	for _, text := range []string{"", "3", "3/", "/h", "0/h", "-1/h", "3/0s", "3/-1h", "3/week", "three/h", "3/1h/2h", "1.5/s"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("ParseRate(%q) = %v, want an error", text, got)
		}
	}
	if got := (Rate{90, time.Minute}).PerSecond(); got != 1.5 {
		t.Errorf("90/m is %v a second, want 1.5", got)
	}
	if got := (Rate{}).PerSecond(); got != 0 {
		t.Errorf("no limit is %v a second, want 0", got)
	}
}

func TestWarmup(t *testing.T) {
	w, err := ParseWarmup("50, 100,100,2000")
	if err != nil || w.String() != "50,100,100,2000" {
		t.Fatalf("ParseWarmup = %q, %v", w, err)
	}
	var got []string
	for day := range 6 {
		n, limited := w.Limit(day)
		got = append(got, fmt.Sprint(n, limited))
	}
	if s := strings.Join(got, " "); s != "50 true 100 true 100 true 2000 true 0 false 0 false" {
		t.Errorf("limits by day: %s", s)
	}
	if _, limited := (Warmup{}).Limit(0); limited {
		t.Error("no plan limits the first day")
	}
	for _, text := range []string{"", "a", "0", "50,,100", "100,50", "-5", "50;100"} {
		if w, err := ParseWarmup(text); err == nil {
			t.Errorf("ParseWarmup(%q) = %q, want an error", text, w)
		}
	}
}

func TestDomains(t *testing.T) {
	d, err := ParseDomains("outlook.com=100/m, GMail.com=20/s,*=5/s,bücher.example=1/s")
	if err != nil {
		t.Fatal(err)
	}
	if got := d.String(); got != "gmail.com=20/s,outlook.com=100/m,xn--bcher-kva.example=1/s,*=5/s" {
		t.Errorf("String() = %q", got)
	}
	for domain, want := range map[string]Rate{
		"gmail.com":             {20, time.Second},
		"outlook.com":           {100, time.Minute},
		"xn--bcher-kva.example": {1, time.Second},
		"elsewhere.example":     {5, time.Second},
	} {
		if got := d.For(domain); got != want {
			t.Errorf("For(%q) = %v, want %v", domain, got, want)
		}
	}
	if got := (Domains{}).For("gmail.com"); !got.IsZero() {
		t.Errorf("no limits: For = %v", got)
	}
	for _, text := range []string{"", "gmail.com", "gmail.com=", "gmail.com=x/s", "=1/s", "localhost=1/s", "a.com=1/s,a.com=2/s", "*=1/s,*=2/s", "a b.com=1/s"} {
		if d, err := ParseDomains(text); err == nil {
			t.Errorf("ParseDomains(%q) = %q, want an error", text, d)
		}
	}
}
