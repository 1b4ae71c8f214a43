package desk_test

import (
	"context"
	"errors"
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
