package recipients

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/preferences/tokens"
)

// click leads on to where a link of a mail leads, and counts it if the person agreed to that. What is wrong with the counting does
// not keep anybody from getting there.
func (p *Pages) click(c echo.Context) error {
	ctx, r := c.Request().Context(), c.Request()
	claims, err := p.Keys.Verify(tokens.Click, c.Param("token"))
	if err != nil {
		return ErrLink
	}
	url, err := p.Campaigns.Follow(ctx, claims)
	if errors.Is(err, campaigns.ErrNoLink) {
		return ErrLink
	}
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		if err := p.Campaigns.Clicked(ctx, claims, machine(r)); err != nil && p.Log != nil {
			p.Log.Error("click not counted", "error", err)
		}
	}
	return c.Redirect(http.StatusFound, url)
}

// machines are parts of what programs call themselves that follow links without a person.
var machines = []string{"bot", "crawl", "spider", "scan", "preview", "python", "curl", "wget", "go-http", "java/", "okhttp", "libwww", "headless", "barracuda", "proofpoint", "mimecast", "safelinks", "monitor"}

// machine guesses whether a request was made by a program and not by a person: it asks ahead, or names itself so.
func machine(r *http.Request) bool {
	for _, name := range []string{"Purpose", "Sec-Purpose", "X-Moz"} {
		if strings.Contains(strings.ToLower(r.Header.Get(name)), "prefetch") {
			return true
		}
	}
	agent := strings.ToLower(r.UserAgent())
	if !strings.HasPrefix(agent, "mozilla/") {
		return true
	}
	for _, part := range machines {
		if strings.Contains(agent, part) {
			return true
		}
	}
	return false
}
