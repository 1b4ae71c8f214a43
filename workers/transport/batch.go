package transport

import (
	"context"
	"errors"
	"os"
	"time"
)

// run is one batch under way.
type run struct {
	t       *SMTP
	ctx     context.Context
	b       Batch
	results []Result
	next    int    // the first message that nobody has looked at
	back    int    // a message to be taken again, or -1
	tries   []bool // messages that got their second chance
	begun   []bool // messages whose MAIL FROM was written
	replied string // what the journal has not been told yet
	code    int
	stop    error // why nothing more is begun
	done    int   // results by the relay
}

// errLost says that a connection cannot be used any more.
var errLost = errors.New("transport: connection lost")

// SendBatch implements [Transport].
func (t *SMTP) SendBatch(ctx context.Context, b Batch) []Result {
	r := &run{t: t, ctx: ctx, b: b, results: make([]Result, len(b.Messages)), back: -1, tries: make([]bool, len(b.Messages)), begun: make([]bool, len(b.Messages))}
	for i := range b.Messages {
		r.results[i].Relay = t.addr
		if r.results[i].Err = Check(&b.Messages[i], t.opts.Stream); r.results[i].Err != nil {
			r.results[i].At = time.Now()
		}
	}
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
		r.all()
	case <-ctx.Done():
		r.stop = ctx.Err()
	}
	r.rest()
	return r.results
}

// all sends over one connection, and over another when it is lost: at most twice in a row without any result.
func (r *run) all() {
	for lost := 0; r.more() && r.stop == nil; {
		c, err := r.t.connection(r.ctx)
		if err != nil {
			r.stop = err
			return
		}
		before := r.done
		err = r.over(c)
		r.note()
		if err == nil && !c.needReset {
			r.t.keep(c)
			continue
		}
		r.t.drop(c)
		if err == nil {
			continue
		}
		if lost++; r.done > before {
			lost = 0
		}
		if lost == 2 {
			r.stop = err
		}
	}
}

func (r *run) more() bool {
	for r.next < len(r.results) && !r.results[r.next].At.IsZero() {
		r.next++
	}
	return r.back >= 0 || r.next < len(r.results)
}

// rest gives those that nobody has looked at the reason.
func (r *run) rest() {
	now := time.Now()
	for i := range r.results {
		if res := &r.results[i]; res.At.IsZero() {
			res.At, res.Err = now, r.stop
			res.State = r.untouched(i)
		}
	}
}

// untouched is the state of a message that is left alone: its MAIL FROM may have been written on a connection that was lost.
func (r *run) untouched(i int) State {
	if r.begun[i] {
		return Failed
	}
	return NotBegun
}

// take finds the next message that may begin. It asks for the lease last. Without patience it gives up where it would have to wait.
func (r *run) take(c *conn, patient bool) *prepared {
	for r.stop == nil && r.more() {
		if err := r.ctx.Err(); err != nil {
			r.stop = err
			return nil
		}
		if l := r.t.limiter; l != nil {
			if !patient && !l.Allow() {
				return nil
			}
			if patient {
				if err := l.Wait(r.ctx); err != nil {
					r.stop = err
					return nil
				}
			}
		}
		i := r.back
		if r.back = -1; i < 0 {
			i = r.next
			r.next++
		}
		p, err := c.prepare(i, &r.b.Messages[i])
		if err != nil {
			r.refuse(i, err)
			continue
		}
		if r.b.Lease != nil {
			if p.until = r.b.Lease(i); p.until.IsZero() {
				r.results[i] = Result{State: r.untouched(i), Relay: r.t.addr, At: time.Now()}
				continue
			}
		}
		c.turn ^= 1
		return p
	}
	return nil
}

// refuse records a message that this relay cannot be given, or one that could not be made and has not begun.
func (r *run) refuse(i int, err error) {
	res := Result{State: Rejected, Relay: r.t.addr, At: time.Now(), Enhanced: "5.6.0", Reply: err.Error(), Err: err}
	var own *refusal
	var unmade *BuildError
	switch {
	case errors.As(err, &own):
		res.Enhanced, res.Reply = own.enhanced, own.enhanced+" "+own.text // as a server says it; it is recorded so (compliance 13)
	case errors.As(err, &unmade):
		res = Result{State: r.untouched(i), Relay: r.t.addr, At: res.At, Err: err}
	}
	r.results[i] = res
}

// result records what became of a message under way.
func (r *run) result(c *conn, p *prepared, state State, stage Stage, rep reply, err error) {
	res := Result{
		State: state, Stage: stage, Code: rep.code, Reply: rep.text, TLS: c.tls, Relay: r.t.addr, MailAt: p.mailAt, At: time.Now(), Err: err,
	}
	if rep.code > 0 {
		res.Enhanced = enhanced(rep.code, rep.text)
	}
	if rep.code > 0 && rep.code != 421 {
		r.done++
	}
	r.results[p.i] = res
	if rep.code > 0 && r.b.Heard != nil && r.b.Heard(res) && r.stop == nil {
		r.stop = ErrEnough
	}
}

// lost deals with a message whose connection ended before its final dot was written: nobody can have accepted it. One that was kept, or had
// served, may simply have had its time, so the message gets a second chance on a new one.
func (r *run) lost(c *conn, p *prepared, stage Stage, rep reply, err error) error {
	err = r.t.failed(err)
	old := c.served > 0 || c.reused
	if !r.tries[p.i] && (p.behind || old && !errors.Is(err, os.ErrDeadlineExceeded)) {
		r.tries[p.i] = true
		r.back = p.i
		return err
	}
	s := Failed
	if rep.code > 0 {
		s = unaccepted(rep.code)
	}
	r.result(c, p, s, stage, rep, err)
	return err
}

// unaccepted is the state behind a reply to a command; whatever it says, no message was given yet.
func unaccepted(code int) State {
	if s := state(code); s == Deferred || s == Rejected {
		return s
	}
	return Failed
}

func state(code int) State {
	switch code / 100 {
	case 2:
		return Sent
	case 4:
		return Deferred
	case 5:
		return Rejected
	}
	return Uncertain
}

// note tells the journal of the last reply, if it does not know yet.
func (r *run) note() {
	if r.replied == "" || r.b.Journal == nil {
		return
	}
	if err := r.b.Journal.Note(r.replied, r.code, ""); err != nil && r.stop == nil {
		r.stop = err
	}
	r.replied = ""
}
