package rights

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"assent/preferences"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/tokens"
)

// LinkTTL is how long the link to a copy of one's data works once it was asked for.
const LinkTTL = 7 * 24 * time.Hour

// ErrExpired is a link whose time is over.
var ErrExpired = problem.New(410, "This link has expired. Make the request again to get a new one.")

// Opened is what a link leads to.
type Opened struct {
	*Request
	// Confirmable tells that the link waits for its button.
	Confirmable bool
	Until       time.Time // when the link ends
}

// Open reads the request of a link. It changes nothing.
func (s *Service) Open(ctx context.Context, claims tokens.Claims) (Opened, error) {
	r, err := s.Get(ctx, s.DB, claims.Source)
	if err != nil {
		return Opened{}, err
	}
	o := Opened{Request: r, Confirmable: r.Status == Unconfirmed, Until: claims.Issued.Add(LinkTTL)}
	if o.Confirmable {
		site, err := s.People.Site.Get(ctx)
		if err != nil {
			return o, err
		}
		if o.Until = r.CreatedAt.Add(site.ConfirmTTL); s.now().After(o.Until) {
			return o, ErrExpired
		}
	}
	return o, nil
}

// Confirm is the click on the button behind the link: it is the person who asks. What Assent can do by itself is done at
// once; what needs somebody to look at it is then open. Done twice, it changes nothing the second time.
func (s *Service) Confirm(ctx context.Context, claims tokens.Claims, evidence preferences.Evidence) (*Request, error) {
	o, err := s.Open(ctx, claims)
	if err != nil || !o.Confirmable {
		return o.Request, err
	}
	actor := audit.Actor{Kind: audit.KindRecipient, ID: o.SubscriberID, IP: evidence.IP}
	r, first, err := s.verify(ctx, actor, claims.Source, "link")
	if err != nil || !first {
		return r, err
	}
	if !r.byItself() {
		return r, nil
	}
	done, err := s.carryOut(ctx, actor, r, "", evidence)
	if p, ok := problem.As(err); ok && p.Status == http.StatusUnprocessableEntity {
		// It cannot be done as it was asked, perhaps because the new address is somebody's already, which is not told: staff
		// look at it.
		return r, s.DB.Tx(ctx, func(tx *sqldb.Tx) error { return s.mail(ctx, tx, r, MailReceived, Letter{Due: r.DueAt}) })
	}
	return done, err
}

// verify notes that it is known who asks; first tells whether that is news.
func (s *Service) verify(ctx context.Context, actor audit.Actor, id, how string) (r *Request, first bool, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if r, err = lock(ctx, tx, id); err != nil {
			return err
		}
		if first = r.Status == Unconfirmed; !first {
			return nil
		}
		now := s.now()
		r.Status, r.VerifiedAt, r.VerifiedBy, r.UpdatedAt = Open, now, how, now
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		if err := s.step(ctx, tx, actor, r, "verify", map[string]any{"by": how}); err != nil {
			return err
		}
		if r.byItself() {
			return nil
		}
		return s.mail(ctx, tx, r, MailReceived, Letter{Due: r.DueAt})
	})
	if err == nil {
		s.People.Outbox.Flush(ctx)
	}
	return r, first, err
}

// byItself tells that a confirmed request needs nobody to look at it.
func (r *Request) byItself() bool {
	switch r.Kind {
	case Access, Portability, Erasure, Restriction, Objection:
		return true
	case Rectification:
		return r.Change != nil
	}
	return false
}

// carryOut does what is asked for, and then says that it is done.
func (s *Service) carryOut(ctx context.Context, actor audit.Actor, r *Request, answer string, evidence preferences.Evidence) (*Request, error) {
	evidence.Source, evidence.Reference = "data request", ""
	evidence.Note = r.Number
	err := s.do(ctx, actor, r, evidence)
	if errors.Is(err, preferences.ErrSubscriberNotFound) {
		err = nil // nobody we know, or no longer: there is nothing to be done
	}
	if err != nil {
		return nil, err
	}
	return s.finish(ctx, actor, r.ID, Done, answer)
}

func (s *Service) do(ctx context.Context, actor audit.Actor, r *Request, evidence preferences.Evidence) (err error) {
	if r.SubscriberID == "" {
		if r.Kind == Erasure {
			return s.People.EraseAddress(ctx, actor, r.Email, r.AddressKey)
		}
		return nil
	}
	switch r.Kind {
	case Erasure:
		_, err = s.People.Erase(ctx, actor, r.SubscriberID)
	case Restriction:
		_, err = s.People.Restrict(ctx, actor, r.SubscriberID, evidence)
	case Objection:
		if _, err = s.People.Object(ctx, actor, r.SubscriberID, false, evidence); err == nil {
			_, err = s.People.Object(ctx, actor, r.SubscriberID, true, evidence)
		}
	case Rectification:
		if r.Change != nil {
			_, err = s.People.Update(ctx, actor, r.SubscriberID, r.Change.profile())
		}
	}
	return err
}

// finish closes a request and tells the person, where that is not on the page before them.
func (s *Service) finish(ctx context.Context, actor audit.Actor, id string, status Status, answer string) (r *Request, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if r, err = lock(ctx, tx, id); err != nil {
			return err
		}
		if r.Status == Done || r.Status == Refused {
			return nil // somebody was faster
		}
		now := s.now()
		r.Status, r.ClosedAt, r.UpdatedAt = status, now, now
		if r.Email != "" {
			r.Answer = answer
		}
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		if err := s.step(ctx, tx, actor, r, string(status), nil); err != nil {
			return err
		}
		byStaff := actor.Kind != audit.KindRecipient
		switch {
		case status == Withdrawn:
			return nil
		case status == Refused:
			return s.mail(ctx, tx, r, MailDone, Letter{Note: answer, Refused: true})
		case byStaff && (r.Kind == Access || r.Kind == Portability):
			return s.mail(ctx, tx, r, MailExport, Letter{})
		case byStaff || answer != "":
			return s.mail(ctx, tx, r, MailDone, Letter{Note: answer})
		}
		return nil
	})
	if err == nil {
		s.People.Outbox.Flush(ctx)
	}
	return r, err
}

// ByItself tells that what a confirmed request asks for, Assent carries out.
func (r *Request) ByItself() bool { return r.byItself() }

// againEvery is how often the link that shows who asks is mailed anew.
const againEvery = time.Hour

// AskAgain mails the link that shows who asks once more, at most once an hour.
func (s *Service) AskAgain(ctx context.Context, actor audit.Actor, id string) (r *Request, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if r, err = lock(ctx, tx, id); err != nil {
			return err
		}
		switch now := s.now(); {
		case r.Status != Unconfirmed:
			return problem.Conflict("It is known already who asks.")
		case now.Sub(r.UpdatedAt) < againEvery:
			return problem.Conflict("The link was mailed within the last hour; give the person time to read it.")
		default:
			r.UpdatedAt = now
		}
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		if err := s.step(ctx, tx, actor, r, "ask_again", nil); err != nil {
			return err
		}
		return s.mail(ctx, tx, r, MailIdentity, Letter{})
	})
	if err == nil {
		s.People.Outbox.Flush(ctx)
	}
	return r, err
}

// Package gathers the copy of a person's data for staff who look after their request, and notes in the audit log that they did.
func (s *Service) Package(ctx context.Context, actor audit.Actor, id string) (r *Request, c *Copy, err error) {
	if r, err = s.Get(ctx, s.DB, id); err != nil {
		return nil, nil, err
	}
	if r.VerifiedAt.IsZero() || (r.Kind != Access && r.Kind != Portability) {
		return nil, nil, problem.Conflict("A copy is made for a request for access or portability, once it is known who asks.")
	}
	if c, err = s.Copy(ctx, r); err != nil {
		return nil, nil, err
	}
	return r, c, s.DB.Tx(ctx, func(tx *sqldb.Tx) error { return s.step(ctx, tx, actor, r, "package", nil) })
}

// Update is what staff do with a request. A nil field is left as it is.
type Update struct {
	Status   *Status    `json:"status"` // in_progress, done (which carries it out), refused, withdrawn
	Answer   *string    `json:"answer"` // told to the person
	Verified *string    `json:"verified_by"`
	DueAt    *time.Time `json:"due_at"`   // later, at most three months after it came in
	Extended *string    `json:"extended"` // why, told to the person
}

// Change carries on with a request.
func (s *Service) Change(ctx context.Context, actor audit.Actor, id string, u Update) (*Request, error) {
	r, err := s.Get(ctx, s.DB, id)
	if err != nil {
		return nil, err
	}
	if r.Status.Closed() {
		return nil, problem.Conflict("This request is closed; take in a new one.")
	}
	if err := u.check(r); err != nil {
		return nil, err
	}
	if u.Verified != nil {
		if r, _, err = s.verify(ctx, actor, id, strings.TrimSpace(*u.Verified)); err != nil {
			return nil, err
		}
	}
	if u.DueAt != nil {
		if r, err = s.extend(ctx, actor, id, u.DueAt.UTC().Truncate(time.Microsecond), strings.TrimSpace(*u.Extended)); err != nil {
			return nil, err
		}
	}
	if u.Status == nil {
		return r, nil
	}
	answer := ""
	if u.Answer != nil {
		answer = strings.TrimSpace(*u.Answer)
	}
	switch *u.Status {
	case InProgress:
		return s.begin(ctx, actor, id)
	case Done:
		return s.carryOut(ctx, actor, r, answer, preferences.Evidence{})
	}
	return s.finish(ctx, actor, id, *u.Status, answer)
}

func (u Update) check(r *Request) error {
	var bad problem.Collector
	answer := ""
	if u.Answer != nil {
		answer = text(&bad, "answer", *u.Answer, maxDetail)
	}
	verified := r.Status != Unconfirmed
	if u.Verified != nil {
		if text(&bad, "verified_by", *u.Verified, maxName) == "" {
			bad.Add("verified_by", "must say how it is known who asks")
		}
		verified = true
	}
	if u.DueAt != nil || u.Extended != nil {
		if u.Extended == nil || text(&bad, "extended", *u.Extended, maxDetail) == "" {
			bad.Add("extended", "must tell the person why it takes longer")
		}
		if u.DueAt == nil || !u.DueAt.After(r.DueAt) || u.DueAt.After(Due(r.ReceivedAt, 3)) {
			bad.Add("due_at", "must be later, and at most three months after the request came in")
		}
	}
	if u.Status != nil {
		switch *u.Status {
		case InProgress, Withdrawn:
		case Done, Refused:
			if !verified && *u.Status == Done {
				bad.Add("status", "cannot be done before it is known who asks; say how it is in verified_by")
			}
			if answer == "" && (*u.Status == Refused || !r.byItself()) {
				bad.Add("answer", "must tell the person what was done, or why not")
			}
		default:
			bad.Add("status", "must be in_progress, done, refused or withdrawn")
		}
	}
	return bad.Err()
}

func (s *Service) begin(ctx context.Context, actor audit.Actor, id string) (r *Request, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if r, err = lock(ctx, tx, id); err != nil || r.Status != Open {
			return err
		}
		r.Status, r.UpdatedAt = InProgress, s.now()
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		return s.step(ctx, tx, actor, r, "begin", nil)
	})
	return r, err
}

// extend puts the day off and tells the person why, which must be within the first month (GDPR 12(3)).
func (s *Service) extend(ctx context.Context, actor audit.Actor, id string, due time.Time, why string) (r *Request, err error) {
	err = s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if r, err = lock(ctx, tx, id); err != nil {
			return err
		}
		if s.now().After(Due(r.ReceivedAt, 1)) {
			return problem.Unprocessable("The month in which the person had to be told of a delay is over.", problem.Field{Field: "due_at", Detail: "cannot be changed any more"})
		}
		r.DueAt, r.Extended, r.UpdatedAt, r.Escalated = due, why, s.now(), 0
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		if err := s.step(ctx, tx, actor, r, "extend", map[string]any{"due_at": due}); err != nil {
			return err
		}
		return s.mail(ctx, tx, r, MailExtended, Letter{Due: due, Note: why})
	})
	if err == nil {
		s.People.Outbox.Flush(ctx)
	}
	return r, err
}
