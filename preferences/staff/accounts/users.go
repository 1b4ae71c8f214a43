package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/staff/secret"
)

// ErrNotFound is returned when there is no such person.
var ErrNotFound = errors.New("accounts: person not found")

// User is a person on the staff.
type User struct {
	ID          string
	Email       string
	Name        string
	Roles       []access.Role
	Locale      string // of the site's pages; empty for the browser's
	HasPassword bool
	HasTOTP     bool
	CreatedAt   time.Time
	SignedInAt  time.Time // zero when never
	DisabledAt  time.Time // zero while the person may sign in

	password, seed string
	step           int64
}

// Disabled says whether the person may not sign in.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// Actor is the person as one who does things.
func (u User) Actor(ip string) audit.Actor {
	return audit.Actor{Kind: audit.KindUser, ID: u.ID, Name: u.Name, UserID: u.ID, IP: ip}
}

// NewUser is a person to be added. Without a password the person gets a link to
// choose one; see [Store.PasswordLink].
type NewUser struct {
	Email, Name, Password string
	Roles                 []access.Role
	Locale                string // of the pages and the invitation; empty for the browser's
}

// state is what the audit log says of a person.
type state struct {
	Email    string        `json:"email"`
	Name     string        `json:"name"`
	Roles    []access.Role `json:"roles"`
	Disabled bool          `json:"disabled,omitempty"`
}

func (u User) state() state { return state{u.Email, u.Name, u.Roles, u.Disabled()} }

// Add adds a person. What is wrong with the input comes back as a problem.
func (s *Store) Add(ctx context.Context, actor audit.Actor, n NewUser) (User, error) {
	user, err := s.prepare(n, true)
	if err != nil {
		return User{}, err
	}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error { return insert(ctx, tx, actor, user) })
	if sqldb.IsUnique(err) {
		return User{}, problem.Invalid("email", "belongs to somebody who is here already")
	}
	if err != nil {
		return User{}, fmt.Errorf("accounts: add a person: %w", err)
	}
	return user, nil
}

func (s *Store) prepare(n NewUser, strict bool) (User, error) {
	user := User{ID: sqldb.NewID(), Email: strings.TrimSpace(n.Email), Name: strings.TrimSpace(n.Name), Locale: n.Locale, CreatedAt: s.Now(), HasPassword: n.Password != ""}
	if user.Name == "" {
		user.Name, _, _ = strings.Cut(user.Email, "@")
	}
	var wrong problem.Collector
	if !validEmail(user.Email) {
		wrong.Add("email", "must be an e-mail address such as ada@example.org")
	}
	if len(user.Locale) > 35 { // RFC 5646 §4.4.1
		wrong.Add("locale", "is not a language tag")
	}
	if len(user.Name) > 200 {
		wrong.Add("name", "must have at most 200 bytes")
	}
	names := make([]string, len(n.Roles))
	for i, role := range n.Roles {
		names[i] = string(role)
	}
	var err error
	if user.Roles, err = access.ParseRoles(names); err != nil {
		wrong.Add("role", "%s", err)
	}
	if n.Password != "" && strict {
		if err := secret.CheckPolicy(n.Password, user.Email, user.Name); err != nil {
			wrong.Add("password", "%s", err)
		}
	}
	if err := wrong.Err(); err != nil {
		return User{}, err
	}
	if n.Password != "" {
		user.password = s.hash(n.Password)
	}
	return user, nil
}

func insert(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, u User) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO staff_users (id, email, email_key, name, roles, locale, password, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		u.ID, u.Email, emailKey(u.Email), u.Name, joinRoles(u.Roles), u.Locale, u.password, sqldb.Micros(u.CreatedAt), sqldb.Micros(u.CreatedAt))
	if err != nil {
		return err
	}
	return audit.Record(ctx, tx, u.CreatedAt, actor, "user.add", audit.Object("user", u.ID), nil, u.state())
}

const userColumns = `u.id, u.email, u.name, u.roles, u.locale, u.password, u.totp_seed, u.totp_step, u.created_at, u.signed_in_at, u.disabled_at`

func scanUser(scan func(...any) error, more ...any) (User, error) {
	var u User
	var roles string
	var created int64
	var signedIn, disabled sql.NullInt64
	into := append([]any{&u.ID, &u.Email, &u.Name, &roles, &u.Locale, &u.password, &u.seed, &u.step, &created, &signedIn, &disabled}, more...)
	if err := scan(into...); err != nil {
		return u, err
	}
	for _, role := range strings.Fields(roles) {
		u.Roles = append(u.Roles, access.Role(role))
	}
	u.HasPassword, u.HasTOTP = u.password != "", u.seed != ""
	u.CreatedAt, u.SignedInAt, u.DisabledAt = sqldb.Time(created), sqldb.NullTime(signedIn), sqldb.NullTime(disabled)
	return u, nil
}

// Get finds a person by id.
func (s *Store) Get(ctx context.Context, id string) (User, error) {
	return find(ctx, s.DB, "u.id = $1", id)
}

// ByEmail finds a person by address, in whatever case.
func (s *Store) ByEmail(ctx context.Context, email string) (User, error) {
	return FindByEmail(ctx, s.DB, email)
}

// FindByEmail is [Store.ByEmail] inside a transaction.
func FindByEmail(ctx context.Context, q sqldb.Querier, email string) (User, error) {
	return find(ctx, q, "u.email_key = $1", emailKey(email))
}

func find(ctx context.Context, q sqldb.Querier, where string, arg any) (User, error) {
	u, err := scanUser(q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM staff_users AS u WHERE `+where, arg).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, fmt.Errorf("accounts: find a person: %w", err)
	}
	return u, nil
}

// List returns all people by name.
func (s *Store) List(ctx context.Context) ([]User, error) {
	var users []User
	for row := range sqldb.Rows(ctx, s.DB, `SELECT `+userColumns+` FROM staff_users AS u ORDER BY lower(u.name), u.id`) {
		u, err := scanUser(row.Scan)
		if err != nil {
			return nil, fmt.Errorf("accounts: list people: %w", err)
		}
		users = append(users, u)
	}
	return users, nil
}

// Any says whether there is anybody yet.
func (s *Store) Any(ctx context.Context) (bool, error) {
	var n int
	err := s.DB.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT id FROM staff_users LIMIT 1) AS one`).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("accounts: count people: %w", err)
	}
	return n > 0, nil
}

func joinRoles(roles []access.Role) string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return strings.Join(names, " ")
}

func emailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

func validEmail(email string) bool {
	parsed, err := mail.ParseAddress(email)
	return err == nil && parsed.Address == email && len(email) <= 254
}
