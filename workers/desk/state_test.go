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
	h := stafftest.New(t, sqldbtest.SQLite(t), time.Now)
	var down error
	runs := 0
	(&desk.State{Site: h.Site, Streams: []site.Stream{{Key: "marketing", Relay: "relay.example"}},
		Stats: func(context.Context) ([]queue.Stats, error) {
			return []queue.Stats{{Queue: queue.Marketing, Pending: 4711}}, down
		},
		Examine: func(context.Context) ([]doctor.Check, error) {
			runs++
			return []doctor.Check{{Name: "spf", Status: doctor.Fail, Detail: "<script>alert(1)</script>", WhatToDo: "publish a record"}}, nil
		}}).Register(h.Echo)
	ada := h.As("Ada", access.ReadOnly)
	ada.Get("/admin/queues").Want(200, "4,711", "/admin/deliverability")
	down = errors.New("connection refused")
	ada.Get("/admin/queues").Want(200, "connection refused")
	ada.Get("/admin/deliverability").Want(200, "relay.example", "&lt;script&gt;alert", "publish a record")
	ada.Get("/admin/deliverability").Want(200)
	if runs != 1 {
		t.Errorf("the world was asked %d times", runs)
	}
}
