package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"assent/preferences/audit"
	"assent/preferences/staff/access"
	"assent/preferences/staff/keys"
)

// Every route of the API asks for a scope: with a key that has another one it is refused before it has read anything.
func TestEveryRouteOfTheAPIAsksForItsScope(t *testing.T) {
	o := newOffice(t)
	value := map[access.Scope]string{}
	for _, scope := range []access.Scope{access.AuditRead, access.Read} {
		_, key, err := o.a.apiKeys.Add(t.Context(), audit.System("test"), keys.New{Name: string(scope), Scopes: []access.Scope{scope}})
		if err != nil {
			t.Fatal(err)
		}
		value[scope] = key
	}
	met := 0
	for _, r := range o.e.Routes() {
		if !strings.HasPrefix(r.Path, "/api/v1/") || r.Path == "/api/v1/openapi.yaml" || r.Path == "/api/v1/audit" || r.Path == "/api/v1/webhooks/:provider" && r.Method == http.MethodPost /* which providers sign */ || strings.HasPrefix(r.Method, "echo") || r.Method == http.MethodHead {
			continue
		}
		for scope, key := range value {
			reads := r.Method == http.MethodGet || strings.HasSuffix(r.Path, "/decisions") || strings.HasSuffix(r.Path, "/segments/count")
			if scope == access.Read && reads {
				continue
			}
			met++
			body := &counted{}
			q := httptest.NewRequestWithContext(t.Context(), r.Method, o.url+param.ReplaceAllString(r.Path, "01890000-0000-7000-8000-000000000000"), body)
			q.Header.Set("Authorization", "Bearer "+key)
			q.Header.Set("Idempotency-Key", r.Path)
			w := httptest.NewRecorder()
			o.e.ServeHTTP(w, q)
			if w.Code != http.StatusForbidden || body.read > 0 {
				t.Errorf("%s %s with %s: %d, %d bytes were read", r.Method, r.Path, scope, w.Code, body.read)
			}
		}
	}
	if met < 150 {
		t.Errorf("only %d routes were met", met)
	}
}

// counted is a body that tells how much of it was read.
type counted struct{ read int }

func (c *counted) Read(p []byte) (int, error) {
	if c.read > 2<<20 {
		return 0, io.EOF
	}
	c.read += len(p)
	return len(p), nil
}
