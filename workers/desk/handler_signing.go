package desk

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/templates/site"
	"assent/templates/site/ui"
	"assent/workers/signing"
)

// registerKeys serves what can be done to the keys that mail is signed with. Only administrators may, and the audit log says who did.
func (s *State) registerKeys(e *echo.Echo) {
	if s.Signing == nil {
		return
	}
	keys, guard := site.Path(site.NavDeliverability)+"/keys", s.Site.Guard(access.Administrator)
	e.POST(keys, s.generate, guard)
	e.POST(keys+"/:id/look", s.look, guard)
	e.POST(keys+"/:id/switch", s.change("site.signing.switched", func(c echo.Context) error {
		_, err := s.Signing.Switch(c.Request().Context(), staff.ActorOf(c), c.Param("id"))
		return err
	}), guard)
	e.POST(keys+"/:id/stop", s.change("site.signing.stopped", func(c echo.Context) error {
		_, err := s.Signing.Stop(c.Request().Context(), staff.ActorOf(c), c.Param("id"))
		return err
	}), guard)
	e.POST(keys+"/:id/remove", s.change("site.signing.removed", func(c echo.Context) error {
		return s.Signing.Remove(c.Request().Context(), staff.ActorOf(c), c.Param("id"))
	}), guard)
}

func (s *State) generate(c echo.Context) error {
	_, err := s.Signing.Generate(c.Request().Context(), staff.ActorOf(c), signing.New{Stream: c.FormValue("stream"), Domain: c.FormValue("domain"), Selector: c.FormValue("selector"), SwitchOnSeen: c.FormValue("auto") != ""})
	if p, ok := problem.As(err); ok && len(p.Fields) > 0 {
		wrong := map[string]string{}
		for _, f := range p.Fields {
			wrong[f.Field] = f.Detail
		}
		return s.show(c, http.StatusUnprocessableEntity, "key", wrong)
	}
	return s.told(c, err, ui.Good, "site.signing.made")
}

// look asks DNS and says what it found.
func (s *State) look(c echo.Context) error {
	k, err := s.Signing.Look(c.Request().Context(), staff.ActorOf(c), c.Param("id"))
	if err == nil && k.Fault != "" {
		return s.told(c, nil, ui.Warn, "site.signing.not_seen", "fault", k.Fault)
	}
	return s.told(c, err, ui.Good, "site.signing.is_seen")
}

func (s *State) change(done string, do func(echo.Context) error) echo.HandlerFunc {
	return func(c echo.Context) error { return s.told(c, do(c), ui.Good, done) }
}

// told leads back to the page, where it is said what was done, or why it was not.
func (s *State) told(c echo.Context, err error, tone ui.Tone, key string, args ...any) error {
	page := site.Path(site.NavDeliverability)
	text := s.Site.Page(c, site.NavDeliverability).Locale.T(key, args...)
	if p, ok := problem.As(err); ok && p.Status == http.StatusConflict {
		tone, text, err = ui.Bad, p.Detail, nil
	}
	if err != nil {
		return err
	}
	return s.Site.Done(c, page, tone, text)
}

// keys are the signing keys, with what can be done to each.
func (s *State) keys(c echo.Context, p site.Page, administrator bool) ([]site.SigningKey, error) {
	list, err := s.Signing.List(c.Request().Context())
	if err != nil {
		return nil, err
	}
	l := p.Locale
	var out []site.SigningKey
	for _, k := range list {
		row := site.SigningKey{Stream: k.Stream, Domain: k.Domain, Selector: k.Selector, State: string(k.State), Fault: k.Fault}
		for _, r := range k.Records {
			row.Records = append(row.Records, site.Header{Name: r.Name, Value: r.Text})
		}
		if k.LookedAt != nil {
			row.Looked = *k.LookedAt
		}
		if k.RetiredAt != nil {
			row.Keep = k.RetiredAt.Add(signing.Keep)
		}
		if administrator {
			here := site.Path(site.NavDeliverability) + "/keys/" + k.ID
			look := ui.Post{Label: l.T("site.signing.look"), Action: here + "/look", Icon: "search"}
			remove := ui.Post{Label: l.T("site.signing.remove"), Action: here + "/remove", Icon: "trash", Tone: ui.Bad, Back: l.T("site.dialog.back"), Ask: l.T("site.signing.remove_ask"), AskText: l.T("site.signing.remove_text")}
			switch k.State {
			case signing.Waiting:
				row.Posts = []ui.Post{look, remove}
			case signing.Seen:
				row.Posts = []ui.Post{{Label: l.T("site.signing.switch"), Action: here + "/switch", Icon: "check", Tone: ui.Good, Back: l.T("site.dialog.back"), Ask: l.T("site.signing.switch_ask"), AskText: l.T("site.signing.switch_text")}, look, remove}
			case signing.Signing:
				row.Posts = []ui.Post{look, {Label: l.T("site.signing.stop"), Action: here + "/stop", Icon: "pause", Tone: ui.Bad, Back: l.T("site.dialog.back"), Ask: l.T("site.signing.stop_ask"), AskText: l.T("site.signing.stop_text")}}
			case signing.Retired:
				if s.Book.Now().After(row.Keep) {
					row.Posts = []ui.Post{remove}
				}
			}
		}
		out = append(out, row)
	}
	return out, nil
}
