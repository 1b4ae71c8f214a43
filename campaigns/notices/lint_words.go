package notices

// The phrases are in English, Dutch, German and French, as [fold] leaves them. They are long enough not to stand in a
// contract's own language: "price" and "discount" alone may well be what a notice is about.

// pushing are calls to buy, which no mandatory text has.
var pushing = []string{
	"buy now", "shop now", "order now", "order today", "upgrade now", "upgrade today", "don't miss", "do not miss out", "while stocks last", "black friday", "cyber monday", "hurry", "last chance to", "best deal",
	"save big", "act now", "shop the", "treat yourself",
	"koop nu", "bestel nu", "shop nu", "bestel vandaag", "mis het niet", "mis deze kans", "op = op", "zolang de voorraad strekt", "profiteer nu", "profiteer van", "sla je slag", "laatste kans",
	"jetzt kaufen", "jetzt bestellen", "jetzt shoppen", "jetzt zugreifen", "nicht verpassen", "verpassen sie nicht", "nur für kurze zeit", "solange der vorrat reicht", "jetzt sparen", "sparen sie jetzt",
	"letzte chance", "greifen sie zu", "schnäppchen",
	"achetez maintenant", "commandez maintenant", "achetez vite", "ne manquez pas", "ne ratez pas", "profitez de", "profitez-en", "dépêchez-vous", "dernière chance", "jusqu'à épuisement", "bonne affaire",
}

// offering are words for offers.
var offering = []string{
	"special offer", "limited time offer", "limited-time", "exclusive offer", "introductory offer", "% off", "percent off", "% discount", "discount code", "coupon", "promo code", "promotional code", "voucher code",
	"free trial", "gift card", "recommend us", "refer a friend", "flash sale", "clearance sale", "buy one get one", "cashback", "giveaway", "win a prize", "prize draw", "we recommend our", "you may also like",
	"speciale aanbieding", "exclusieve aanbieding", "tijdelijke aanbieding", "speciaal aanbod", "exclusief aanbod", "kortingscode", "% korting", "procent korting", "gratis proberen", "gratis proefperiode", "actiecode",
	"waardebon", "cadeaubon", "uitverkoop", "vriend uitnodigen", "nodig een vriend uit", "maak kans op", "prijsvraag", "winactie", "misschien vind je dit ook leuk",
	"sonderangebot", "exklusives angebot", "exklusive angebote", "sonderaktion", "rabattcode", "rabattaktion", "% rabatt", "prozent rabatt", "gutschein", "kostenlos testen", "kostenlose testphase", "schlussverkauf",
	"gewinnspiel", "freunde werben", "empfehlen sie uns", "das könnte ihnen auch gefallen", "angebot nur heute",
	"offre spéciale", "offre exclusive", "offre limitée", "offre promotionnelle", "offres exceptionnelles", "code promo", "% de réduction", "% de remise", "bon de réduction", "bon d'achat", "carte cadeau", "essai gratuit",
	"vente flash", "parrainez", "jeu-concours", "tirage au sort", "vous aimerez aussi",
}

// wooing are calls to come back and to take more mail: marketing to those who had said no (compliance 73).
var wooing = []string{
	"we miss you", "come back to us", "we want you back", "update your preferences", "update your marketing preferences", "stay subscribed", "resubscribe", "re-subscribe", "subscribe to our", "sign up for our newsletter", "opt back in",
	"we missen je", "we missen u", "kom terug", "werk je voorkeuren bij", "werk uw voorkeuren bij", "pas je voorkeuren aan", "blijf ingeschreven", "schrijf je in voor", "schrijf u in voor", "abonneer je", "abonneert u",
	"wir vermissen dich", "wir vermissen sie", "komm zurück", "kommen sie zurück", "aktualisieren sie ihre einstellungen", "aktualisieren sie ihre präferenzen", "aktualisiere deine einstellungen", "abonnieren sie", "abonniere ",
	"newsletter anmelden", "newsletter abonnieren",
	"vous nous manquez", "tu nous manques", "revenez chez nous", "revenez vers nous", "mettez à jour vos préférences", "actualisez vos préférences", "restez abonné", "abonnez-vous", "réabonnez-vous", "inscrivez-vous à notre",
}

// otherMatters are what else a company may want to tell beside a change of its privacy policy.
var otherMatters = []string{
	"price increase", "price change", "new prices", "new feature", "new product", "product update", "terms of service", "terms of use", "terms and conditions", "webinar", "now available",
	"prijsverhoging", "prijswijziging", "nieuwe prijzen", "nieuwe functie", "nieuw product", "nieuwe producten", "algemene voorwaarden", "gebruiksvoorwaarden", "nu verkrijgbaar",
	"preiserhöhung", "preisänderung", "neue preise", "neue funktion", "neues produkt", "neue produkte", "allgemeine geschäftsbedingungen", "allgemeinen geschäftsbedingungen", "nutzungsbedingungen", "jetzt erhältlich",
	"augmentation de prix", "augmentation des prix", "nouveaux prix", "nouveaux tarifs", "nouvelle fonctionnalité", "nouvelles fonctionnalités", "nouveau produit", "nouveaux produits", "conditions générales",
	"conditions d'utilisation", "webinaire", "désormais disponible",
}

// shops and sales are parts of links: to where things are sold, and to where they are advertised.
var (
	shops = append([]string{"shop", "store", "webshop", "products", "product", "producten", "produkte", "produkt", "produits", "produit", "winkel", "boutique", "laden", "pricing", "catalog", "catalogue", "collections"}, sales...)
	sales = []string{"cart", "checkout", "basket", "sale", "deals", "offers", "offer", "coupons", "promotions", "promo", "winkelwagen", "aanbiedingen", "warenkorb", "angebote", "panier", "soldes"}
)
