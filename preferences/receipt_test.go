package preferences_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"assent/campaigns/campaignstest"
	"assent/preferences"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// Compliance 44: the fields of ISO/IEC TS 27560, with terms of the Data Privacy Vocabulary.
func TestReceiptsHaveTheFieldsOfTheStandardAndNoAddress(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		w.Topic("news", func(in *preferences.TopicInput) { days := 365; in.ConsentLifetimeDays = &days })
		w.Topic("other", nil)
		p := w.Person("anna@example.com", nil)
		w.Give(p, "news")
		w.Clock.Move(time.Hour)
		w.Withdraw(p, "news")
		list, err := w.People.Receipts(ctx, db, p, preferences.ReceiptController{Name: "Acme"}, "https://mail.example.com/p/x")
		if err != nil || len(list) != 1 {
			t.Fatal(len(list), err)
		}
		text, err := json.Marshal(list[0])
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		valid(t, fields)
		events := list[0].Events
		if len(events) != 2 || events[0].State != "dpv:ConsentGiven" || events[0].Validity != "P365D" || events[0].Wording != "Yes, mail me." || events[1].State != "dpv:ConsentWithdrawn" {
			t.Errorf("%+v", events)
		}
		if strings.Contains(string(text), "anna@") {
			t.Error("compliance 57: the receipt shows the address")
		}
	})
}

// record is the structure of ISO/IEC TS 27560:2023, with what may stand for purposes, bases and states: terms of the Data Privacy
// Vocabulary (https://w3id.org/dpv).
const record = `{
	"type": "object", "additionalProperties": false,
	"required": ["@context", "schema_version", "record_id", "pii_principal_id", "pii_controller", "privacy_notice", "language", "purposes", "event"],
	"properties": {
		"@context": {"type": "object", "required": ["dpv", "dpv-pd"], "additionalProperties": {"type": "string", "pattern": "^https://w3id.org/dpv"}},
		"schema_version": {"enum": ["ISO/IEC TS 27560:2023"]},
		"record_id": {"type": "string", "minLength": 36}, "pii_principal_id": {"type": "string", "minLength": 36},
		"pii_controller": {"type": "object", "required": ["name"]},
		"privacy_notice": {"type": "string"}, "language": {"type": "string", "minLength": 2},
		"purposes": {"type": "array", "minItems": 1, "items": {
			"type": "object", "additionalProperties": false,
			"required": ["purpose", "purpose_type", "lawful_basis", "pii_information", "retention_period", "withdrawal_method", "jurisdiction", "recipient_third_parties"],
			"properties": {
				"purpose": {"type": "string", "minLength": 1}, "description": {"type": "string"},
				"purpose_type": {"enum": ["dpv:DirectMarketing", "dpv:ResearchAndDevelopment"]},
				"lawful_basis": {"enum": ["dpv:Consent", "dpv:LegitimateInterestOfController"]},
				"pii_information": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^dpv-pd:[A-Z]"}},
				"retention_period": {"type": "string", "minLength": 1}, "withdrawal_method": {"type": "string", "pattern": "^https://"},
				"jurisdiction": {"type": "string"}, "recipient_third_parties": {"type": "array", "items": {"type": "string"}}
			}}},
		"event": {"type": "array", "minItems": 1, "items": {
			"type": "object", "required": ["event_time", "event_type", "event_state", "validity_duration", "entity_id"],
			"properties": {
				"event_time": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T.*Z$"}, "event_type": {"type": "string", "minLength": 1},
				"event_state": {"type": "string", "pattern": "^dpv:Consent(Requested|Given|Withdrawn|Refused|Expired)$"},
				"validity_duration": {"type": "string", "pattern": "^(P[0-9]+D|unlimited)$"}, "entity_id": {"type": "string", "minLength": 36}
			}}}
	}}`

func valid(t *testing.T, receipt map[string]any) {
	t.Helper()
	var schema openapi3.Schema
	if err := json.Unmarshal([]byte(record), &schema); err != nil {
		t.Fatal(err)
	}
	if err := schema.VisitJSON(receipt, openapi3.MultiErrors()); err != nil {
		t.Error(err)
	}
}

// Every class and basis that a topic can have is a term, and the state of each choice is.
func TestReceiptsOfEveryKindOfTopicAreValid(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := campaignstest.New(t, db), context.Background()
		double := true
		w.Topic("asked", func(in *preferences.TopicInput) { in.DoubleOptIn = &double })
		for key, kind := range map[string][2]string{"soft": {"marketing", "soft_opt_in"}, "survey": {"research", "legitimate_interests"}, "panel": {"research", "consent"}} {
			w.Topic(key, func(in *preferences.TopicInput) { in.Class, in.Basis = kind[0], kind[1] })
		}
		p := w.Person("anna@example.com", nil)
		for topic, action := range map[string]string{"asked": preferences.ActionGive, "soft": preferences.ActionGive, "survey": preferences.ActionObject, "panel": preferences.ActionWithdraw} {
			choose(w, p, preferences.ConsentInput{Topic: topic, Action: action, Evidence: preferences.Evidence{OptOutOffered: true}})
		}
		list, err := w.People.Receipts(ctx, db, p, preferences.ReceiptController{Name: "Acme"}, "https://mail.example.com/p/x")
		if err != nil || len(list) != 4 {
			t.Fatal(len(list), err)
		}
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		var all []map[string]any
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			valid(t, one)
		}
	})
}
