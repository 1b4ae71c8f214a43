package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"assent/preferences/problem"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/keys"
)

// keyCmd keeps the API keys.
type keyCmd struct {
	Add    keyAddCmd    `cmd:"" help:"Make an API key. It is shown once."`
	List   keyListCmd   `cmd:"" help:"List the API keys, without their values."`
	Revoke keyRevokeCmd `cmd:"" help:"End an API key."`
}

type keyAddCmd struct {
	Name  string   `required:"" help:"What the key is for."`
	User  string   `placeholder:"EMAIL" help:"Person whom the key stands for."`
	Scope []string `placeholder:"SCOPE" default:"full" help:"What the key may do: full, read, or things such as campaigns:write; several with commas."`
	JSON  bool     `help:"Print as JSON."`
}

func (c *keyAddCmd) Run(ctx context.Context, config *Config, t *terminal) error {
	scopes, err := access.ParseScopes(c.Scope)
	if err != nil {
		return usageError{"--scope: " + err.Error()}
	}
	db, err := openDB(ctx, config)
	if err != nil {
		return err
	}
	defer db.Close()
	n := keys.New{Name: c.Name, Scopes: scopes}
	if c.User != "" {
		u, err := accounts.New(db, config.Now).ByEmail(ctx, c.User)
		if errors.Is(err, accounts.ErrNotFound) {
			return fmt.Errorf("nobody has the address %s; see: assent user list", c.User)
		}
		if err != nil {
			return err
		}
		n.UserID = u.ID
	}
	key, value, err := (&keys.Store{DB: db, Now: config.Now}).Add(ctx, operator, n)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.json(struct {
			ID   string `json:"id"`
			Name string `json:"name"`
			Key  string `json:"key"`
		}{key.ID, key.Name, value})
	}
	if _, err := fmt.Fprintln(t.out, value); err != nil {
		return err
	}
	_, err = fmt.Fprintln(t.err, "Keep it now: it cannot be shown again.")
	return err
}

type keyListCmd struct {
	JSON bool `help:"Print as JSON."`
}

// listedKey is how a key looks in JSON.
type listedKey struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Scopes     []access.Scope `json:"scopes"`
	UserID     string         `json:"user_id,omitempty"`
	CreatedAt  time.Time      `json:"created_at"`
	LastUsedAt *time.Time     `json:"last_used_at,omitempty"`
	RevokedAt  *time.Time     `json:"revoked_at,omitempty"`
}

func (c *keyListCmd) Run(ctx context.Context, config *Config, t *terminal) error {
	db, err := openDB(ctx, config)
	if err != nil {
		return err
	}
	defer db.Close()
	list, err := (&keys.Store{DB: db, Now: config.Now}).List(ctx)
	if err != nil {
		return err
	}
	items := make([]listedKey, len(list))
	rows := [][]string{{"ID", "NAME", "SCOPES", "STANDS FOR", "LAST USED"}}
	for i, k := range list {
		items[i] = listedKey{k.ID, k.Name, k.Scopes, k.UserID, k.CreatedAt, timeOrNil(k.LastUsedAt), timeOrNil(k.RevokedAt)}
		names := make([]string, len(k.Scopes))
		for j, scope := range k.Scopes {
			names[j] = string(scope)
		}
		used := moment(k.LastUsedAt)
		if !k.RevokedAt.IsZero() {
			used = "revoked"
		}
		rows = append(rows, []string{k.ID, k.Name, strings.Join(names, ","), k.UserName, used})
	}
	if c.JSON {
		return t.json(items)
	}
	return t.table(rows)
}

type keyRevokeCmd struct {
	ID string `arg:"" help:"Id of the key; see key list."`
}

func (c *keyRevokeCmd) Run(ctx context.Context, config *Config, t *terminal) error {
	db, err := openDB(ctx, config)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := (&keys.Store{DB: db, Now: config.Now}).Revoke(ctx, operator, c.ID); isNotFound(err) {
		return fmt.Errorf("no key that works has the id %s; see: assent key list", c.ID)
	} else if err != nil {
		return err
	}
	_, err = fmt.Fprintln(t.out, "The key works no more.")
	return err
}

func isNotFound(err error) bool {
	p, ok := problem.As(err)
	return ok && p.Status == http.StatusNotFound
}

// table writes rows in columns, the first row being the heading.
func (t *terminal) table(rows [][]string) error {
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}

// moment is a time for a person to read.
func moment(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.Format("2006-01-02 15:04 MST")
}
