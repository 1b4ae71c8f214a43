package office

import (
	"context"

	"assent/campaigns/notices/broadcasts"
	"assent/campaigns/policies"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// waits is what a version waits for before it takes effect, in the order in which it comes, what is done included.
func (o *Office) waits(ctx context.Context, p site.Page, slug string, v policies.Version, about []*broadcasts.Broadcast) (out []site.Check, err error) {
	l := p.Locale
	add := func(done bool, text, help string) {
		tone := ui.Plain
		if done {
			tone, help = ui.Good, ""
		}
		out = append(out, site.Check{Text: text, Help: help, Tone: tone})
	}
	if v.Status == policies.Current || v.Status == policies.Superseded {
		return nil, nil
	}
	if v.Draft && !v.AffectsRights {
		add(false, l.T("site.policies.wait_draft"), l.T("site.policies.wait_draft_help"))
	}
	if v.AffectsRights {
		var told *broadcasts.Broadcast // the newest one that was not called off
		for _, b := range about {
			if b.Status != broadcasts.Cancelled && told == nil {
				told = b
			}
		}
		add(told != nil, l.T("site.policies.wait_broadcast"), l.T("site.policies.wait_broadcast_help"))
		if told != nil {
			if err := o.waitsFor(ctx, p, slug, v, told, add); err != nil {
				return nil, err
			}
		}
	}
	add(!v.EffectiveAt.After(o.Now()), l.T("site.policies.wait_date", "at", when(p, v.EffectiveAt)), "")
	return out, nil
}

// waitsFor are the steps of the broadcast about a version.
func (o *Office) waitsFor(ctx context.Context, p site.Page, slug string, v policies.Version, b *broadcasts.Broadcast, add func(done bool, text, help string)) error {
	l := p.Locale
	add(!b.ApprovedAt.IsZero(), l.T("site.policies.wait_review"), l.T("site.policies.wait_review_help", "author", b.AuthorName))
	if b.ApprovedAt.IsZero() {
		return nil
	}
	covered, err := o.Broadcasts.Coverage(ctx, b)
	if err != nil {
		return err
	}
	add(covered.Pending == 0, l.T("site.policies.wait_reach", "done", covered.Addressed-covered.Pending, "total", covered.Addressed), "")
	met, at, err := o.Policies.Lead.LeadTime(ctx, slug, v.Version)
	if err != nil {
		return err
	}
	add(met, l.T("site.policies.wait_lead", "lead", leadWords(l, b.Lead)), l.T("site.policies.wait_lead_until", "at", when(p, at)))
	return nil
}
