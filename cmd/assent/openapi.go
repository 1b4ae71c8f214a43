package main

import (
	_ "embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

// openapi describes the API. A test holds it to the routes.
//
//go:embed openapi.yaml
var openapi []byte

func (a *app) description(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "max-age=300")
	return c.Blob(http.StatusOK, "application/yaml", openapi)
}
