package pages

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/a-h/templ"

	"assent/templates/locale"
)

// The statuses of a version of a policy.
const (
	PolicyPending    = "pending"
	PolicyScheduled  = "scheduled"
	PolicyCurrent    = "current"
	PolicySuperseded = "superseded"
)

// PolicyVersion is one line of the archive of a policy.
type PolicyVersion struct {
	Version, URL  string
	Status        string
	At            time.Time // since or from when it is in effect; of a pending one, when it is meant to be
	AffectsRights bool
	ChangesURL    string // what changed from the version before it; empty for the first
	Here          bool   // the page shows this version
}

// PolicyView is a policy in one of its versions, with the archive of all.
type PolicyView struct {
	Page
	Title      string
	Version    PolicyVersion // zero: nothing is in effect yet
	Body       string        // harmless HTML whose headings begin at h2
	BodyLang   string
	CurrentURL string // empty: the version is the current one, or there is none
	Archive    []PolicyVersion
	ChangesURL string // empty: there is only one version
}

// PolicySpan is a run of words: Op is "added", "removed" or empty.
type PolicySpan struct{ Op, Text string }

// PolicyParagraph is one paragraph of a comparison. Kind is heading, paragraph, item, code or row.
type PolicyParagraph struct {
	Kind  string
	Spans []PolicySpan
}

func (p PolicyParagraph) changed() bool {
	for _, s := range p.Spans {
		if s.Op != "" {
			return true
		}
	}
	return false
}

// PolicyChangesView is what changed between two versions.
type PolicyChangesView struct {
	Page
	Title          string
	URL            string // of the policy
	Action         string // where the choice of versions goes, as a GET with the fields from and to
	From, To       PolicyVersion
	Versions       []PolicyVersion
	Added, Removed int // words
	Paragraphs     []PolicyParagraph
	BodyLang       string
}

// stretch is a run of paragraphs that are shown, or folded away because nothing in them changed.
type stretch struct {
	folded     bool
	paragraphs []PolicyParagraph
}

// foldFrom is how many unchanged paragraphs in a row are folded; one on each side of a change stays as its context.
const foldFrom = 4

func (v PolicyChangesView) stretches() []stretch {
	var out []stretch
	show := func(folded bool, p ...PolicyParagraph) {
		if len(p) == 0 {
			return
		}
		if n := len(out); n > 0 && out[n-1].folded == folded {
			out[n-1].paragraphs = append(out[n-1].paragraphs, p...)
			return
		}
		out = append(out, stretch{folded, append([]PolicyParagraph(nil), p...)})
	}
	all := v.Paragraphs
	for i := 0; i < len(all); {
		end := i
		for end < len(all) && !all[end].changed() {
			end++
		}
		if end == i {
			show(false, all[i])
			i++
			continue
		}
		from, to := i+1, end-1 // the context on each side
		if i == 0 {
			from = i
		}
		if end == len(all) {
			to = end
		}
		if to-from < foldFrom {
			show(false, all[i:end]...)
		} else {
			show(false, all[i:from]...)
			show(true, all[from:to]...)
			show(false, all[to:end]...)
		}
		i = end
	}
	return out
}

func (p Page) day(t time.Time) string { return p.Locale.Date(t.In(locale.Zone(p.Zone))) }

// standing says in a few words where a version stands.
func (p Page) standing(v PolicyVersion) string {
	switch v.Status {
	case PolicyCurrent:
		return p.t("pages.policy.since", "date", p.day(v.At))
	case PolicyScheduled:
		return p.t("pages.policy.from", "date", p.day(v.At))
	case PolicySuperseded:
		return p.t("pages.policy.was", "date", p.day(v.At))
	}
	return p.t("pages.policy.pending", "date", p.day(v.At))
}

func dirOf(lang string) string { return locale.Get(lang).Dir() }

// policyParagraph is written without templ, which would put spaces between the spans. What colour and line say to the eye
// is also said in words.
func policyParagraph(p Page, g PolicyParagraph) templ.Component {
	tag := map[string]string{"heading": "h3", "code": "pre"}[g.Kind]
	if tag == "" {
		tag = "p"
	}
	var b strings.Builder
	b.WriteString("<" + tag + ">")
	if g.Kind == "item" {
		b.WriteString(`<span aria-hidden="true">• </span>`)
	}
	for _, s := range g.Spans {
		mark := map[string]string{"added": "ins", "removed": "del"}[s.Op]
		if mark == "" {
			b.WriteString(templ.EscapeString(s.Text))
			continue
		}
		b.WriteString("<" + mark + `><span class="sr" lang="` + templ.EscapeString(p.Locale.Tag()) + `">` +
			templ.EscapeString(p.t("pages.policy.said."+s.Op)) + " </span>" + templ.EscapeString(s.Text) + "</" + mark + ">")
	}
	b.WriteString("</" + tag + ">")
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, b.String())
		return err
	})
}
