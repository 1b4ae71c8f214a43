package desk_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"assent/preferences"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
)

// A campaign is built by keyboard alone, saves itself, and takes back what was done.
func TestCampaignByKeyboard(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	ada := h.As("Ada", access.Marketer)
	b := browse(t, h.serve(t), ada)
	b.open("/admin/campaigns/new")
	b.until(`document.querySelector('[data-history]').hidden === false`)
	b.js(`document.querySelector('[name=name]').focus()`)
	b.keys("Spring")
	b.js(`document.querySelector('[name=subject]').focus()`)
	b.keys("Hello you")
	b.js(`document.querySelector('[name="b.0.text"]').focus()`)
	b.keys("What is new")
	b.js(`document.querySelector('[name="b.1.markdown"]').focus()`)
	b.keys("Good day")
	b.keys("a", chromedp.ModifierCtrl)
	b.keys("b", chromedp.ModifierCtrl)
	if got := b.js(`document.activeElement.value`); got != "**Good day**" {
		t.Errorf("bold: %q", got)
	}
	// Along the page with Tab to a button of the palette, and Enter.
	for i := 0; i < 40 && b.js(`document.activeElement.dataset.add || ''`) != "button"; i++ {
		b.keys(kb.Tab)
	}
	b.keys(kb.Enter)
	b.wantKinds("heading text button")
	if got := b.js(`document.activeElement.name`); got != "b.2.label" {
		t.Errorf("focus is on %q", got)
	}
	b.keys("Read on")
	b.keys(kb.Tab)
	b.keys("https://example.com/new")
	b.keys(kb.ArrowUp, chromedp.ModifierAlt)
	b.wantKinds("heading button text")
	b.until(`document.querySelector('[data-live]').textContent === 'Button is now 2 of 3'`)
	if got := b.js(`document.activeElement.name`); got != "b.1.url" {
		t.Errorf("the focus did not go along: %q", got)
	}
	b.until(saved)
	if got := b.js("location.pathname"); !strings.HasSuffix(got, "/edit") {
		t.Errorf("the address is still %s", got)
	}
	id := strings.TrimSuffix(strings.TrimPrefix(b.js("location.pathname"), "/admin/campaigns/"), "/edit")
	m, err := h.Mails.Get(ctx, h.DB, id)
	if err != nil || m.Subject != "Hello you" || string(m.Blocks) != `[{"level":1,"text":"What is new","type":"heading"},{"label":"Read on","type":"button","url":"https://example.com/new"},{"markdown":"**Good day**","type":"text"}]` {
		t.Fatalf("%+v %s %v", m, m.Blocks, err)
	}

	// Remove, undo, redo.
	b.js(`document.querySelector('#block-0 [data-do=drop]').focus()`)
	b.keys(kb.Enter)
	b.wantKinds("button text")
	b.until(`!document.querySelector('[data-toast]').hidden`)
	b.keys("z", chromedp.ModifierCtrl)
	b.wantKinds("heading button text")
	if got := b.js(`document.querySelector('[name="b.0.text"]').value`); got != "What is new" {
		t.Errorf("the heading came back as %q", got)
	}
	b.keys("z", chromedp.ModifierCtrl)
	b.wantKinds("heading text button")
	b.keys("Z", chromedp.ModifierCtrl, chromedp.ModifierShift)
	b.wantKinds("heading button text")
	b.sound()

	// The preview is the mail.
	b.until(saved)
	src := b.js(`document.querySelector('[data-frame], .stage iframe').getAttribute('src')`)
	ada.Get(src).Want(200, "<strong>Good day</strong>", "https://example.com/new")
	b.keys("s", chromedp.ModifierCtrl)
	b.until(saved)
	b.axe("editor")
}

func TestBlocksMoveByMouse(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	ada := h.As("Ada", access.Marketer)
	mine := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "heading", "b.0.text", "One", "b.0.level", "1", "b.1.type", "text", "b.1.markdown", "Two",
		"b.2.type", "columns", "b.2.columns", "2", "b.2-0-0.type", "text", "b.2-0-0.markdown", "Left", "b.2-1-0.type", "button", "b.2-1-0.label", "Go there", "b.2-1-0.url", "https://example.com/").Want(303).Location()
	b := browse(t, h.serve(t), ada)
	b.do("a tall window", chromedp.EmulateViewport(1280, 2400))
	b.open(mine + "/edit")
	b.wantKinds("heading text columns[text|button]")
	b.drag("#block-0 > .blockbar [data-grip]", "#block-1", 60)
	b.wantKinds("text heading columns[text|button]")
	b.until(saved)
	// From the top into a column, and columns never into columns.
	b.drag("#block-1 > .blockbar [data-grip]", "#block-2-0-0 .blockfields", 0)
	b.until(saved)
	if got := b.kinds(); got != "text columns[heading text|button]" && got != "text columns[text heading|button]" {
		t.Errorf("blocks %q", got)
	}
	b.drag("#block-1 > .blockbar [data-grip]", "#block-0", -10)
	b.until(saved)
	if got := b.kinds(); !strings.HasPrefix(got, "columns[") || strings.Contains(got, "columns[columns") {
		t.Errorf("blocks %q", got)
	}
	m, err := h.Mails.Get(ctx, h.DB, strings.TrimPrefix(mine, "/admin/campaigns/"))
	if err != nil || !strings.Contains(string(m.Blocks), `"columns":[[`) || strings.Count(string(m.Blocks), `"type"`) != 5 {
		t.Errorf("%s %v", m.Blocks, err)
	}
	// Between columns by keyboard, and a third column.
	b.js(`document.querySelector('[name="b.0-1-0.label"]').focus()`)
	b.keys(kb.ArrowLeft, chromedp.ModifierAlt)
	if got := b.kinds(); !strings.Contains(got, "button|]") {
		t.Errorf("blocks %q", got)
	}
	b.js(`(() => { const s = document.querySelector('[name="b.0.columns"]'); s.value = '3'; s.dispatchEvent(new Event('change', {bubbles: true})); })()`)
	if got := b.kinds(); !strings.Contains(got, "||]") {
		t.Errorf("blocks %q", got)
	}
	b.sound()
	for _, look := range []struct {
		width  int64
		scheme string
	}{{1280, "light"}, {1280, "dark"}, {390, "light"}, {390, "dark"}, {320, "light"}} {
		b.look(look.width, look.scheme)
		b.axe("editor " + look.scheme)
		b.shot("editor-" + look.scheme + "-" + itoa(look.width))
		if look.width == 390 {
			b.click("#tab-look")
			b.shot("editor-look-" + look.scheme)
			b.axe("preview " + look.scheme)
			b.click("#tab-checks")
			b.shot("editor-checks-" + look.scheme)
			b.axe("checks " + look.scheme)
			b.click("#tab-write")
		}
	}
}

// Two tabs: the second to save is told, loses nothing, and decides.
func TestTwoPeopleDoNotOverwriteOneAnother(t *testing.T) {
	h := build(t, sqldbtest.SQLite(t))
	h.Topic("news", nil)
	ada, bo := h.As("Ada", access.Marketer), h.As("Bo", access.Marketer)
	mine := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "One").Want(303).Location()
	base := h.serve(t)
	b := browse(t, base, ada)
	b.open(mine + "/edit")
	bo.Post(mine+"/edit", "version", "0", "name", "Spring", "topic", "news", "subject", "Bo was here", "b.0.type", "text", "b.0.markdown", "Bo").Want(303)
	b.js(`document.querySelector('[name="b.0.markdown"]').focus()`)
	b.keys("Ada's. ")
	b.until(`document.querySelector('[data-conflict] [role=alert]')`)
	if got := trimmed(b.js(`document.querySelector('[data-conflict]').textContent`)); !strings.Contains(got, "Bo changed this campaign") {
		t.Errorf("told %q", got)
	}
	if got := b.js(`document.querySelector('[name="b.0.markdown"]').value`); !strings.Contains(got, "Ada's. ") {
		t.Errorf("the text is lost: %q", got)
	}
	id := strings.TrimPrefix(mine, "/admin/campaigns/")
	if m, _ := h.Mails.Get(ctx, h.DB, id); m.Subject != "Bo was here" {
		t.Errorf("Bo's work is gone: %q", m.Subject)
	}
	b.axe("conflict")
	b.shot("editor-conflict")
	b.click("[data-force]")
	b.until(saved)
	if m, _ := h.Mails.Get(ctx, h.DB, id); m.Subject != "Hello" || !strings.Contains(string(m.Blocks), "Ada's. ") {
		t.Errorf("asked to keep Ada's: %q %s", m.Subject, m.Blocks)
	}
	b.sound()

	// Without a script the same is told on the page.
	page := bo.Post(mine+"/edit", "version", "1", "name", "Spring", "topic", "news", "subject", "Bo again", "b.0.type", "text", "b.0.markdown", "Bo").Want(409, "Ada", "is not saved", "Bo again").Body.String()
	if strings.Contains(page, `name="version" value="2"`) {
		t.Error("the next press of Save would write over what was told of")
	}
	bo.Post(mine+"/edit", "version", "1", "do", "force", "name", "Spring", "topic", "news", "subject", "Bo again", "b.0.type", "text", "b.0.markdown", "Bo").Want(303)
}

// What cannot be a campaign yet is kept, is seen in the preview, and is never sent.
func TestIncompleteIsKeptAndNotSent(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		ada := h.As("Ada", access.Marketer)
		mine := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "One").Want(303).Location()
		form := []string{"version", "0", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", "Two of them", "b.1.type", "image", "b.1.url", "https://example.com/a.png"}
		ada.Post(mine+"/edit", form...).Want(422, `aria-invalid="true"`, "Two of them")
		m, err := h.Mails.Get(ctx, h.DB, strings.TrimPrefix(mine, "/admin/campaigns/"))
		if err != nil || !strings.Contains(string(m.Blocks), "One") {
			t.Errorf("%s %v", m.Blocks, err)
		}
		ada.Get(mine+"/edit").Want(200, "Two of them", "not complete")
		ada.Get(mine+"/frame?draft=1").Want(200, "Two of them", "https://example.com/a.png")
		if body := ada.Get(mine+"/frame").Want(200, "One").Body.String(); strings.Contains(body, "Two of them") {
			t.Error("the mail has what is not in the campaign")
		}
		for _, path := range []string{"/submit", "/schedule", "/test"} {
			ada.Post(mine+path, "to", "a@example.com")
		}
		if m, _ = h.Mails.Get(ctx, h.DB, m.ID); m.Status != "draft" {
			t.Errorf("%s with unfinished changes", m.Status)
		}
		var tests int
		if err := h.DB.QueryRowContext(ctx, "SELECT count(*) FROM messages").Scan(&tests); err != nil || tests != 0 {
			t.Errorf("%d tests of unfinished changes, %v", tests, err)
		}
		ada.Post(mine + "/discard").Want(303)
		if body := ada.Get(mine+"/edit").Want(200, "One").Body.String(); strings.Contains(body, "Two of them") {
			t.Error("what was discarded is still there")
		}
		ada.Post(mine + "/submit").Want(303)
	})
}

// The preview is the mail that the chosen person gets: their values, their language, both colours, and its text part.
func TestPreviewIsTheMail(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		h.Topic("news", nil)
		ada := h.As("Ada", access.Marketer)
		name, nl := "Ann "+script, "nl"
		ann := h.Person("ann@example.com", func(p *preferences.Profile) { p.FirstName, p.Locale = &name, &nl })
		h.Give(ann, "news")
		mine := ada.Post("/admin/campaigns", "name", "Spring", "topic", "news", "subject", "Hello", "b.0.type", "text", "b.0.markdown", `Dear {{ first_name | "friend" }}`).Want(303).Location()
		m, err := h.Mails.Get(ctx, h.DB, strings.TrimPrefix(mine, "/admin/campaigns/"))
		if err != nil {
			t.Fatal(err)
		}
		mailing, err := h.Mails.Compose(ctx, h.DB, m, "nl")
		if err != nil {
			t.Fatal(err)
		}
		person := mailing.Fill(ann, h.Links.For("", m.TopicID, m.ID, h.Clock.Now()))
		_, html, text := mailing.Content.Render(&person)
		if got := ada.Get(mine + "/frame?draft=1&as=ann@example.com").Want(200).Body.String(); got != html {
			t.Errorf("the preview is another text than the mail:\n%s\n%s", got, html)
		}
		if got := ada.Get(mine + "/frame?draft=1&way=text&as=ann@example.com").Want(200).Body.String(); got != text {
			t.Errorf("the text part is %q instead of %q", got, text)
		}
		dark := ada.Get(mine + "/frame?draft=1&scheme=dark&as=ann@example.com").Want(200).Body.String()
		if !strings.Contains(dark, "@media all{") || strings.Contains(dark, "prefers-color-scheme:dark") || len(dark) >= len(html) {
			t.Error("dark is not pinned")
		}
		if light := ada.Get(mine + "/frame?draft=1&scheme=light").Want(200).Body.String(); !strings.Contains(light, "@media not all{") {
			t.Error("light is not pinned")
		}
		ada.Get("/admin/campaigns/readers?q=ann").Want(200, `"ann@example.com"`)
		if got := strings.TrimSpace(ada.Get("/admin/campaigns/readers?q=a").Want(200).Body.String()); got != "[]" {
			t.Errorf("one letter lists people: %s", got)
		}
	})
}
