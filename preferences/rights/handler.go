package rights

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/web"
)

// Register adds the routes under /data-requests. scope guards a route, actor tells who asks.
func (s *Service) Register(api *echo.Group, scope func(string) echo.MiddlewareFunc, actor func(echo.Context) audit.Actor) {
	h := handler{s, actor}
	api.GET("/data-requests", h.list, scope("requests:read"))
	api.POST("/data-requests", h.receive, scope("requests:write"))
	api.GET("/data-requests/:id", h.get, scope("requests:read"))
	api.PATCH("/data-requests/:id", h.change, scope("requests:write"))
}

type handler struct {
	s     *Service
	actor func(echo.Context) audit.Actor
}

// View is a request as the API shows it.
type View struct {
	ID           string    `json:"id"`
	Number       string    `json:"number"`
	Kind         Kind      `json:"kind"`
	Status       Status    `json:"status"`
	Source       string    `json:"source"`
	SubscriberID string    `json:"subscriber_id,omitempty"`
	Email        string    `json:"email,omitempty"` // absent once the person is erased
	Detail       string    `json:"detail,omitempty"`
	Change       *Change   `json:"change,omitempty"`
	Answer       string    `json:"answer,omitempty"`
	ReceivedAt   time.Time `json:"received_at"`
	DueAt        time.Time `json:"due_at"`
	Overdue      bool      `json:"overdue"`
	Extended     string    `json:"extended,omitempty"`
	VerifiedAt   time.Time `json:"verified_at,omitzero"`
	VerifiedBy   string    `json:"verified_by,omitempty"`
	ClosedAt     time.Time `json:"closed_at,omitzero"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// ViewOf shows a request as it stands now.
func (s *Service) ViewOf(r *Request) View {
	return View{
		ID: r.ID, Number: r.Number, Kind: r.Kind, Status: r.Status, Source: r.Source, SubscriberID: r.SubscriberID, Email: r.Email, Detail: r.Detail, Change: r.Change, Answer: r.Answer,
		ReceivedAt: r.ReceivedAt, DueAt: r.DueAt, Overdue: !r.Status.Closed() && !s.now().Before(r.DueAt), Extended: r.Extended, VerifiedAt: r.VerifiedAt, VerifiedBy: r.VerifiedBy,
		ClosedAt: r.ClosedAt, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

func (h handler) list(c echo.Context) error {
	page, err := web.PageOf(c, 2)
	if err != nil {
		return err
	}
	f := Filter{Status: Status(c.QueryParam("status")), Kind: Kind(c.QueryParam("kind")), SubscriberID: c.QueryParam("subscriber_id")}
	var bad problem.Collector
	if f.Status != "" && !slices.Contains(Statuses, f.Status) {
		bad.Add("status", "must be unconfirmed, open, in_progress, done, refused or withdrawn")
	}
	if f.Kind != "" && !f.Kind.known() {
		bad.Add("kind", "must be access, portability, rectification, erasure, restriction, objection or complaint")
	}
	switch c.QueryParam("overdue") {
	case "", "false":
	case "true":
		f.Running, f.DueBefore = true, h.s.now()
	default:
		bad.Add("overdue", "must be true or false")
	}
	after, id := time.Time{}, ""
	if page.Cursor != nil {
		us, err := strconv.ParseInt(page.Cursor[0], 10, 64)
		if err != nil {
			bad.Add("cursor", "is not one that a list answered with; leave it out to start at the beginning")
		}
		after, id = sqldb.Time(us), page.Cursor[1]
	}
	if err := bad.Err(); err != nil {
		return err
	}
	list, err := h.s.List(c.Request().Context(), f, after, id, page.Limit+1)
	if err != nil {
		return err
	}
	views := make([]View, len(list))
	for i, r := range list {
		views[i] = h.s.ViewOf(r)
	}
	return c.JSON(http.StatusOK, web.ListOf(views, page.Limit, func(v View) []string { return []string{strconv.FormatInt(sqldb.Micros(v.DueAt), 10), v.ID} }))
}

func (h handler) get(c echo.Context) error {
	r, err := h.s.Get(c.Request().Context(), h.s.DB, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, h.s.ViewOf(r))
}

func (h handler) receive(c echo.Context) error {
	var in struct {
		Kind         Kind       `json:"kind"`
		SubscriberID string     `json:"subscriber_id"`
		Email        string     `json:"email"`
		Detail       string     `json:"detail"`
		Change       *Change    `json:"change"`
		Locale       string     `json:"locale"`
		ReceivedAt   *time.Time `json:"received_at"`
		VerifiedBy   string     `json:"verified_by"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if (in.SubscriberID == "") == (in.Email == "") {
		return problem.Invalid("email", "is required, or a subscriber_id in its place")
	}
	if in.Change != nil && in.Kind != Rectification {
		return problem.Invalid("change", "is for a rectification only")
	}
	input := Input{Kind: in.Kind, SubscriberID: in.SubscriberID, Email: in.Email, Detail: in.Detail, Change: in.Change, Locale: in.Locale, Source: SourceAPI, Verified: in.VerifiedBy}
	if in.ReceivedAt != nil {
		input.ReceivedAt = *in.ReceivedAt
	}
	r, err := h.s.Receive(c.Request().Context(), h.actor(c), input)
	if err != nil {
		return err
	}
	return web.Created(c, r.ID, h.s.ViewOf(r))
}

func (h handler) change(c echo.Context) error {
	var u Update
	if err := web.Decode(c, &u); err != nil {
		return err
	}
	r, err := h.s.Change(c.Request().Context(), h.actor(c), c.Param("id"), u)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, h.s.ViewOf(r))
}
