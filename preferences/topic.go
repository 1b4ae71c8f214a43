package preferences

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"golang.org/x/text/language"

	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Topic is what a recipient chooses in the preference centre.
type Topic struct {
	ID                  string            `json:"id"`
	Key                 string            `json:"key"`
	Class               string            `json:"class"`
	Basis               string            `json:"basis"`
	DoubleOptIn         bool              `json:"double_opt_in"`
	SimilarGoods        bool              `json:"similar_goods"`
	ConsentLifetimeDays int               `json:"consent_lifetime_days,omitempty"`
	Names               map[string]string `json:"names"`
	Descriptions        map[string]string `json:"descriptions"`
	Brand               string            `json:"brand,omitempty"`
	Partner             string            `json:"partner,omitempty"`
	Position            int               `json:"position"`
	ArchivedAt          *time.Time        `json:"archived_at,omitempty"`
	CreatedAt           time.Time         `json:"created_at"`
	UpdatedAt           time.Time         `json:"updated_at"`
}

// ErrTopicNotFound is returned for a key that no topic has.
var ErrTopicNotFound = problem.NotFound("topic")

// GateClass is the topic's class for the gate.
func (t *Topic) GateClass() gate.Class { c, _ := gate.ParseClass(t.Class); return c }

// GateBasis is the topic's legal basis for the gate.
func (t *Topic) GateBasis() gate.Basis { b, _ := gate.ParseBasis(t.Basis); return b }

// Name is the topic's name in the first of these languages that has one, then English, then any, then its key.
func (t *Topic) Name(locales ...string) string { return inLanguage(t.Names, t.Key, locales) }

// Description is the topic's description, chosen as [Topic.Name] is.
func (t *Topic) Description(locales ...string) string { return inLanguage(t.Descriptions, "", locales) }

func inLanguage(texts map[string]string, fallback string, locales []string) string {
	for _, locale := range append(locales, "en") {
		if text := texts[locale]; text != "" {
			return text
		}
		if base, _, err := parseBase(locale); err == nil && texts[base] != "" {
			return texts[base]
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(texts)) {
		if texts[tag] != "" {
			return texts[tag]
		}
	}
	return fallback
}

func parseBase(locale string) (string, language.Confidence, error) {
	tag, err := language.Parse(locale)
	if err != nil {
		return "", language.No, err
	}
	base, confidence := tag.Base()
	return base.String(), confidence, nil
}

// TopicInput makes or changes a topic. A nil field takes its default, or is left as it is.
type TopicInput struct {
	Key                 string            `json:"key"`
	Class               string            `json:"class"`
	Basis               string            `json:"basis"`
	DoubleOptIn         *bool             `json:"double_opt_in"`
	SimilarGoods        *bool             `json:"similar_goods"`
	ConsentLifetimeDays *int              `json:"consent_lifetime_days"`
	Names               map[string]string `json:"names"`
	Descriptions        map[string]string `json:"descriptions"`
	Brand               *string           `json:"brand"`
	Partner             *string           `json:"partner"`
	Position            *int              `json:"position"`
	Archived            *bool             `json:"archived"`
}

var keyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// KeyForm says whether s can be the key of a topic, brand, form and so on, and what one looks like.
func KeyForm(s string) (ok bool, hint string) {
	return keyForm.MatchString(s), "must have 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit"
}

func (in *TopicInput) apply(ctx context.Context, q sqldb.Querier, t *Topic, now time.Time) error {
	var bad problem.Collector
	if ok, hint := KeyForm(t.Key); !ok {
		bad.Add("key", "%s", hint)
	}
	if t.Class != "marketing" && t.Class != "research" {
		bad.Add("class", "must be marketing or research")
	}
	switch t.Basis {
	case "consent", "legitimate_interests":
	case "soft_opt_in":
		if t.Class == "research" {
			bad.Add("basis", "soft_opt_in is for marketing only")
		}
	default:
		bad.Add("basis", "must be consent, soft_opt_in or legitimate_interests")
	}
	if in.DoubleOptIn != nil {
		t.DoubleOptIn = *in.DoubleOptIn
	}
	if in.SimilarGoods != nil {
		t.SimilarGoods = *in.SimilarGoods
	}
	if in.ConsentLifetimeDays != nil {
		if *in.ConsentLifetimeDays < 0 || *in.ConsentLifetimeDays > 36500 {
			bad.Add("consent_lifetime_days", "must be a number of days, 0 for no end")
		}
		t.ConsentLifetimeDays = *in.ConsentLifetimeDays
	}
	for _, f := range []struct {
		field string
		from  map[string]string
		to    *map[string]string
	}{{"names", in.Names, &t.Names}, {"descriptions", in.Descriptions, &t.Descriptions}} {
		if f.from == nil {
			continue
		}
		for tag, text := range f.from {
			if _, err := language.Parse(tag); err != nil {
				bad.Add(f.field+"."+tag, "must be a language such as en")
			} else if f.field == "names" && address.HeaderSafe(text) != nil {
				bad.Add(f.field+"."+tag, "must be one line without control characters") // it goes into List-Id
			} else if !legible(text) {
				bad.Add(f.field+"."+tag, "must be text without control characters")
			} else if len(text) > 2000 {
				bad.Add(f.field+"."+tag, "must have at most 2000 bytes")
			}
		}
		*f.to = maps.Clone(f.from)
	}
	if len(t.Names) == 0 {
		t.Names = map[string]string{"en": t.Key}
	}
	if t.Descriptions == nil {
		t.Descriptions = map[string]string{}
	}
	if in.Brand != nil {
		t.Brand = *in.Brand
		if err := known(ctx, q, "brands", t.Brand); t.Brand != "" && err != nil {
			bad.Add("brand", "is not the key of a brand; make it with POST /api/v1/brands first")
		}
	}
	if in.Partner != nil {
		t.Partner = *in.Partner
		if err := known(ctx, q, "partners", t.Partner); t.Partner != "" && err != nil {
			bad.Add("partner", "is not the key of a partner; make it with POST /api/v1/partners first")
		}
	}
	if in.Position != nil {
		t.Position = *in.Position
	}
	if in.Archived != nil {
		t.ArchivedAt = nil
		if *in.Archived {
			t.ArchivedAt = &now
		}
	}
	return bad.Err()
}

// known is nil when the table has a row with this key.
func known(ctx context.Context, q sqldb.Querier, table, key string) error {
	var one int
	return q.QueryRowContext(ctx, "SELECT 1 FROM "+table+" WHERE key = $1", key).Scan(&one)
}

// CreateTopic makes a topic. Its class and basis cannot be changed later: consents were given for them.
func (s *Service) CreateTopic(ctx context.Context, actor audit.Actor, in TopicInput) (*Topic, error) {
	var t Topic
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		t = Topic{ID: sqldb.NewID(), Key: in.Key, Class: in.Class, Basis: in.Basis, DoubleOptIn: in.Basis == "consent", CreatedAt: now, UpdatedAt: now}
		if err := in.apply(ctx, tx, &t, now); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO topics (id, key, class, basis, double_opt_in, similar_goods, consent_lifetime_days, names, descriptions, brand_key, partner_key, position,
			archived_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`, t.args()...)
		if sqldb.IsUnique(err) {
			return problem.Conflict("A topic with the key " + t.Key + " exists already; change it with PATCH.")
		}
		if err != nil {
			return fmt.Errorf("preferences: topic: %w", err)
		}
		return audit.Record(ctx, tx, now, actor, "topic.create", audit.Object("topic", t.Key), nil, t)
	})
	return &t, err
}

// UpdateTopic changes a topic.
func (s *Service) UpdateTopic(ctx context.Context, actor audit.Actor, key string, in TopicInput) (*Topic, error) {
	var t *Topic
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now, err := s.now(), error(nil)
		if t, err = s.Topic(ctx, tx, key); err != nil {
			return err
		}
		before := *t
		if (in.Key != "" && in.Key != t.Key) || (in.Class != "" && in.Class != t.Class) || (in.Basis != "" && in.Basis != t.Basis) {
			return problem.Unprocessable("The key, class and basis of a topic stay as they are, because people consented to them; make a new topic instead.")
		}
		if err := in.apply(ctx, tx, t, now); err != nil {
			return err
		}
		t.UpdatedAt = now
		args := t.args()
		if _, err := tx.ExecContext(ctx, `UPDATE topics SET key = $2, class = $3, basis = $4, double_opt_in = $5, similar_goods = $6, consent_lifetime_days = $7, names = $8, descriptions = $9,
			brand_key = $10, partner_key = $11, position = $12, archived_at = $13, created_at = $14, updated_at = $15 WHERE id = $1`, args...); err != nil {
			return fmt.Errorf("preferences: topic: %w", err)
		}
		return audit.Record(ctx, tx, now, actor, "topic.update", audit.Object("topic", key), before, t)
	})
	return t, err
}

func (t *Topic) args() []any {
	var archived time.Time
	if t.ArchivedAt != nil {
		archived = *t.ArchivedAt
	}
	return []any{t.ID, t.Key, t.Class, t.Basis, t.DoubleOptIn, t.SimilarGoods, sql.NullInt64{Int64: int64(t.ConsentLifetimeDays), Valid: t.ConsentLifetimeDays > 0},
		sqldb.JSON(t.Names), sqldb.JSON(t.Descriptions), sqldb.NullText(t.Brand), sqldb.NullText(t.Partner), t.Position, sqldb.NullMicros(archived), sqldb.Micros(t.CreatedAt), sqldb.Micros(t.UpdatedAt)}
}

const topicColumns = "id, key, class, basis, double_opt_in, similar_goods, consent_lifetime_days, names, descriptions, brand_key, partner_key, position, archived_at, created_at, updated_at"

func scanTopic(row sqldb.Scanner) (*Topic, error) {
	var (
		t                   Topic
		lifetime, archived  sql.NullInt64
		names, descriptions string
		brand, partner      sql.NullString
		created, updated    int64
	)
	err := row.Scan(&t.ID, &t.Key, &t.Class, &t.Basis, &t.DoubleOptIn, &t.SimilarGoods, &lifetime, &names, &descriptions, &brand, &partner, &t.Position, &archived, &created, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrTopicNotFound
	}
	if err == nil {
		err = errors.Join(json.Unmarshal([]byte(names), &t.Names), json.Unmarshal([]byte(descriptions), &t.Descriptions))
	}
	if err != nil {
		return nil, fmt.Errorf("preferences: topic: %w", err)
	}
	t.ConsentLifetimeDays, t.Brand, t.Partner = int(lifetime.Int64), brand.String, partner.String
	t.ArchivedAt = sqldb.TimeOrNil(archived)
	t.CreatedAt, t.UpdatedAt = sqldb.Time(created), sqldb.Time(updated)
	return &t, nil
}

// Topic reads the topic with this key.
func (s *Service) Topic(ctx context.Context, q sqldb.Querier, key string) (*Topic, error) {
	return scanTopic(q.QueryRowContext(ctx, "SELECT "+topicColumns+" FROM topics WHERE key = $1", key))
}

// TopicByID reads one topic.
func (s *Service) TopicByID(ctx context.Context, q sqldb.Querier, id string) (*Topic, error) {
	return scanTopic(q.QueryRowContext(ctx, "SELECT "+topicColumns+" FROM topics WHERE id = $1", id))
}

// Topics reads all topics, in the order in which recipients see them.
func (s *Service) Topics(ctx context.Context, q sqldb.Querier) ([]*Topic, error) {
	return sqldb.All(ctx, q, scanTopic, "SELECT "+topicColumns+" FROM topics ORDER BY class, position, key")
}
