package desk

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"assent/campaigns"
	"assent/campaigns/content"
	"assent/templates/site/ui"
)

// shownOnPhones is about how much of a subject a phone shows.
const shownOnPhones = 60

var (
	shouting   = regexp.MustCompile(`[!?]{2,}|!.*!|[$€£]{2,}`)
	answering  = regexp.MustCompile(`(?i)^\s*(re|fw|fwd|aw|wg|tr|antw|betr)\s*:`)
	fileName   = regexp.MustCompile(`(?i)^(img|image|dsc|screenshot|schermafbeelding|bild|foto)?[\s_-]?[\w-]*\.(png|jpe?g|gif|webp|svg)$|^(image|picture|photo|afbeelding|foto|bild)$`)
	emptyWords = regexp.MustCompile(`(?i)^(click here|here|read more|more|link|this link|klik hier|hier|lees meer|meer|mehr|weiterlesen|ici|cliquez ici|lire la suite)[.!…]?$`)
)

// spamPhrases are what filters for spam count, in the four languages of mails.
var spamPhrases = []string{
	"act now", "100% free", "risk-free", "risk free", "no obligation", "click here now", "earn money", "extra income", "double your", "guaranteed winner", "you have won", "you have been selected", "winner!", "cheap meds", "weight loss",
	"work from home", "million dollars", "this is not spam", "dear friend", "limited time only", "urgent!", "once in a lifetime", "cash bonus", "no credit check",
	"100% gratis", "geen verplichtingen", "u heeft gewonnen", "je hebt gewonnen", "snel geld", "thuiswerken en verdienen", "dit is geen spam", "alleen vandaag",
	"100% kostenlos", "sie haben gewonnen", "schnelles geld", "dies ist kein spam", "nur heute", "vous avez gagné", "argent facile", "100% gratuit", "ceci n'est pas du spam",
}

// subject looks at the subject as a filter and a phone do.
func (k *checklist) subject(m *campaigns.Campaign) {
	before := len(k.list)
	if n := utf8.RuneCountInString(m.Subject); n > shownOnPhones {
		k.warn("subject", "site.lint.subject_long", "", "n", n)
	}
	if capitals(m.Subject) {
		k.warn("subject", "site.lint.subject_caps", "site.lint.subject_help")
	}
	if marks := shouting.FindString(m.Subject); marks != "" {
		k.warn("subject", "site.lint.subject_marks", "site.lint.subject_help", "marks", marks)
	}
	if answering.MatchString(m.Subject) {
		k.warn("subject", "site.lint.subject_reply", "site.lint.subject_help")
	}
	k.phrases("subject", m.Subject)
	if len(k.list) == before {
		k.say(ui.Good, "site.lint.subject")
	}
	if strings.TrimSpace(m.Preheader) == "" {
		k.warn("preheader", "site.lint.preheader", "site.lint.preheader_help")
	}
}

// capitals tells whether most letters of a text of some length are capitals.
func capitals(s string) bool {
	upper, letters := 0, 0
	for _, r := range s {
		if unicode.IsLetter(r) {
			letters++
			if unicode.IsUpper(r) {
				upper++
			}
		}
	}
	return letters > 8 && upper*10 > letters*7
}

func (k *checklist) phrases(path, text string) {
	low := strings.ToLower(text)
	for _, phrase := range spamPhrases {
		if strings.Contains(low, phrase) {
			k.warn(path, "site.lint.words", "site.lint.words_help", "word", phrase)
		}
	}
}

// pictures want words that say what they show.
func (k *checklist) pictures(blocks content.Blocks) {
	whole := true
	for _, picture := range blocks.Images() {
		if alt := strings.TrimSpace(picture.Alt); alt != "" && fileName.MatchString(alt) {
			k.warn(picture.Path, "site.lint.alt_file", "site.lint.alt_help", "alt", alt)
			whole = false
		}
	}
	if whole {
		k.say(ui.Good, "site.check.alt")
	}
}

// links want to lead to a page, over a connection that nobody reads, and to say where.
func (k *checklist) links(blocks content.Blocks) {
	links, whole := blocks.Links(), true
	for _, link := range links {
		low := strings.ToLower(link.URL)
		switch {
		case strings.HasPrefix(low, "http://") && !strings.HasPrefix(low, "http://127.0.0.1") && !strings.HasPrefix(low, "http://localhost"):
			k.warn(link.Path, "site.lint.link_plain", "site.lint.link_plain_help", "url", link.URL)
			whole = false
		case !strings.HasPrefix(low, "https://") && !strings.HasPrefix(low, "http://") && !strings.HasPrefix(low, "mailto:") && !strings.HasPrefix(low, "tel:") && !strings.HasPrefix(low, "{{"):
			k.warn(link.Path, "site.check.links_bad", "", "url", link.URL)
			whole = false
		}
		if words := strings.TrimSpace(link.Label); emptyWords.MatchString(words) {
			k.warn(link.Path, "site.lint.link_words", "site.lint.link_words_help", "words", words)
			whole = false
		}
	}
	if whole {
		k.say(ui.Good, "site.lint.links", "n", len(links))
	}
}

// wording looks at the texts: whether there are any, what filters know, and whether the headings follow one another.
func (k *checklist) wording(blocks content.Blocks) {
	text, level := false, 0
	for _, passage := range blocks.Passages() {
		k.phrases(passage.Path, passage.Text)
		text = text || strings.HasSuffix(passage.Path, ".markdown")
	}
	if !text {
		k.warn("", "site.lint.no_text", "site.lint.no_text_help")
	}
	for i, block := range blocks {
		h, ok := block.(content.Heading)
		if !ok {
			continue
		}
		if h.Level == 0 {
			h.Level = 2
		}
		if level > 0 && h.Level > level+1 {
			k.warn("blocks["+strconv.Itoa(i)+"].level", "site.lint.headings", "site.lint.headings_help")
		}
		level = h.Level
	}
}

// ratio writes a contrast with one digit.
func ratio(r float64) string { return strconv.FormatFloat(r, 'f', 1, 64) }

// spoken is a path as people count: 3-0-1 is 4.1.2.
func spoken(path string) string {
	parts := strings.Split(path, "-")
	for i, p := range parts {
		if n, err := strconv.Atoi(p); err == nil {
			parts[i] = strconv.Itoa(n + 1)
		}
	}
	return strings.Join(parts, ".")
}
