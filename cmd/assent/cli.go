package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line. Each command is a struct in a file of its own with a Run method, whose arguments are those
// bound in run: context.Context, *Config (parsed and checked when a command asks for it), and *terminal.
type cli struct {
	Settings

	Serve  serveCmd  `cmd:"" help:"Run everything in one process: pages, API, workers, scheduler, inbound mail."`
	Web    webCmd    `cmd:"" help:"Run the pages and the API, for more than one machine."`
	Worker workerCmd `cmd:"" help:"Run the workers, for more than one machine."`

	User userCmd `cmd:"" help:"Keep the people who sign in."`
	Key  keyCmd  `cmd:"" help:"Keep the API keys."`

	Import importCmd `cmd:"" help:"Import people, and what they chose, from a CSV file."`
	Export exportCmd `cmd:"" help:"Write the subscribers as CSV to standard output."`

	Suppressions suppressionsCmd `cmd:"" help:"Bring the blocked addresses in and out, as CSV."`

	Migrate migrateCmd `cmd:"" help:"Bring the database up to date."`
	Notice  noticeCmd  `cmd:"" help:"Send mandatory mail, and prove what became of it."`
	Ledger  ledgerCmd  `cmd:"" help:"Verify the record of consents, or print it for one person."`
	Audit   auditCmd   `cmd:"" help:"Check decisions again."`
	Doctor  doctorCmd  `cmd:"" help:"Examine this installation and say what to do."`
	DKIM    dkimCmd    `cmd:"" name:"dkim" help:"Keep the keys that mail is signed with, where the relay does not sign."`
	Backup  backupCmd  `cmd:"" help:"Write everything into one file, check it, and rotate older ones."`
	Restore restoreCmd `cmd:"" help:"Read a backup into an empty installation, on either engine."`
	Inbound inboundCmd `cmd:"" help:"Read returned mail (bounces, complaints, unsubscribes) from standard input: one mail, or an mbox file."`
	Bench   benchCmd   `cmd:"" help:"Measure this deployment with a campaign of made-up people; nothing of the installation is touched."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// json writes a value for machines, as --json asks.
func (t *terminal) json(v any) error {
	enc := json.NewEncoder(t.out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// usageError is wrong usage that only the command itself could see.
type usageError struct{ what string }

func (e usageError) Error() string { return e.what }

// The exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// run is the whole program. It returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var c cli
	left := -1 // set once a flag such as --help has done all that was asked
	parser, err := kong.New(&c,
		kong.Name("assent"),
		kong.Description("Consent-first communications engine. Start with: assent serve"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { left = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, FlagsLast: true}),
		kong.ExplicitGroups([]kong.Group{{
			Key:         "settings",
			Title:       "Settings:",
			Description: "Each is also an environment variable; a flag overrides it. In brackets: the default.",
		}}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&terminal{in: stdin, out: stdout, err: stderr}),
		kong.BindSingletonProvider(c.Settings.load),
	)
	if err != nil {
		return fail(stderr, err)
	}
	chosen, err := parser.Parse(args)
	if left >= 0 {
		return left
	}
	if err != nil {
		fmt.Fprintf(stderr, "assent: %s; see: assent %s--help\n", line(err), path(chosen, err))
		return exitUsage
	}
	return fail(stderr, chosen.Run())
}

// path is the command as far as it was understood, so that the advice leads to the right help.
func path(chosen *kong.Context, err error) string {
	var parse *kong.ParseError
	if chosen == nil && errors.As(err, &parse) {
		chosen = parse.Context
	}
	if chosen == nil || chosen.Selected() == nil {
		return ""
	}
	return strings.TrimPrefix(chosen.Selected().FullPath(), "assent ") + " "
}

// fail prints an error in one line and gives the exit code for it.
func fail(stderr io.Writer, err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, new(usageError)):
		fmt.Fprintf(stderr, "assent: %s\n", line(err))
		return exitUsage
	default:
		fmt.Fprintf(stderr, "assent: %s\n", line(err))
		return exitError
	}
}

// line is an error's text in one line.
func line(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
