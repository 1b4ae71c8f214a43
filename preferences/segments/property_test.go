package segments_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"assent/preferences/segments"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

var now = time.Date(2027, 2, 27, 9, 30, 0, 0, time.UTC)

// hostile are texts that break what is put together carelessly.
var hostile = []string{"", "nl", "NL", "Nl", "a", "ä", "Ä", "abc", "%", "_", "'", `"`, `\`, "$.plan", "$1", "x' OR '1'='1", `{"a":1}`, "[0]", "42", "042", "4.20", "-1", "true", "false", "null", "2027-02-01", "2027-02-20T10:00:00Z", "naïve", "日本", "a@b.example"}

var (
	textFields     = []string{"email", "email_domain", "first_name", "last_name", "company", "phone", "locale", "timezone", "country", "source", "external_id"}
	attributeNames = []string{"plan", "a.b", `we"ird`, "$.plan", "0", "ünï", "'; DROP TABLE subscribers; --", "[0]", `back\slash`}
	topicKeys      = []string{"newsletter", "offers"}
	times          = []time.Time{now, now.Add(-time.Microsecond), now.AddDate(0, 0, -1), now.AddDate(0, 0, -30), now.AddDate(0, 0, -30).Add(time.Microsecond),
		time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 5, 1, 23, 59, 59, 999999000, time.UTC), time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC), now.AddDate(0, 0, 5)}
	dates = []string{"2026-05-01", "2026-05-02", "2027-02-27", "2027-01-28", "1990-01-01"}
)

func oneOf[T any](t *rapid.T, label string, from []T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

func maybe(t *rapid.T, label string) *time.Time {
	if rapid.Bool().Draw(t, label+"?") {
		return nil
	}
	at := oneOf(t, label, times)
	return &at
}

func scalar(t *rapid.T, label string) any {
	return rapid.OneOf(
		rapid.Map(rapid.SampledFrom(hostile), func(s string) any { return s }),
		rapid.Map(rapid.SampledFrom([]float64{0, 1, 42, 4.2, -1, 1e21, 0.30000000000000004, 1e-7, 2027}), func(n float64) any { return n }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
	).Draw(t, label)
}

// drawPerson makes somebody; serial keeps what must be unique apart.
func drawPerson(t *rapid.T, serial int, campaigns []string) person {
	p := person{id: sqldb.NewID(), columns: map[string]string{}, attributes: map[string]any{}, consents: map[string]standing{}}
	for _, name := range textFields {
		p.columns[name] = oneOf(t, name, hostile)
	}
	p.columns["email_domain"] = oneOf(t, "domain", []string{"example.org", "b.example", "xn--bcher-kva.example"})
	p.columns["email"] = oneOf(t, "local", []string{"a", "O'Neil", `"x@y"`, "%"}) + strconv.Itoa(serial) + "@" + p.columns["email_domain"]
	if p.columns["external_id"] != "" {
		p.columns["external_id"] += strconv.Itoa(serial % 3)
	}
	p.birthDate = oneOf(t, "birth", []string{"", "1990-01-01", "1992-02-29", "1980-02-28", "1980-03-01", "1980-03-09"})
	p.customer, p.created = maybe(t, "customer"), oneOf(t, "created", times)
	for _, name := range attributeNames {
		switch rapid.IntRange(0, 5).Draw(t, "attribute") {
		case 0:
			p.attributes[name] = scalar(t, "value")
		case 1:
			p.attributes[name] = []any{scalar(t, "first"), scalar(t, "second"), nil, []any{"abc"}}
		case 2:
			p.attributes[name] = oneOf(t, "odd", []any{nil, []any{}, map[string]any{"plan": "abc"}})
		}
	}
	for _, key := range topicKeys {
		if state := oneOf(t, "state", []string{"", "pending", "given", "given", "withdrawn", "objected", "expired"}); state != "" {
			p.consents[key] = standing{state, oneOf(t, "since", times), maybe(t, "expires")}
		}
	}
	for _, id := range campaigns {
		if status := oneOf(t, "status", []string{"", "sent", "bounced", "skipped", "uncertain"}); status != "" {
			p.deliveries = append(p.deliveries, delivered{id, status, oneOf(t, "at", times), maybe(t, "bounced"), maybe(t, "complained"), maybe(t, "unsubscribed")})
		}
	}
	return p
}

func drawRule(t *rapid.T, depth int, campaigns []string) any {
	shape := rapid.IntRange(0, 9).Draw(t, "shape")
	if depth == 0 {
		shape = max(shape, 4)
	}
	members := func() []any {
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "members"))
		for i := range list {
			list[i] = drawRule(t, depth-1, campaigns)
		}
		return list
	}
	switch shape {
	case 0:
		return members()
	case 1:
		return map[string]any{"all": members()}
	case 2:
		return map[string]any{"any": members()}
	case 3:
		return map[string]any{"not": drawRule(t, depth-1, campaigns)}
	case 4:
		states := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"pending", "given", "withdrawn", "objected", "expired", "none"}), 1, 3, rapid.ID[string]).Draw(t, "states")
		r := map[string]any{"topic": oneOf(t, "topic", topicKeys), "state": anys(states)}
		if !slices.Contains(states, "none") && rapid.Bool().Draw(t, "recent") {
			r["within_days"] = oneOf(t, "days", []int{1, 30, 400})
		}
		return r
	case 5:
		r := map[string]any{"delivery": oneOf(t, "outcome", []string{"sent", "received", "bounced", "complained", "unsubscribed", "skipped", "failed", "uncertain"})}
		if rapid.Bool().Draw(t, "which") {
			r["campaign"] = oneOf(t, "campaign", campaigns)
		}
		if rapid.Bool().Draw(t, "recent") {
			r["within_days"] = oneOf(t, "days", []int{1, 30, 400})
		}
		return r
	case 6, 7:
		return drawComparison(t, "attributes."+oneOf(t, "attribute", attributeNames))
	}
	return drawComparison(t, oneOf(t, "field", segments.Fields()))
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

func drawComparison(t *rapid.T, field string) any {
	op := oneOf(t, "op", segments.Operators(field))
	r := map[string]any{"field": field, "op": op}
	attribute := len(field) > 11 && field[:11] == "attributes."
	switch {
	case op == "exists" || op == "not_exists":
	case op == "in" || op == "not_in":
		r["value"] = anys([]any{scalar(t, "first"), scalar(t, "second"), "example.org"})
	case op == "within_days":
		r["value"] = oneOf(t, "days", []int{1, 30, 400})
	case op == "birthday_within_days":
		r["value"] = oneOf(t, "days", []int{1, 2, 10, 366})
	case field == "customer":
		r["value"] = rapid.Bool().Draw(t, "customer")
	case field == "birth_date", attribute && (op == "before" || op == "after"):
		r["value"] = oneOf(t, "date", dates)
	case field == "created_at" || field == "customer_since":
		r["value"] = oneOf(t, "time", append(slices.Clone(dates), now.Format(time.RFC3339), "2026-05-01T02:00:00+02:00"))
	default:
		r["value"] = scalar(t, "value")
	}
	return r
}

func insert(t *rapid.T, db *sqldb.DB, p person) {
	ctx := context.Background()
	attributes, _ := json.Marshal(p.attributes)
	micros := func(at *time.Time) any {
		if at == nil {
			return nil
		}
		return sqldb.Micros(*at)
	}
	var external any
	if id := p.columns["external_id"]; id != "" {
		external = id + "/" + p.id
		p.columns["external_id"] = id + "/" + p.id
	}
	err := db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO subscribers (id, email, email_key, external_id, first_name, last_name, company, phone, locale, timezone, country,
			source, birth_date, customer_since, attributes, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
			p.id, p.columns["email"], p.columns["email"], external, p.columns["first_name"], p.columns["last_name"], p.columns["company"], p.columns["phone"],
			p.columns["locale"], p.columns["timezone"], p.columns["country"], p.columns["source"], p.birthDate, micros(p.customer), string(attributes), sqldb.Micros(p.created), 0)
		for key, c := range p.consents {
			if err == nil {
				_, err = tx.ExecContext(ctx, "INSERT INTO consents (subscriber_id, topic_id, state, since, event_id, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
					p.id, topicID(key), c.state, sqldb.Micros(c.since), sqldb.NewID(), micros(c.expires))
			}
		}
		for _, d := range p.deliveries {
			if err == nil {
				_, err = tx.ExecContext(ctx, `INSERT INTO deliveries (id, campaign_id, subscriber_id, status, at, decided_at, bounced_at, complained_at, unsubscribed_at)
					VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, sqldb.NewID(), d.campaign, p.id, d.status, sqldb.Micros(d.at), 0, micros(d.bounced), micros(d.complained), micros(d.unsubscribed))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func topicID(key string) string {
	return fmt.Sprintf("00000000-0000-7000-8000-%012d", slices.Index(topicKeys, key))
}

// furnish adds the topics and campaigns that rules may name.
func furnish(t *testing.T, db *sqldb.DB) (campaigns []string) {
	t.Helper()
	ctx := context.Background()
	for _, key := range topicKeys {
		if _, err := db.ExecContext(ctx, `INSERT INTO topics (id, key, class, basis, double_opt_in, similar_goods, names, descriptions, created_at, updated_at)
			VALUES ($1, $2, 'marketing', 'consent', TRUE, FALSE, '{}', '{}', 0, 0)`, topicID(key), key); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 2 {
		id := sqldb.NewID()
		if _, err := db.ExecContext(ctx, `INSERT INTO campaigns (id, name, topic_id, subject, blocks, status, created_at, updated_at)
			VALUES ($1, $2, $3, '', '[]', 'finished', 0, 0)`, id, fmt.Sprintf("Spring %d", n), topicID("newsletter")); err != nil {
			t.Fatal(err)
		}
		campaigns = append(campaigns, id)
	}
	return campaigns
}

// The rule in SQL picks exactly those whom the rule's meaning picks, whatever people and rules hold.
func TestSQLPicksWhomTheRuleMeans(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		campaigns := furnish(t, db)
		var people []person
		rapid.Check(t, func(t *rapid.T) {
			for range 2 {
				p := drawPerson(t, len(people), campaigns)
				insert(t, db, p)
				people = append(people, p)
			}
			for range 10 {
				rule := drawRule(t, 3, campaigns)
				compareRule(t, db, people, rule)
			}
		})
	})
}

func compareRule(t *rapid.T, db *sqldb.DB, people []person, rule any) {
	raw, err := json.Marshal(rule)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := segments.Compile(raw)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	where, args := compiled.Where(2, db.Dialect(), now)
	picked := map[string]bool{}
	for row := range sqldb.Rows(context.Background(), db, "SELECT s.id FROM subscribers s WHERE s.id <> $1 AND "+where, append([]any{"x"}, args...)...) {
		var id string
		if err := row.Scan(&id); err != nil {
			t.Fatalf("%s: %v\n%s", raw, err, where)
		}
		picked[id] = true
	}
	for _, p := range people {
		if want := p.picks(rule, now); want != picked[p.id] {
			t.Fatalf("%s\nmeans %t, SQL says %t for %+v\n%s", raw, want, picked[p.id], p, where)
		}
	}
}
