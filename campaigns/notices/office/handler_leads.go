package office

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"assent/campaigns/notices"
	"assent/campaigns/notices/broadcasts"
	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/screen"
	"assent/templates/site"
)

// leads is where the lead times stand, below the broadcasts that are held to them.
const leads = "/lead-times"

func (o *Office) registerLeads(r screen.Routes) {
	r.Get(leads, o.leadTimes)
	r.Post(leads, o.setLeadTimes, access.Administrator)
}

func (o *Office) leadTimes(c echo.Context) error {
	rules, err := o.Broadcasts.Rules(c.Request().Context(), o.DB)
	if err != nil {
		return err
	}
	return o.leadTimesPage(c, http.StatusOK, rules, nil, nil)
}

// leadTimesPage shows rules; val is what was sent in their place, and wrong are the obligations whose number cannot be.
func (o *Office) leadTimesPage(c echo.Context, status int, rules broadcasts.Rules, val map[string]string, wrong []string) error {
	v := site.LeadTimesView{Page: o.page(c, site.NavNotices), Laws: slices.Sorted(maps.Keys(broadcasts.Jurisdictions)), Ticked: rules.Jurisdictions, Wrong: len(wrong) > 0}
	if screen.May(c, access.Administrator) {
		v.Action = site.Path(site.NavNotices) + leads
	}
	l := v.Locale
	words := func(lead broadcasts.Lead) string {
		if lead.Zero() {
			return l.T("site.broadcast.no_lead")
		}
		return leadWords(l, lead)
	}
	for _, obligation := range notices.Obligations {
		own, set := rules.LeadTimes[obligation]
		usual, holds := broadcasts.Defaults[obligation], rules.Lead(obligation, "", o.Now())
		row := site.LeadTimeRow{Obligation: obligation, Usual: words(usual), Holds: words(holds), ByLaw: set && holds != own || !set && holds != usual}
		switch {
		case val != nil:
			row.Number, row.Unit = val["lead."+obligation], val["unit."+obligation]
		case set && own.Months > 0:
			row.Number, row.Unit = strconv.Itoa(own.Months), "M"
		case set:
			row.Number = strconv.Itoa(own.Days)
		}
		if slices.Contains(wrong, obligation) {
			row.Error = l.T("site.leads.wrong")
		}
		v.Rows = append(v.Rows, row)
	}
	return staff.Render(c, status, site.LeadTimes(v))
}

func (o *Office) setLeadTimes(c echo.Context) error {
	val := screen.Values(c)
	form, err := c.FormParams()
	if err != nil {
		return err
	}
	rules, wrong := broadcasts.Rules{LeadTimes: map[string]broadcasts.Lead{}, Jurisdictions: form["jurisdictions"]}, []string(nil)
	for _, obligation := range notices.Obligations {
		number := strings.TrimSpace(val["lead."+obligation])
		if number == "" {
			continue
		}
		unit := "D"
		if val["unit."+obligation] == "M" {
			unit = "M"
		}
		lead, err := broadcasts.ParseLead("P" + number + unit)
		if err != nil {
			wrong = append(wrong, obligation)
		}
		rules.LeadTimes[obligation] = lead
	}
	if len(wrong) > 0 {
		return o.leadTimesPage(c, http.StatusUnprocessableEntity, rules, val, wrong)
	}
	err = o.Broadcasts.SetRules(c.Request().Context(), actor(c), rules)
	return o.did(c, err, site.Path(site.NavNotices)+leads, "site.desk.saved")
}
