package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"assent/preferences/problem"
)

// suppressionsCmd keeps the blocked addresses.
type suppressionsCmd struct {
	Export suppressionsExportCmd `cmd:"" help:"Write the blocked addresses as CSV to standard output."`
	Import suppressionsImportCmd `cmd:"" help:"Block the addresses of a CSV file."`
}

type suppressionsExportCmd struct {
	Reason string `enum:",manual,bounced,complained" default:"" help:"Those of one reason: manual, bounced or complained."`
}

func (c *suppressionsExportCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	out := bufio.NewWriterSize(t.out, 64<<10)
	if err := a.people.ExportSuppressions(ctx, out, c.Reason); err != nil {
		return err
	}
	return out.Flush()
}

type suppressionsImportCmd struct {
	File   string `arg:"" help:"CSV file with a column email, and reason and note if there are such. - reads standard input."`
	Reason string `enum:"manual,bounced,complained" default:"manual" help:"For rows without one: manual, bounced or complained."`
	JSON   bool   `help:"Print the result as JSON."`
}

func (c *suppressionsImportCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	var in io.Reader = t.in
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("%s cannot be read: %w", c.File, errors.Unwrap(err))
		}
		defer f.Close()
		in = f
	}
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	out, err := a.people.ImportSuppressions(ctx, operator, in, c.Reason, "import")
	if p, ok := problem.As(err); ok && len(p.Fields) > 0 {
		return fmt.Errorf("%s %s", c.File, p.Fields[0].Detail)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return t.json(out)
	}
	for _, wrong := range out.Errors {
		fmt.Fprintf(t.err, "row %d: %s\n", wrong.Row, wrong.Detail)
	}
	_, err = fmt.Fprintf(t.out, "%d rows: %d blocked, %d were so before, %d could not be read\n", out.Rows, out.Added, out.Known, out.Wrong)
	return err
}
