package forms

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/sqldb"
)

// Kinds of service mail that forms ask for; each names its template.
const (
	MailDocument = "document"
	MailReceived = "form_received"
)

// Document is the data of the mail that brings what a download form promised.
type Document struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Received is the data of the mail that says that a message has come in.
type Received struct {
	Kind      string `json:"kind"`
	Reference string `json:"reference"`
}

const (
	batch = 100
	// tries is how often a submission that cannot be worked off is tried, over some hours.
	tries = 16
	// most is how many sign-ups of one mailbox are looked at within [preferences.SiteSettings.ConfirmEvery].
	most = 10
	// mostMails is how many documents and answers one mailbox gets in that time.
	mostMails = 5
)

// Kick lets this process work off what has come in, at once and beside the caller, until [Store.Close].
func (s *Store) Kick() {
	s.loop.Kick(s.Work, func(err error) { s.log().Error("forms: sign-ups wait", "error", err) })
}

// Close stops what [Store.Kick] began, after the sign-up that is under way. The rest is done when a process looks again.
func (s *Store) Close() { s.loop.Close() }

// Work works off all submissions that are due. Several processes may do it at once: each submission is done once.
func (s *Store) Work(ctx context.Context) error {
	for {
		ids, err := s.due(ctx)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := s.workOff(ctx, id); err != nil {
				if ctx.Err() != nil {
					return err
				}
				s.log().Warn("forms: a sign-up is tried again later", "submission", id, "error", err)
				if err := s.postpone(ctx, id); err != nil {
					return err
				}
			}
		}
		if len(ids) > 0 {
			s.People.Outbox.Flush(ctx)
		}
		if len(ids) < batch {
			return nil
		}
	}
}

func (s *Store) due(ctx context.Context) (ids []string, err error) {
	ids, err = sqldb.Values[string](ctx, s.DB, "SELECT id FROM form_submissions WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2", sqldb.Micros(s.now()), batch)
	if err != nil {
		return nil, fmt.Errorf("forms: submissions: %w", err)
	}
	return ids, nil
}

// postpone puts a submission off, twice as long each time, and gives up in the end.
func (s *Store) postpone(ctx context.Context, id string) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		var attempts int
		err := tx.QueryRowContext(ctx, "UPDATE form_submissions SET attempts = attempts + 1 WHERE id = $1 RETURNING attempts", id).Scan(&attempts)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("forms: submission: %w", err)
		}
		if attempts >= tries {
			s.log().Error("forms: a sign-up is given up", "submission", id)
			_, err = tx.ExecContext(ctx, "DELETE FROM form_submissions WHERE id = $1", id)
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE form_submissions SET due_at = $1 WHERE id = $2", sqldb.Micros(s.now().Add(time.Second<<min(attempts, 12))), id)
		return err
	})
}

// workOff does everything about one submission in one transaction, in which it is taken away.
func (s *Store) workOff(ctx context.Context, id string) error {
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		var formID, content string
		err := tx.QueryRowContext(ctx, "DELETE FROM form_submissions WHERE id = $1 RETURNING form_id, content", id).Scan(&formID, &content)
		if errors.Is(err, sql.ErrNoRows) {
			return nil // another process was faster
		}
		if err != nil {
			return fmt.Errorf("forms: submission: %w", err)
		}
		var in Submission
		if err := json.Unmarshal([]byte(content), &in); err != nil {
			return fmt.Errorf("forms: submission: %w", err)
		}
		f, err := s.byID(ctx, tx, formID)
		if err != nil {
			return err
		}
		w, ok, err := s.Wording(ctx, tx, f.ID, in.Wording)
		if err != nil {
			return err
		}
		if !ok && len(in.Topics) > 0 {
			return fmt.Errorf("forms: no wording %s of %s", in.Wording, f.Key)
		}
		return s.settle(ctx, tx, f, in, w)
	})
}

// settle records what was agreed to and answers what was asked for.
func (s *Store) settle(ctx context.Context, tx *sqldb.Tx, f *Form, in Submission, w Wording) error {
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return err
	}
	now := s.now()
	box, err := s.mailbox(ctx, tx, in.Email, f, now.Add(-site.ConfirmEvery), now.Add(-min(site.ConfirmEvery, site.ConfirmTTL)))
	if err != nil || box.signups >= most {
		return err
	}
	var topics []preferences.SignUpTopic
	for _, key := range in.Topics {
		if text, ok := w.Texts[key]; ok { // a box that was not there yet cannot have been ticked
			topics = append(topics, preferences.SignUpTopic{Key: key, Wording: text})
		}
	}
	if f.Kind == KindNewsletter && len(topics) == 0 {
		return nil // nothing was asked for, so nobody is recorded
	}
	done, err := s.People.SignUp(ctx, tx, preferences.SignUp{
		Email: in.Email, FirstName: in.FirstName, LastName: in.LastName, Company: line(in.Answers["company"]), Phone: line(in.Answers["phone"]), Locale: in.Locale,
		Source: preferences.SourceForm + f.Key, Brand: f.Brand, Topics: topics, Quiet: box.asked, Again: box.again,
		Evidence: preferences.Evidence{Source: "form", Form: f.Key, URL: in.URL, IP: in.IP, UserAgent: in.UserAgent, Locale: w.Locale, WordingVersion: w.Version},
	})
	if err != nil {
		return err
	}
	if err := s.noteSignups(ctx, tx, f, done.Subscriber.ID, topics); err != nil {
		return err
	}
	notes := []string{noteSignup}
	if done.Mailed {
		notes = append(notes, preferences.MailConfirmSignup)
	}
	reference := ""
	if f.Kind != KindNewsletter {
		if reference, err = s.respond(ctx, tx, f, in, done.Subscriber); err != nil {
			return err
		}
	}
	if mail, ok := f.answer(reference, in.Locale); ok && !box.answered && box.mails < mostMails {
		// Without a name: a stranger may have typed it, to have it shown to anybody they like.
		mail.SubscriberID, mail.Email, mail.Locale, mail.Brand = done.Subscriber.ID, done.Subscriber.Email, in.Locale, f.Brand
		if _, err := s.People.Outbox.Queue(ctx, tx, now, mail); err != nil {
			return err
		}
		notes = append(notes, mail.Kind)
	}
	return box.note(ctx, tx, f, done.Subscriber.ID, now, notes)
}

func line(answer any) string {
	text, _ := answer.(string)
	return text
}

// answer is the mail that a form sends back to everybody who fills it in: service, whether or not a box was ticked.
func (f *Form) answer(reference, lang string) (preferences.ServiceMail, bool) {
	switch f.Kind {
	case KindDownload:
		return preferences.ServiceMail{Kind: MailDocument, Reference: "form:" + reference, Data: Document{Title: f.Names.In(lang), URL: f.Document}}, true
	case KindContact, KindDemo:
		return preferences.ServiceMail{Kind: MailReceived, Reference: "form:" + reference, Data: Received{Kind: f.Kind, Reference: shortReference(reference)}}, true
	}
	return preferences.ServiceMail{}, false
}

// shortReference is the part of an id that a person may read out.
func shortReference(id string) string { return id[len(id)-8:] }

// noteSignup is the note of a sign-up beside those of the mails.
const noteSignup = "signup"

// mailbox is what forms did with one mailbox of late. Tags after a plus sign are the same mailbox here.
type mailbox struct {
	fingerprint []byte
	signups     int  // by any form
	mails       int  // documents and answers, by any form
	again       bool // this form was sent before
	answered    bool // this form has answered
	asked       bool // a confirmation went out by any form, and nobody has used its link yet
}

// mailbox reads the notes since then, those of confirmations since asked. Until the transaction ends nobody else works for the same mailbox.
func (s *Store) mailbox(ctx context.Context, tx *sqldb.Tx, email string, f *Form, since, asked time.Time) (b mailbox, err error) {
	parsed, err := address.Parse(email)
	if err != nil {
		return b, err
	}
	_, b.fingerprint = s.People.Keys.Fingerprint(address.FoldPlus(parsed.Key))
	if tx.Dialect() == sqldb.PostgreSQL {
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(binary.BigEndian.Uint64(b.fingerprint))); err != nil {
			return b, fmt.Errorf("forms: mailbox: %w", err)
		}
	}
	for row := range sqldb.Rows(ctx, tx, `SELECT m.form_id, m.kind FROM form_mails m WHERE m.fingerprint = $1 AND m.at > $2
		AND (m.kind <> $3 OR EXISTS (SELECT 1 FROM confirmations c WHERE c.subscriber_id = m.subscriber_id AND c.at > $4))`,
		b.fingerprint, sqldb.Micros(since), preferences.MailConfirmSignup, sqldb.Micros(asked)) {
		var form, kind string
		if err := row.Scan(&form, &kind); err != nil {
			return b, fmt.Errorf("forms: mailbox: %w", err)
		}
		switch kind {
		case noteSignup:
			b.signups++
			b.again = b.again || form == f.ID
		case preferences.MailConfirmSignup:
			b.asked = true
		default:
			b.mails++
			b.answered = b.answered || form == f.ID
		}
	}
	return b, nil
}

func (b mailbox) note(ctx context.Context, tx *sqldb.Tx, f *Form, subscriberID string, at time.Time, kinds []string) error {
	for _, kind := range kinds {
		if _, err := tx.ExecContext(ctx, "INSERT INTO form_mails (fingerprint, form_id, subscriber_id, kind, at) VALUES ($1, $2, $3, $4, $5)", b.fingerprint, f.ID, subscriberID, kind, sqldb.Micros(at)); err != nil {
			return fmt.Errorf("forms: mailbox: %w", err)
		}
	}
	return nil
}

// Trim forgets notes about mailboxes that count no more.
func (s *Store) Trim(ctx context.Context) error {
	site, err := s.People.Site.Get(ctx)
	if err != nil {
		return err
	}
	if _, err := s.DB.ExecContext(ctx, "DELETE FROM form_mails WHERE at < $1", sqldb.Micros(s.now().Add(-max(2*site.ConfirmEvery, 48*time.Hour)))); err != nil {
		return fmt.Errorf("forms: trim: %w", err)
	}
	return nil
}

// Maintain is the work of a process that serves no pages: what others left, and what is old.
func (s *Store) Maintain(ctx context.Context) error { return errors.Join(s.Work(ctx), s.Trim(ctx)) }
