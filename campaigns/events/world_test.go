package events_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/campaigns/brands"
	"assent/campaigns/events"
	"assent/campaigns/outbox"
	"assent/preferences"
	"assent/preferences/ledger"
	"assent/preferences/partners"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
	"assent/preferences/web"
	"assent/preferences/web/webtest"
	"assent/templates/locale"
	"assent/templates/pages"
)

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// world is everything around the store: real people, a real outbox, a clock that tests move.
type world struct {
	*webtest.Client
	t     *testing.T
	db    *sqldb.DB
	store *events.Store
	now   time.Time
	told  []events.Withdrawal
	from  map[netip.Addr]int // registrations by place
	box   *outbox.Store
}

// SharingWithdrawn is what a partner hears.
func (w *world) SharingWithdrawn(_ context.Context, _ *sqldb.Tx, withdrawal events.Withdrawal) (bool, error) {
	w.told = append(w.told, withdrawal)
	return true, nil
}

// Source lets so many in from one place, and never forgets.
func (w *world) Source(_ context.Context, ip netip.Addr, perIP, _ int) (bool, error) {
	w.from[ip]++
	return w.from[ip] <= perIP, nil
}

type object map[string]any

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, now: start, from: map[netip.Addr]int{}}
	now := func() time.Time { return w.now }
	keys, err := tokens.Parse("a:" + strings.Repeat("A", 43) + "=")
	if err != nil {
		t.Fatal(err)
	}
	people := &preferences.Service{DB: db, Keys: keys, Now: now, Site: &preferences.Settings{DB: db, Started: preferences.DefaultSite()}}
	box := &outbox.Store{DB: db, Now: now, Facts: people.TransactionalFacts}
	people.Outbox, w.box = box, box
	w.store = &events.Store{DB: db, Now: now, People: people, Outbox: box, Keys: keys, Base: "https://acme.example", Site: people.Site, Partners: w, Limits: w}
	brand := &brands.Store{DB: db, Now: now}
	if err := brand.EnsureDefault(context.Background(), "acme.example", "Main Street 1"); err != nil {
		t.Fatal(err)
	}
	for key, name := range map[string]string{"fair": "Fair Events", "hub": "Hub & Co"} {
		if _, err := (&partners.Store{DB: db, Now: now}).Create(context.Background(), webtest.Actor, key, name); err != nil {
			t.Fatal(err)
		}
	}
	w.Client = webtest.New(t, func(e *echo.Echo, api *echo.Group) {
		w.store.Register(api, webtest.Scopes(t), webtest.ActorOf)
		w.store.RegisterPages(e, func(_ echo.Context, l *locale.Locale) (pages.Page, error) {
			return pages.Page{Locale: l, Brand: pages.Brand{Name: "Acme"}}, nil
		})
	})
	return w
}

// event is a good event with changes; nil takes a field away.
func event(changes object) object {
	o := object{"slug": "open-day", "names": object{"en": "Open day", "nl": "Open dag"}, "starts_at": start.AddDate(0, 0, 10), "ends_at": start.AddDate(0, 0, 10).Add(3 * time.Hour),
		"timezone": "Europe/Amsterdam", "place": "Keizersgracht 1", "partners": []string{"fair", "hub"}}
	for k, v := range changes {
		if o[k] = v; v == nil {
			delete(o, k)
		}
	}
	return o
}

func (w *world) make(changes object) {
	w.t.Helper()
	w.API("POST", "/events", event(changes)).Want(http.StatusCreated)
}

func (w *world) get() (e events.Event) {
	w.t.Helper()
	w.API("GET", "/events/open-day", nil).Want(http.StatusOK).Into(&e)
	return e
}

// signUp fills in the public form.
func (w *world) signUp(email string, share ...string) webtest.Answer {
	w.t.Helper()
	return w.Post("/events/open-day", url.Values{"email": {email}, "first_name": {"Ada"}, "last_name": {"Lovelace"}, "company": {"Engines"}, "phone": {"+31 20 123"}, "share": share})
}

func (w *world) registrations() []events.Registration {
	w.t.Helper()
	var list web.List[events.Registration]
	w.API("GET", "/events/open-day/registrations", nil).Want(http.StatusOK).Into(&list)
	return list.Items
}

// of is the registration of an address.
func (w *world) of(email string) events.Registration {
	w.t.Helper()
	for _, r := range w.registrations() {
		if r.Email == email {
			return r
		}
	}
	w.t.Fatalf("%s is not registered", email)
	return events.Registration{}
}

func (w *world) standing() string {
	w.t.Helper()
	var out []string
	for _, r := range w.registrations() {
		local, _, _ := strings.Cut(r.Email, "@")
		out = append(out, local+" "+r.Status)
	}
	return strings.Join(out, ", ")
}

// mails are the stages of all mails so far, with the local parts of their addresses, in order.
func (w *world) mails() string {
	w.t.Helper()
	var out []string
	for _, m := range w.messages() {
		var data struct{ Stage string }
		if err := json.Unmarshal(m.Content, &data); err != nil {
			w.t.Fatal(err)
		}
		local, _, _ := strings.Cut(m.Email, "@")
		out = append(out, data.Stage+" "+local)
	}
	return strings.Join(out, ", ")
}

func (w *world) messages() []*outbox.Message {
	w.t.Helper()
	ctx := context.Background()
	var list []*outbox.Message
	for row := range sqldb.Rows(ctx, w.db, "SELECT id FROM messages WHERE kind = 'event' ORDER BY id") {
		var id string
		if err := row.Scan(&id); err != nil {
			w.t.Fatal(err)
		}
		m, err := w.box.Get(ctx, w.db, id)
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, m)
	}
	return list
}

func (w *world) composed(m *outbox.Message) outbox.Rendered {
	w.t.Helper()
	r, err := w.store.Compose(context.Background(), m)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

var manageLink = regexp.MustCompile(`https://acme\.example(/registration/[A-Za-z0-9_-]+)`)

// link is the way to a registration that its latest mail gives.
func (w *world) link(email string) string {
	w.t.Helper()
	found := ""
	for _, m := range w.messages() {
		if m.Email != email {
			continue
		}
		if match := manageLink.FindStringSubmatch(w.composed(m).Text); match != nil {
			found = match[1]
		}
	}
	if found == "" {
		w.t.Fatalf("no mail to %s has a link", email)
	}
	return found
}

func (w *world) due() int {
	w.t.Helper()
	n, err := w.store.Due(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// history is what the ledger holds of a person.
func (w *world) history(subscriberID string) []ledger.Event {
	w.t.Helper()
	records, err := ledger.Events(context.Background(), w.db, subscriberID)
	if err != nil {
		w.t.Fatal(err)
	}
	var list []ledger.Event
	for _, r := range records {
		list = append(list, r.Event)
	}
	return list
}
