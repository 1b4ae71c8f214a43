package proof_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"assent/preferences"
	"assent/preferences/preferencestest"
	"assent/preferences/proof"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

var ctx = context.Background()

func story(t *testing.T, db *sqldb.DB) (*preferencestest.World, *preferences.Subscriber) {
	w := preferencestest.New(t, db)
	w.Topic("news", nil)
	other, anna := w.Person("other@example.com", nil), w.Person("anna@example.com", nil)
	for _, sub := range []*preferences.Subscriber{other, anna, other} {
		_, err := w.People.Consent(ctx, preferencestest.Staff, sub.ID, preferences.ConsentInput{Topic: "news", Action: preferences.ActionGive, Confirmed: true,
			Evidence: preferences.Evidence{Source: "fair", Wording: "Yes, <send> it.\nAlways & often.", WordingVersion: "4", URL: "https://example.com/fair", CollectedAt: w.Clock.Now().Add(-time.Hour)}})
		if err != nil {
			t.Fatal(err)
		}
		w.Clock.Move(time.Minute)
	}
	if _, err := w.People.UnsubscribeAll(ctx, preferencestest.Staff, anna.ID, preferences.Evidence{Source: "phone"}); err != nil {
		t.Fatal(err)
	}
	sub, err := w.People.Subscriber(ctx, db, anna.ID)
	if err != nil {
		t.Fatal(err)
	}
	return w, sub
}

// Whoever has the JSON and the description on the printed page needs nothing else to check every hash (compliance 27, 42): this test knows
// neither the ledger's code nor its tables.
func TestAStrangerCanCheckTheProof(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, sub := story(t, db)
		p, err := proof.Of(ctx, w.People, sub, "Olga", nil)
		if err != nil || !p.Sound() {
			t.Fatalf("%+v %v", p, err)
		}
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var out struct {
			Head     string `json:"ledger_head"`
			Standing struct {
				UnsubscribedAt string `json:"unsubscribed_at"`
			}
			Events []struct {
				ID, Previous, Hash, Commitment, Salt, Content string
				Seq                                           uint64
				EntryAt                                       uint64 `json:"entry_at"`
			}
		}
		if err := json.Unmarshal(raw, &out); err != nil {
			t.Fatal(err)
		}
		if len(out.Events) != 2 || out.Standing.UnsubscribedAt == "" {
			t.Fatalf("%s", raw)
		}
		eight := func(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }
		unhex := func(s string) string {
			b, err := hex.DecodeString(s)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		sum := func(parts ...string) string {
			h := sha256.Sum256([]byte(strings.Join(parts, "")))
			return hex.EncodeToString(h[:])
		}
		for _, e := range out.Events {
			salt := unhex(e.Salt)
			if got := sum("assent/ledger/commitment/v1\x00", eight(uint64(len(salt))), salt, e.Content); got != e.Commitment {
				t.Errorf("entry %d: commitment %s, want %s", e.Seq, got, e.Commitment)
			}
			if got := sum("assent/ledger/entry/v1\x00", unhex(e.Previous), eight(e.Seq), eight(e.EntryAt), eight(uint64(len(e.ID))), e.ID, unhex(e.Commitment)); got != e.Hash {
				t.Errorf("entry %d: hash %s, want %s", e.Seq, got, e.Hash)
			}
		}
		if !strings.HasSuffix(out.Head, out.Events[1].Hash) {
			t.Errorf("the last event is not the head %s", out.Head)
		}
		if strings.Contains(string(raw), "other@") {
			t.Error("the proof tells of somebody else")
		}
	})
}

func TestAProofSaysWhatWasChanged(t *testing.T) {
	for name, change := range map[string]string{
		"words":    `UPDATE consent_events SET content = replace(content, 'Always', 'Never') WHERE seq = 2`,
		"salt":     `UPDATE consent_events SET salt = (SELECT salt FROM consent_events WHERE seq = 1) WHERE seq = 2`,
		"entry":    `UPDATE ledger_entries SET at = at + 1 WHERE seq = 2`,
		"before":   `UPDATE ledger_entries SET hash = commitment WHERE seq = 1`,
		"of other": `UPDATE consent_events SET content = replace(content, 'Always', 'Never') WHERE seq = 3`,
	} {
		t.Run(name, func(t *testing.T) {
			sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
				w, sub := story(t, db)
				if _, err := db.ExecContext(ctx, change); err != nil {
					t.Fatal(err)
				}
				p, err := proof.Of(ctx, w.People, sub, "", nil)
				if err != nil {
					t.Fatal(err)
				}
				var text bytes.Buffer
				if err := p.Print(&text); err != nil {
					t.Fatal(err)
				}
				if p.Sound() || p.Chain.OK() || !strings.Contains(text.String(), "THE CHAIN WAS CHANGED at entry") {
					t.Errorf("nothing is noticed: %s", text.String())
				}
				if own := name != "of other"; own == p.Events[0].Sound || own != strings.Contains(text.String(), "this event is not what was recorded") {
					t.Errorf("the person's own event is sound: %v", p.Events[0].Sound)
				}
			})
		})
	}
}
