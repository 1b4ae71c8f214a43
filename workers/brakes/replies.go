package brakes

// The rule for refusals by policy (enhanced status 5.7.x): this many in a row,
// or this many among the last replies, pause a campaign. Receivers say with
// them that they doubt the sender, not the person, so nobody is suppressed.
const (
	policyRun    = 5
	policyWindow = 1_000
	policyShare  = 10 // 1 % of the window
)

// Replies is the run of the last final replies to a campaign's mails. The zero
// value is an empty run. It is not safe for concurrent use.
type Replies struct {
	refused [(policyWindow + 63) / 64]uint64 // ring, one bit a reply
	next    int
	count   int
	total   int
	run     int
}

// Add notes one final reply, policy being whether it was a 5.7.x, and reports
// whether the campaign is to be paused now.
func (r *Replies) Add(policy bool) (pause bool) {
	word, bit := r.next/64, uint64(1)<<(r.next%64)
	if r.count == policyWindow && r.refused[word]&bit != 0 {
		r.total--
	}
	r.refused[word] &^= bit
	if policy {
		r.refused[word] |= bit
		r.total++
		r.run++
	} else {
		r.run = 0
	}
	r.next = (r.next + 1) % policyWindow
	r.count = min(r.count+1, policyWindow)
	return r.Pause()
}

// Pause reports whether the replies so far call for a pause.
func (r *Replies) Pause() bool { return r.run >= policyRun || r.total >= policyShare }

// Run is the number of refusals by policy in a row, Refused their number among
// the last Count replies.
func (r *Replies) Run() int     { return r.run }
func (r *Replies) Refused() int { return r.total }
func (r *Replies) Count() int   { return r.count }

// Reset forgets everything, as when a person resumes the campaign.
func (r *Replies) Reset() { *r = Replies{} }
