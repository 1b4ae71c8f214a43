package campaignstest_test

import (
	"testing"
	"time"

	"assent/campaigns/campaignstest"
)

// failed takes what a test would say.
type failed struct {
	testing.TB
	n int
}

func (f *failed) Helper()               {}
func (f *failed) Errorf(string, ...any) { f.n++ }

func TestAHistoryIsHeldAgainstTheModel(t *testing.T) {
	type act struct {
		act      campaignstest.Act
		from, to int
	}
	for name, c := range map[string]struct {
		acts []act
		ok   bool
	}{
		"before":                {[]act{{campaignstest.Began, 1, 1}, {campaignstest.Withdrew, 2, 4}}, true},
		"under way":             {[]act{{campaignstest.Withdrew, 2, 4}, {campaignstest.Began, 3, 3}}, true},
		"after":                 {[]act{{campaignstest.Withdrew, 2, 4}, {campaignstest.Began, 5, 5}}, false},
		"after a new consent":   {[]act{{campaignstest.Withdrew, 2, 4}, {campaignstest.Gave, 5, 6}, {campaignstest.Began, 7, 7}}, true},
		"before a new consent":  {[]act{{campaignstest.Withdrew, 2, 4}, {campaignstest.Began, 5, 5}, {campaignstest.Gave, 6, 7}}, false},
		"the second answered":   {[]act{{campaignstest.Withdrew, 2, 9}, {campaignstest.Withdrew, 3, 4}, {campaignstest.Began, 5, 5}}, false},
		"consent meanwhile":     {[]act{{campaignstest.Withdrew, 2, 4}, {campaignstest.Gave, 3, 8}, {campaignstest.Began, 7, 7}}, true},
		"withdrawn meanwhile":   {[]act{{campaignstest.Gave, 1, 4}, {campaignstest.Withdrew, 3, 5}, {campaignstest.Began, 6, 6}}, true},
		"withdrawn once it was": {[]act{{campaignstest.Gave, 1, 2}, {campaignstest.Withdrew, 3, 5}, {campaignstest.Began, 6, 6}}, false},
	} {
		h, seen := campaignstest.NewHistory(), &failed{}
		now := time.Now()
		for i, a := range c.acts {
			h.Add(i, a.act, "somebody", now.Add(time.Duration(a.from)*time.Second), now.Add(time.Duration(a.to)*time.Second))
		}
		h.Check(seen)
		if (seen.n == 0) != c.ok {
			t.Errorf("%s: legal is %v", name, seen.n == 0)
		}
	}
}
