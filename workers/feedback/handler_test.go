package feedback

import (
	"errors"
	"net/http"
	"testing"

	"assent/preferences/problem"
	"assent/preferences/sqldb/sqldbtest"
)

// Compliance 17: what nothing proves changes nothing; a provider that is not set up has no proof yet.
func TestAProviderThatIsNotSetUpIsNotBelieved(t *testing.T) {
	w := &Webhooks{Sink: &Sink{DB: sqldbtest.SQLite(t)}}
	for name, status := range map[string]int{"postmark": 401, "ses": 401, "sendgrid": 401, "mailgun": 401, "nobody": 404} {
		_, err := w.provider(t.Context(), name)
		p, ok := problem.As(refused(name, err))
		if !ok || p.Status != status {
			t.Errorf("%s: %v, want %d", name, err, status)
		}
	}
	if _, ok := problem.As(refused("ses", errors.New("dial"))); ok {
		t.Error("a fault of ours is told as one of the caller's: ", http.StatusText(500))
	}
}
