package notices

import (
	"net/url"
	"strings"

	"assent/campaigns/content"
	"assent/preferences/problem"
)

// Lint refuses what would make a notice marketing (compliance 71, 72): tracked links, unsubscribe links, offers. The words are
// those of the supported languages; what they find is named with its place, so that it can be taken out.
func Lint(bad *problem.Collector, subject string, blocks content.Blocks) {
	promotion := func(path, text string) {
		if word := promotional(text); word != "" {
			bad.Add(path, "has promotional wording (%q), which a mandatory notice must not; send it as a campaign", word)
		}
	}
	promotion("subject", subject)
	for _, p := range blocks.Passages() {
		promotion(p.Path, p.Text)
	}
	for _, l := range blocks.Links() {
		if param := tracked(l.URL); param != "" {
			bad.Add(l.Path, "is a tracked link (%s), which a mandatory notice must not have", param)
		}
	}
	if blocks.Unsubscribes() > 0 {
		bad.Add("blocks", "must have no unsubscribe link: nobody can unsubscribe from a mandatory notice")
	}
	if slugs := blocks.EventSlugs(); len(slugs) > 0 {
		bad.Add("blocks", "must have no event: an invitation is a campaign")
	}
}

// tracked is the first parameter of a link that measures a campaign.
func tracked(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	for name := range u.Query() {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "utm_") || lower == "gclid" || lower == "fbclid" || lower == "mc_cid" || lower == "mc_eid" || lower == "coupon" || lower == "promo" || lower == "voucher" {
			return name
		}
	}
	return ""
}

// promotionalWords are phrases that offer something, in English, Dutch, German and French. They are long enough not to stand in
// a contract's own language: "price" and "discount" alone may well be what a notice is about.
var promotionalWords = []string{
	"special offer", "limited time offer", "limited-time", "exclusive offer", "% off", "percent off", "discount code", "coupon", "promo code", "voucher code", "buy now", "shop now",
	"order now", "don't miss", "free trial", "upgrade now", "black friday", "cyber monday", "recommend us", "refer a friend", "best deal",
	"speciale aanbieding", "exclusieve aanbieding", "tijdelijke aanbieding", "kortingscode", "% korting", "procent korting", "koop nu", "bestel nu", "shop nu", "mis het niet", "gratis proberen", "actiecode", "waardebon",
	"sonderangebot", "exklusives angebot", "nur für kurze zeit", "rabattcode", "% rabatt", "prozent rabatt", "jetzt kaufen", "jetzt bestellen", "gutschein", "nicht verpassen", "kostenlos testen", "jetzt shoppen",
	"offre spéciale", "offre exclusive", "offre limitée", "code promo", "% de réduction", "% de remise", "achetez maintenant", "commandez maintenant", "bon de réduction", "ne manquez pas", "essai gratuit", "profitez de",
}

func promotional(text string) string {
	lower := strings.Join(strings.Fields(strings.ToLower(text)), " ")
	lower = strings.ReplaceAll(strings.ReplaceAll(lower, " %", "%"), "\u00a0%", "%")
	for _, word := range promotionalWords {
		if strings.Contains(lower, strings.TrimSpace(word)) {
			return word
		}
	}
	return ""
}
