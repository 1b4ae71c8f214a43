package preferences

import (
	"context"
	"strconv"
	"time"

	"assent/preferences/ledger"
	"assent/preferences/sqldb"
)

// Receipt is a consent receipt: the record of one purpose in the structure of ISO/IEC TS 27560:2023, with the terms of the W3C
// Data Privacy Vocabulary (compliance 44).
type Receipt struct {
	Context        map[string]string `json:"@context"` // what the prefixes of terms stand for (JSON-LD)
	SchemaVersion  string            `json:"schema_version"`
	RecordID       string            `json:"record_id"`
	PIIPrincipalID string            `json:"pii_principal_id"`
	PIIController  ReceiptController `json:"pii_controller"`
	PrivacyNotice  string            `json:"privacy_notice"`
	Language       string            `json:"language"`
	Purposes       []ReceiptPurpose  `json:"purposes"`
	Events         []ReceiptEvent    `json:"event"`
}

// ReceiptController is who answers for the processing.
type ReceiptController struct {
	Name    string `json:"name"`
	Address string `json:"address,omitempty"`
	Contact string `json:"contact,omitempty"`
}

// ReceiptPurpose is what was agreed to, or may be objected to.
type ReceiptPurpose struct {
	Purpose             string   `json:"purpose"`
	PurposeType         string   `json:"purpose_type"`
	Description         string   `json:"description,omitempty"`
	LawfulBasis         string   `json:"lawful_basis"`
	PIIInformation      []string `json:"pii_information"`
	RetentionPeriod     string   `json:"retention_period"`
	WithdrawalMethod    string   `json:"withdrawal_method"`
	Jurisdiction        string   `json:"jurisdiction"`
	RecipientThirdParty []string `json:"recipient_third_parties"`
}

// ReceiptEvent is one entry of the ledger about the purpose.
type ReceiptEvent struct {
	Time     time.Time `json:"event_time"`
	Type     string    `json:"event_type"`
	State    string    `json:"event_state"`
	Validity string    `json:"validity_duration"`
	EntityID string    `json:"entity_id"`
	ID       string    `json:"event_id"`
	Wording  string    `json:"notice_text,omitempty"`
	Version  string    `json:"notice_version,omitempty"`
	Source   string    `json:"collection_method,omitempty"`
}

const receiptSchema = "ISO/IEC TS 27560:2023"

// The terms of the vocabulary.
var (
	receiptContext = map[string]string{"dpv": "https://w3id.org/dpv#", "dpv-pd": "https://w3id.org/dpv/pd#"}

	dpvPurpose = map[string]string{"marketing": "dpv:DirectMarketing", "research": "dpv:ResearchAndDevelopment"}
	dpvBasis   = map[string]string{"consent": "dpv:Consent", "soft_opt_in": "dpv:LegitimateInterestOfController", "legitimate_interests": "dpv:LegitimateInterestOfController"}
	dpvState   = map[string]string{StatePending: "dpv:ConsentRequested", StateGiven: "dpv:ConsentGiven", StateWithdrawn: "dpv:ConsentWithdrawn", StateObjected: "dpv:ConsentRefused", StateExpired: "dpv:ConsentExpired"}
)

// Receipts are a person's consent receipts, one for each topic that they ever chose about. Withdraw is the address at which they
// take it back.
func (s *Service) Receipts(ctx context.Context, q sqldb.Querier, sub *Subscriber, controller ReceiptController, withdraw string) ([]Receipt, error) {
	events, err := s.Events(ctx, q, sub.ID)
	if err != nil {
		return nil, err
	}
	site, err := s.Site.Get(ctx)
	if err != nil {
		return nil, err
	}
	topics, err := s.Topics(ctx, q)
	if err != nil {
		return nil, err
	}
	language := sub.Locale
	if language == "" {
		language = site.DefaultLocale
	}
	receipts := []Receipt{}
	for _, t := range topics {
		var about []ReceiptEvent
		notice := site.PrivacyPolicyURL
		for _, e := range events {
			if e.TopicID == t.ID || e.Action == ledger.UnsubscribedAll && len(about) > 0 {
				about = append(about, receiptEvent(e, t, sub.ID))
				if e.PrivacyNotice != "" {
					notice = e.PrivacyNotice
				}
			}
		}
		if len(about) == 0 {
			continue
		}
		purpose := ReceiptPurpose{
			Purpose: t.Name(language), PurposeType: dpvPurpose[t.Class], Description: t.Description(language), LawfulBasis: dpvBasis[t.Basis], PIIInformation: piiOf(sub),
			RetentionPeriod: "until withdrawn or erased", WithdrawalMethod: withdraw, Jurisdiction: sub.Country, RecipientThirdParty: []string{},
		}
		if t.Partner != "" {
			purpose.RecipientThirdParty = append(purpose.RecipientThirdParty, t.Partner)
		}
		receipts = append(receipts, Receipt{Context: receiptContext, SchemaVersion: receiptSchema, RecordID: about[0].ID, PIIPrincipalID: sub.ID, PIIController: controller, PrivacyNotice: notice,
			Language: language, Purposes: []ReceiptPurpose{purpose}, Events: about})
	}
	return receipts, nil
}

func receiptEvent(e ledger.Event, t *Topic, subscriberID string) ReceiptEvent {
	state := e.State
	if e.Action == ledger.UnsubscribedAll {
		state = StateWithdrawn
	}
	out := ReceiptEvent{Time: e.At(), Type: string(e.Action), State: dpvState[state], Validity: "unlimited", EntityID: subscriberID, ID: e.ID, Wording: e.Wording, Version: e.WordingVersion, Source: e.Source}
	if t.ConsentLifetimeDays > 0 && state == StateGiven {
		out.Validity = "P" + strconv.Itoa(t.ConsentLifetimeDays) + "D"
	}
	return out
}

// piiOf names what is known of a person, in the vocabulary's terms.
func piiOf(sub *Subscriber) []string {
	list := []string{"dpv-pd:EmailAddress"}
	for _, f := range [][2]string{{sub.FirstName + sub.LastName, "dpv-pd:Name"}, {sub.Phone, "dpv-pd:TelephoneNumber"}, {sub.Country, "dpv-pd:Country"}, {sub.BirthDate, "dpv-pd:BirthDate"}, {sub.Locale, "dpv-pd:Language"}} {
		if f[0] != "" {
			list = append(list, f[1])
		}
	}
	return list
}
