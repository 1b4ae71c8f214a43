package together

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/web"
)

// maxNamed is how many people one request may name.
const maxNamed = 1000

type handler struct {
	s     *Store
	actor func(echo.Context) audit.Actor
}

// Register mounts the API of withdrawals, with the scope that each endpoint needs.
func (s *Store) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	read, write := scope("subscribers:read"), scope("subscribers:write")
	api.POST("/withdrawals", h.withdraw, write)
	api.GET("/withdrawals/:id", h.get, read)
	api.POST("/withdrawals/:id/cancel", h.cancel, write)
}

// withdrawalView is a withdrawal of many as the API shows it.
type withdrawalView struct {
	ID         string           `json:"id"`
	Status     string           `json:"status"`
	Topic      string           `json:"topic"`
	Note       string           `json:"note"`
	People     int64            `json:"people"` // that were looked at
	Withdrawn  int64            `json:"withdrawn"`
	Skipped    map[string]int64 `json:"skipped"`
	CreatedAt  time.Time        `json:"created_at"`
	FinishedAt time.Time        `json:"finished_at,omitzero"`
}

func (h handler) answer(c echo.Context, status int, j *Job) error {
	return c.JSON(status, withdrawalView{j.ID, j.Status, j.Topic, j.Note, j.People, j.Changed, j.Skipped, j.CreatedAt, j.FinishedAt})
}

// withdrawal is the body that asks for one: of the people that it names, or of all whom the filter finds.
type withdrawal struct {
	Topic       string   `json:"topic"`
	Note        string   `json:"note"`
	Subscribers []string `json:"subscribers"`
	Filter      *struct {
		Search string `json:"search"`
		Status string `json:"status"`
		Topic  string `json:"topic"`
	} `json:"filter"`
}

func (h handler) withdraw(c echo.Context) error {
	var in withdrawal
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	r := Request{Action: Withdraw, Topic: in.Topic, Note: in.Note, Everybody: in.Filter != nil}
	switch {
	case (in.Filter == nil) == (len(in.Subscribers) == 0):
		return problem.Invalid("subscribers", "is required, or a filter in its place")
	case len(in.Subscribers) > maxNamed:
		return problem.Invalid("subscribers", "must name at most 1000 people; use a filter for more")
	case in.Filter != nil:
		r.Filter = preferences.Filter{Text: in.Filter.Search, Status: in.Filter.Status, Topic: in.Filter.Topic}
	default:
		r.Filter.IDs = in.Subscribers
	}
	j, err := h.s.Create(c.Request().Context(), h.actor(c), r)
	if p, ok := problem.As(err); ok {
		for i, f := range p.Fields {
			switch f.Field {
			case "status":
				p.Fields[i].Field = "filter.status"
			case "all":
				p.Fields[i] = problem.Field{Field: "subscribers", Detail: "must be ids of subscribers"}
			}
		}
	}
	if err != nil {
		return err
	}
	h.s.Kick()
	return h.answer(c, http.StatusAccepted, j)
}

// one is a withdrawal; other jobs are not told here.
func (h handler) one(c echo.Context) (*Job, error) {
	j, err := h.s.Get(c.Request().Context(), h.s.DB, c.Param("id"))
	if err == nil && j.Action != Withdraw {
		err = ErrNotFound
	}
	return j, err
}

func (h handler) get(c echo.Context) error {
	j, err := h.one(c)
	if err != nil {
		return err
	}
	return h.answer(c, http.StatusOK, j)
}

func (h handler) cancel(c echo.Context) error {
	j, err := h.one(c)
	if err == nil {
		_, err = h.s.Cancel(c.Request().Context(), h.actor(c), j.ID)
	}
	if err == nil {
		j, err = h.one(c)
	}
	if err != nil {
		return err
	}
	return h.answer(c, http.StatusOK, j)
}
