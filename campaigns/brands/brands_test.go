package brands_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"assent/campaigns/brands"
	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web"
	"assent/preferences/web/webtest"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func serve(t *testing.T, db *sqldb.DB) (*brands.Store, *webtest.Client) {
	store := &brands.Store{DB: db, Now: func() time.Time { return noon }}
	return store, webtest.New(t, func(_ *echo.Echo, api *echo.Group) { store.Register(api, webtest.Scopes(t), webtest.ActorOf) })
}

type object map[string]any

func acme(changes object) object {
	o := object{"key": "acme", "name": "Acme", "from_name": "Acme news", "from_email": "news@acme.example", "reply_to": "hello@acme.example", "postal_address": "Main Street 1\nAmsterdam"}
	for k, v := range changes {
		if v == nil {
			delete(o, k)
			continue
		}
		o[k] = v
	}
	return o
}

func TestABrandIsMadeReadListedAndChanged(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		_, client := serve(t, db)
		var made, got, changed brands.Brand
		answer := client.API("POST", "/brands", acme(object{"color": " #0A7 ", "logo_url": "https://acme.example/logo.png"})).Want(http.StatusCreated).Into(&made)
		want := brands.Brand{Key: "acme", Name: "Acme", FromName: "Acme news", FromEmail: "news@acme.example", ReplyTo: "hello@acme.example",
			PostalAddress: "Main Street 1\nAmsterdam", LogoURL: "https://acme.example/logo.png", Color: "#00aa77", CreatedAt: noon, UpdatedAt: noon}
		if diff := cmp.Diff(want, made); diff != "" {
			t.Fatal(diff)
		}
		if at := answer.Header.Get("Location"); at != "/api/v1/brands/acme" {
			t.Errorf("Location %q", at)
		}
		client.API("GET", "/brands/acme", nil).Want(http.StatusOK).Into(&got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		client.API("POST", "/brands", acme(nil)).Want(http.StatusConflict)
		client.API("POST", "/brands", acme(object{"key": "beta"})).Want(http.StatusCreated)

		var page web.List[brands.Brand]
		client.API("GET", "/brands?limit=1", nil).Want(http.StatusOK).Into(&page)
		if len(page.Items) != 1 || page.Items[0].Key != "acme" || page.NextCursor == "" {
			t.Fatalf("%+v", page)
		}
		next := page.NextCursor
		page = web.List[brands.Brand]{}
		client.API("GET", "/brands?limit=1&cursor="+next, nil).Want(http.StatusOK).Into(&page)
		if len(page.Items) != 1 || page.Items[0].Key != "beta" || page.NextCursor != "" {
			t.Fatalf("%+v", page)
		}

		client.API("PATCH", "/brands/acme", object{"from_email": "post@acme.example", "logo_url": ""}).Want(http.StatusOK).Into(&changed)
		if changed.FromEmail != "post@acme.example" || changed.Name != "Acme" || changed.LogoURL != "" {
			t.Errorf("%+v", changed)
		}
		client.API("GET", "/brands/a%00b", nil).Want(http.StatusNotFound)
		client.API("GET", "/brands?cursor=WyJcdTAwMDAiXQ", nil).Want(http.StatusUnprocessableEntity)
		client.API("PATCH", "/brands/none", object{"name": "x"}).Want(http.StatusNotFound)
		client.API("PATCH", "/brands/acme", object{"key": "other"}).Want(http.StatusBadRequest)

		entries, _, err := audit.List(context.Background(), db, audit.Filter{Object: "brand:acme"}, 10, "")
		if err != nil || len(entries) != 2 || entries[0].Action != "brand.update" || !strings.Contains(string(entries[0].Before), "news@acme.example") {
			t.Errorf("audit: %v, %+v", err, entries)
		}
	})
}

func TestABrandThatCannotSpeakIsRefused(t *testing.T) {
	db := sqldbtest.SQLite(t)
	_, client := serve(t, db)
	for name, tt := range map[string]struct {
		change object
		field  string
	}{
		"no key":           {object{"key": nil}, "key"},
		"bad key":          {object{"key": "A b"}, "key"},
		"no sender":        {object{"from_email": nil}, "from_email"},
		"sender name":      {object{"from_name": nil}, "from_name"},
		"not an address":   {object{"from_email": "news"}, "from_email"},
		"needs SMTPUTF8":   {object{"from_email": "né@acme.example"}, "from_email"},
		"with a name":      {object{"from_email": "News <news@acme.example>"}, "from_email"},
		"header injection": {object{"from_name": "Acme\r\nBcc: all@evil.example"}, "from_name"},
		"address newline":  {object{"reply_to": "a@acme.example\nBcc: b@evil.example"}, "reply_to"},
		"notice sender":    {object{"notice_from_email": "@"}, "notice_from_email"},
		"no reply address": {object{"reply_to": nil}, "reply_to"},
		"no postal":        {object{"postal_address": nil}, "postal_address"},
		"script logo":      {object{"logo_url": "javascript:alert(1)"}, "logo_url"},
		"relative logo":    {object{"logo_url": "/logo.png"}, "logo_url"},
		"colour word":      {object{"color": "red"}, "color"},
		"style injection":  {object{"color": "#000;background:url(x)"}, "color"},
		"postal control":   {object{"postal_address": "a\x00b"}, "postal_address"},
		"long postal":      {object{"postal_address": strings.Repeat("lane\n", 101) + "x"}, "postal_address"},
	} {
		answer := client.API("POST", "/brands", acme(tt.change)).Want(http.StatusUnprocessableEntity)
		if fields := answer.Fields(); !slices.Equal(fields, []string{tt.field}) {
			t.Errorf("%s: names %v, want %s", name, fields, tt.field)
		}
	}
	client.API("POST", "/brands", acme(object{"colour": "#000000"})).Want(http.StatusBadRequest)
	client.API("POST", "/brands", acme(nil), "Scopes", "brands:read").Want(http.StatusForbidden)
	if list, err := (&brands.Store{DB: db}).List(context.Background(), "", 10); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	var made brands.Brand
	client.API("POST", "/brands", acme(object{"postal_address": "", "from_email": "news@Bücher.example"})).Want(http.StatusCreated).Into(&made)
	if made.FromEmail != "news@xn--bcher-kva.example" {
		t.Errorf("From is %q", made.FromEmail)
	}
}

func TestTheDefaultBrandIsThereFromTheStartAndThenLeftAlone(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		store, client := serve(t, db)
		if _, err := brands.Get(ctx, db, ""); !errors.Is(err, brands.ErrNotFound) {
			t.Fatalf("before: %v", err)
		}
		ensure := func(host, postal string) brands.Brand {
			t.Helper()
			if err := store.EnsureDefault(ctx, host, postal); err != nil {
				t.Fatal(err)
			}
			b, err := brands.Get(ctx, db, "")
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		b := ensure("mail.acme.example:8080", "")
		if b.Key != "default" || b.FromEmail != "news@mail.acme.example" || b.NoticeFrom() != "notices@mail.acme.example" || b.ReplyTo != "hello@mail.acme.example" || b.FromName != "mail.acme.example" {
			t.Fatalf("%+v", b)
		}
		if b = ensure("other.example", "Main Street 1"); b.PostalAddress != "Main Street 1" || b.FromEmail != "news@mail.acme.example" {
			t.Fatalf("%+v", b)
		}
		client.API("PATCH", "/brands/default", object{"postal_address": "Side Street 2"}).Want(http.StatusOK)
		if b = ensure("other.example", "Main Street 1"); b.PostalAddress != "Side Street 2" {
			t.Fatalf("%+v", b)
		}
	})
}

func TestTheDefaultBrandOnAnyHost(t *testing.T) {
	for host, want := range map[string]string{
		"localhost:8080": "news@localhost", "127.0.0.1:8080": "news@localhost", "[::1]:80": "news@localhost", "": "news@localhost",
		"192.0.2.7:8080": "news@localhost", "Acme.Example": "news@acme.example", "[2001:db8::1]": "news@localhost",
	} {
		db := sqldbtest.SQLite(t)
		store, _ := serve(t, db)
		if err := store.EnsureDefault(context.Background(), host, ""); err != nil {
			t.Errorf("%q: %v", host, err)
			continue
		}
		if b, err := brands.Get(context.Background(), db, ""); err != nil || b.FromEmail != want {
			t.Errorf("%q: %q (%v), want %q", host, b.FromEmail, err, want)
		}
	}
}

func TestNoticesFallBackToTheOrdinarySender(t *testing.T) {
	if got := (brands.Brand{FromEmail: "a@b.example"}).NoticeFrom(); got != "a@b.example" {
		t.Error(got)
	}
}

func TestTextOnAColourIsLegible(t *testing.T) {
	for color, want := range map[string]string{"#000000": "#ffffff", "#ffffff": "#000000", "#ffcc00": "#000000", "#1a3b6f": "#ffffff", "no": "#ffffff"} {
		if got := brands.TextOn(color); got != want {
			t.Errorf("%s: %s, want %s", color, got, want)
		}
	}
}
