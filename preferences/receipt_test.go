package preferences_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

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
		for _, name := range []string{"schema_version", "record_id", "pii_principal_id", "privacy_notice", "language", "purposes", "event"} {
			if _, ok := fields[name]; !ok {
				t.Errorf("the receipt lacks %s", name)
			}
		}
		purpose := fields["purposes"].([]any)[0].(map[string]any)
		for _, name := range []string{"purpose", "lawful_basis", "pii_information", "retention_period", "withdrawal_method", "jurisdiction", "recipient_third_parties"} {
			if _, ok := purpose[name]; !ok {
				t.Errorf("the purpose lacks %s", name)
			}
		}
		events := list[0].Events
		if len(events) != 2 || events[0].State != "dpv:ConsentGiven" || events[0].Validity != "P365D" || events[0].Wording != "Yes, mail me." || events[1].State != "dpv:ConsentWithdrawn" {
			t.Errorf("%+v", events)
		}
		if strings.Contains(string(text), "anna@") {
			t.Error("compliance 57: the receipt shows the address")
		}
	})
}
