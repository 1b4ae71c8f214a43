package campaigns

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"assent/campaigns/content"
	"assent/preferences/problem"
	"assent/preferences/strict"
)

// How the better text of a test is found.
const (
	MeasureClicks       = "clicks"       // most people who click, of those who allow that it is counted
	MeasureUnsubscribes = "unsubscribes" // fewest people who unsubscribe
	MeasureHand         = "hand"         // somebody chooses
)

// ABTest sends different texts to a share of the audience, and the better one to the rest. The campaign's own text is the
// first of them.
type ABTest struct {
	Share    int       `json:"share"` // per cent of the audience
	Wait     string    `json:"wait"`  // from the last of the test mails to the choice, such as 4h
	Measure  string    `json:"measure"`
	Variants []Variant `json:"variants"` // the others
}

// Variant is another text: what is empty is the campaign's own.
type Variant struct {
	Subject   string          `json:"subject,omitempty"`
	Preheader string          `json:"preheader,omitempty"`
	Blocks    json.RawMessage `json:"blocks,omitempty"`
}

// ABState is where a test stands.
type ABState struct {
	CheckAt time.Time `json:"check_at,omitzero"` // when to look next whether it is over
	Winner  int       `json:"winner,omitempty"`  // 1 is the campaign's own text; 0: not chosen yet
	At      time.Time `json:"at,omitzero"`
	By      string    `json:"by,omitempty"`    // who chose; empty: the measure did
	Shown   bool      `json:"shown,omitempty"` // that it is better by more than chance explains
}

const (
	maxOthers = 3
	minWait   = 10 * time.Minute
	maxWait   = 14 * 24 * time.Hour
)

// Arms is how many texts there are.
func (a *ABTest) Arms() int { return 1 + len(a.Variants) }

func (a *ABTest) wait() time.Duration {
	d, _ := time.ParseDuration(a.Wait) // it was checked
	return d
}

// readTest reads the test of a draft; nil for none.
func readTest(raw json.RawMessage, bad *problem.Collector) *ABTest {
	if string(raw) == "null" {
		return nil
	}
	var a ABTest
	if err := strict.Unmarshal(raw, &a); err != nil {
		bad.Add("ab_test", "must be {share, wait, measure, variants: [{subject?, preheader?, blocks?}]}: %s", err)
		return nil
	}
	return &a
}

// check names what is wrong with the test of c.
func (a *ABTest) check(c *Campaign, bad *problem.Collector) {
	if a.Share < 1 || a.Share > 100 {
		bad.Add("ab_test.share", "must be 1 to 100 per cent")
	}
	switch a.Measure {
	case MeasureClicks:
		if !c.TrackClicks {
			bad.Add("ab_test.measure", "can be clicks only if track_clicks is on")
		}
	case MeasureUnsubscribes, MeasureHand:
	default:
		bad.Add("ab_test.measure", "must be clicks, unsubscribes or hand")
	}
	if d, err := time.ParseDuration(a.Wait); a.Measure != MeasureHand && (err != nil || d < minWait || d > maxWait) {
		bad.Add("ab_test.wait", "must be a duration such as 4h, from 10m to 336h")
	}
	if len(a.Variants) < 1 || len(a.Variants) > maxOthers {
		bad.Add("ab_test.variants", "must be 1 to %d texts beside the campaign's own", maxOthers)
	}
	for i, v := range a.Variants {
		at := fmt.Sprintf("ab_test.variants[%d]", i)
		if v.Subject == "" && v.Preheader == "" && len(v.Blocks) == 0 {
			bad.Add(at, "must differ in its subject, preheader or blocks")
			continue
		}
		other := c.as(v)
		if len(other.Subject) > maxSubject || len(other.Preheader) > maxSubject {
			bad.Add(at+".subject", "must have at most %d bytes", maxSubject)
		}
		blocks, err := content.Parse(other.Blocks)
		if err != nil {
			bad.Add(at+".blocks", "%s", err)
			continue
		}
		var wrong problem.Collector
		content.Content{Subject: other.Subject, Preheader: other.Preheader, Blocks: blocks}.Check(&wrong)
		if p, ok := problem.As(wrong.Err()); ok {
			for _, f := range p.Fields {
				bad.Add(at+"."+f.Field, "%s", f.Detail)
			}
		}
	}
}

// As is the campaign with the text of a variant; 0 and 1 are its own.
func (c *Campaign) As(variant int) *Campaign {
	if c.AB == nil || variant < 2 || variant > c.AB.Arms() {
		return c
	}
	return c.as(c.AB.Variants[variant-2])
}

func (c *Campaign) as(v Variant) *Campaign {
	other := *c
	if v.Subject != "" {
		other.Subject = v.Subject
	}
	if v.Preheader != "" {
		other.Preheader = v.Preheader
	}
	if len(v.Blocks) > 0 && string(v.Blocks) != "null" {
		other.Blocks = v.Blocks
	}
	return &other
}

// part says which text somebody gets, and whether to find the better one: always the same for the same person. Whoever takes no
// part in the test gets the winner, 0 while there is none.
func (c *Campaign) part(subscriberID string) (variant int, tested bool) {
	if c.AB == nil {
		return 0, false
	}
	sum := sha256.Sum256([]byte(c.ID + "/" + subscriberID))
	if int(binary.BigEndian.Uint64(sum[:8])%100) < c.AB.Share {
		return 1 + int(binary.BigEndian.Uint64(sum[8:16])%uint64(c.AB.Arms())), true
	}
	return c.ABState.Winner, false
}
