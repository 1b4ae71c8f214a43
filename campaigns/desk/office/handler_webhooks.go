package office

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/preferences/problem"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/preferences/webhooks"
	"assent/templates/locale"
	"assent/templates/site"
	"assent/templates/site/ui"
)

func (o *Office) registerWebhooks(e *echo.Echo) {
	r, admin := o.at(e, site.NavWebhooks), access.Administrator
	r.Get("", o.webhooks, admin)
	r.Post("", o.addWebhook, admin)
	r.Get("/:id", o.webhook, admin)
	r.Post("/:id", o.changeWebhook, admin)
	r.Post("/:id/test", o.testWebhook, admin)
	r.Post("/:id/rotate", o.rotateWebhook, admin)
	r.Post("/:id/disable", o.switchWebhook, admin)
	r.Post("/:id/enable", o.switchWebhook, admin)
	r.Post("/:id/remove", o.removeWebhook, admin)
	r.Post("/:id/calls/:call", o.redeliver, admin)
}

func webhookURL(id string) string { return site.Path(site.NavWebhooks) + "/" + id }

// kinds are the events that a webhook can be told of, with the names of their texts. Those that it has beside them are kept.
var kinds = [][2]string{{"consent.*", "all_consent"}, {"subscriber.*", "all_subscriber"}, {"subscriber.erased", "erased"}, {"data_request.*", "all_request"}, {"event.sharing_withdrawn", "sharing"}}

func eventOptions(l *locale.Locale, have []string) []ui.Option {
	var out []ui.Option
	known := map[string]bool{}
	for _, k := range kinds {
		known[k[0]] = true
		out = append(out, ui.Option{Value: k[0], Label: k[0], Hint: l.T("site.webhooks.kind." + k[1])})
	}
	for _, name := range have {
		if !known[name] {
			out = append(out, ui.Option{Value: name, Label: name})
		}
	}
	return out
}

func (o *Office) webhooks(c echo.Context) error {
	return o.webhookList(c, http.StatusOK, webhooks.Input{}, nil)
}

func (o *Office) webhookList(c echo.Context, status int, in webhooks.Input, wrong map[string]string) error {
	list, err := o.Hooks.List(c.Request().Context(), "", allOf)
	if err != nil {
		return err
	}
	v := site.WebhooksView{Page: o.page(c, site.NavWebhooks), Action: site.Path(site.NavWebhooks), URL: in.URL, Description: in.Description, Ticked: in.Events, Errors: wrong}
	v.Events = eventOptions(v.Locale, in.Events)
	for _, w := range list {
		row := site.WebhookRow{Target: w.URL, URL: webhookURL(w.ID), Events: strings.Join(w.Events, ", "), Off: w.DisabledAt != nil, LastAt: w.CreatedAt}
		if len(w.Events) == 0 {
			row.Events = v.Locale.T("site.requests.part.all")
		}
		switch last, err := o.Hooks.Calls(c.Request().Context(), w.ID, "", "", 1); {
		case err != nil:
			return err
		case len(last) > 0:
			row.LastAt = last[0].At
			if last[0].Status != "done" {
				row.Failing = v.Locale.Said(last[0].Error)
			}
		}
		if row.Off {
			row.Failing = v.Locale.Said(w.DisabledFor)
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, status, site.Webhooks(v))
}

func webhookInput(c echo.Context) (in webhooks.Input) {
	val := screen.Values(c)
	return webhooks.Input{URL: strings.TrimSpace(val["url"]), Description: strings.TrimSpace(val["description"]), Events: c.Request().Form["events"]}
}

func (o *Office) addWebhook(c echo.Context) error {
	in := webhookInput(c)
	w, secret, err := o.Hooks.Create(c.Request().Context(), actor(c), in)
	if wrong := staff.Problems(c, err); wrong != nil {
		return o.webhookList(c, http.StatusUnprocessableEntity, in, wrong)
	}
	if err != nil {
		return err
	}
	return o.webhookPage(c, http.StatusOK, w.ID, secret, nil)
}

func (o *Office) webhook(c echo.Context) error {
	return o.webhookPage(c, http.StatusOK, c.Param("id"), "", nil)
}

// webhookPage is the page of one webhook; a secret is shown this once.
func (o *Office) webhookPage(c echo.Context, status int, id, secret string, wrong map[string]string) error {
	ctx := c.Request().Context()
	w, err := o.Hooks.Get(ctx, id)
	if err != nil {
		return err
	}
	here, show, before := webhookURL(id), c.QueryParam("show"), c.QueryParam("after")
	if show != "waiting" && show != "failed" {
		show = ""
	}
	v := site.WebhookView{Page: o.page(c, site.NavWebhooks), Target: w.URL, Description: w.Description, Action: here, Secret: secret, Waiting: w.Waiting, Failed: w.Failed, Ticked: w.Events, Errors: wrong}
	l := v.Locale
	v.Events = eventOptions(l, w.Events)
	if w.DisabledAt != nil {
		v.Off = v.Locale.Said(w.DisabledFor)
	}
	for _, tab := range []struct {
		show, key string
		n         int
	}{{"", "site.requests.part.all", 0}, {"waiting", "site.webhooks.status.waiting", w.Waiting}, {"failed", "site.webhooks.status.failed", w.Failed}} {
		t := ui.Tab{Label: l.T(tab.key), URL: screen.Address(here, "show", tab.show), Current: tab.show == show}
		if tab.n > 0 {
			t.Count = l.Number(int64(tab.n))
		}
		v.Tabs = append(v.Tabs, t)
	}
	calls, err := o.Hooks.Calls(ctx, id, show, before, screen.PageSize+1)
	if err != nil {
		return err
	}
	calls, v.Pager = screen.Paged(v.Page, calls, here, before, func(c webhooks.Call) string { return c.ID }, "show", show)
	for _, call := range calls {
		row := site.CallRow{Event: call.Event, Status: call.Status, ID: call.ID, Attempts: call.Attempts, At: call.At, Next: call.DueAt, Answer: v.Locale.Said(call.Error)}
		if call.Status == "done" {
			row.Answer = http.StatusText(call.Answered)
		}
		if call.Again && call.Status != "done" {
			row.Again = &ui.Post{Label: l.T("site.webhooks.retry"), Action: here + "/calls/" + call.ID}
		}
		v.Calls = append(v.Calls, row)
	}
	if v.Off == "" {
		v.Posts = append(v.Posts, ui.Post{Label: l.T("site.webhooks.test"), Action: here + "/test", Tone: ui.Good}, ask(v.Page, "site.webhooks.rotate", here+"/rotate", ui.Plain),
			ui.Post{Label: l.T("site.webhooks.disable"), Action: here + "/disable"})
	} else {
		v.Posts = append(v.Posts, ui.Post{Label: l.T("site.webhooks.enable"), Action: here + "/enable", Tone: ui.Good})
	}
	v.Posts = append(v.Posts, ask(v.Page, "site.webhooks.remove", here+"/remove", ui.Bad))
	return staff.Render(c, status, site.Webhook(v))
}

func (o *Office) changeWebhook(c echo.Context) error {
	in := webhookInput(c)
	if in.Events == nil {
		in.Events = []string{}
	}
	_, err := o.Hooks.Update(c.Request().Context(), actor(c), c.Param("id"), webhooks.Change{Events: &in.Events, Description: &in.Description})
	if wrong := staff.Problems(c, err); wrong != nil {
		return o.webhookPage(c, http.StatusUnprocessableEntity, c.Param("id"), "", wrong)
	}
	return o.did(c, err, webhookURL(c.Param("id")), "site.desk.saved")
}

func (o *Office) testWebhook(c echo.Context) error {
	err := o.Hooks.SendTest(c.Request().Context(), actor(c), c.Param("id"))
	return o.did(c, err, webhookURL(c.Param("id")), "site.webhooks.tested")
}

func (o *Office) rotateWebhook(c echo.Context) error {
	secret, err := o.Hooks.Rotate(c.Request().Context(), actor(c), c.Param("id"))
	if err != nil {
		return err
	}
	return o.webhookPage(c, http.StatusOK, c.Param("id"), secret, nil)
}

func (o *Office) switchWebhook(c echo.Context) error {
	off := strings.HasSuffix(c.Path(), "/disable")
	_, err := o.Hooks.Update(c.Request().Context(), actor(c), c.Param("id"), webhooks.Change{Disabled: &off})
	return o.did(c, err, webhookURL(c.Param("id")), "site.desk.saved")
}

func (o *Office) removeWebhook(c echo.Context) error {
	err := o.Hooks.Delete(c.Request().Context(), actor(c), c.Param("id"))
	if _, ok := problem.As(err); err != nil && !ok {
		return err
	}
	return o.did(c, err, site.Path(site.NavWebhooks), "site.desk.deleted")
}

func (o *Office) redeliver(c echo.Context) error {
	err := o.Hooks.Redeliver(c.Request().Context(), actor(c), c.Param("id"), c.Param("call"))
	return o.did(c, err, webhookURL(c.Param("id")), "site.webhooks.retried")
}
