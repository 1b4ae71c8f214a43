package smtpd

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"assent/preferences/tokens"
	"assent/workers/inbound"
)

// A flood of bounces, as after a campaign to an old list, is taken whole: each
// becomes one event, none is lost or doubled.
func TestAFloodOfBouncesIsTakenWhole(t *testing.T) {
	const clients, each = 8, 250
	f := start(t, func(s *Server) { s.Sink = inbound.NewGather(s.Sink, 200, 2) }, nil)
	began := time.Now()
	var wg sync.WaitGroup
	for c := range clients {
		client := f.client(t)
		wg.Go(func() {
			for i := range each {
				person := fmt.Sprintf("01956fd0-0000-7000-8000-%012x", c*each+i+1)
				to := f.keys.SignLocal(tokens.Return, person, campaign) + "@" + domain
				if err := send(client, "", to, strings.Replace(bounce, "<1@", fmt.Sprintf("<%d.%d@", c, i), 1)); err != nil {
					t.Errorf("client %d, mail %d: %v", c, i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	people := map[string]bool{}
	for _, e := range f.sink.all() {
		if e.Effect() != inbound.Suppress {
			t.Fatalf("%+v", e)
		}
		people[e.Claims.Subject] = true
	}
	if len(people) != clients*each || len(f.sink.all()) != clients*each {
		t.Errorf("%d events about %d people", len(f.sink.all()), len(people))
	}
	t.Logf("%d bounces over %d connections: %.0f a second", clients*each, clients, float64(clients*each)/took.Seconds())
}
