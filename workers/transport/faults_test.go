package transport_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assent/workers/smtptest"
	"assent/workers/transport"
)

// Each fault hits the second of four messages; the results of all four are what the sending engine may rely on.
func TestEachFaultHasItsExactResult(t *testing.T) {
	type step = smtptest.Step
	type answer = smtptest.Reply
	second := func(verb string, r answer) func(step) answer {
		return func(s step) answer {
			if s.Verb == verb && s.To == "p1@people.test" || s.Verb == verb && verb == "MAIL" && s.Conn == 1 && s.Message == 2 {
				return r
			}
			return answer{}
		}
	}
	for name, c := range map[string]struct {
		script func(step) answer
		want   string
		got    int // messages that the relay took whole
	}{
		"none":                         {nil, "sent sent sent sent", 4},
		"recipient unknown":            {second("RCPT", answer{Text: "550 5.1.1 no such user"}), "sent rejected@rcpt:550 sent sent", 3},
		"recipient greylisted":         {second("RCPT", answer{Text: "451 4.7.1 later"}), "sent deferred@rcpt:451 sent sent", 3},
		"sender refused":               {second("MAIL", answer{Text: "553 5.1.8 bad sender"}), "sent rejected@mail:553 sent sent", 3},
		"data refused":                 {second("DATA", answer{Text: "452 4.3.1 no room"}), "sent deferred@data:452 sent sent", 3},
		"data taken without recipient": {takesData, "sent rejected@rcpt:550 sent sent", 3},
		"message refused":              {second(".", answer{Text: "554 5.7.1 looks like spam"}), "sent rejected@end:554 sent sent", 4},
		"message deferred":             {second(".", answer{Text: "451 4.3.0 later"}), "sent deferred@end:451 sent sent", 4},
		"closing behind 421 to MAIL":   {second("MAIL", answer{Text: "421 4.3.2 closing", DropAfter: true}), "sent sent sent sent", 4},
		"closing behind 421 to RCPT":   {second("RCPT", answer{Text: "421 4.3.2 closing", DropAfter: true}), "sent deferred@rcpt:421 sent sent", 3},
		"closing behind 421 at end":    {second(".", answer{Text: "421 4.3.2 closing", DropAfter: true}), "sent deferred@end:421 sent sent", 4},
		"dropped at MAIL":              {second("MAIL", answer{Drop: true}), "sent sent sent sent", 4},
		"dropped at RCPT":              {second("RCPT", answer{Drop: true}), "sent failed@rcpt sent sent", 3},
		"dropped at DATA":              {second("DATA", answer{Drop: true}), "sent failed@data sent sent", 3},
		"dropped without 250":          {second(".", answer{Drop: true}), "sent uncertain@end sent sent", 4},
		"reset without 250":            {second(".", answer{Drop: true, Reset: true}), "sent uncertain@end sent sent", 4},
		"dropped behind 250":           {second(".", answer{DropAfter: true}), "sent sent sent sent", 4},
		"reset behind 250":             {second(".", answer{DropAfter: true, Reset: true}), "sent sent sent sent", 4},
		"nonsense instead of 250":      {second(".", answer{Text: "what?"}), "sent uncertain@end sent sent", 4},
		"354 instead of 250":           {second(".", answer{Text: "354 go on"}), "sent uncertain@end:354 sent sent", 4},
		"stalled at the end":           {second(".", answer{Stall: true}), "sent uncertain@end sent sent", 4},
		"stalled at DATA":              {second("DATA", answer{Stall: true}), "sent failed@data sent sent", 3},
		"slow but well":                {second(".", answer{Delay: 100 * time.Millisecond}), "sent sent sent sent", 4},
		"refused and dropped":          {second("RCPT", answer{Text: "550 5.7.1 go away", DropAfter: true}), "sent rejected@rcpt:550 sent sent", 3},
		"multi-line refusal":           {second("RCPT", answer{Text: "550-5.1.1 no\n550 5.1.1 such user"}), "sent rejected@rcpt:550 sent sent", 3},
	} {
		for mode, ext := range modes {
			t.Run(name+"/"+mode, func(t *testing.T) {
				t.Parallel()
				s := smtptest.Serve(t, smtptest.Options{Script: c.script, Extensions: ext})
				var patience transport.Options
				if strings.HasPrefix(name, "stalled") {
					patience = quick
				}
				tr := open(t, s, patience)
				b := batch(t, 4)
				j := &journal{}
				b.Journal = j
				res := tr.SendBatch(context.Background(), b)
				if got := states(res); got != c.want {
					t.Errorf("results\n got %s\nwant %s\n%+v", got, c.want, res)
				}
				whole := map[string]int{}
				for _, m := range s.Transactions() {
					if m.Whole && len(m.To) > 0 {
						whole[m.To[0]]++
					}
				}
				if len(whole) != c.got {
					t.Errorf("the relay took %d messages whole, want %d", len(whole), c.got)
				}
				for to, n := range whole {
					if n > 1 {
						t.Errorf("%s was sent %d times", to, n)
					}
				}
				if v := s.Violations(); len(v) > 0 {
					t.Errorf("violations: %q", v)
				}
				for _, r := range res {
					if r.State == transport.Sent && (r.Code != 250 || r.Enhanced != "2.0.0" || r.Reply == "" || r.MailAt.IsZero() || r.At.IsZero() || r.Relay != s.Addr) {
						t.Errorf("thin evidence: %+v", r)
					}
				}
			})
		}
	}
}

// takesData refuses the recipient and says 354 all the same, as RFC 2920 §3.1 warns.
func takesData(s smtptest.Step) smtptest.Reply {
	switch {
	case s.Verb == "RCPT" && s.To == "p1@people.test":
		return smtptest.Reply{Text: "550 5.1.1 no such user"}
	case s.Verb == "DATA":
		return smtptest.Reply{Text: "354 go ahead"}
	}
	return smtptest.Reply{}
}
