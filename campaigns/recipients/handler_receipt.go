package recipients

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"assent/campaigns/brands"
	"assent/preferences"
	"assent/preferences/tokens"
)

// receipts lets a person keep the proof of what they chose: consent receipts of ISO/IEC TS 27560 as a file (compliance 44). They
// name the person by a pseudonym and hold no address, because a link may have been passed on (compliance 57).
func (p *Pages) receipts(c echo.Context) error {
	v, err := p.open(c, tokens.Preferences)
	if err != nil {
		return err
	}
	if v.sub == nil {
		return ErrLink
	}
	ctx := c.Request().Context()
	brand, err := brands.Get(ctx, p.DB, "")
	if err != nil {
		return err
	}
	list, err := p.People.Receipts(ctx, p.DB, v.sub, preferences.ReceiptController{Name: brand.Name, Address: brand.PostalAddress, Contact: brand.ReplyTo}, p.Links.Preferences(v.sub.ID, p.Now()))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Content-Disposition", `attachment; filename="consent-receipts.json"`)
	return c.JSONPretty(http.StatusOK, map[string]any{"receipts": list}, "  ")
}
