package workers

import (
	"context"
	"sync"

	"assent/campaigns"
	"assent/workers/message"
)

// mailings keeps the campaigns that are being sent, rendered and encoded once for each language.
type mailings struct {
	mu   sync.Mutex
	kept map[mailingKey]*mailing
}

// mailingKey changes with the campaign's text: what was rendered before an edit is not used after it.
type mailingKey struct {
	campaign, locale string
	version          string
	variant          int
	tracked          bool
}

type mailing struct {
	once     sync.Once
	mailing  *campaigns.Mailing
	compiled *message.Compiled
	err      error
}

// keptMailings bounds how many are kept; the next one starts afresh.
const keptMailings = 64

func (m *mailings) get(ctx context.Context, e *Engine, c *campaigns.Campaign, item campaigns.Claimed) (*mailing, error) {
	key := mailingKey{c.ID, e.Campaigns.LocaleOf(ctx, item.Person), c.StartedAt.String(), item.Variant, item.Tracked}
	m.mu.Lock()
	if m.kept == nil || len(m.kept) > keptMailings {
		m.kept = map[mailingKey]*mailing{}
	}
	entry := m.kept[key]
	if entry == nil {
		entry = &mailing{}
		m.kept[key] = entry
	}
	m.mu.Unlock()
	entry.once.Do(func() { entry.fill(ctx, e, c, key) })
	if entry.err != nil {
		m.mu.Lock()
		delete(m.kept, key) // the next try may do better
		m.mu.Unlock()
	}
	return entry, entry.err
}

func (m *mailing) fill(ctx context.Context, e *Engine, c *campaigns.Campaign, key mailingKey) {
	if m.mailing, m.err = e.Campaigns.ComposeFor(ctx, e.DB, c, key.locale, key.variant, key.tracked); m.err != nil {
		return
	}
	m.compiled, m.err = message.Compile(e.bulk(m.mailing), m.mailing.Content)
}
