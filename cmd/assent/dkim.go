package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"assent/preferences/problem"
	"assent/workers/signing"
)

// dkimCmd keeps the keys that mail is signed with. No private half is ever printed.
type dkimCmd struct {
	Generate dkimGenerateCmd `cmd:"" help:"Make a key (RSA-2048, and Ed25519 beside it) and print the records to publish. Nothing is signed with it yet."`
	List     dkimListCmd     `cmd:"" help:"List the keys and their records."`
	Look     dkimLookCmd     `cmd:"" help:"Look whether the records of a key are in DNS."`
	Switch   dkimSwitchCmd   `cmd:"" help:"Sign with a key that is in DNS from now on. The one before it is retired; leave its records for a week."`
	Stop     dkimStopCmd     `cmd:"" help:"Stop signing with a key, and with any other, for its stream and domain."`
	Remove   dkimRemoveCmd   `cmd:"" help:"Forget a key that is not in use."`
}

// keysOf opens what the commands need of the installation.
func keysOf(ctx context.Context, cfg *Config) (*signing.Store, func() error, error) {
	db, err := openDB(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	ring, err := cfg.keyring()
	if err != nil {
		_ = db.Close()
		return nil, nil, err
	}
	return &signing.Store{DB: db, Now: cfg.Now, Seal: ring.Derive("dkim"), Resolver: net.DefaultResolver}, db.Close, nil
}

// dkimError says in one line what is wrong with what was asked.
func dkimError(err error) error {
	p, ok := problem.As(err)
	if !ok {
		return err
	}
	text := p.Detail
	for _, f := range p.Fields {
		text += " --" + f.Field + " " + f.Detail
	}
	return usageError{text}
}

type dkimGenerateCmd struct {
	Stream       string `required:"" enum:"marketing,transactional" help:"Stream whose mail is signed: marketing or transactional."`
	Domain       string `required:"" help:"Domain of the From addresses, or one above it."`
	Selector     string `help:"Name of the key in DNS (made from stream and month)."`
	SwitchOnSeen bool   `help:"Sign with it as soon as it is in DNS, without asking again."`
	JSON         bool   `help:"Print as JSON."`
}

func (c *dkimGenerateCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	return withKeys(ctx, cfg, t, c.JSON, func(s *signing.Store) (signing.Key, error) {
		return s.Generate(ctx, operator, signing.New{Stream: c.Stream, Domain: c.Domain, Selector: c.Selector, SwitchOnSeen: c.SwitchOnSeen})
	})
}

// withKeys does something with one key and prints it.
func withKeys(ctx context.Context, cfg *Config, t *terminal, asJSON bool, f func(*signing.Store) (signing.Key, error)) error {
	s, closeDB, err := keysOf(ctx, cfg)
	if err != nil {
		return err
	}
	defer closeDB()
	k, err := f(s)
	if err != nil {
		return dkimError(err)
	}
	if asJSON {
		return t.json(k)
	}
	return printKey(t.out, k)
}

func printKey(w io.Writer, k signing.Key) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s %s, selector %s: %s\n", k.ID, k.Stream, k.Domain, k.Selector, k.State)
	if k.Fault != "" {
		fmt.Fprintf(&b, "  last look: %s\n", k.Fault)
	}
	switch k.State {
	case signing.Waiting:
		fmt.Fprintln(&b, "  publish these TXT records, then: assent dkim look "+k.ID)
	case signing.Seen:
		fmt.Fprintln(&b, "  its records are in DNS; sign with it by: assent dkim switch "+k.ID)
	case signing.Retired:
		fmt.Fprintln(&b, "  leave these records until "+k.RetiredAt.Add(signing.Keep).Format("2006-01-02"))
	}
	for _, r := range k.Records {
		fmt.Fprintf(&b, "  %s. TXT %s\n", r.Name, quoted(r.Text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// quoted is a record as zone files have it: in strings of at most 255 octets (RFC 1035 §3.3.14).
func quoted(text string) string {
	var parts []string
	for len(text) > 250 {
		parts, text = append(parts, `"`+text[:250]+`"`), text[250:]
	}
	return strings.Join(append(parts, `"`+text+`"`), " ")
}

type dkimListCmd struct {
	JSON bool `help:"Print as JSON."`
}

func (c *dkimListCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	s, closeDB, err := keysOf(ctx, cfg)
	if err != nil {
		return err
	}
	defer closeDB()
	list, err := s.List(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		if list == nil {
			list = []signing.Key{}
		}
		return t.json(list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(t.out, "There are no keys: mail is signed by the relay, or not at all. Make one by: assent dkim generate")
		return err
	}
	for _, k := range list {
		if err := printKey(t.out, k); err != nil {
			return err
		}
	}
	return nil
}

type dkimLookCmd struct {
	ID   string `arg:"" help:"The key."`
	JSON bool   `help:"Print as JSON."`
}

func (c *dkimLookCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	return withKeys(ctx, cfg, t, c.JSON, func(s *signing.Store) (signing.Key, error) { return s.Look(ctx, operator, c.ID) })
}

type dkimSwitchCmd struct {
	ID   string `arg:"" help:"The key."`
	JSON bool   `help:"Print as JSON."`
}

func (c *dkimSwitchCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	return withKeys(ctx, cfg, t, c.JSON, func(s *signing.Store) (signing.Key, error) {
		if _, err := s.Look(ctx, operator, c.ID); err != nil {
			return signing.Key{}, err
		}
		return s.Switch(ctx, operator, c.ID)
	})
}

type dkimStopCmd struct {
	ID   string `arg:"" help:"The key."`
	JSON bool   `help:"Print as JSON."`
}

func (c *dkimStopCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	return withKeys(ctx, cfg, t, c.JSON, func(s *signing.Store) (signing.Key, error) { return s.Stop(ctx, operator, c.ID) })
}

type dkimRemoveCmd struct {
	ID string `arg:"" help:"The key."`
}

func (c *dkimRemoveCmd) Run(ctx context.Context, cfg *Config, _ *terminal) error {
	s, closeDB, err := keysOf(ctx, cfg)
	if err != nil {
		return err
	}
	defer closeDB()
	return dkimError(s.Remove(ctx, operator, c.ID))
}
