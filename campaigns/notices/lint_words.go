package notices

import "regexp"

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
	"special offer", "limited time offer", "limited-time", "exclusive offer", "introductory offer", "% off", "percent off", "discount code", "coupon", "promo code", "promotional code", "voucher code",
	"recommend us", "refer a friend", "flash sale", "clearance sale", "buy one get one", "cashback", "giveaway", "win a prize", "chance to win", "free gift", "offer ends", "limited offer", "our best offer", "great offer", "exclusive deal", "early bird", "half price", "cross-sell", "recommend to a friend", "refer a friend", "bring a friend",
	"off your next", "on your next order", "on your next purchase", "free trial of our",
	"start your free trial", "start a free trial", "try it free", "try it for free", "try for free", "first month free", "for a limited time only",
	"discover our", "check out our", "explore our", "you might also", "recommended for you", "upgrade to premium", "upgrade your plan now", "we have a treat", "prize draw", "we recommend our", "you may also like",
	"bij je volgende bestelling", "bij uw volgende bestelling", "op je volgende bestelling", "op uw volgende bestelling",
	"speciale aanbieding", "exclusieve aanbieding", "tijdelijke aanbieding", "speciaal aanbod", "exclusief aanbod", "kortingscode", "procent korting", "gratis proberen", "actiecode",
	"waardebon", "uitverkoop", "vriend uitnodigen", "nodig een vriend uit", "maak kans op", "prijsvraag", "winactie", "win een", "gratis cadeau", "aanbieding geldt", "beperkte aanbieding", "tijdelijk voordeel", "voor de halve prijs", "vroegboek", "eerste maand gratis",
	"start je gratis proefperiode", "start uw gratis proefperiode", "probeer gratis", "ontdek onze", "ontdek nu", "bekijk onze aanbiedingen", "bekijk ons aanbod", "aanbieding van de week", "superaanbieding", "actie van de maand",
	"nieuwe collectie", "aanbevolen voor jou", "aanbevolen voor u", "stap nu over", "upgrade nu", "misschien vind je dit ook leuk",
	"auf ihre nächste bestellung", "auf deine nächste bestellung", "bei ihrer nächsten bestellung",
	"sonderangebot", "exklusives angebot", "exklusive angebote", "sonderaktion", "rabattcode", "rabattaktion", "prozent rabatt", "gutschein", "kostenlos testen", "schlussverkauf",
	"gewinnspiel", "gewinnen sie", "gratisgeschenk", "angebot endet", "angebot gilt nur", "begrenztes angebot", "unser bestes angebot", "zum halben preis", "frühbucher", "erster monat gratis",
	"starten sie ihre kostenlose testphase", "gratis testen", "entdecken sie unsere", "entdecken sie jetzt", "entdecke unsere", "neue kollektion", "empfohlen für sie", "empfehlungen für sie", "jetzt upgraden", "jetzt wechseln und",
	"profitieren sie jetzt", "sichern sie sich jetzt", "sichern sie sich ihren", "sichern sie sich bis", "sichere dir jetzt", "sichere dir deinen", "freunde werben", "empfehlen sie uns", "das könnte ihnen auch gefallen", "angebot nur heute",
	"sur votre prochaine commande", "sur ta prochaine commande", "sur votre prochain achat",
	"offre spéciale", "offre exclusive", "offre limitée", "offre promotionnelle", "offres exceptionnelles", "code promo", "% de réduction", "% de remise", "bon de réduction", "bon d'achat",
	"vente flash", "offre valable", "offre se termine", "notre meilleure offre", "offre de bienvenue", "cadeau gratuit", "cadeau offert", "premier mois offert", "à moitié prix",
	"pour une durée limitée", "essayez gratuitement", "commencez votre essai gratuit", "découvrez nos", "découvrez notre", "découvrez nos offres", "nouvelle collection", "recommandé pour vous", "gagnez un", "gagnez une", "tentez de gagner",
	"passez à l'offre premium", "frais de port offerts", "livraison offerte", "parrainez", "jeu-concours", "tirage au sort", "vous aimerez aussi",
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

// savings are what is an offer unless the person has it already, as in “your discount of 10 % ends”. They are matched in what
// [fold] leaves.
var savings = []*regexp.Regexp{
	regexp.MustCompile(`[\d.,]+% discount|\bdiscounts? (?:of|on)\b|\bsave (?:up to )?(?:[€$£] ?)?\d|\bgift cards?\b`),
	regexp.MustCompile(`[\d.,]+% korting|\bkorting(?:en)? (?:van|op)\b|\bbespaar (?:tot )?(?:€ ?)?\d|\bcadeau(?:bon|kaart)(?:nen|en)?\b`),
	regexp.MustCompile(`[\d.,]+% rabatt|\brabatte? (?:von|auf)\b|\bsparen sie (?:bis zu )?\d|\bgeschenkkarten?\b`),
	regexp.MustCompile(`[\d.,]+% de (?:remise|réduction|rabais)|\b(?:remise|réduction|rabais)s? de [\d.,]+|\béconomisez\b|\bcartes? cadeaux?\b`),
	regexp.MustCompile(`\bget an? (?:[a-z]+ )?discount\b|\buse (?:the |our )?code [a-z]+\d* (?:at checkout|to get|to save|and save|and get|for a)\b|\buse (?:the |our )?code (?:save|sale|welcome|spring|summer|autumn|winter|black)[a-z]*\d*\b`),
	regexp.MustCompile(`(?:^|[\s(])-[\d.,]+% (?:on|off|op|auf|sur)\b`),
}

// owned ends the text before a saving that the person has already.
var owned = regexp.MustCompile(`(?:^|[^\pL])(?:your|the|this|that|any|no|uw|je|jouw|de|deze|die|geen|het|ihre?[nrms]?|deine?[nrms]?|der|den|dem|des|diese[rnms]?|kein[e]?|votre|vos|ta|ton|la|le|les|cette|aucune)(?: (?:agreed|current|existing|present|temporary|afgesproken|huidige|tijdelijke|vereinbarte[nr]?|bisherige[nr]?))? $`)

// marketing are parts of links to where people subscribe to it.
var marketing = []string{"subscribe", "newsletter", "newsletters", "nieuwsbrief", "nieuwsbrieven"}

// shops and sales are parts of links: to where things are sold, and to where they are advertised.
var (
	shops = append([]string{"shop", "store", "webshop", "products", "product", "producten", "produkte", "produkt", "produits", "produit", "winkel", "boutique", "laden", "pricing", "catalog", "catalogue", "collections"}, sales...)
	sales = []string{"cart", "checkout", "basket", "sale", "deals", "offers", "offer", "coupons", "promotions", "promo", "winkelwagen", "aanbiedingen", "warenkorb", "angebote", "panier", "soldes"}
)
