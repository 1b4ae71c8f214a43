package recipients_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/campaigns/outbox"
	"assent/campaigns/recipients"
	"assent/preferences"
	"assent/preferences/rights"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/tokens"
	"assent/preferences/web/webtest"
	"assent/preferences/webhooks"
)

// site is the pages of one test with the domain behind them.
type site struct {
	*campaignstest.World
	*webtest.Client
	t     *testing.T
	pages *recipients.Pages
	desk  *rights.Service
	hooks *webhooks.Store
}

func newSite(t *testing.T, db *sqldb.DB) *site {
	w := campaignstest.New(t, db)
	s := &site{World: w, t: t, hooks: &webhooks.Store{DB: db, Now: w.Clock.Now}}
	s.desk = &rights.Service{DB: db, Now: w.Clock.Now, Keys: w.Keys, People: w.People, Tell: s.hooks.Enqueue}
	w.People.Tell = s.hooks.EnqueueAll
	w.People.Forget = append(w.People.Forget, s.desk.Forget, func(ctx context.Context, tx *sqldb.Tx, sub *preferences.Subscriber) error {
		return s.hooks.Forget(ctx, tx, sub.ID)
	})
	s.pages = &recipients.Pages{DB: db, Now: w.Clock.Now, Keys: w.Keys, People: w.People, Campaigns: w.Mails, Links: w.Links, Rights: s.desk}
	s.Client = webtest.New(t, func(e *echo.Echo, api *echo.Group) {
		s.pages.Register(e)
		w.People.Register(api, webtest.Scopes(t), webtest.ActorOf)
		s.desk.Register(api, webtest.Scopes(t), webtest.ActorOf)
	})
	return s
}

// each runs a test on both engines.
func each(t *testing.T, do func(t *testing.T, s *site)) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) { do(t, newSite(t, db)) })
}

// link is the path of a page for a person.
func (s *site) link(purpose tokens.Purpose, sub *preferences.Subscriber, topic string) string {
	s.t.Helper()
	prefix := map[tokens.Purpose]string{tokens.Preferences: "/p/", tokens.Unsubscribe: "/u/", tokens.Confirm: "/c/", tokens.Why: "/why/", tokens.View: "/v/"}[purpose]
	claims := tokens.Claims{Subject: sub.ID, Issued: s.Clock.Now()}
	if topic != "" {
		found, err := s.People.Topic(context.Background(), s.DB, topic)
		s.Must(err)
		claims.Topic = found.ID
	}
	return prefix + s.Keys.Sign(purpose, claims)
}

// now is the person as stored.
func (s *site) now(sub *preferences.Subscriber) *preferences.Subscriber {
	s.t.Helper()
	sub, err := s.People.Subscriber(context.Background(), s.DB, sub.ID)
	s.Must(err)
	return sub
}

// events are the actions in a person's ledger.
func (s *site) events(sub *preferences.Subscriber) []string {
	s.t.Helper()
	list, err := s.People.Events(context.Background(), s.DB, sub.ID)
	s.Must(err)
	var out []string
	for _, e := range list {
		out = append(out, strings.TrimSpace(string(e.Action)+" "+e.Topic+e.Partner))
	}
	return out
}

// decides is the reason that the gate gives for marketing on a topic.
func (s *site) decides(sub *preferences.Subscriber, topic string, at time.Time) string {
	s.t.Helper()
	found, err := s.People.Topic(context.Background(), s.DB, topic)
	s.Must(err)
	d, err := s.People.Decide(context.Background(), preferences.Question{Email: sub.Email, Class: found.Class, Topic: topic, At: at})
	s.Must(err)
	return string(d.Reason())
}

// mails are the mails of one kind that an address got, as text.
func (s *site) mails(email, kind string) []string {
	s.t.Helper()
	ctx := context.Background()
	views := campaigns.Views(s.People, s.Links)
	maps.Copy(views, recipients.Views(s.People, s.Links, "https://mail.example.com/staff/requests"))
	composer := outbox.Composer{DB: s.DB, Views: views, Locale: func(context.Context) string { return "en" }}
	list, err := sqldb.All(ctx, s.DB, outbox.Scan, "SELECT "+outbox.Columns+" FROM messages WHERE email = $1 AND kind = $2 ORDER BY id", email, kind)
	s.Must(err)
	var texts []string
	for _, m := range list {
		r, err := composer.Compose(ctx, m)
		s.Must(err)
		texts = append(texts, r.Text)
	}
	return texts
}

var linked = regexp.MustCompile(`https://mail\.example\.com(/[a-z]+/[A-Za-z0-9_-]+)`)

// linkIn is the path of the first link in a mail.
func (s *site) linkIn(mail string) string {
	s.t.Helper()
	found := linked.FindStringSubmatch(mail)
	if found == nil {
		s.t.Fatalf("no link in %s", mail)
	}
	return found[1]
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// wantPrivate fails unless an answer to a link is private, sets no cookie and leads nowhere (compliance 2, 59).
func wantPrivate(t *testing.T, a webtest.Answer) {
	t.Helper()
	for header, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "Set-Cookie": "", "Location": ""} {
		if got := a.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
}

const okStatus = http.StatusOK

// scheduled is a campaign on a topic that goes now.
func (s *site) scheduled(topic string) *campaigns.Campaign {
	s.t.Helper()
	s.Clock.Move(time.Minute)
	c := s.Campaign(topic, nil)
	s.Schedule(c)
	return c
}
