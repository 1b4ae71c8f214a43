package preferences

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"assent/preferences/address"
	"assent/preferences/ranges"
	"assent/preferences/sqldb"
)

// Search picks people from the list of all. Its fields narrow it; empty ones do not.
type Search struct {
	Text       string // the beginning of an address, of a name, or of a last name, in capitals or not
	ExternalID string
	Where      string // a condition over the alias s whose id is over $1 and up to $2, its arguments bound from $4 on
	Args       []any
	IDs        []string
	After      string // a subscriber id
	Upto       string // another, which is included
	Limit      int
}

// Found is what a search found until it had enough.
type Found struct {
	People []*Subscriber
	ranges.Look
}

// Search lists people in the order of their ids, which is that of their coming.
func (s *Service) Search(ctx context.Context, in Search) ([]*Subscriber, error) {
	found, err := s.Find(ctx, in, 0)
	return found.People, err
}

// Find is Search that gives up after a while and tells how far it came; most 0 is no limit. A condition that hardly anybody
// meets would else keep a page waiting until all people were looked at.
func (s *Service) Find(ctx context.Context, in Search, most time.Duration) (f Found, err error) {
	where, args := "", append([]any{}, in.Args...)
	add := func(condition string, values ...any) {
		marks := make([]any, len(values))
		for i, v := range values {
			args = append(args, v)
			marks[i] = 3 + len(args)
		}
		where += " AND " + fmt.Sprintf(condition, marks...)
	}
	direct := in.Where == ""
	if in.Where != "" {
		where = " AND (" + in.Where + ")"
	}
	if in.ExternalID != "" {
		add("s.external_id = $%d", in.ExternalID)
		direct = true
	}
	if in.Text != "" {
		ids, err := s.named(ctx, in.Text)
		if err != nil {
			return f, err
		}
		direct = len(ids) <= fewNamed
		if direct {
			d := s.DB.Dialect()
			args = append(args, d.List(ids))
			where += " AND s.id " + d.In(3+len(args))
		} else { // so many that they are met on the way
			var either []string
			var values []any
			for _, n := range s.beginnings(in.Text) {
				either = append(either, "("+n.key+" >= $%d AND "+n.key+" < $%d)")
				values = append(values, n.from, n.to)
			}
			add("("+strings.Join(either, " OR ")+")", values...)
		}
	}
	if len(in.IDs) > 0 {
		d := s.DB.Dialect()
		args = append(args, d.List(in.IDs))
		where += " AND s.id " + d.In(3+len(args))
		direct = true
	}
	end := false
	last := cmp.Or(in.Upto, lastID)
	read := func(after, upto string) (enough bool, err error) {
		over := upto == "" || upto >= last
		if over {
			upto = last
		}
		people, err := subscribersWhere(ctx, s.DB, "s.id > $1 AND s.id <= $2"+where+" ORDER BY s.id LIMIT $3", append([]any{after, upto, in.Limit - len(f.People)}, args...)...)
		f.People = append(f.People, people...)
		full := len(f.People) >= in.Limit
		end = over && !full
		return full || over, err
	}
	if direct {
		_, err = read(in.After, "")
		f.End = end
		return f, err
	}
	f.Look, err = ranges.Go(ctx, in.After, most, ranges.Subscribers(s.DB), read)
	f.End = end
	return f, err
}

// fewNamed is how many people a text may name and still be looked up one by one.
const fewNamed = 1000

// named are the ids of the people whom a text names, or more than [fewNamed] of them.
func (s *Service) named(ctx context.Context, text string) (ids []string, err error) {
	for _, n := range s.beginnings(text) {
		more, err := sqldb.Values[string](ctx, s.DB, n.query(), n.from, n.to, fewNamed+1)
		if err != nil {
			return nil, fmt.Errorf("preferences: search: %w", err)
		}
		if ids = append(ids, more...); len(ids) > fewNamed {
			break
		}
	}
	return ids, nil
}

// beginning is a stretch of the index over what people are called by.
type beginning struct{ key, from, to string }

func (b beginning) query() string {
	return "SELECT s.id FROM subscribers s WHERE " + b.key + " >= $1 AND " + b.key + " < $2 ORDER BY " + b.key + " LIMIT $3"
}

// beginnings are where a text may stand: at the beginning of an address, of a name, or of a last name. The database folds the
// case of ASCII letters alone; other letters are looked for as they are written, small, and as capitals.
func (s *Service) beginnings(text string) (list []beginning) {
	email := strings.ToLower(text)
	if parsed, err := address.Parse(text); err == nil {
		email = parsed.Key
	}
	add := func(key, from string) {
		for _, known := range list {
			if known.key == key && known.from == from {
				return
			}
		}
		list = append(list, beginning{key, from, from + string(unicode.MaxRune)})
	}
	add("s.email_key", email)
	if strings.Contains(text, "@") {
		return list
	}
	text = strings.Join(strings.Fields(text), " ")
	_, size := utf8.DecodeRuneInString(text)
	small := strings.ToLower(text)
	for _, spelt := range []string{text, small, strings.ToUpper(text), strings.ToUpper(text[:size]) + strings.ToLower(text[size:])} {
		for _, of := range []string{"s.first_name || ' ' || s.last_name", "s.last_name"} {
			add(s.folded(of), asciiLower(spelt))
		}
	}
	return list
}

// folded is a text in small ASCII letters, compared byte by byte: what the indexes over names are of.
func (s *Service) folded(text string) string {
	if s.DB.Dialect() == sqldb.PostgreSQL {
		return "lower((" + text + `) COLLATE "C")`
	}
	return "lower(" + text + ")"
}

func asciiLower(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

// CountAll is how many people there are.
func (s *Service) CountAll(ctx context.Context, q sqldb.Querier) (n int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM subscribers").Scan(&n)
	return n, err
}
