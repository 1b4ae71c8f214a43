package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"
)

// Answer answers with v, or with err if there is one.
func Answer[T any](c echo.Context, v T, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// Created answers that v was made, and that it is found below the path asked for, by its key.
func Created(c echo.Context, key string, v any) error {
	c.Response().Header().Set(echo.HeaderLocation, c.Request().URL.Path+"/"+key)
	return c.JSON(http.StatusCreated, v)
}

// Paged answers with one page of what list has after a key. It is asked for one more than the page holds.
func Paged[T any](c echo.Context, list func(ctx context.Context, after string, limit int) ([]T, error), key func(T) string) error {
	page, err := PageOf(c, 1)
	if err != nil {
		return err
	}
	items, err := list(c.Request().Context(), page.After(), page.Limit+1)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, ListOf(items, page.Limit, func(item T) []string { return []string{key(item)} }))
}
