package notices

import (
	"slices"
	"strings"
	"testing"

	"assent/campaigns/outbox"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
)

// There may be a million notices: whatever a list is narrowed by, the others are not read.
func TestListsOfNoticesFollowAnIndex(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		for _, c := range []struct {
			f       Filter
			indexes []string
		}{
			{Filter{Single: true}, []string{"messages_single"}},
			{Filter{Single: true, Status: "deferred"}, []string{"messages_single_outcome"}},
			{Filter{Single: true, Obligation: "legal"}, []string{"messages_single_outcome"}},
			{Filter{Status: "deferred"}, []string{"messages_single_outcome", "messages_broadcast_outcome"}},
			{Filter{Obligation: "legal"}, []string{"messages_single_outcome", "messages_broadcast_outcome"}},
			{Filter{Status: "deferred", Obligation: "legal"}, []string{"messages_single_outcome", "messages_broadcast_outcome"}},
			{Filter{Single: true, Reference: "INV-7"}, []string{"messages_reference"}},
			{Filter{Email: "ann@example.com"}, []string{"messages_address"}},
			{Filter{Broadcast: sqldb.NewID()}, []string{"messages_broadcast"}},
			{Filter{Broadcast: sqldb.NewID(), Status: "deferred"}, []string{"messages_broadcast_status"}},
		} {
			for _, before := range []string{"", sqldb.NewID()} {
				query, args, err := c.f.query(before, 51)
				if err != nil {
					t.Fatal(err)
				}
				plan := sqldbtest.Plan(t, db, query, args...)
				for _, index := range c.indexes {
					// The other engine goes by what is in the table: where it can choose, the table has to be as large as it gets.
					if db.Dialect() == sqldb.SQLite && !strings.Contains(plan, index) || strings.Contains(plan, "Seq Scan on messages") {
						t.Errorf("%+v: not by %s:\n%s", c.f, index, plan)
					}
				}
			}
		}
	})
}

// However a list is put together, its notices come once each, the newest first, page by page, single ones and those of broadcasts.
func TestListsOfNoticesAreWhole(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		s := &Service{DB: db}
		type made struct{ id, obligation, status, broadcast string }
		var all []made
		broadcasts := []string{"", sqldb.NewID(), sqldb.NewID()}
		for i := range 84 {
			m := made{sqldb.NewID(), Obligations[i%3], outbox.Statuses[i%7], broadcasts[i%4%3]}
			if m.broadcast != "" {
				m.obligation = Obligations[3+i%4%3]
			}
			all = append([]made{m}, all...)
			_, err := db.ExecContext(t.Context(), "INSERT INTO messages (id, class, kind, obligation, status, broadcast_id, email, address_key, at, created_at) VALUES ($1, $2, 'blocks', $3, $4, $5, 'a@example.com', $6, $7, $8)",
				m.id, map[bool]string{true: "service", false: "notice"}[i%10 == 9], m.obligation, m.status, sqldb.NullText(m.broadcast), "a@example.com", i, i)
			if err != nil {
				t.Fatal(err)
			}
			if m.broadcast != "" {
				if _, err := db.ExecContext(t.Context(), `INSERT INTO notice_broadcasts (id, obligation, basis, lead, effective_at, subject, blocks, translations, status, author, author_name, created_at, updated_at)
					VALUES ($1, $2, 'contract', 'P30D', 1, '', '[]', '{}', 'sending', 'a', 'A', 1, 1) ON CONFLICT (id) DO NOTHING`, m.broadcast, m.obligation); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, status := range append([]string{"", "none"}, outbox.Statuses...) {
			for _, obligation := range []string{"", Obligations[0], Obligations[4], "none"} {
				for _, broadcast := range broadcasts {
					for _, single := range []bool{false, true} {
						var want, got []string
						for i, m := range all {
							if (len(all)-1-i)%10 != 9 && (status == "" || m.status == status) && (obligation == "" || m.obligation == obligation) && (broadcast == "" || m.broadcast == broadcast) && (!single || m.broadcast == "") {
								want = append(want, m.id)
							}
						}
						f := Filter{Status: status, Obligation: obligation, Broadcast: broadcast, Single: single}
						for before := ""; ; before = got[len(got)-1] {
							page, err := s.List(t.Context(), f, before, 5)
							if err != nil {
								t.Fatal(err)
							}
							for _, m := range page {
								got = append(got, m.ID)
							}
							if len(page) < 5 {
								break
							}
						}
						if !slices.Equal(got, want) {
							t.Errorf("%+v: %d, not %d", f, len(got), len(want))
						}
					}
				}
			}
		}
	})
}
