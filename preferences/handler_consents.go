package preferences

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/web"
)

// choice is the body of an action on a person; all of it may be left out.
type choice struct {
	Source      string `json:"source"`
	Note        string `json:"note"`
	CollectedAt *Date  `json:"collected_at"`
	Class       string `json:"class"` // of an objection: marketing or research
	IP          string `json:"ip"`
	UserAgent   string `json:"user_agent"`
	URL         string `json:"url"`
	Document    string `json:"document"`
}

func (h handler) choice(c echo.Context) (choice, Evidence, error) {
	var in choice
	if err := web.DecodeOptional(c, &in); err != nil {
		return in, Evidence{}, err
	}
	if in.Source == "" {
		in.Source = "api"
	}
	e := Evidence{Source: in.Source, Note: in.Note, IP: in.IP, UserAgent: in.UserAgent, URL: in.URL, Document: in.Document}
	if in.CollectedAt != nil {
		if e.CollectedAt = in.CollectedAt.Time; e.CollectedAt.After(h.s.now().Add(maxSkew)) {
			return in, e, problem.Invalid("collected_at", "must not be in the future")
		}
	}
	if in.Class != "" && in.Class != "marketing" && in.Class != "research" {
		return in, e, problem.Invalid("class", "must be marketing or research")
	}
	return in, e, nil
}

// recordedView is the answer to a choice.
type recordedView struct {
	Event    string `json:"event,omitempty"` // absent when nothing had to be recorded
	State    string `json:"state"`
	InFlight int    `json:"in_flight"`
}

func (h handler) answer(c echo.Context, status int, r Recorded, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(status, recordedView{r.Event, r.State, r.InFlight})
}

func (h handler) unsubscribeAll(c echo.Context) error {
	_, e, err := h.choice(c)
	if err != nil {
		return err
	}
	r, err := h.s.UnsubscribeAll(c.Request().Context(), h.actor(c), c.Param("id"), e)
	return h.answer(c, http.StatusOK, r, err)
}

func (h handler) restrict(c echo.Context) error {
	_, e, err := h.choice(c)
	if err != nil {
		return err
	}
	r, err := h.s.Restrict(c.Request().Context(), h.actor(c), c.Param("id"), e)
	return h.answer(c, http.StatusOK, r, err)
}

func (h handler) liftRestriction(c echo.Context) error {
	_, e, err := h.choice(c)
	if err != nil {
		return err
	}
	r, err := h.s.LiftRestriction(c.Request().Context(), h.actor(c), c.Param("id"), e)
	return h.answer(c, http.StatusOK, r, err)
}

func (h handler) object(c echo.Context) error {
	in, e, err := h.choice(c)
	if err != nil {
		return err
	}
	r, err := h.s.Object(c.Request().Context(), h.actor(c), c.Param("id"), in.Class == "research", e)
	return h.answer(c, http.StatusOK, r, err)
}

func (h handler) liftObjection(c echo.Context) error {
	in, e, err := h.choice(c)
	if err != nil {
		return err
	}
	r, err := h.s.LiftObjection(c.Request().Context(), h.actor(c), c.Param("id"), in.Class == "research", e)
	return h.answer(c, http.StatusOK, r, err)
}

// consentBody is one choice as the API takes it.
type consentBody struct {
	Topic          string `json:"topic"`
	Partner        string `json:"partner"`
	Action         string `json:"action"`
	Source         string `json:"source"`
	Wording        string `json:"wording"`
	WordingVersion string `json:"wording_version"`
	CollectedAt    *Date  `json:"collected_at"`
	IP             string `json:"ip"`
	UserAgent      string `json:"user_agent"`
	URL            string `json:"url"`
	Document       string `json:"document"`
	Confirmed      bool   `json:"confirmed"`
	OptOutOffered  bool   `json:"opt_out_offered"`
}

func (h handler) recordConsent(c echo.Context) error {
	var in consentBody
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	input := ConsentInput{Topic: in.Topic, Partner: in.Partner, Action: in.Action, Confirmed: in.Confirmed, Evidence: Evidence{
		Source: in.Source, Wording: in.Wording, WordingVersion: in.WordingVersion, IP: in.IP, UserAgent: in.UserAgent, URL: in.URL, Document: in.Document, OptOutOffered: in.OptOutOffered,
	}}
	if err := input.legible(); err != nil {
		return err
	}
	if in.CollectedAt != nil {
		input.CollectedAt = in.CollectedAt.Time
	}
	r, err := h.s.Consent(c.Request().Context(), h.actor(c), c.Param("id"), input)
	return h.answer(c, http.StatusCreated, r, err)
}

func (h handler) listConsents(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	if _, err := h.s.Subscriber(ctx, h.s.DB, id); err != nil {
		return err
	}
	current, err := h.s.Consents(ctx, h.s.DB, id)
	if err != nil {
		return err
	}
	events, err := h.s.Events(ctx, h.s.DB, id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"current": current, "events": events})
}

func (h handler) decide(c echo.Context) error {
	var in struct {
		Email   string     `json:"email"`
		Class   string     `json:"class"`
		Topic   string     `json:"topic"`
		Partner string     `json:"partner"`
		At      *time.Time `json:"at"`
	}
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	q := Question{Email: in.Email, Class: in.Class, Topic: in.Topic, Partner: in.Partner}
	if in.At != nil {
		q.At = *in.At
	}
	d, err := h.s.Decide(c.Request().Context(), q)
	if err != nil {
		return err
	}
	answer := struct {
		Outcome  string    `json:"outcome"`
		Reason   string    `json:"reason"`
		Basis    string    `json:"basis,omitempty"`
		Evidence string    `json:"evidence,omitempty"`
		Until    time.Time `json:"until,omitzero"`
	}{d.Outcome().String(), string(d.Reason()), "", d.Evidence(), d.Until()}
	if d.Basis() != 0 {
		answer.Basis = d.Basis().String()
	}
	return c.JSON(http.StatusOK, answer)
}
