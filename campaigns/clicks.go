package campaigns

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"assent/campaigns/content"
	"assent/preferences"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
	"assent/templates/locale"
)

// What is counted of clicks: people who clicked at all, people by link, those of a test by its texts, and clicks of machines.
const (
	CountClicked     = "clicked"
	countLink        = "link"
	countTestClicked = "ab_clicked"
	countMachine     = "machine"
)

// What people who were erased are still counted for; see [Service.keepCounts]. The reason is the text, but of the first.
const (
	countErasedTracked     = "erased_tracked"
	countErasedSent        = "ab_erased_sent"
	countErasedTestTracked = "ab_erased_tracked"
	countErasedLeft        = "ab_erased_unsubscribed"
	countErasedComplained  = "ab_erased_complained"
)

const (
	// clickTime is how long after its mail a click is counted. Marks of who clicked are kept a day longer, so that none counts twice.
	clickTime = 30 * 24 * time.Hour
	// machineTime is within how long after a mail left no person has read it: then a scanner follows the link.
	machineTime = 5 * time.Second
	// fewest is the smallest number of people that is told of what people did.
	fewest = 10
)

// ErrNoLink is returned for a click on what is no link of a campaign.
var ErrNoLink = problem.NotFound("link")

// keepLinks writes down where the links of a campaign lead that are counted, before its first mail.
func (s *Service) keepLinks(ctx context.Context, tx *sqldb.Tx, c *Campaign) error {
	if !c.TrackClicks {
		return nil
	}
	arms := 1
	if c.AB != nil {
		arms = c.AB.Arms()
	}
	for n := range arms {
		variant := c.As(n + 1)
		blocks, err := content.Parse(variant.Blocks)
		if err != nil {
			return fmt.Errorf("campaigns: links of %s: %w", c.ID, err)
		}
		urls, err := content.Countable(content.Content{Subject: variant.Subject, Blocks: blocks})
		if err != nil {
			return fmt.Errorf("campaigns: links of %s: %w", c.ID, err)
		}
		for _, url := range urls {
			if _, err := tx.ExecContext(ctx, "INSERT INTO campaign_links (id, campaign_id, url) VALUES ($1, $2, $3) ON CONFLICT (campaign_id, url) DO NOTHING", sqldb.NewID(), c.ID, url); err != nil {
				return fmt.Errorf("campaigns: links: %w", err)
			}
		}
	}
	return nil
}

// links are the ids of a campaign's counted links by where they lead.
func (s *Service) links(ctx context.Context, q sqldb.Querier, campaignID string) (map[string]string, error) {
	out := map[string]string{}
	for row := range sqldb.Rows(ctx, q, "SELECT id, url FROM campaign_links WHERE campaign_id = $1", campaignID) {
		var id, url string
		if err := row.Scan(&id, &url); err != nil {
			return nil, fmt.Errorf("campaigns: links: %w", err)
		}
		out[url] = id
	}
	return out, nil
}

// Follow is where a click leads, which is never elsewhere than where the campaign's author said. Merge fields are those of the
// person as they are known now.
func (s *Service) Follow(ctx context.Context, claims tokens.Claims) (url string, err error) {
	err = s.DB.QueryRowContext(ctx, "SELECT url FROM campaign_links WHERE id = $1 AND campaign_id = $2", claims.Topic, claims.Source).Scan(&url)
	if errors.Is(err, sql.ErrNoRows) {
		return "", ErrNoLink
	}
	if err != nil {
		return "", fmt.Errorf("campaigns: link: %w", err)
	}
	if !strings.Contains(url, "{{") {
		return url, nil
	}
	sub, err := s.People.Subscriber(ctx, s.DB, claims.Subject)
	if errors.Is(err, preferences.ErrSubscriberNotFound) {
		sub, err = &preferences.Subscriber{}, nil // erased: what stands where a field is not known
	}
	if err != nil {
		return "", err
	}
	c, err := s.Get(ctx, s.DB, claims.Source)
	if err != nil {
		return "", err
	}
	links := s.Links.For(sub.ID, c.TopicID, c.ID, s.now())
	person := (&Mailing{Locale: locale.Get(s.LocaleOf(ctx, sub))}).Fill(sub, links)
	if url, err = content.FillLink(url, &person); err != nil {
		return "", fmt.Errorf("campaigns: link: %w", err)
	}
	return url, nil
}

// Clicked counts a click if the person agrees at this moment that clicks are counted, and did so when the mail was written. Each
// person counts once a link. Machine tells that no person clicked; then only that is counted.
func (s *Service) Clicked(ctx context.Context, claims tokens.Claims, machine bool) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		now := s.now()
		sub, err := s.People.Subscriber(ctx, tx, claims.Subject)
		if errors.Is(err, preferences.ErrSubscriberNotFound) || err == nil && (sub.TrackingAt.IsZero() || !sub.RestrictedAt.IsZero()) {
			return nil
		}
		if err != nil {
			return err
		}
		var at int64
		var variant int
		var tested bool
		err = tx.QueryRowContext(ctx, "SELECT at, variant, tested FROM deliveries WHERE campaign_id = $1 AND subscriber_id = $2 AND tracked = TRUE AND status IN ('sent', 'claimed', 'uncertain', 'bounced')",
			claims.Source, claims.Subject).Scan(&at, &variant, &tested)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("campaigns: click: %w", err)
		}
		t, since := tally{}, now.Sub(sqldb.Time(at))
		switch {
		case since > clickTime:
			return nil
		case machine || since < machineTime:
			t.add(countMachine, "", 1)
			return t.write(ctx, tx, claims.Source, 0, now)
		}
		for _, link := range []string{claims.Topic, ""} { // this link, and any
			res, err := tx.ExecContext(ctx, "INSERT INTO click_marks (campaign_id, subscriber_id, link_id, at) VALUES ($1, $2, $3, $4) ON CONFLICT (campaign_id, subscriber_id, link_id) DO NOTHING",
				claims.Source, claims.Subject, link, sqldb.Micros(now))
			if err != nil {
				return fmt.Errorf("campaigns: click: %w", err)
			}
			n, err := res.RowsAffected()
			switch {
			case err != nil:
				return err
			case n == 0:
			case link != "":
				t.add(countLink, link, 1)
			default:
				t.add(CountClicked, "", 1)
				if tested {
					t.add(countTestClicked, strconv.Itoa(variant), 1)
				}
			}
		}
		return t.write(ctx, tx, claims.Source, 0, now)
	})
}

// ForgetClicks removes which links a person followed, when they take back that it is counted. The counts stay.
func (s *Service) ForgetClicks(ctx context.Context, tx *sqldb.Tx, subscriberID string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM click_marks WHERE subscriber_id = $1", subscriberID); err != nil {
		return fmt.Errorf("campaigns: clicks: %w", err)
	}
	return nil
}

// TrimClicks removes who clicked on what once it cannot count any more.
func (s *Service) TrimClicks(ctx context.Context) error {
	if _, err := s.DB.ExecContext(ctx, "DELETE FROM click_marks WHERE at < $1", sqldb.Micros(s.now().Add(-clickTime-24*time.Hour))); err != nil {
		return fmt.Errorf("campaigns: clicks: %w", err)
	}
	return nil
}

// Clicks are what is told of clicks: numbers of people, and none below ten.
type Clicks struct {
	Tracked  int64       `json:"tracked"` // mails to people who agreed to it
	People   *int64      `json:"people"`  // who clicked; null: fewer than ten
	Machines int64       `json:"machines"`
	Links    []LinkCount `json:"links"`
}

// LinkCount is how many followed one link.
type LinkCount struct {
	URL    string `json:"url"`
	People *int64 `json:"people"` // null: fewer than ten
}

// Clicks reads what is told of a campaign's clicks; nil if they are not counted.
func (s *Service) Clicks(ctx context.Context, c *Campaign) (*Clicks, error) {
	if !c.TrackClicks || c.StartedAt.IsZero() {
		return nil, nil
	}
	out := &Clicks{Links: []LinkCount{}}
	if err := s.DB.QueryRowContext(ctx, trackedQuery, c.ID).Scan(&out.Tracked); err != nil {
		return nil, fmt.Errorf("campaigns: clicks: %w", err)
	}
	people, err := s.tallied(ctx, s.DB, c.ID, CountClicked)
	if err != nil {
		return nil, err
	}
	erased, err := s.tallied(ctx, s.DB, c.ID, countErasedTracked)
	if err != nil {
		return nil, err
	}
	out.Tracked += erased[""]
	machines, err := s.tallied(ctx, s.DB, c.ID, countMachine)
	if err != nil {
		return nil, err
	}
	byLink, err := s.tallied(ctx, s.DB, c.ID, countLink)
	if err != nil {
		return nil, err
	}
	links, err := s.links(ctx, s.DB, c.ID)
	if err != nil {
		return nil, err
	}
	out.People, out.Machines = told(people[""]), machines[""]
	for url, id := range links {
		out.Links = append(out.Links, LinkCount{URL: url, People: told(byLink[id])})
	}
	slices.SortFunc(out.Links, func(a, b LinkCount) int {
		switch {
		case a.People != nil && b.People != nil && *a.People != *b.People:
			return int(*b.People - *a.People)
		case (a.People == nil) != (b.People == nil):
			return map[bool]int{true: 1, false: -1}[a.People == nil]
		}
		return strings.Compare(a.URL, b.URL)
	})
	return out, nil
}

func told(n int64) *int64 {
	if n < fewest {
		return nil
	}
	return &n
}
