package home

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/sqldb"
	"assent/templates/site"
	"assent/templates/site/ui"
)

// backlog is mandatory and service mail that waits.
type backlog struct {
	notices, service int
	oldest           time.Time // of the notices
	unanswered       int       // of all that wait, those whose last try reached no relay
	said             string    // what was met in place of one
}

// Messages of a broadcast that wait for their turn do not wait for a relay.
const (
	waitingQuery = `SELECT count(*) FILTER (WHERE class = 'notice'), count(*) FILTER (WHERE class = 'service'), COALESCE(min(CASE class WHEN 'notice' THEN created_at END), 0) FROM (
		SELECT class, created_at FROM messages WHERE status IN ('queued', 'deferred') AND due_at IS NOT NULL UNION ALL SELECT class, created_at FROM messages WHERE status = 'sending') waiting`
	// An attempt without a code had no answer from a relay: it could not be reached, or the connection broke.
	unansweredQuery = `SELECT count(*), COALESCE(max(a.reply), '') FROM messages m JOIN message_attempts a ON a.message_id = m.id
		WHERE m.status IN ('queued', 'deferred') AND m.due_at IS NOT NULL AND m.status = 'deferred' AND a.code = 0 AND a.n = (SELECT max(n) FROM message_attempts l WHERE l.message_id = m.id)`
)

func (h *Home) backlog(ctx context.Context) (b backlog, err error) {
	var oldest int64
	if err = h.DB.QueryRowContext(ctx, waitingQuery).Scan(&b.notices, &b.service, &oldest); err == nil {
		err = h.DB.QueryRowContext(ctx, unansweredQuery).Scan(&b.unanswered, &b.said)
	}
	if err != nil {
		return b, fmt.Errorf("home: waiting mail: %w", err)
	}
	if oldest > 0 {
		b.oldest = sqldb.Time(oldest)
	}
	return b, nil
}

// slow is how long a notice waits before the first page says so.
const slow = 10 * time.Minute

// transactional is the health of the stream of notices, and what it needs of somebody.
func (h *Home) transactional(ctx context.Context, p site.Page) (s site.Stream, need *site.Need, err error) {
	b, err := h.backlog(ctx)
	if err != nil {
		return s, nil, err
	}
	l := p.Locale
	s = site.Stream{Key: "transactional", Relay: h.Transactional, Tone: ui.Good, URL: site.Path(site.NavNotices) + "/single?status=deferred"}
	waiting := ui.Stat{Label: l.T("site.relay.notices"), Value: l.Number(int64(b.notices))}
	since := l.DateTime(b.oldest, p.Zone)
	switch {
	case b.unanswered > 0:
		s.Tone, waiting.Tone = ui.Bad, ui.Bad
		s.State = l.T("site.relay.down", "said", b.said) + " " + l.T("site.relay.kept")
		need = &site.Need{Text: l.T("site.relay.need"), Note: l.T("site.relay.do"), URL: site.Path(site.NavDeliverability), Tone: ui.Bad}
		if b.notices > 0 {
			need.Text = l.N("site.relay.need_notices", b.notices, "since", since)
		}
	case b.notices > 0 && h.Now().Sub(b.oldest) > slow:
		s.Tone, waiting.Tone = ui.Warn, ui.Warn
		s.State = l.N("site.relay.slow", b.notices, "since", since)
	}
	s.Facts = []ui.Stat{waiting, {Label: l.T("site.relay.service"), Value: l.Number(int64(b.service))}}
	if b.notices > 0 {
		s.Facts = append(s.Facts, ui.Stat{Label: l.T("site.relay.oldest"), Value: since})
	}
	return s, need, nil
}

// reviews are the broadcasts that wait for somebody else than their author.
func (h *Home) reviews(ctx context.Context, p site.Page, person string) (needs []site.Need, err error) {
	for row := range sqldb.Rows(ctx, h.DB, "SELECT id, subject FROM notice_broadcasts WHERE status = 'in_review' AND author <> $1 ORDER BY id LIMIT $2", person, shown) {
		var id, subject string
		if err := row.Scan(&id, &subject); err != nil {
			return nil, fmt.Errorf("home: broadcasts in review: %w", err)
		}
		needs = append(needs, site.Need{Text: p.Locale.T("site.staff.home.approve", "name", subject), URL: site.Path(site.NavNotices) + "/" + id, Icon: site.NavNotices})
	}
	return needs, nil
}
