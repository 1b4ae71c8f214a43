package policies

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sort"
	"time"

	"assent/preferences/audit"
	"assent/preferences/names"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Store keeps policies.
type Store struct {
	DB  *sqldb.DB
	Now func() time.Time
	// Lead knows of announcements. While it is nil no version that affects rights takes effect.
	Lead LeadTime
}

const policyColumns = "id, slug, names, created_at, updated_at"

func scanPolicy(row sqldb.Scanner) (Policy, error) {
	var p Policy
	var texts string
	var created, updated int64
	if err := row.Scan(&p.id, &p.Slug, &texts, &created, &updated); err != nil {
		return Policy{}, err
	}
	p.CreatedAt, p.UpdatedAt = sqldb.Time(created), sqldb.Time(updated)
	var err error
	p.Names, err = names.Read(texts)
	return p, err
}

func find(ctx context.Context, q sqldb.Querier, slug, lock string) (Policy, error) {
	if !names.IsKey(slug) {
		return Policy{}, ErrNotFound
	}
	p, err := scanPolicy(q.QueryRowContext(ctx, "SELECT "+policyColumns+" FROM policies WHERE slug = $1"+lock, slug))
	if errors.Is(err, sql.ErrNoRows) {
		return Policy{}, ErrNotFound
	}
	if err != nil {
		return Policy{}, fmt.Errorf("policies: get %s: %w", slug, err)
	}
	return p, nil
}

// Get reads a policy with all its versions, the one that takes effect last first, without their bodies.
func (s *Store) Get(ctx context.Context, q sqldb.Querier, slug string) (Policy, error) {
	p, err := find(ctx, q, slug, "")
	if err != nil {
		return Policy{}, err
	}
	return p, s.fill(ctx, q, &p)
}

func (s *Store) fill(ctx context.Context, q sqldb.Querier, p *Policy) error {
	versions, err := versionsOf(ctx, q, p.id)
	if err != nil {
		return err
	}
	takes := make(map[string]time.Time, len(versions))
	for _, v := range versions {
		if takes[v.id], err = s.takesEffect(ctx, p.Slug, v); err != nil {
			return err
		}
	}
	p.Current = settle(versions, takes, s.Now())
	sort.SliceStable(versions, func(i, j int) bool { return moment(versions[i]).After(moment(versions[j])) })
	p.Versions = versions
	return nil
}

// moment orders versions: by when they take effect, or would.
func moment(v Version) time.Time {
	if v.TakesEffectAt != nil {
		return *v.TakesEffectAt
	}
	return v.EffectiveAt
}

// takesEffect is when a version takes or took effect, the zero time while that is not known.
func (s *Store) takesEffect(ctx context.Context, slug string, v Version) (time.Time, error) {
	if !v.inEffectAt.IsZero() {
		return v.inEffectAt, nil
	}
	if v.Draft {
		return time.Time{}, nil
	}
	if !v.AffectsRights {
		return v.EffectiveAt, nil
	}
	if s.Lead == nil {
		return time.Time{}, nil
	}
	met, at, err := s.Lead.LeadTime(ctx, slug, v.Version)
	if err != nil {
		return time.Time{}, fmt.Errorf("policies: lead time of %s %s: %w", slug, v.Version, err)
	}
	if !met {
		return time.Time{}, nil
	}
	if at.Before(v.EffectiveAt) {
		at = v.EffectiveAt
	}
	return at, nil
}

const versionColumns = "id, version, effective_at, affects_rights, draft, announced_at, in_effect_at, created_at, updated_at"

func versionsOf(ctx context.Context, q sqldb.Querier, policyID string) ([]Version, error) {
	var versions []Version
	for row := range sqldb.Rows(ctx, q, "SELECT "+versionColumns+" FROM policy_versions WHERE policy_id = $1 ORDER BY id DESC", policyID) {
		var v Version
		var effective, created, updated int64
		var announced, inEffect sql.NullInt64
		if err := row.Scan(&v.id, &v.Version, &effective, &v.AffectsRights, &v.Draft, &announced, &inEffect, &created, &updated); err != nil {
			return nil, fmt.Errorf("policies: versions: %w", err)
		}
		v.EffectiveAt, v.CreatedAt, v.UpdatedAt = sqldb.Time(effective), sqldb.Time(created), sqldb.Time(updated)
		v.inEffectAt = sqldb.NullTime(inEffect)
		v.AnnouncedAt = sqldb.TimeOrNil(announced)
		versions = append(versions, v)
	}
	return versions, nil
}

// Version picks a version out of the policy and reads its bodies.
func (s *Store) Version(ctx context.Context, q sqldb.Querier, p Policy, version string) (Version, error) {
	for _, v := range p.Versions {
		if v.Version != version {
			continue
		}
		var texts string
		if err := q.QueryRowContext(ctx, "SELECT bodies FROM policy_versions WHERE id = $1", v.id).Scan(&texts); err != nil {
			return Version{}, fmt.Errorf("policies: bodies of %s %s: %w", p.Slug, version, err)
		}
		var err error
		v.Bodies, err = names.Read(texts)
		return v, err
	}
	return Version{}, ErrNoVersion
}

// List reads up to limit policies whose slug is after the given one, by slug, each with its current version's name.
func (s *Store) List(ctx context.Context, after string, limit int) ([]Policy, error) {
	list, err := sqldb.All(ctx, s.DB, scanPolicy, "SELECT "+policyColumns+" FROM policies WHERE slug > $1 ORDER BY slug LIMIT $2", after, limit)
	if err != nil {
		return nil, fmt.Errorf("policies: list: %w", err)
	}
	for i := range list {
		if err := s.fill(ctx, s.DB, &list[i]); err != nil {
			return nil, err
		}
		list[i].Versions = nil
	}
	return list, nil
}

// Create adds a policy without a version. A slug that is taken is a conflict.
func (s *Store) Create(ctx context.Context, actor audit.Actor, slug string, texts names.Texts) (Policy, error) {
	var c problem.Collector
	names.CheckKey(&c, "slug", slug)
	texts.Check(&c, "names")
	if err := c.Err(); err != nil {
		return Policy{}, err
	}
	p := Policy{Slug: slug, Names: texts, CreatedAt: s.Now(), id: sqldb.NewID()}
	p.UpdatedAt = p.CreatedAt
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		res, err := tx.ExecContext(ctx, "INSERT INTO policies (id, slug, names, created_at, updated_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (slug) DO NOTHING",
			p.id, slug, texts.Text(), sqldb.Micros(p.CreatedAt), sqldb.Micros(p.UpdatedAt))
		if err != nil {
			return fmt.Errorf("policies: create %s: %w", slug, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return problem.Conflict("A policy with the slug " + slug + " is there already.")
		}
		return audit.Record(ctx, tx, p.CreatedAt, actor, "policy.create", audit.Object("policy", slug), nil, p)
	})
	return p, err
}

// Rename gives a policy other names. Its slug stays, because mails link to it.
func (s *Store) Rename(ctx context.Context, actor audit.Actor, slug string, texts names.Texts) (Policy, error) {
	var c problem.Collector
	if texts.Check(&c, "names"); c.Err() != nil {
		return Policy{}, c.Err()
	}
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		before, err := find(ctx, tx, slug, tx.Dialect().ForUpdate())
		if err != nil {
			return err
		}
		after := before
		after.Names, after.UpdatedAt = texts, s.Now()
		if _, err := tx.ExecContext(ctx, "UPDATE policies SET names = $1, updated_at = $2 WHERE id = $3", texts.Text(), sqldb.Micros(after.UpdatedAt), before.id); err != nil {
			return fmt.Errorf("policies: rename %s: %w", slug, err)
		}
		return audit.Record(ctx, tx, after.UpdatedAt, actor, "policy.update", audit.Object("policy", slug), before, after)
	})
	if err != nil {
		return Policy{}, err
	}
	return s.Get(ctx, s.DB, slug)
}
