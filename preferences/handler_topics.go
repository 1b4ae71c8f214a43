package preferences

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/preferences/web"
)

func (h handler) listTopics(c echo.Context) error {
	topics, err := h.s.Topics(c.Request().Context(), h.s.DB)
	if err != nil {
		return err
	}
	page, err := web.PageOf(c, 1)
	if err != nil {
		return err
	}
	if page.Cursor != nil {
		for i, t := range topics {
			if t.Key == page.Cursor[0] {
				topics = topics[i+1:]
				break
			}
		}
	}
	return c.JSON(http.StatusOK, web.ListOf(topics, page.Limit, func(t *Topic) []string { return []string{t.Key} }))
}

func (h handler) getTopic(c echo.Context) error {
	t, err := h.s.Topic(c.Request().Context(), h.s.DB, c.Param("key"))
	return web.Answer(c, t, err)
}

func (h handler) createTopic(c echo.Context) error {
	var in TopicInput
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	t, err := h.s.CreateTopic(c.Request().Context(), h.actor(c), in)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, t)
}

func (h handler) updateTopic(c echo.Context) error {
	var in TopicInput
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	t, err := h.s.UpdateTopic(c.Request().Context(), h.actor(c), c.Param("key"), in)
	return web.Answer(c, t, err)
}
