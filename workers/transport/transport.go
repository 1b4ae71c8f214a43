package transport

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"assent/preferences/gate"
)

// Transport takes batches of messages, each with its permit.
type Transport interface {
	// SendBatch sends the messages in order over one connection and returns a result for each. When ctx ends, the transaction under way is
	// finished and the rest is NotBegun. Several batches go at once, as many as Connections tells; more wait.
	SendBatch(ctx context.Context, b Batch) []Result
	Connections() int
	Name() string // of the relay, as evidence names it
	// Close waits for the batches under way, until ctx ends, then cuts them off.
	Close(ctx context.Context) error
}

// Outgoing is one message to one recipient.
type Outgoing struct {
	Permit gate.Permit
	ID     string // of the delivery; the permit must be for it
	From   string // return path; empty is the null reverse-path
	To     string
	Data   []byte // the message, RFC 5322, CRLF, not dot-stuffed
	// Build makes the message where Data is nil: appended to dst, as late as possible, so that a batch need not lie in memory.
	Build func(dst []byte) ([]byte, error)
}

// Batch is what one caller wants sent.
type Batch struct {
	Messages []Outgoing
	// Lease is called right before MAIL FROM of message i and returns until when it may begin; the zero time forbids it, and it is not asked
	// again. Should the write be held up past that instant, MAIL FROM is not written and Lease is asked anew. Nil: all may begin.
	Lease func(i int) time.Time
	// Journal, if set, is told before it is too late.
	Journal Journal
	// Heard, if set, is told each reply as it comes. Once it returns true nothing more of the batch begins.
	Heard func(r Result) (enough bool)
}

// ErrEnough is why a message did not begin after [Batch.Heard] had heard enough.
var ErrEnough = errors.New("transport: enough of this batch")

// Journal keeps what a crash must not make us forget.
type Journal interface {
	// Note records in one write that replied got a reply with that code (0: its final dot was not written after all), and that the final
	// dot of finishing is about to be written. Either may be empty. If it fails, the final dot is not written.
	Note(replied string, code int, finishing string) error
}

// State is what became of a message.
type State uint8

const (
	NotBegun  State = iota // its MAIL FROM was not written; it may go later
	Failed                 // begun, but cannot have been accepted: no connection, or none till the final dot; it may go later
	Sent                   // the relay answered with 250: it is the relay's now, whatever happened to the connection next
	Deferred               // the relay said not now (4xx)
	Rejected               // the relay said no (5xx), or the message cannot be sent by this relay at all (Code 0)
	Uncertain              // written whole, but no reply came: perhaps accepted
)

func (s State) String() string {
	return [...]string{"not begun", "failed", "sent", "deferred", "rejected", "uncertain"}[s]
}

// Stage is how far a message had come when its result was known.
type Stage uint8

const (
	StageConnect Stage = iota
	StageMail
	StageRcpt
	StageData
	StageEnd // behind the final dot
)

func (s Stage) String() string { return [...]string{"connect", "mail", "rcpt", "data", "end"}[s] }

// Result tells what became of one message.
type Result struct {
	State    State
	Stage    Stage
	Code     int    // of the reply; 0 when there was none
	Enhanced string // enhanced status code, RFC 3463, such as "5.1.1"; empty when there was none
	Reply    string // the text of the reply as received, lines joined by a blank
	TLS      string // such as "TLS 1.3"; empty without
	Relay    string
	MailAt   time.Time // when MAIL FROM was written; zero if it was not
	At       time.Time // when the result was known
	Err      error     // where there is no reply that says it
}

// BuildError is why a message could not be made. Nothing was said of it to the relay, and it may go later.
type BuildError struct{ Err error }

func (e *BuildError) Error() string { return "transport: building the message: " + e.Err.Error() }

func (e *BuildError) Unwrap() error { return e.Err }

// Said is the reply with its code, such as "250 2.0.0 queued"; where there was none, why. It is what is kept as evidence.
func (r Result) Said() string {
	switch {
	case r.Code != 0:
		return strings.TrimSpace(strconv.Itoa(r.Code) + " " + r.Reply)
	case r.Reply == "" && r.Err != nil:
		return r.Err.Error()
	}
	return r.Reply
}

var (
	// ErrPermit is returned for a message without a valid permit for its delivery.
	ErrPermit = errors.New("transport: no permit for this delivery")
	// ErrStream is returned for a message of a stream that this transport does not serve.
	ErrStream = errors.New("transport: this relay serves another stream")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("transport: closed")
)

// Check tells whether a transport of that stream (empty: any) may take the message. Every transport asks it first.
func Check(m *Outgoing, stream gate.Stream) error {
	switch {
	case !m.Permit.Valid() || m.ID == "" || m.Permit.DeliveryID() != m.ID:
		return ErrPermit
	case stream != "" && m.Permit.Stream() != stream:
		return ErrStream
	}
	return nil
}

// Send sends one message.
func Send(ctx context.Context, t Transport, m Outgoing) Result {
	return t.SendBatch(ctx, Batch{Messages: []Outgoing{m}})[0]
}
