package partners_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/partners"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web"
	"assent/preferences/web/webtest"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func serve(t *testing.T, db *sqldb.DB) *webtest.Client {
	store := &partners.Store{DB: db, Now: func() time.Time { return noon }}
	return webtest.New(t, func(_ *echo.Echo, api *echo.Group) { store.Register(api, webtest.Scopes(t), webtest.ActorOf) })
}

func TestPartners(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		ctx, client := context.Background(), serve(t, db)
		var made partners.Partner
		client.API("POST", "/partners", `{"key":"sponsor","name":"Sponsor & Co"}`).Want(http.StatusCreated).Into(&made)
		if diff := cmp.Diff(partners.Partner{Key: "sponsor", Name: "Sponsor & Co", CreatedAt: noon, UpdatedAt: noon}, made); diff != "" {
			t.Error(diff)
		}
		client.API("POST", "/partners", `{"key":"sponsor","name":"Other"}`).Want(http.StatusConflict)
		client.API("POST", "/partners", `{"key":"agency","name":"Agency"}`).Want(http.StatusCreated)
		client.API("PATCH", "/partners/agency", `{"name":"The agency"}`).Want(http.StatusOK)
		client.API("GET", "/partners/a%00b", nil).Want(http.StatusNotFound)
		client.API("GET", "/partners?cursor=WyJcdTAwMDAiXQ", nil).Want(http.StatusUnprocessableEntity)
		client.API("PATCH", "/partners/none", `{"name":"x"}`).Want(http.StatusNotFound)
		client.API("GET", "/partners/none", nil).Want(http.StatusNotFound)
		client.API("GET", "/partners/sponsor", nil).Want(http.StatusOK)

		var page web.List[partners.Partner]
		client.API("GET", "/partners?limit=1", nil).Want(http.StatusOK).Into(&page)
		if len(page.Items) != 1 || page.Items[0].Name != "The agency" || page.NextCursor == "" {
			t.Fatalf("%+v", page)
		}
		cursor := page.NextCursor
		page = web.List[partners.Partner]{}
		client.API("GET", "/partners?limit=1&cursor="+cursor, nil).Want(http.StatusOK).Into(&page)
		if len(page.Items) != 1 || page.Items[0].Key != "sponsor" || page.NextCursor != "" {
			t.Fatalf("%+v", page)
		}
		found, err := partners.Names(ctx, db, []string{"agency", "none"})
		if diff := cmp.Diff(map[string]string{"agency": "The agency"}, found); err != nil || diff != "" {
			t.Error(err, diff)
		}
		entries, _, err := audit.List(ctx, db, audit.Filter{Object: "partner:agency"}, 10, "")
		if err != nil || len(entries) != 2 || entries[0].Action != "partner.update" {
			t.Errorf("%v, %+v", err, entries)
		}
	})
}

func TestBadPartnersAreRefused(t *testing.T) {
	client := serve(t, sqldbtest.SQLite(t))
	for body, fields := range map[string][]string{
		`{}`:                            {"key", "name"},
		`{"key":"A B","name":"x"}`:      {"key"},
		`{"key":"a","name":"x\ny"}`:     {"name"},
		`{"key":"a","name":"x\u2028y"}`: {"name"},
	} {
		if got := client.API("POST", "/partners", body).Want(http.StatusUnprocessableEntity).Fields(); !slices.Equal(got, fields) {
			t.Errorf("%s: %v", body, got)
		}
	}
	client.API("POST", "/partners", `{"key":"a","name":"x","id":"y"}`).Want(http.StatusBadRequest)
	client.API("POST", "/partners", `{"key":"a","name":"x"}`, "Scopes", "partners:read").Want(http.StatusForbidden)
}
