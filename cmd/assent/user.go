package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"assent/preferences/staff"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
)

// userCmd keeps the people who sign in.
type userCmd struct {
	Add    userAddCmd    `cmd:"" help:"Add a person. The password is asked for, or read from standard input."`
	Passwd userPasswdCmd `cmd:"" help:"Set a person's password, which ends the person's sessions. It is asked for, or read from standard input."`
	List   userListCmd   `cmd:"" help:"List the people."`
}

type userAddCmd struct {
	Email string   `arg:"" help:"E-mail address to sign in with."`
	Name  string   `help:"Name (the part of the address before the @)."`
	Role  []string `placeholder:"ROLE" default:"administrator" help:"administrator, marketer, approver, privacy_officer or read_only; several with commas."`
	Link  bool     `help:"Ask for no password; print a one-time link with which the person chooses one."`
	JSON  bool     `help:"Print as JSON."`
}

// person is how a person looks in JSON.
type person struct {
	ID         string        `json:"id"`
	Email      string        `json:"email"`
	Name       string        `json:"name"`
	Roles      []access.Role `json:"roles"`
	Link       string        `json:"link,omitempty"`
	Disabled   bool          `json:"disabled"`
	SignedInAt *time.Time    `json:"signed_in_at,omitempty"`
}

func personOf(u accounts.User) person {
	return person{ID: u.ID, Email: u.Email, Name: u.Name, Roles: u.Roles, Disabled: u.Disabled(), SignedInAt: timeOrNil(u.SignedInAt)}
}

func timeOrNil(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

func (c *userAddCmd) Run(ctx context.Context, config *Config, t *terminal) error {
	roles, err := access.ParseRoles(c.Role)
	if err != nil {
		return usageError{"--role: " + err.Error()}
	}
	n := accounts.NewUser{Email: c.Email, Name: c.Name, Roles: roles}
	if !c.Link {
		if n.Password, err = t.password(); err != nil {
			return err
		}
	}
	return withAccounts(ctx, config, func(store *accounts.Store) error {
		u, err := store.Add(ctx, operator, n)
		if err != nil {
			return err
		}
		p := personOf(u)
		if c.Link {
			token, err := store.PasswordLink(ctx, operator, u.ID)
			if err != nil {
				return err
			}
			p.Link = staff.PasswordURL(config.BaseURL, token)
		}
		switch {
		case c.JSON:
			return t.json(p)
		case c.Link:
			_, err = fmt.Fprintf(t.out, "%s\n", p.Link)
		default:
			_, err = fmt.Fprintf(t.out, "%s can sign in now as %s.\n", u.Email, strings.Join(c.Role, ", "))
		}
		return err
	})
}

type userPasswdCmd struct {
	Email string `arg:"" help:"E-mail address of the person."`
}

func (c *userPasswdCmd) Run(ctx context.Context, config *Config, t *terminal) error {
	return withAccounts(ctx, config, func(store *accounts.Store) error {
		u, err := store.ByEmail(ctx, c.Email)
		if errors.Is(err, accounts.ErrNotFound) {
			return fmt.Errorf("nobody has the address %s; see: assent user list", c.Email)
		}
		if err != nil {
			return err
		}
		password, err := t.password()
		if err != nil {
			return err
		}
		if err := store.SetPassword(ctx, operator, u.ID, password); err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "The password of %s is set and all sessions have ended.\n", u.Email)
		return err
	})
}

type userListCmd struct {
	JSON bool `help:"Print as JSON."`
}

func (c *userListCmd) Run(ctx context.Context, config *Config, t *terminal) error {
	return withAccounts(ctx, config, func(store *accounts.Store) error {
		users, err := store.List(ctx)
		if err != nil {
			return err
		}
		people := make([]person, len(users))
		for i, u := range users {
			people[i] = personOf(u)
		}
		if c.JSON {
			return t.json(people)
		}
		rows := [][]string{{"EMAIL", "NAME", "ROLES", "LAST SIGN-IN"}}
		for _, u := range users {
			names := make([]string, len(u.Roles))
			for i, role := range u.Roles {
				names[i] = string(role)
			}
			last := moment(u.SignedInAt)
			if u.Disabled() {
				last = "disabled"
			}
			rows = append(rows, []string{u.Email, u.Name, strings.Join(names, ","), last})
		}
		return t.table(rows)
	})
}

func withAccounts(ctx context.Context, config *Config, do func(*accounts.Store) error) error {
	db, err := openDB(ctx, config)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(accounts.New(db, config.Now))
}
