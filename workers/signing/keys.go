package signing

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/secret"
	"assent/workers/doctor"
	"assent/workers/message"
)

// Store keeps the keys. All fields are required.
type Store struct {
	DB       *sqldb.DB
	Now      func() time.Time
	Seal     [][]byte // keys that seal the private halves, the newest first
	Resolver doctor.Resolver

	mu      sync.Mutex
	signers map[signerKey]signer
}

// Record is one TXT record to publish.
type Record struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// State is how far a key has come.
type State string

// The states.
const (
	Waiting State = "waiting" // to be published
	Seen    State = "seen"    // in DNS, not yet used
	Signing State = "signing"
	Retired State = "retired" // its records must stay for a week, for mail under way
)

// Key is one key without its private half.
type Key struct {
	ID           string     `json:"id"`
	Stream       string     `json:"stream"`
	Domain       string     `json:"domain"`
	Selector     string     `json:"selector"`
	State        State      `json:"state"`
	Records      []Record   `json:"records"`
	SwitchOnSeen bool       `json:"switch_on_seen"`
	Fault        string     `json:"fault,omitempty"` // why DNS was not as it should be, when it was last looked at
	CreatedAt    time.Time  `json:"created_at"`
	LookedAt     *time.Time `json:"looked_at,omitempty"`
	SeenAt       *time.Time `json:"seen_at,omitempty"`
	ActiveAt     *time.Time `json:"active_at,omitempty"`
	RetiredAt    *time.Time `json:"retired_at,omitempty"`
}

// Keep is how long the records of a retired key must stay in DNS: as long as mail may be under way (RFC 5321 §4.5.4.1), and some.
const Keep = 7 * 24 * time.Hour

const columns = "id, stream, domain, selector, rsa_public, ed_public, switch_on_seen, created_at, looked_at, fault, seen_at, active_at, retired_at"

func scan(row sqldb.Scanner) (k Key, err error) {
	var rsaText, edText string
	var created int64
	var looked, seen, active, retired sql.NullInt64
	if err := row.Scan(&k.ID, &k.Stream, &k.Domain, &k.Selector, &rsaText, &edText, &k.SwitchOnSeen, &created, &looked, &k.Fault, &seen, &active, &retired); err != nil {
		return k, err
	}
	at := func(n sql.NullInt64) *time.Time {
		if !n.Valid {
			return nil
		}
		t := sqldb.Time(n.Int64)
		return &t
	}
	k.CreatedAt, k.LookedAt, k.SeenAt, k.ActiveAt, k.RetiredAt = sqldb.Time(created), at(looked), at(seen), at(active), at(retired)
	k.Records = []Record{{k.Selector + "._domainkey." + k.Domain, rsaText}, {edSelector(k.Selector) + "._domainkey." + k.Domain, edText}}
	switch {
	case retired.Valid:
		k.State = Retired
	case active.Valid:
		k.State = Signing
	case seen.Valid:
		k.State = Seen
	default:
		k.State = Waiting
	}
	return k, nil
}

// edSelector is that of the Ed25519 key beside an RSA key.
func edSelector(selector string) string { return selector + "e" }

// List is every key: by domain and stream, the newest first.
func (s *Store) List(ctx context.Context) ([]Key, error) {
	out, err := sqldb.All(ctx, s.DB, scan, "SELECT "+columns+" FROM dkim_keys ORDER BY domain, stream, created_at DESC")
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return out, nil
}

// Get reads one key.
func (s *Store) Get(ctx context.Context, id string) (Key, error) {
	k, err := scan(s.DB.QueryRowContext(ctx, "SELECT "+columns+" FROM dkim_keys WHERE id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return k, problem.NotFound("signing key")
	}
	if err != nil {
		return k, fmt.Errorf("signing: %w", err)
	}
	return k, nil
}

// New is what a key is made for.
type New struct {
	Stream       string
	Domain       string
	Selector     string // empty: made from stream and month
	SwitchOnSeen bool   // sign with it as soon as it is in DNS
}

// selectorForm is a selector of one label that leaves room for the e of its Ed25519 key (RFC 6376 §3.1).
var selectorForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$`)

// Generate makes an RSA-2048 key and an Ed25519 key beside it (RFC 8301 §3.2, RFC 8463 §3). Nothing is signed with them yet.
func (s *Store) Generate(ctx context.Context, actor audit.Actor, n New) (Key, error) {
	now := s.Now()
	n.Selector = strings.ToLower(strings.TrimSpace(n.Selector))
	var bad problem.Collector
	if n.Stream != string(gate.StreamMarketing) && n.Stream != string(gate.StreamTransactional) {
		bad.Add("stream", "must be marketing or transactional")
	}
	parsed, err := address.Parse("x@" + strings.TrimSpace(n.Domain))
	if err != nil || !strings.Contains(parsed.Domain, ".") {
		bad.Add("domain", "must be the domain of a From address, such as news.example.com")
	}
	if n.Selector != "" && !selectorForm.MatchString(n.Selector) {
		bad.Add("selector", "must be 1 to 60 letters, digits and hyphens")
	}
	if err := bad.Err(); err != nil {
		return Key{}, err
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return Key{}, fmt.Errorf("signing: %w", err)
	}
	_, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("signing: %w", err)
	}
	id, domain := sqldb.NewID(), parsed.Domain
	rsaBox, err := s.box(id, private)
	if err != nil {
		return Key{}, err
	}
	edBox, err := s.box(id, edPrivate)
	if err != nil {
		return Key{}, err
	}
	_, rsaText, err := message.Key{Private: private}.Record(domain)
	if err != nil {
		return Key{}, err
	}
	_, edText, err := message.Key{Private: edPrivate}.Record(domain)
	if err != nil {
		return Key{}, err
	}
	selector := n.Selector
	for again := 1; ; again++ {
		if n.Selector == "" {
			selector = proposed(n.Stream, now, again)
		}
		err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			if _, err := tx.ExecContext(ctx, `INSERT INTO dkim_keys (id, stream, domain, selector, rsa_private, ed_private, rsa_public, ed_public, switch_on_seen, created_at, fault)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '')`, id, n.Stream, domain, selector, rsaBox, edBox, rsaText, edText, n.SwitchOnSeen, sqldb.Micros(now)); err != nil {
				return err
			}
			return audit.Record(ctx, tx, now, actor, "dkim.generate", audit.Object("dkim", id), nil, map[string]string{"stream": n.Stream, "domain": domain, "selector": selector})
		})
		if err == nil {
			return s.Get(ctx, id)
		}
		if !sqldb.IsUnique(err) {
			return Key{}, fmt.Errorf("signing: %w", err)
		}
		if n.Selector != "" || again > 50 {
			return Key{}, problem.Invalid("selector", "is taken; a new key needs a new selector, because the old record stays in DNS")
		}
	}
}

// proposed is a selector for the stream and month, such as m202611 or m202611-2.
func proposed(stream string, now time.Time, again int) string {
	out := stream[:1] + now.Format("200601")
	if again > 1 {
		out += fmt.Sprintf("-%d", again)
	}
	return out
}

// box is a private key, sealed for the row that it stands in.
func (s *Store) box(id string, private any) (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	if len(s.Seal) == 0 {
		return "", errors.New("signing: there is no key to seal with")
	}
	return secret.Seal(s.Seal, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "dkim:"+id)
}
