package imports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/strict"
	"assent/preferences/web"
)

// Register adds the routes under /imports. scope guards a route, actor tells who asks.
func (s *Store) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	read, write := scope("imports:read"), scope("imports:write")
	api.GET("/imports", h.list, read)
	api.POST("/imports", h.create, write)
	api.GET("/imports/:id", h.get, read)
	api.GET("/imports/:id/rejects", h.rejects, read)
	api.POST("/imports/:id/undo", h.undo, write)
}

type handler struct {
	store *Store
	actor func(echo.Context) audit.Actor
}

// maxField bounds a field of the request that is not the file.
const maxField = 256 << 10

// create takes the parts of the request in any order and the file as it comes.
func (h handler) create(c echo.Context) (err error) {
	ctx := c.Request().Context()
	parts, err := c.Request().MultipartReader()
	if err != nil {
		return problem.New(http.StatusUnsupportedMediaType, "Send the request as multipart/form-data with the fields file, mapping, evidence and dry_run.")
	}
	var in Request
	var file *Spool
	defer func() {
		if err != nil && file != nil {
			file.Drop()
		}
	}()
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return unreadable(err)
		}
		if part.FormName() == "file" {
			if file != nil {
				return problem.Malformed("Send one file.", problem.Field{Field: "file", Detail: "is there twice"})
			}
			in.FileName = part.FileName()
			if file, err = h.store.Take(ctx, part); err != nil {
				return unreadable(err)
			}
			continue
		}
		if err := in.field(part); err != nil {
			return err
		}
	}
	if file == nil {
		return problem.Invalid("file", "is required: the CSV file")
	}
	imp, err := h.store.Create(ctx, h.actor(c), file, in)
	if err != nil {
		return err
	}
	h.store.Kick()
	c.Response().Header().Set(echo.HeaderLocation, c.Request().URL.Path+"/"+imp.ID)
	return c.JSON(http.StatusAccepted, map[string]string{"id": imp.ID, "status": imp.Status})
}

// unreadable is a request that broke off: the sender's fault, unless it is the disk's.
func unreadable(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "multipart") {
		return problem.Malformed("The request ends in the middle of a part.")
	}
	return err
}

func (in *Request) field(part *multipart.Part) error {
	name := part.FormName()
	text, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil {
		return unreadable(err)
	}
	if len(text) > maxField {
		return problem.Invalid(name, fmt.Sprintf("must have at most %d bytes", maxField))
	}
	text = bytes.TrimSpace(text)
	switch name {
	case "mapping":
		return decode(name, text, &in.Mapping)
	case "evidence":
		return decode(name, text, &in.Evidence)
	case "dry_run":
		if len(text) == 0 {
			return nil
		}
		if in.DryRun, err = strconv.ParseBool(string(text)); err != nil {
			return problem.Invalid(name, "must be true or false")
		}
		return nil
	}
	return problem.Malformed("The request has a field that is not known here.", problem.Field{Field: name, Detail: "is not a known field"})
}

func decode(name string, text []byte, to any) error {
	if len(text) == 0 {
		return nil
	}
	err := strict.Unmarshal(text, to)
	if err == nil {
		return nil
	}
	detail := strings.TrimPrefix(err.Error(), "json: ")
	if p, ok := problem.As(err); ok {
		detail = p.Detail
	}
	return problem.Malformed("The field "+name+" is not the JSON object that it must be.", problem.Field{Field: name, Detail: detail})
}

func (h handler) list(c echo.Context) error {
	return web.Paged(c, h.store.List, func(i *Import) string { return i.ID })
}

func (h handler) get(c echo.Context) error {
	imp, err := h.store.Get(c.Request().Context(), h.store.DB, c.Param("id"))
	return web.Answer(c, imp, err)
}

func (h handler) rejects(c echo.Context) error {
	ctx := c.Request().Context()
	imp, err := h.store.Get(ctx, h.store.DB, c.Param("id"))
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "text/csv; charset=utf-8")
	header.Set(echo.HeaderContentDisposition, `attachment; filename="rejects-`+imp.ID+`.csv"`)
	header.Set(echo.HeaderCacheControl, "no-store")
	c.Response().WriteHeader(http.StatusOK)
	return h.store.Rejects(ctx, imp, c.Response())
}

func (h handler) undo(c echo.Context) error {
	imp, err := h.store.Undo(c.Request().Context(), h.actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	h.store.Kick()
	return c.JSON(http.StatusAccepted, map[string]string{"id": imp.ID, "status": imp.Status})
}
