package media

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// ErrNotFound is a name that no picture has.
var ErrNotFound = problem.NotFound("picture")

// ErrUsed refuses to remove what a mail shows.
var ErrUsed = problem.Conflict("A campaign shows this picture, so it stays: mails that were sent would have a hole.")

// Entry is a picture of the library, without its body.
type Entry struct {
	Picture
	Title, Alt string
	Size       int
	At         time.Time
}

// Store keeps pictures.
type Store struct {
	DB  *sqldb.DB
	Now func() time.Time
}

// Upload is a file as it came. Alt says what the picture shows; one that says nothing is Decorative.
type Upload struct {
	Name, Alt  string
	Decorative bool
	Data       []byte
}

const maxAlt = 500

// Add cleans a picture and keeps it. The same picture again takes the new texts.
func (s *Store) Add(ctx context.Context, actor audit.Actor, u Upload) (Entry, error) {
	var bad problem.Collector
	alt := strings.TrimSpace(u.Alt)
	switch {
	case alt == "" && !u.Decorative:
		bad.Add("alt", "is required: say what the picture shows, or that it is decoration only")
	case alt != "" && u.Decorative:
		bad.Add("alt", "must be empty for a picture that is decoration only")
	case utf8.RuneCountInString(alt) > maxAlt || strings.ContainsAny(alt, "\r\n\x00"):
		bad.Add("alt", "must be one line of at most %d characters", maxAlt)
	}
	if err := bad.Err(); err != nil {
		return Entry{}, err
	}
	p, err := Clean(u.Data)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Picture: p, Title: title(u.Name), Alt: alt, Size: len(p.Body), At: s.Now()}
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO media (hash, extension, width, height, size, name, alt, author, created_at, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (hash) DO UPDATE SET name = excluded.name, alt = excluded.alt`, p.Hash, p.Extension, p.Width, p.Height, e.Size, e.Title, alt, actor.Person(), sqldb.Micros(e.At), p.Body)
		if err != nil {
			return fmt.Errorf("media: add: %w", err)
		}
		return audit.Record(ctx, tx, e.At, actor, "media.add", audit.Object("media", p.Hash), nil, map[string]string{"name": e.Title, "alt": alt})
	})
	return e, err
}

// title is the name of a file without its folders, as text for people.
func title(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), "\\", "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, name)
	if r := []rune(name); len(r) > 120 {
		name = string(r[:120])
	}
	return name
}

var named = regexp.MustCompile(`^([0-9a-f]{64})\.(png|jpg|gif)$`)

// Get reads the picture of a file name.
func (s *Store) Get(ctx context.Context, name string) (p Picture, err error) {
	m := named.FindStringSubmatch(name)
	if m == nil {
		return p, ErrNotFound
	}
	err = s.DB.QueryRowContext(ctx, "SELECT hash, extension, width, height, body FROM media WHERE hash = $1 AND extension = $2", m[1], m[2]).Scan(&p.Hash, &p.Extension, &p.Width, &p.Height, &p.Body)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrNotFound
	}
	if err != nil {
		return p, fmt.Errorf("media: get: %w", err)
	}
	return p, nil
}

// List reads up to limit pictures, the newest first, from before a moment and hash on.
func (s *Store) List(ctx context.Context, at time.Time, hash string, limit int) ([]Entry, error) {
	before := int64(1<<63 - 1)
	if !at.IsZero() {
		before = sqldb.Micros(at)
	}
	var out []Entry
	for row := range sqldb.Rows(ctx, s.DB, `SELECT hash, extension, width, height, size, name, alt, created_at FROM media
		WHERE created_at < $1 OR created_at = $2 AND hash < $3 ORDER BY created_at DESC, hash DESC LIMIT $4`, before, before, hash, limit) {
		var e Entry
		var created int64
		if err := row.Scan(&e.Hash, &e.Extension, &e.Width, &e.Height, &e.Size, &e.Title, &e.Alt, &created); err != nil {
			return nil, fmt.Errorf("media: list: %w", err)
		}
		e.At = sqldb.Time(created)
		out = append(out, e)
	}
	return out, nil
}

// Remove takes a picture away that no campaign and no broadcast shows.
func (s *Store) Remove(ctx context.Context, actor audit.Actor, hash string) error {
	if !named.MatchString(hash + ".png") {
		return ErrNotFound
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		var used int
		like := "%" + hash + "%"
		err := tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM campaigns WHERE blocks LIKE $1) + (SELECT count(*) FROM campaign_edits WHERE form LIKE $2) + (SELECT count(*) FROM notice_broadcasts WHERE blocks LIKE $3 OR translations LIKE $4)`, like, like, like, like).Scan(&used)
		if err != nil {
			return fmt.Errorf("media: use: %w", err)
		}
		if used > 0 {
			return ErrUsed
		}
		res, err := tx.ExecContext(ctx, "DELETE FROM media WHERE hash = $1", hash)
		if err != nil {
			return fmt.Errorf("media: remove: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrNotFound)
		}
		return audit.Record(ctx, tx, s.Now(), actor, "media.remove", audit.Object("media", hash), nil, nil)
	})
}
