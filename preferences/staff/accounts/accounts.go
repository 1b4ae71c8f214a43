package accounts

import (
	"runtime"
	"strings"
	"sync"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/staff/secret"
	"assent/preferences/staff/throttle"
)

// How long things last.
const (
	sessionIdle  = 24 * time.Hour      // without a request
	sessionLife  = 14 * 24 * time.Hour // in all
	linkLife     = 7 * 24 * time.Hour  // a link to choose a password with
	emailLife    = 24 * time.Hour      // a link that confirms a new address
	secondLife   = 10 * time.Minute    // to give the second factor after the first
	ceremonyLife = 10 * time.Minute    // to finish adding a second factor
	seenEvery    = time.Minute         // how exact the last use of a session is
)

// Store keeps accounts. Make it with New.
type Store struct {
	DB     *sqldb.DB
	Now    func() time.Time
	Costs  secret.Params // of new password hashes
	Issuer string        // the name that authenticator apps show
	// Seal encrypts the seeds of authenticator apps: keys of 32 bytes, the newest first. Without, they are stored as they are.
	Seal [][]byte
	// Letters are how people are mailed about their accounts; nil for not at all.
	Letters Letters

	pairs, callers, seconds *throttle.Limiter
	noted                   *throttle.Limiter // of being slowed down
	hashing                 chan struct{}
	check                   func(hash, password string) bool
	decoy                   func() string
}

// New makes a store with the recommended costs and limits: ten wrong passwords
// from one place for one account, then one every half minute; sixty from one place
// over all accounts, then one every ten seconds; twenty wrong codes from anywhere for
// one person whose password was right, then one a minute.
func New(db *sqldb.DB, now func() time.Time) *Store {
	s := &Store{
		DB: db, Now: now, Costs: secret.Recommended, Issuer: "Assent",
		pairs:   throttle.New(throttle.Rate{Burst: 10, Every: 30 * time.Second}, 100_000),
		callers: throttle.New(throttle.Rate{Burst: 60, Every: 10 * time.Second}, 100_000),
		seconds: throttle.New(throttle.Rate{Burst: 20, Every: time.Minute}, 100_000),
		noted:   throttle.New(throttle.Rate{Burst: 1, Every: time.Minute}, 100_000),
		hashing: make(chan struct{}, max(1, runtime.NumCPU())),
		check:   secret.CheckPassword,
	}
	s.decoy = sync.OnceValue(func() string { return secret.HashPassword(secret.NewToken(), s.Costs) })
	return s
}

// From is where a request comes from.
type From struct{ IP, UserAgent string }

func (f From) agent() string {
	const most = 300
	return strings.ToValidUTF8(f.UserAgent[:min(len(f.UserAgent), most)], "") // a cut may go through a character
}

// hash computes a password hash; not more at once than there are processors, as
// each takes much memory.
func (s *Store) hash(password string) string {
	s.hashing <- struct{}{}
	defer func() { <-s.hashing }()
	return secret.HashPassword(password, s.Costs)
}

func (s *Store) fits(hash, password string) bool {
	s.hashing <- struct{}{}
	defer func() { <-s.hashing }()
	return s.check(hash, password)
}
