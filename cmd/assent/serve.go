package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"assent/preferences/web"
)

type serveCmd struct{}

// Run is all in one process.
func (c *serveCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	return start(ctx, cfg, t, true, true)
}

type webCmd struct{}

// Run is the pages and the API.
func (c *webCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	return start(ctx, cfg, t, true, false)
}

type workerCmd struct{}

// Run sends, and does whatever nobody waits for.
func (c *workerCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	return start(ctx, cfg, t, false, true)
}

// grace is how long a stop waits for what has begun.
const grace = 10 * time.Second

// start runs the halves that are asked for and waits until it is told to stop.
func start(ctx context.Context, cfg *Config, t *terminal, pages, sends bool) error {
	log := cfg.logger(t.err)
	flush, err := tracing(ctx)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if err := flush(ctx); err != nil {
			log.Warn("the last spans did not reach the collector", "error", err)
		}
	}()
	var listener net.Listener
	if pages {
		if listener, err = net.Listen("tcp", cfg.Addr); err != nil {
			return fmt.Errorf("ASSENT_ADDR: cannot listen on %s: %w", cfg.Addr, err)
		}
		cfg.Listening(listener.Addr().String())
	}
	a, err := newApp(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer a.Close()
	if sends {
		e, err := a.engine()
		if err != nil {
			return err
		}
		if err := e.Start(); err != nil {
			return err
		}
		defer func() {
			ctx, cancel := context.WithTimeout(context.Background(), grace)
			defer cancel()
			e.Stop(ctx)
		}()
		wait, err := a.receive(ctx)
		if err != nil {
			return err
		}
		defer wait()
	}
	if !pages {
		fmt.Fprintln(t.out, "Assent works through the queue.")
		<-ctx.Done()
		return nil
	}
	return a.listen(ctx, listener, t)
}

// listen serves pages and API until ctx ends, then lets requests under way finish.
func (a *app) listen(ctx context.Context, listener net.Listener, t *terminal) error {
	routes, err := a.routes(ctx)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	server.RegisterOnShutdown(a.live.Close) // a page that is watched would hold the stop up
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(web.Patient(listener)) }()
	go a.resume(ctx)
	if err := a.greet(ctx, t); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(stop); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// greet tells a person where to go.
func (a *app) greet(ctx context.Context, t *terminal) error {
	fmt.Fprintf(t.out, "Assent listens on %s\n", a.config.BaseURL)
	token, err := a.accounts.SetUpLink(ctx)
	if err != nil {
		return err
	}
	if token != "" {
		fmt.Fprintf(t.out, "Make the first administrator here (the link works once): %s\n", a.site.SetUpURL(token))
	}
	if a.mailbox != nil {
		fmt.Fprintf(t.out, "No relay is set, so mail stays here: %s/mailbox\n", a.config.BaseURL)
	}
	if a.config.TimeOffset != 0 {
		fmt.Fprintf(t.out, "The clock is shifted by %s (ASSENT_TIME_OFFSET)\n", a.config.TimeOffset)
	}
	return nil
}
