package policies

import (
	"context"
	"fmt"
	"time"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// change runs do on a locked policy with its versions, and returns the version of the given name afterwards.
func (s *Store) change(ctx context.Context, slug, version string, do func(tx *sqldb.Tx, p Policy) error) (Version, error) {
	var v Version
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		p, err := find(ctx, tx, slug, tx.Dialect().ForUpdate())
		if err != nil {
			return err
		}
		if err := s.fill(ctx, tx, &p); err != nil {
			return err
		}
		if err := do(tx, p); err != nil || version == "" {
			return err
		}
		if err := s.fill(ctx, tx, &p); err != nil {
			return err
		}
		v, err = s.Version(ctx, tx, p, version)
		return err
	})
	return v, err
}

func object(slug, version string) string { return audit.Object("policy", slug+"/"+version) }

// AddVersion adds a version to a policy. A name that is taken is a conflict.
func (s *Store) AddVersion(ctx context.Context, actor audit.Actor, slug string, d Draft) (Version, error) {
	if err := d.check(); err != nil {
		return Version{}, err
	}
	return s.change(ctx, slug, d.Version, func(tx *sqldb.Tx, p Policy) error {
		now := s.Now()
		res, err := tx.ExecContext(ctx, `INSERT INTO policy_versions (id, policy_id, version, effective_at, affects_rights, draft, bodies, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (policy_id, version) DO NOTHING`,
			sqldb.NewID(), p.id, d.Version, sqldb.Micros(d.EffectiveAt), d.AffectsRights, d.Hidden, d.Bodies.Text(), sqldb.Micros(now), sqldb.Micros(now))
		if err != nil {
			return fmt.Errorf("policies: add %s %s: %w", slug, d.Version, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return problem.Conflict("The policy has a version " + d.Version + " already; give the new text a name of its own.")
		}
		return audit.Record(ctx, tx, now, actor, "policy.version.create", object(slug, d.Version), nil, d)
	})
}

// errFixed refuses to change what people were told or live by.
func errFixed(v Version) error {
	why := "has taken effect"
	if v.AnnouncedAt != nil {
		why = "was announced"
	}
	return problem.Conflict("Version " + v.Version + " " + why + ", so it can no longer be changed; add a new version.")
}

// ChangeVersion changes a version that was not announced and has not taken effect: edit gets it as it is. Its name stays.
func (s *Store) ChangeVersion(ctx context.Context, actor audit.Actor, slug, version string, edit func(*Draft)) (Version, error) {
	return s.change(ctx, slug, version, func(tx *sqldb.Tx, p Policy) error {
		v, err := s.Version(ctx, tx, p, version)
		if err != nil {
			return err
		}
		if v.Fixed() {
			return errFixed(v)
		}
		before := Draft{v.Version, v.EffectiveAt, v.AffectsRights, v.Bodies, v.Draft}
		after := before
		edit(&after)
		after.Version = before.Version
		if err := after.check(); err != nil {
			return err
		}
		now := s.Now()
		if _, err := tx.ExecContext(ctx, "UPDATE policy_versions SET effective_at = $1, affects_rights = $2, draft = $3, bodies = $4, updated_at = $5 WHERE id = $6",
			sqldb.Micros(after.EffectiveAt), after.AffectsRights, after.Hidden, after.Bodies.Text(), sqldb.Micros(now), v.id); err != nil {
			return fmt.Errorf("policies: change %s %s: %w", slug, version, err)
		}
		return audit.Record(ctx, tx, now, actor, "policy.version.update", object(slug, version), before, after)
	})
}

// DropVersion removes a version that was not announced and has not taken effect.
func (s *Store) DropVersion(ctx context.Context, actor audit.Actor, slug, version string) error {
	_, err := s.change(ctx, slug, "", func(tx *sqldb.Tx, p Policy) error {
		v, err := s.Version(ctx, tx, p, version)
		if err != nil {
			return err
		}
		if v.Fixed() {
			return errFixed(v)
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM policy_versions WHERE id = $1", v.id); err != nil {
			return fmt.Errorf("policies: drop %s %s: %w", slug, version, err)
		}
		return audit.Record(ctx, tx, s.Now(), actor, "policy.version.delete", object(slug, version), v, nil)
	})
	return err
}

// Announce fixes the text of a version: from now on it stands as it is. The broadcast that announces it calls this in the
// transaction of its approval. A draft is published by it. Announcing twice changes nothing.
func Announce(ctx context.Context, tx *sqldb.Tx, at time.Time, actor audit.Actor, slug, version string) error {
	p, err := find(ctx, tx, slug, tx.Dialect().ForUpdate())
	if err != nil {
		return err
	}
	versions, err := versionsOf(ctx, tx, p.id)
	if err != nil {
		return err
	}
	for _, v := range versions {
		if v.Version != version {
			continue
		}
		if v.AnnouncedAt != nil {
			return nil
		}
		if _, err := tx.ExecContext(ctx, "UPDATE policy_versions SET announced_at = $1, draft = FALSE WHERE id = $2", sqldb.Micros(at), v.id); err != nil {
			return fmt.Errorf("policies: announce %s %s: %w", slug, version, err)
		}
		return audit.Record(ctx, tx, at, actor, "policy.version.announce", object(slug, version), nil, nil)
	}
	return ErrNoVersion
}

// TookEffect is a version that has come into effect.
type TookEffect struct {
	Slug, Version string
	At            time.Time
}

// Settle writes down which versions have come into effect since it was last called, so that they stay so whatever is found
// out later about their announcement. A worker calls it on a clock; nothing shown depends on when.
func (s *Store) Settle(ctx context.Context) ([]TookEffect, error) {
	slugs, err := s.unsettled(ctx)
	if err != nil {
		return nil, err
	}
	var all []TookEffect
	for _, slug := range slugs {
		var took []TookEffect
		_, err := s.change(ctx, slug, "", func(tx *sqldb.Tx, p Policy) error {
			took = nil
			for _, v := range p.Versions {
				if !v.inEffectAt.IsZero() || v.Status != Current && v.Status != Superseded {
					continue
				}
				if _, err := tx.ExecContext(ctx, "UPDATE policy_versions SET in_effect_at = $1 WHERE id = $2", sqldb.Micros(*v.TakesEffectAt), v.id); err != nil {
					return fmt.Errorf("policies: settle %s %s: %w", slug, v.Version, err)
				}
				if err := audit.Record(ctx, tx, s.Now(), audit.System("policies"), "policy.version.effective", object(slug, v.Version), nil, v); err != nil {
					return err
				}
				took = append(took, TookEffect{slug, v.Version, *v.TakesEffectAt})
			}
			return nil
		})
		if err != nil {
			return all, err
		}
		all = append(all, took...)
	}
	return all, nil
}

// Maintain settles what has come into effect; a worker calls it every minute.
func (s *Store) Maintain(ctx context.Context) error {
	_, err := s.Settle(ctx)
	return err
}

func (s *Store) unsettled(ctx context.Context) ([]string, error) {
	slugs, err := sqldb.Values[string](ctx, s.DB, `SELECT DISTINCT p.slug FROM policies p JOIN policy_versions v ON v.policy_id = p.id
		WHERE v.in_effect_at IS NULL AND v.draft = FALSE AND v.effective_at <= $1 ORDER BY p.slug`, sqldb.Micros(s.Now()))
	if err != nil {
		return nil, fmt.Errorf("policies: settle: %w", err)
	}
	return slugs, nil
}
