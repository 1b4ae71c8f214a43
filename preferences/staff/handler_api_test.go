package staff

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/keys"
	"assent/preferences/web"
)

func TestAPILetsOnlyKeysWithTheScopeIn(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		store := &keys.Store{DB: db, Now: time.Now}
		e := web.New(web.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		api := e.Group("/api/v1", Authenticate(store))
		var actor audit.Actor
		ok := func(c echo.Context) error { actor = ActorOf(c); return c.NoContent(http.StatusNoContent) }
		api.GET("/topics", ok, RequireScope(access.TopicsRead))
		api.POST("/topics", ok, RequireScope(access.TopicsWrite))
		e.GET("/api/unguarded", ok, RequireScope(access.TopicsRead))

		add := func(scopes ...access.Scope) (keys.Key, string) {
			key, value, err := store.Add(context.Background(), audit.System("test"), keys.New{Name: "shop", Scopes: scopes})
			if err != nil {
				t.Fatal(err)
			}
			return key, value
		}
		key, reads := add(access.TopicsRead)
		_, writes := add(access.TopicsWrite)
		_, other := add(access.CampaignsWrite)
		for _, c := range []struct {
			method, path, authorization string
			want                        int
		}{
			{"GET", "/api/v1/topics", "Bearer " + reads, 204},
			{"GET", "/api/v1/topics", "bearer  " + reads, 204},
			{"POST", "/api/v1/topics", "Bearer " + reads, 403},
			{"GET", "/api/v1/topics", "Bearer " + writes, 204},
			{"POST", "/api/v1/topics", "Bearer " + writes, 204},
			{"GET", "/api/v1/topics", "Bearer " + other, 403},
			{"GET", "/api/v1/topics", "", 401},
			{"GET", "/api/v1/topics", "Bearer", 401},
			{"GET", "/api/v1/topics", "Basic " + reads, 401},
			{"GET", "/api/v1/topics", reads, 401},
			{"GET", "/api/v1/topics", "Bearer " + reads + "x", 401},
			{"GET", "/api/unguarded", "Bearer " + reads, 401},
		} {
			req := httptest.NewRequest(c.method, c.path, nil)
			req.Header.Set("Authorization", c.authorization)
			rec := httptest.NewRecorder()
			e.ServeHTTP(rec, req)
			if rec.Code != c.want {
				t.Errorf("%s %s with %.20q: %d, want %d", c.method, c.path, c.authorization, rec.Code, c.want)
			}
			if rec.Code == 204 {
				continue
			}
			var doc struct {
				Title  string
				Status int
			}
			if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil || doc.Status != rec.Code || rec.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("not a problem document: %s", rec.Body)
			}
			if rec.Code == 401 && rec.Header().Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate (RFC 9110 §11.6.1)")
			}
		}
		req := httptest.NewRequest("GET", "/api/v1/topics", nil)
		req.Header.Set("Authorization", "Bearer "+reads)
		req.RemoteAddr = "192.0.2.9:1234"
		e.ServeHTTP(httptest.NewRecorder(), req)
		if want := (audit.Actor{Kind: "key", ID: key.ID, Name: "shop", IP: "192.0.2.9"}); actor != want {
			t.Errorf("actor %+v, want %+v", actor, want)
		}
	})
}
