package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"

	"assent/preferences"
	"assent/preferences/imports"
	"assent/preferences/problem"
	"assent/preferences/strict"
)

type importCmd struct {
	File string `arg:"" help:"CSV file; its first row names the columns. - reads standard input."`

	Map         map[string]string `placeholder:"COLUMN=FIELD" mapsep:"none" help:"Which column is which field; repeat it. Fields: email, external_id, first_name, last_name, company, phone, locale, timezone, country, birth_date, customer_since, attributes.NAME, and of the evidence collected_at, source, ip, url, wording, wording_version, user_agent, document. Without it, columns named like a field are that field."`
	Topic       []string          `placeholder:"KEY" sep:"none" help:"Topic that the people chose; repeat it for more. Without one, no choice is recorded."`
	Action      string            `enum:"give,withdraw,object" default:"give" help:"What they chose: give, withdraw or object."`
	Source      string            `placeholder:"TEXT" help:"Where it was collected."`
	Wording     string            `placeholder:"TEXT" help:"The exact text that they agreed to."`
	CollectedAt string            `placeholder:"TIME" help:"When, such as 2026-05-01."`
	URL         string            `name:"url" placeholder:"URL" help:"The page of the form."`
	Document    string            `placeholder:"TEXT" help:"Where it is kept on paper or in another system."`
	Confirmed   bool              `help:"They confirmed it elsewhere; needs --collected-at and --url or --document, or columns for them."`
	Evidence    string            `placeholder:"JSON" help:"All of that as one JSON object, as the API takes it; @FILE reads it from a file."`
	DryRun      bool              `help:"Tell what would happen, and change nothing."`
	Rejects     string            `placeholder:"FILE" help:"Write the rows that were left out, with line and reason, to this CSV file."`
	JSON        bool              `help:"Print the result as JSON."`
}

// Run imports a file and waits for it.
func (c *importCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	evidence, err := c.evidence()
	if err != nil {
		return err
	}
	in, name := t.in, "standard input"
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("%s cannot be read: %w", c.File, errors.Unwrap(err))
		}
		defer f.Close()
		in, name = f, c.File
	}
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	done, err := c.load(ctx, a, t, in, imports.Request{FileName: name, Mapping: c.Map, Evidence: evidence, DryRun: c.DryRun})
	if err != nil {
		return err
	}
	if c.Rejects != "" {
		if err := writeRejects(ctx, a, done, c.Rejects); err != nil {
			return err
		}
	}
	if c.JSON {
		err = t.json(done)
	} else {
		err = c.tell(t, done)
	}
	if err == nil && done.Status != imports.StatusFinished {
		err = fmt.Errorf("the import stopped: %s", done.Failure)
	}
	return err
}

func (c *importCmd) load(ctx context.Context, a *app, t *terminal, in io.Reader, request imports.Request) (*imports.Import, error) {
	spool, err := a.imports.Take(ctx, in)
	if err != nil {
		return nil, err
	}
	imp, err := a.imports.Create(ctx, operator, spool, request)
	if p, ok := problem.As(err); ok {
		return nil, usageError{explain(p)}
	}
	if err != nil {
		return nil, err
	}
	bar := t.progress("Import", imp.Size)
	return a.imports.Run(ctx, imp.ID, func(i *imports.Import) { bar(i.Done) })
}

// explain is a problem in one line, all its fields named.
func explain(p *problem.Problem) string {
	if len(p.Fields) == 0 {
		return p.Error()
	}
	lines := make([]string, len(p.Fields))
	for i, f := range p.Fields {
		lines[i] = f.Field + ": " + f.Detail
	}
	return strings.Join(lines, "; ")
}

func (c *importCmd) evidence() (*imports.Evidence, error) {
	if c.Evidence == "" && len(c.Topic) == 0 {
		return nil, nil
	}
	e := &imports.Evidence{}
	if text := []byte(c.Evidence); len(text) > 0 {
		if path, ok := strings.CutPrefix(c.Evidence, "@"); ok {
			var err error
			if text, err = os.ReadFile(path); err != nil {
				return nil, fmt.Errorf("--evidence: %s cannot be read: %w", path, errors.Unwrap(err))
			}
		}
		if err := strict.Unmarshal(text, e); err != nil {
			return nil, usageError{"--evidence is not the JSON object that it must be: " + strings.TrimPrefix(err.Error(), "json: ")}
		}
	}
	e.Topics = append(e.Topics, c.Topic...)
	for _, f := range []struct {
		to   *string
		from string
	}{{&e.Source, c.Source}, {&e.Wording, c.Wording}, {&e.URL, c.URL}, {&e.Document, c.Document}} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	if c.Action != preferences.ActionGive || e.Action == "" {
		e.Action = c.Action
	}
	e.Confirmed = e.Confirmed || c.Confirmed
	if c.CollectedAt != "" {
		e.CollectedAt = &preferences.Date{}
		if err := e.CollectedAt.UnmarshalJSON(fmt.Appendf(nil, "%q", c.CollectedAt)); err != nil {
			return nil, usageError{"--collected-at must be a time such as 2026-05-01 or 2026-05-01T09:00:00Z"}
		}
	}
	return e, nil
}

func writeRejects(ctx context.Context, a *app, imp *imports.Import, path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("--rejects: %w", err)
	}
	return errors.Join(a.imports.Rejects(ctx, imp, f), f.Close())
}

// tell says for a person how it went.
func (c *importCmd) tell(t *terminal, i *imports.Import) error {
	verb := "made"
	if i.DryRun {
		verb = "would be made"
	}
	fmt.Fprintf(t.out, "%d rows: %d people %s, %d were there already\n", i.Rows, i.Created, verb, i.Updated)
	if i.Confirmations > 0 {
		fmt.Fprintf(t.out, "%d people are asked to confirm by mail\n", i.Confirmations)
	}
	for _, part := range []struct {
		what   string
		counts map[string]int64
	}{{"left out", i.Skipped}, {"taken in part", i.Partly}} {
		for _, reason := range slices.Sorted(maps.Keys(part.counts)) {
			fmt.Fprintf(t.out, "%s: %d %s\n", part.what, part.counts[reason], reason)
		}
	}
	for _, e := range i.Errors[:min(len(i.Errors), 10)] {
		fmt.Fprintf(t.err, "line %d: %s\n", e.Line, strings.TrimSpace(e.Field+" "+e.Detail))
	}
	if len(i.Errors) > 10 && c.Rejects == "" {
		fmt.Fprintln(t.err, "There are more; --rejects FILE writes all of them.")
	}
	if !i.DryRun {
		_, err := fmt.Fprintf(t.out, "To take it back: POST /api/v1/imports/%s/undo\n", i.ID)
		return err
	}
	return nil
}

// progress shows a bar when a person looks on; without one, what it returns does nothing.
func (t *terminal) progress(what string, total int64) func(done int64) {
	if !isTerminal(t.err) || total <= 0 {
		return func(int64) {}
	}
	bar := progressbar.NewOptions64(total, progressbar.OptionSetWriter(t.err), progressbar.OptionSetDescription(what), progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100_000_000))
	return func(done int64) { _ = bar.Set64(done) }
}
