package desk_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
	"assent/templates/site"
	"assent/workers/desk"
	"assent/workers/doctor"
	"assent/workers/queue"
)

func TestMachineryIsShown(t *testing.T) {
	db := sqldbtest.SQLite(t)
	h := stafftest.New(t, db, time.Now)
	var down error
	runs := 0
	state := &desk.State{Site: h.Site, Book: &doctor.Book{DB: db, Now: time.Now}, Streams: []site.Stream{{Key: "marketing", Relay: "relay.example"}},
		Stats: func(context.Context) ([]queue.Stats, error) {
			return []queue.Stats{{Queue: queue.Marketing, Pending: 4711}}, down
		},
		Examine: func(context.Context) ([]doctor.Check, error) {
			runs++
			return []doctor.Check{{Name: "spf", Status: doctor.Fail, Detail: "<script>alert(1)</script>", WhatToDo: "publish a record"}}, nil
		}}
	state.Register(h.Echo)
	ada, bo := h.As("Ada", access.ReadOnly), h.As("Bo", access.Marketer)
	ada.Get("/admin/queues").Want(200, "4,711", "/admin/deliverability")
	down = errors.New("connection refused")
	ada.Get("/admin/queues").Want(200, "connection refused")
	ada.Get("/admin/deliverability").Want(200, "relay.example", "Nothing has been examined yet.")
	ada.Post("/admin/deliverability/examine").Want(403)
	bo.Post("/admin/deliverability/examine").Want(303)
	state.Wait()
	ada.Get("/admin/deliverability").Want(200, "&lt;script&gt;alert", "publish a record", "Examined at")
	if runs != 1 {
		t.Errorf("the world was asked %d times", runs)
	}
}

// What an examination finds is kept in English, as the command prints it; a reader of Dutch reads it in Dutch.
func TestFindingsAreReadInDutch(t *testing.T) {
	db := sqldbtest.SQLite(t)
	h := stafftest.New(t, db, time.Now)
	apart := doctor.Clock{Name: "PostgreSQL", Time: func(context.Context) (time.Time, error) { return time.Now().Add(time.Minute), nil }}
	state := &desk.State{Site: h.Site, Book: &doctor.Book{DB: db, Now: time.Now}, Examine: func(ctx context.Context) ([]doctor.Check, error) {
		return append(doctor.Database(ctx, db, t.TempDir()), doctor.Run(ctx, doctor.Config{BaseURL: "http://127.0.0.1:8080", DataDir: t.TempDir(), Clocks: []doctor.Clock{apart}})...), nil
	}}
	state.Register(h.Echo)
	bo := h.As("Bo", access.Marketer)
	bo.Post("/admin/deliverability/examine").Want(303)
	state.Wait()
	bo.Get("/admin/deliverability").Want(200, "public address: http://127.0.0.1:8080 is this machine or network only", "clock: PostgreSQL is 1m", "no relay is set")
	bo.Post("/admin/account/profile", "name", "Bo", "locale", "nl").Want(303)
	page := bo.Get("/admin/deliverability").Want(200, "openbaar adres: http://127.0.0.1:8080 is alleen deze machine of dit netwerk", "klok: PostgreSQL scheelt 1m", "er is geen relay ingesteld",
		"draai op elke machine een tijddienst", "write-ahead log, elke commit op schijf; bij de tijd", "vrij van").Body.String()
	for _, english := range []string{"apart", "no relay", "the system", "bounce domain", "are not known", "up to date", " free of "} {
		if strings.Contains(page, english) {
			t.Errorf("%q is English", english)
		}
	}
}
