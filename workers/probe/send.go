package probe

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"assent/preferences"
	"assent/preferences/address"
	"assent/preferences/gate"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/templates/locale"
	"assent/workers/doctor"
	"assent/workers/message"
	"assent/workers/transport"
)

// Way is how mail of one stream goes out.
type Way struct {
	Stream  gate.Stream
	From    message.Address
	ReplyTo string
	// Transport hands over mail by this stream's relay.
	Transport transport.Transport
	// Read is the mail as the built-in mailbox keeps it, by its id; nil where there is a relay.
	Read func(ctx context.Context, id string) ([]byte, error)
}

// Sender sends test mails. All fields but Sign and Returns are required.
type Sender struct {
	DB       *sqldb.DB
	Now      func() time.Time
	Links    preferences.Links
	Locale   *locale.Locale
	Resolver doctor.Resolver
	Facts    func(ctx context.Context, q sqldb.Querier, class gate.Class, keys []string) (map[string]gate.Facts, error)
	Sign     func(ctx context.Context, stream gate.Stream, from string) (*message.Signer, error)

	Returns  bool          // mail to our signed addresses comes back to us
	Patience time.Duration // that it may take
}

// Run sends one mail by each way and tells what became of it. With an empty address they go to ourselves.
func (s *Sender) Run(ctx context.Context, to string, ways ...Way) ([]doctor.Check, error) {
	if to != "" {
		a, err := address.Parse(to)
		if err != nil {
			return nil, problem.Invalid("to", "is not an e-mail address")
		}
		to = a.Display
	}
	var out []doctor.Check
	for _, w := range ways {
		if to == "" && !s.Returns && w.Read == nil {
			return nil, problem.Invalid("to", "name an address for the test mails; without ASSENT_INBOUND_ADDR or ASSENT_IMAP_URL they do not come back by themselves")
		}
	}
	for _, w := range ways {
		checks, err := s.one(ctx, to, w)
		if err != nil {
			return out, err
		}
		out = append(out, checks...)
	}
	return out, nil
}

func (s *Sender) one(ctx context.Context, to string, w Way) ([]doctor.Check, error) {
	id, own := sqldb.NewID(), to == ""
	if own {
		to = s.Links.ReturnPath(id, id)
	}
	if own && w.Read == nil {
		if err := begin(ctx, s.DB, id, string(w.Stream), s.Now()); err != nil {
			return nil, err
		}
	}
	raw, signed, err := s.compose(ctx, id, to, w)
	if err != nil {
		return []doctor.Check{{Name: name(w, "content"), Status: doctor.Fail, Detail: err.Error(), WhatToDo: "check the brand's sender and the keys that mail is signed with"}}, nil
	}
	permit, refusal, err := s.permit(ctx, id, to, own, w.Stream)
	if err != nil || refusal != "" {
		return []doctor.Check{{Name: name(w, "handed over"), Status: doctor.Fail, Detail: "nothing may be sent to this address: " + refusal, WhatToDo: "name another address"}}, err
	}
	result := transport.Send(ctx, w.Transport, transport.Outgoing{Permit: permit, ID: id, From: s.Links.ReturnPath(id, id), To: to, Data: raw})
	out := []doctor.Check{handed(w, result)}
	if result.State != transport.Sent {
		return out, nil
	}
	seen := doctor.TestMail{Stream: string(w.Stream), Raw: raw, Bulk: w.Stream == gate.StreamMarketing, Signed: signed, MessageID: s.Links.MessageID(id), Local: strings.HasPrefix(s.Links.Base, "http://")}
	switch {
	case w.Read != nil:
		if seen.Raw, err = w.Read(ctx, id); err != nil {
			return out, err
		}
	case own:
		began := time.Now()
		came, err := await(ctx, s.DB, id, s.Patience)
		if err != nil {
			return out, err
		}
		back := doctor.Check{Name: name(w, "way back"), Status: doctor.OK, Detail: fmt.Sprintf("it came back after %s", time.Since(began).Round(100*time.Millisecond))}
		if came == nil {
			back = doctor.Check{Name: name(w, "way back"), Status: doctor.Warn, Detail: fmt.Sprintf("it did not come back within %s; what follows is about the mail as it was handed over", s.Patience),
				WhatToDo: "check that assent serve or worker runs, and that mail for " + s.Links.BounceDomain + " reaches it; a relay may also put a mail off"}
		} else {
			seen.Raw, seen.Received = came, true
		}
		out = append(out, back)
	}
	return append(out, doctor.Mail(ctx, s.Resolver, seen)...), nil
}

// permit asks the gate for a service mail: what is blocked as a whole gets no test either.
func (s *Sender) permit(ctx context.Context, id, to string, own bool, stream gate.Stream) (gate.Permit, string, error) {
	facts := gate.Facts{Class: gate.Service, Bounced: gate.No, Suppressed: gate.No}
	if !own {
		a, err := address.Parse(to)
		if err != nil {
			return gate.Permit{}, "", err
		}
		all, err := s.Facts(ctx, s.DB, gate.Service, []string{a.Key})
		if err != nil {
			return gate.Permit{}, "", err
		}
		facts = all[a.Key]
	}
	d := gate.Decide(facts, s.Now())
	permit, ok := d.Permit(id, stream)
	if stream == gate.StreamMarketing {
		permit, ok = d.TrialPermit(id)
	}
	if !ok {
		return permit, string(d.Reason()), nil
	}
	return permit, "", nil
}

// compose writes the mail as those of its stream are written.
func (s *Sender) compose(ctx context.Context, id, to string, w Way) (raw []byte, signed bool, err error) {
	l := s.Locale
	m := message.Message{Class: gate.Service, From: w.From, ReplyTo: message.Address{Email: w.ReplyTo}, To: message.Address{Email: to}, Subject: l.T("mail.trial.subject", "stream", l.T("mail.trial."+string(w.Stream))),
		Date: s.Now(), MessageID: s.Links.MessageID(id), Language: l.Tag(), Text: l.T("mail.trial.text") + "\n"}
	if w.Stream == gate.StreamMarketing {
		links := s.Links.For(id, "", id, s.Now())
		domain := w.From.Email[strings.LastIndexByte(w.From.Email, '@')+1:]
		if !strings.Contains(domain, ".") {
			domain += ".localdomain" // RFC 2919 §2
		}
		m.Class = gate.Marketing
		m.List = &message.List{Name: l.T("mail.trial.list"), ID: "test." + domain, Unsubscribe: links.Unsubscribe, Mailto: links.MailtoAddress, Feedback: []string{"test", "test", "marketing", "assent"}}
		m.Text += "\n" + l.T("mail.trial.leave") + " " + links.Unsubscribe + "\n"
	}
	if raw, err = message.Build(m); err != nil || s.Sign == nil {
		return raw, false, err
	}
	signer, err := s.Sign(ctx, w.Stream, w.From.Email)
	if err != nil || signer == nil {
		return raw, false, err
	}
	raw, err = signer.Sign(nil, raw)
	return raw, true, err
}

func name(w Way, what string) string { return "test mail " + string(w.Stream) + ": " + what }

// handed tells how the relay took the mail.
func handed(w Way, r transport.Result) doctor.Check {
	host, _, _ := net.SplitHostPort(r.Relay)
	handed, said := name(w, "handed over"), r.Said()
	switch {
	case r.State != transport.Sent && said == "" && r.Err != nil:
		return doctor.Check{Name: handed, Status: doctor.Fail, Detail: fmt.Sprintf("%s does not answer: %v", r.Relay, r.Err), WhatToDo: "check host, port and firewall"}
	case r.State != transport.Sent:
		return doctor.Check{Name: handed, Status: doctor.Fail, Detail: fmt.Sprintf("%s did not take it: %s", r.Relay, said), WhatToDo: "read what the relay says; check user, password and the address"}
	case w.Read != nil:
		return doctor.Check{Name: handed, Status: doctor.OK, Detail: "kept in the built-in mailbox"}
	case r.TLS != "":
		return doctor.Check{Name: handed, Status: doctor.OK, Detail: fmt.Sprintf("%s took it over %s: %s", r.Relay, r.TLS, said)}
	case transport.Loopback(host):
		return doctor.Check{Name: handed, Status: doctor.OK, Detail: fmt.Sprintf("%s took it without TLS: %s", r.Relay, said)}
	}
	return doctor.Check{Name: handed, Status: doctor.Fail, Detail: fmt.Sprintf("%s took it without TLS: %s", r.Relay, said), WhatToDo: "use a relay that offers STARTTLS, or smtps://"}
}
