package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"time"

	"assent/campaigns/evidence"
	"assent/campaigns/notices"
	"assent/campaigns/outbox"
)

// noticeCmd is mandatory mail on the command line.
type noticeCmd struct {
	Send   noticeSendCmd   `cmd:"" help:"Send a notice to one person. A running worker takes it."`
	Proof  noticeProofCmd  `cmd:"" help:"Print everything that proves what became of a notice."`
	Verify noticeVerifyCmd `cmd:"" help:"Recompute the chain of evidence and tell whether anything in it, in a notice or in a kept mail was changed."`
}

type noticeSendCmd struct {
	To         string        `required:"" placeholder:"EMAIL" help:"Address."`
	Obligation string        `required:"" placeholder:"WHY" help:"Why it must be sent: contract, account, payment, terms_change, privacy_change, service_change, security or legal."`
	Basis      string        `required:"" help:"Legal basis: contract, legal_obligation, vital_interests, public_task or legitimate_interests."`
	Subject    string        `help:"Subject; a template has its own."`
	Text       string        `xor:"content" required:"" help:"Text in Markdown; - reads standard input."`
	Template   string        `xor:"content" required:"" placeholder:"NAME" help:"In place of a text, a typed notice: contract_confirmed, contract_amended, contract_cancelled, payment_due, payment_failed, payment_received, account_changed, sign_in_alert, terms_change, privacy_change or service_interruption."`
	Values     string        `placeholder:"JSON" help:"What the template tells, as a JSON object."`
	Attach     []string      `placeholder:"FILE" type:"path" help:"A file that goes with it; may be repeated."`
	CC         []string      `name:"cc" placeholder:"EMAIL" help:"Somebody else whom it concerns, with a delivery of their own; may be repeated."`
	Name       string        `help:"Name of the person."`
	Locale     string        `placeholder:"TAG" help:"Language of the person, such as nl."`
	Reference  string        `help:"Your own reference."`
	Brand      string        `placeholder:"KEY" help:"Brand that it speaks for."`
	Wait       time.Duration `placeholder:"DURATION" help:"Wait this long for the outcome; it is an error when it was not accepted."`
	JSON       bool          `help:"Print as JSON."`
}

func (c *noticeSendCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	in, err := c.input(t)
	if err != nil {
		return err
	}
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	made, err := a.notices.Create(ctx, operator, in)
	if err != nil {
		return err
	}
	m := &made[0]
	if m, err = a.await(ctx, m, c.Wait); err != nil {
		return err
	}
	if c.JSON {
		if err := t.json(map[string]string{"id": m.ID, "status": m.Status, "reason": m.Reason}); err != nil {
			return err
		}
	} else if _, err := fmt.Fprintf(t.out, "%s %s\n", m.ID, m.Status); err != nil {
		return err
	}
	if c.Wait > 0 && m.Status != outbox.StatusSent {
		return fmt.Errorf("the notice is %s %s; see: assent notice proof %s", m.Status, m.Reason, m.ID)
	}
	return nil
}

// input is the notice that the flags describe.
func (c *noticeSendCmd) input(t *terminal) (in notices.Input, err error) {
	in = notices.Input{To: notices.Recipient{Email: c.To, Name: c.Name, Locale: c.Locale}, Obligation: c.Obligation, Basis: c.Basis, Subject: c.Subject, Reference: c.Reference, Brand: c.Brand, Template: c.Template}
	if c.Values != "" {
		if c.Template == "" {
			return in, usageError{"--values goes with --template"}
		}
		if in.Data = json.RawMessage(c.Values); !json.Valid(in.Data) {
			return in, usageError{"--values is not JSON"}
		}
	}
	if c.Template == "" {
		text := c.Text
		if text == "-" {
			all, err := io.ReadAll(io.LimitReader(t.in, 1<<20))
			if err != nil {
				return in, fmt.Errorf("--text: %w", err)
			}
			text = string(all)
		}
		if in.Blocks, err = json.Marshal([]map[string]string{{"type": "text", "markdown": text}}); err != nil {
			return in, err
		}
	}
	for _, path := range c.Attach {
		body, err := os.ReadFile(path)
		if err != nil {
			return in, fmt.Errorf("--attach: %w", err)
		}
		kind := mime.TypeByExtension(filepath.Ext(path))
		if kind == "" {
			kind = "application/octet-stream"
		}
		in.Attachments = append(in.Attachments, outbox.Attachment{Filename: filepath.Base(path), ContentType: kind, Content: body})
	}
	for _, email := range c.CC {
		in.CC = append(in.CC, notices.Copy{Email: email})
	}
	return in, nil
}

// await waits until a notice has an outcome, or the time is over.
func (a *app) await(ctx context.Context, m *outbox.Message, wait time.Duration) (*outbox.Message, error) {
	for until := time.Now().Add(wait); time.Now().Before(until); {
		now, err := a.notices.Get(ctx, m.ID)
		if err != nil {
			return m, err
		}
		if m = now; m.Status == outbox.StatusSent || m.Status == outbox.StatusBounced || m.Status == outbox.StatusUnserved {
			return m, nil
		}
		select {
		case <-ctx.Done():
			return m, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return m, nil
}

type noticeProofCmd struct {
	ID   string `arg:"" help:"Id of the notice."`
	JSON bool   `help:"Print as JSON."`
	Mail bool   `help:"Print the mail itself, byte for byte, in place of the proof."`
}

func (c *noticeProofCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	a, err := newApp(ctx, cfg, cfg.logger(t.err))
	if err != nil {
		return err
	}
	defer a.Close()
	id := strings.TrimSpace(c.ID)
	if c.Mail {
		raw, err := a.notices.Raw(ctx, id)
		if err != nil {
			return err
		}
		_, err = t.out.Write(raw)
		return err
	}
	p, err := a.notices.Proof(ctx, id)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.json(p)
	}
	_, err = io.WriteString(t.out, p.Text())
	return err
}

type noticeVerifyCmd struct {
	Expect string `placeholder:"SEQ:HASH" help:"Head that was noted before; the chain must still contain it."`
	JSON   bool   `help:"Print as JSON."`
}

// errForged ends a verification that found something, after it was printed.
var errForged = errors.New("the evidence was changed; compare it with a backup from before")

func (c *noticeVerifyCmd) Run(ctx context.Context, cfg *Config, t *terminal) error {
	db, err := openDB(ctx, cfg)
	if err != nil {
		return err
	}
	defer db.Close()
	r, err := evidence.Verify(ctx, db, evidence.Options{Expect: c.Expect, Progress: verifying(t)})
	if err != nil {
		return err
	}
	if c.JSON {
		if err := t.json(r); err != nil {
			return err
		}
	} else if r.OK() {
		fmt.Fprintf(t.out, "the evidence is whole: %d rows, %d erased, %d mails kept; head %s\n", r.Rows, r.Erased, r.Mails, r.Head)
	}
	if !r.OK() {
		return fmt.Errorf("row %d: %s: %w", r.Broken.Seq, r.Broken.Detail, errForged)
	}
	return nil
}
