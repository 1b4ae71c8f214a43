package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// methods are those that a route may be asked with.
var methods = []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut}

// OtherMethods answers what no route of a group takes: 405 with the methods of the address where it takes others
// (RFC 9110 §15.5.6), else 404. echo by itself answers 404 for all of a group that has middleware.
func OtherMethods(c echo.Context) error {
	asked := c.Path() // the group's catch-all
	path := echo.GetPath(c.Request())
	allowed := slices.DeleteFunc(slices.Clone(methods), func(method string) bool {
		found := c.Echo().NewContext(c.Request(), nil)
		c.Echo().Router().Find(method, path, found)
		return found.Path() == asked
	})
	if len(allowed) == 0 {
		return echo.ErrNotFound
	}
	c.Response().Header().Set(echo.HeaderAllow, strings.Join(allowed, ", "))
	return echo.ErrMethodNotAllowed
}
