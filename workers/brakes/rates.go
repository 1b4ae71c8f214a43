package brakes

// Level says how far a rate has gone.
type Level uint8

// The levels, in order of severity.
const (
	OK Level = iota
	Alert
	Stop
)

func (l Level) String() string {
	switch l {
	case Alert:
		return "alert"
	case Stop:
		return "stop"
	default:
		return "ok"
	}
}

// Counts is what happened to the mails of a campaign, a stream or a receiving
// domain over some window. After a person has resumed a paused campaign the
// window begins at the resumption, or the brake would close again at once.
type Counts struct {
	Sent       int64 // accepted by the relay or the receiver
	Complained int64
	Bounced    int64 // hard bounces
	Deferred   int64 // mails answered with a temporary refusal at least once
}

// Rate is a share in parts per million, so that a limit of 0.1 % is exact.
type Rate int64

// Percent is the rate as a percentage, for people.
func (r Rate) Percent() float64 { return float64(r) / 10_000 }

// PerMillion is the rate of n among total. More than all of them (late
// complaints about an earlier window) is all of them; nothing sent is nothing.
func PerMillion(n, total int64) Rate {
	switch {
	case n <= 0 || total <= 0:
		return 0
	case n >= total:
		return 1_000_000
	}
	return Rate(float64(n) / float64(total) * 1_000_000)
}

// Threshold is the pair of rates at which one kind of trouble is told and at
// which it stops the sending. A zero rate is never reached.
type Threshold struct {
	Alert, Stop Rate
	// AtLeast is the number of mails sent below which the rate says nothing
	// yet: one complaint among the first three mails is no rate.
	AtLeast int64
}

// Limits holds the thresholds of every rate.
type Limits struct {
	Complaints Threshold
	Bounces    Threshold
	Deferrals  Threshold
}

// Defaults are the limits that mailbox providers publish or act on: Gmail and
// Yahoo ask for a complaint rate below 0.1 % and act at 0.3 %; hard bounces
// above 2 % speak of an old list and above 5 % of a bought one.
func Defaults() Limits {
	return Limits{
		Complaints: Threshold{Alert: 1_000, Stop: 3_000, AtLeast: 100},
		Bounces:    Threshold{Alert: 20_000, Stop: 50_000, AtLeast: 100},
		Deferrals:  Threshold{Alert: 100_000, Stop: 300_000, AtLeast: 50},
	}
}

// Verdict is the judgement of one set of counts.
type Verdict struct {
	Level                          Level // the worst of the three
	Complaints, Bounces, Deferrals Level
	ComplaintRate, BounceRate      Rate
	DeferralRate                   Rate
}

// Judge compares the counts with the limits. Deferrals slow a domain down and
// never stop a campaign by themselves, so they do not raise Level above Alert.
func (l Limits) Judge(c Counts) Verdict {
	var v Verdict
	v.Complaints, v.ComplaintRate = l.Complaints.judge(c.Complained, c.Sent)
	v.Bounces, v.BounceRate = l.Bounces.judge(c.Bounced, c.Sent)
	v.Deferrals, v.DeferralRate = l.Deferrals.judge(c.Deferred, c.Sent+c.Deferred)
	v.Level = max(v.Complaints, v.Bounces, min(v.Deferrals, Alert))
	return v
}

// judge compares by multiplication, so that exactly 0.1 % counts as reached.
func (t Threshold) judge(n, sent int64) (Level, Rate) {
	rate := PerMillion(n, sent)
	if n <= 0 || sent < max(t.AtLeast, 1) {
		return OK, rate
	}
	switch {
	case t.Stop > 0 && reached(n, sent, t.Stop):
		return Stop, rate
	case t.Alert > 0 && reached(n, sent, t.Alert):
		return Alert, rate
	}
	return OK, rate
}

// reached reports n/sent >= limit without rounding. Both counts stay far below
// the 9e12 at which the product would overflow.
func reached(n, sent int64, limit Rate) bool {
	const most = 9_000_000_000_000
	return min(n, most)*1_000_000 >= min(sent, most)*int64(limit)
}
