package staff

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/staff/access"
	"assent/preferences/staff/keys"
)

const (
	actorKey  = "staff.actor"
	scopesKey = "staff.scopes"
)

// ActorOf is who makes the request: the API key that [Authenticate] found, or the
// person whose session [Site.Session] found. It is the zero Actor for nobody.
func ActorOf(c echo.Context) audit.Actor {
	actor, _ := c.Get(actorKey).(audit.Actor)
	return actor
}

// Authenticate lets only requests with a valid API key pass, as
// "Authorization: Bearer KEY" (RFC 6750 §2.1), and answers the others with 401.
func Authenticate(store *keys.Store) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			scheme, value, _ := strings.Cut(c.Request().Header.Get(echo.HeaderAuthorization), " ")
			if !strings.EqualFold(scheme, "Bearer") {
				return problem.New(http.StatusUnauthorized, "Give an API key: Authorization: Bearer KEY.")
			}
			key, err := store.Authenticate(c.Request().Context(), strings.TrimSpace(value))
			if errors.Is(err, keys.ErrUnknown) {
				return problem.New(http.StatusUnauthorized, "The API key is not known or was revoked.")
			}
			if err != nil {
				return err
			}
			c.Set(actorKey, key.Actor(c.RealIP()))
			c.Set(scopesKey, key.Scopes)
			return next(c)
		}
	}
}

// RequireScope lets only keys pass that may do what scope names; it belongs
// behind [Authenticate]. Without a key the answer is 401, without the scope 403.
func RequireScope(scope access.Scope) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			have, ok := c.Get(scopesKey).([]access.Scope)
			if !ok {
				return problem.New(http.StatusUnauthorized, "Give an API key: Authorization: Bearer KEY.")
			}
			if !access.Allows(have, scope) {
				return problem.Forbidden("The API key lacks the scope " + string(scope) + ".")
			}
			return next(c)
		}
	}
}
