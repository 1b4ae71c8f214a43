package ledger

import "time"

// Action is what happened.
type Action string

const (
	Given                Action = "given"
	Pending              Action = "pending" // signed up, not yet confirmed
	Confirmed            Action = "confirmed"
	Withdrawn            Action = "withdrawn"
	Objected             Action = "objected" // to one topic
	Expired              Action = "expired"
	Imported             Action = "imported"
	Undone               Action = "undone" // a choice taken back from the page that recorded it
	UnsubscribedAll      Action = "unsubscribed_all"
	Resubscribed         Action = "resubscribed" // an unsubscribe-all lifted
	Complained           Action = "complained"
	Restricted           Action = "restricted" // GDPR art. 18
	RestrictionLifted    Action = "restriction_lifted"
	ObjectedAll          Action = "objected_all"      // to all direct marketing, GDPR art. 21(2)
	ObjectedResearch     Action = "objected_research" // to research of any topic
	ObjectionLifted      Action = "objection_lifted"
	PartnerObjected      Action = "partner_objected"
	PartnerLifted        Action = "partner_lifted"
	SharingGiven         Action = "sharing_given" // data may go to a partner
	SharingWithdrawn     Action = "sharing_withdrawn"
	AddressChanged       Action = "address_changed"
	AddressVerified      Action = "address_verified"
	DetailsChanged       Action = "details_changed" // name, language, time zone, country
	Paused               Action = "paused"
	Resumed              Action = "resumed"
	FrequencyChanged     Action = "frequency_changed"
	TrackingGiven        Action = "tracking_given"
	TrackingWithdrawn    Action = "tracking_withdrawn"
	TestimonialGiven     Action = "testimonial_given"
	TestimonialWithdrawn Action = "testimonial_withdrawn"

	// Erased is written by EraseSubject only; it names no person.
	Erased Action = "erased"
)

// Event is one thing that happened to one person's choices, with everything
// that proves it (GDPR art. 7(1), ISO/IEC TS 27560). Text that a database
// cannot hold, NUL and what is not UTF-8, is dropped from every field.
type Event struct {
	ID         string    `json:"id"` // a UUIDv7; made when empty
	Subscriber string    `json:"subscriber,omitempty"`
	Action     Action    `json:"action"`
	RecordedAt time.Time `json:"recorded_at"` // when we wrote it down; required
	// CollectedAt is when the person did it, if that was another time, such
	// as on paper or in another system.
	CollectedAt time.Time `json:"collected_at,omitzero"`

	TopicID string `json:"topic_id,omitempty"`
	Topic   string `json:"topic,omitempty"` // its key
	Partner string `json:"partner,omitempty"`
	State   string `json:"state,omitempty"` // where this leaves the person on the topic
	Basis   string `json:"basis,omitempty"`
	Value   string `json:"value,omitempty"` // the frequency chosen, the end of a pause, a language …

	Source         string `json:"source,omitempty"` // form, import, API, one-click …
	Wording        string `json:"wording,omitempty"`
	WordingVersion string `json:"wording_version,omitempty"`
	Locale         string `json:"locale,omitempty"` // of the wording
	PrivacyNotice  string `json:"privacy_notice,omitempty"`
	Form           string `json:"form,omitempty"`
	URL            string `json:"url,omitempty"`
	Document       string `json:"document,omitempty"` // where a consent on paper is kept
	IP             string `json:"ip,omitempty"`
	UserAgent      string `json:"user_agent,omitempty"`
	// ConfirmationMessageID is the Message-ID of the double opt-in mail.
	ConfirmationMessageID string `json:"confirmation_message_id,omitempty"`
	// Reference is the campaign or message whose link was used.
	Reference     string `json:"reference,omitempty"`
	Actor         string `json:"actor,omitempty"` // who did it, if not the person
	OptOutOffered bool   `json:"opt_out_offered,omitempty"`
	Note          string `json:"note,omitempty"`

	// Erases lists the entries whose events an erasure deleted, as "3-5,9".
	Erases string `json:"erases,omitempty"`
}

// At is when the person did it: CollectedAt, or else RecordedAt.
func (e Event) At() time.Time {
	if !e.CollectedAt.IsZero() {
		return e.CollectedAt
	}
	return e.RecordedAt
}

// texts lists the fields that hold text from outside.
func (e *Event) texts() []*string {
	return []*string{
		(*string)(&e.Action), &e.Topic, &e.Partner, &e.State, &e.Basis, &e.Value,
		&e.Source, &e.Wording, &e.WordingVersion, &e.Locale, &e.PrivacyNotice, &e.Form, &e.URL, &e.Document,
		&e.IP, &e.UserAgent, &e.ConfirmationMessageID, &e.Reference, &e.Actor, &e.Note,
	}
}
