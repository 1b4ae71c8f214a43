package brands

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"assent/preferences/audit"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// ErrNotFound is a key that no brand has.
var ErrNotFound = problem.NotFound("brand")

// Store keeps brands.
type Store struct {
	DB  *sqldb.DB
	Now func() time.Time
}

const columns = "key, name, from_name, from_email, notice_from_email, reply_to, postal_address, logo_url, color, created_at, updated_at"

func scan(row sqldb.Scanner) (Brand, error) {
	var b Brand
	var created, updated int64
	err := row.Scan(&b.Key, &b.Name, &b.FromName, &b.FromEmail, &b.NoticeFromEmail, &b.ReplyTo, &b.PostalAddress, &b.LogoURL, &b.Color, &created, &updated)
	b.CreatedAt, b.UpdatedAt = sqldb.Time(created), sqldb.Time(updated)
	return b, err
}

// Get reads the brand of a key; an empty key is [Default].
func Get(ctx context.Context, q sqldb.Querier, key string) (Brand, error) {
	return get(ctx, q, key, "")
}

func get(ctx context.Context, q sqldb.Querier, key, lock string) (Brand, error) {
	if key == "" {
		key = Default
	}
	if !names.IsKey(key) {
		return Brand{}, ErrNotFound
	}
	b, err := scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM brands WHERE key = $1"+lock, key))
	if errors.Is(err, sql.ErrNoRows) {
		return Brand{}, ErrNotFound
	}
	if err != nil {
		return Brand{}, fmt.Errorf("brands: get %s: %w", key, err)
	}
	return b, nil
}

// List reads up to limit brands whose key is after the given one, by key.
func (s *Store) List(ctx context.Context, after string, limit int) ([]Brand, error) {
	list, err := sqldb.All(ctx, s.DB, scan, "SELECT "+columns+" FROM brands WHERE key > $1 ORDER BY key LIMIT $2", after, limit)
	if err != nil {
		return nil, fmt.Errorf("brands: list: %w", err)
	}
	return list, nil
}

// Create adds a brand. A key that is taken is a conflict.
func (s *Store) Create(ctx context.Context, actor audit.Actor, b Brand) (Brand, error) {
	b = b.tidy()
	if err := b.check(); err != nil {
		return Brand{}, err
	}
	b.CreatedAt = s.Now()
	b.UpdatedAt = b.CreatedAt
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		added, err := insert(ctx, tx, b)
		if err != nil {
			return err
		}
		if !added {
			return problem.Conflict("A brand with the key " + b.Key + " is there already; change it with PATCH /brands/" + b.Key + ".")
		}
		return audit.Record(ctx, tx, b.CreatedAt, actor, "brand.create", audit.Object("brand", b.Key), nil, b)
	})
	return b, err
}

func insert(ctx context.Context, tx *sqldb.Tx, b Brand) (added bool, err error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO brands (id, key, name, from_name, from_email, notice_from_email, reply_to, postal_address, logo_url, color, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (key) DO NOTHING`,
		sqldb.NewID(), b.Key, b.Name, b.FromName, b.FromEmail, b.NoticeFromEmail, b.ReplyTo, b.PostalAddress, b.LogoURL, b.Color,
		sqldb.Micros(b.CreatedAt), sqldb.Micros(b.UpdatedAt))
	if err != nil {
		return false, fmt.Errorf("brands: insert %s: %w", b.Key, err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// Update changes the brand of key: change gets it as it is.
func (s *Store) Update(ctx context.Context, actor audit.Actor, key string, change func(*Brand)) (Brand, error) {
	var after Brand
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		before, err := get(ctx, tx, key, tx.Dialect().ForUpdate())
		if err != nil {
			return err
		}
		after = before
		change(&after)
		after = after.tidy()
		after.Key, after.CreatedAt, after.UpdatedAt = before.Key, before.CreatedAt, s.Now()
		if err := after.check(); err != nil {
			return err
		}
		return update(ctx, tx, actor, before, after)
	})
	return after, err
}

func update(ctx context.Context, tx *sqldb.Tx, actor audit.Actor, before, after Brand) error {
	_, err := tx.ExecContext(ctx, `UPDATE brands SET name = $1, from_name = $2, from_email = $3, notice_from_email = $4, reply_to = $5,
		postal_address = $6, logo_url = $7, color = $8, updated_at = $9 WHERE key = $10`,
		after.Name, after.FromName, after.FromEmail, after.NoticeFromEmail, after.ReplyTo, after.PostalAddress, after.LogoURL, after.Color,
		sqldb.Micros(after.UpdatedAt), after.Key)
	if err != nil {
		return fmt.Errorf("brands: update %s: %w", after.Key, err)
	}
	return audit.Record(ctx, tx, after.UpdatedAt, actor, "brand.update", audit.Object("brand", after.Key), before, after)
}

// EnsureDefault makes the brand [Default] with senders at host, the host of the public address with or without a port.
// When it is there already only an empty postal address is filled in: what a person chose on the site stands.
func (s *Store) EnsureDefault(ctx context.Context, host, postalAddress string) error {
	name, domain := senderHost(host)
	now, setup := s.Now(), audit.System("setup")
	fresh := Brand{
		Key: Default, Name: name, FromName: name, FromEmail: "news@" + domain, NoticeFromEmail: "notices@" + domain,
		ReplyTo: "hello@" + domain, PostalAddress: postalAddress, CreatedAt: now, UpdatedAt: now,
	}.tidy()
	if err := fresh.check(); err != nil {
		return fmt.Errorf("brands: the default brand: %w", err)
	}
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		added, err := insert(ctx, tx, fresh)
		if err != nil {
			return err
		}
		if added {
			return audit.Record(ctx, tx, now, setup, "brand.create", audit.Object("brand", Default), nil, fresh)
		}
		before, err := get(ctx, tx, Default, tx.Dialect().ForUpdate())
		if err != nil || before.PostalAddress != "" || fresh.PostalAddress == "" {
			return err
		}
		after := before
		after.PostalAddress, after.UpdatedAt = fresh.PostalAddress, now
		return update(ctx, tx, setup, before, after)
	})
}

// senderHost is the name and the mail domain that go with a host. A number stands for no company and for no mail domain.
func senderHost(host string) (name, domain string) {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]."))
	if host == "" || host == "localhost" || net.ParseIP(host) != nil {
		return "Assent", "localhost"
	}
	return host, host
}
