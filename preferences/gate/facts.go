package gate

import "time"

// Facts is everything the gate looks at for one message to one person. Whoever
// gathers them says No where they looked and found nothing; a field left at
// its zero value was not looked up, and denies wherever it matters.
type Facts struct {
	Class Class
	Basis Basis // read for marketing and research only

	Erased           Fact // the address matches the fingerprint of an erased person
	Bounced          Fact // the address bounced hard
	Unverified       Fact // the address was changed and is not yet verified
	Restricted       Fact // processing is restricted, GDPR art. 18
	Minor            Fact // below the age of consent of their country; see the function Minor
	Suppressed       Fact // on the manual suppression list
	Complained       Fact // reported an earlier mail as spam
	ObjectedDirect   Fact // objects to direct marketing, GDPR art. 21(2)
	ObjectedResearch Fact // objects to research; read for research only
	UnsubscribedAll  Fact
	PartnerOptedOut  Fact // No when the message is not sent for a partner

	State          State
	ConsentExpires time.Time // zero: the consent, or the soft opt-in, does not run out

	// The three conditions of the soft opt-in, read for that basis only.
	Customer      Fact // the address comes from our own sale to them
	SimilarGoods  Fact // the topic is about similar goods of our own
	OptOutOffered Fact // an opt-out was offered when the address was collected

	PausedUntil     time.Time // zero: not paused
	CappedUntil     time.Time // zero: below the cap; see Cap.Until
	QuietUntil      time.Time // zero: not quiet hours; see Quiet.Until
	CampaignExpires time.Time // zero: the message is as good later

	Evidence string // the event that the decision rests on
}
