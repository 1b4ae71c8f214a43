package transport

import (
	"errors"
	"os"
	"strings"
	"time"
)

// over sends what it can over one connection. An error means that the connection is of no more use.
func (r *run) over(c *conn) error {
	p := r.take(c, true)
	for p != nil {
		if !p.behind {
			begun, err := r.begin(c, p)
			if err != nil {
				return err
			}
			if !begun { // the lease ran out before a single octet was written, or refused one command at a time
				p = r.take(c, true)
				continue
			}
		}
		open, err := r.opened(c, p)
		if err != nil {
			return err
		}
		if !open {
			r.note()
			p = r.take(c, true)
			continue
		}
		var next *prepared
		if c.pipelining && r.t.level.Load() == messages && !c.needReset {
			next = r.take(c, false)
		}
		if next, err = r.finish(c, p, next); err != nil {
			return err
		}
		if next == nil || c.r.Buffered() == 0 {
			r.note() // before anything that may take its time
		}
		if next == nil && r.stop == nil {
			next = r.take(c, true)
		}
		p = next
	}
	return nil
}

// begin writes MAIL, RCPT and DATA; all at once if the relay takes pipelining. Not begun means that nothing was written.
func (r *run) begin(c *conn, p *prepared) (begun bool, err error) {
	if p.whole = c.pipelining && r.t.level.Load() >= transactions; p.whole {
		head := ""
		if c.needReset {
			head = "RSET\r\n"
		}
		begun, err = r.write(c, []byte(head), p.group, p)
		if err != nil {
			return false, r.lost(c, p, StageMail, reply{}, err)
		}
		if !begun {
			r.back = p.i
			if head != "" {
				return false, errLost // RSET is out and its reply is not; a new connection is simplest
			}
		}
		return begun, nil
	}
	if c.needReset {
		if rep, err := r.command(c, []byte("RSET\r\n")); err != nil || rep.code != 250 {
			return false, r.lost(c, p, StageMail, reply{}, orElse(err, errReply))
		}
		c.needReset = false
	}
	if begun, err = r.write(c, nil, p.group[:p.mail], p); err != nil {
		return false, r.lost(c, p, StageMail, reply{}, err)
	}
	if !begun {
		r.back = p.i
	}
	return begun, nil
}

// write writes must, then what p begins with, provided that this starts while p's lease runs. It stamps p when it has begun.
func (r *run) write(c *conn, must, start []byte, p *prepared) (begun bool, err error) {
	p.mailAt = time.Now()
	defer func() { r.begun[p.i] = r.begun[p.i] || begun }()
	limit := p.mailAt.Add(r.t.opts.Command)
	leased := !p.until.IsZero() && p.until.Before(limit)
	if c.tls != "" && len(must) > 0 { // a TLS connection that missed a deadline is broken: write apart, and look at the clock between
		if err := c.put(must, limit); err != nil {
			return false, err
		}
		must = nil
		p.mailAt = time.Now()
		limit = p.mailAt.Add(r.t.opts.Command)
	}
	if leased && !p.mailAt.Before(p.until) {
		if len(must) > 0 {
			return false, c.put(must, limit)
		}
		return false, nil
	}
	all := append(must, start...)
	if !leased || c.tls != "" {
		n, err := c.write(all, limit)
		return true, partial(err, n, len(must))
	}
	n, err := c.write(all, p.until)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return n > len(must), partial(err, n, len(must))
	}
	if n <= len(must) { // held up until the lease was over; nothing has begun
		return false, c.put(all[n:len(must)], limit)
	}
	return true, partial(c.put(all[n:], limit), n, len(must))
}

// errWhole marks an error that came when all that must be written had been.
type errWhole struct{ error }

func (e errWhole) Unwrap() error { return e.error }

func partial(err error, n, must int) error {
	if err != nil && n >= must {
		return errWhole{err}
	}
	return err
}

func (c *conn) write(b []byte, limit time.Time) (int, error) {
	_ = c.raw.SetWriteDeadline(limit)
	return c.w.Write(b)
}

// put writes all of b.
func (c *conn) put(b []byte, limit time.Time) error {
	if len(b) == 0 {
		return nil
	}
	_, err := c.write(b, limit)
	return err
}

func (r *run) command(c *conn, line []byte) (reply, error) {
	if err := c.put(line, time.Now().Add(r.t.opts.Command)); err != nil {
		return reply{}, err
	}
	return c.get(false, r.t.opts.Command)
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// opened reads the replies to MAIL, RCPT and DATA. When they are not all well it records the result and returns false.
func (r *run) opened(c *conn, p *prepared) (bool, error) {
	if p.whole && c.needReset {
		if rep, err := c.get(false, r.t.opts.Command); err != nil || rep.code != 250 {
			return false, r.lost(c, p, StageMail, reply{}, orElse(err, errReply))
		}
		c.needReset = false
	}
	var refused reply
	var at Stage
	for stage := StageMail; stage <= StageData; stage++ {
		rep, err := r.step(c, p, stage)
		switch {
		case refused.code != 0 && (err != nil || rep.code == 421): // refused, and shown the door
			r.result(c, p, unaccepted(refused.code), at, refused, nil)
			return false, errLost
		case err != nil:
			r.suspect(c, p, err)
			return false, r.lost(c, p, stage, reply{}, err)
		case rep.code == 421: // RFC 5321 §3.8: the relay is closing
			return false, r.lost(c, p, stage, rep, errors.New("421 "+rep.text))
		case p.whole && outOfStep(rep):
			r.t.level.CompareAndSwap(messages, transactions)
			return false, r.lost(c, p, stage, rep, errors.New(rep.text))
		case refused.code != 0:
			if stage == StageData {
				return false, r.refused(c, p, at, refused, rep.code == 354)
			}
		case rep.code/100 == 2 && stage < StageData, rep.code == 354 && stage == StageData:
		case !p.whole || stage == StageData:
			return false, r.refused(c, p, stage, rep, false)
		default:
			refused, at = rep, stage
		}
	}
	r.t.suspicion.Store(0)
	return true, nil
}

// step reads the reply to one of the three commands, and writes the command first where they go one by one.
func (r *run) step(c *conn, p *prepared, stage Stage) (reply, error) {
	if !p.whole && stage > StageMail {
		line := p.group[p.mail:p.rcpt]
		if stage == StageData {
			line = p.group[p.rcpt:]
		}
		return r.command(c, line)
	}
	return c.get(false, r.t.opts.Command)
}

// outOfStep tells whether a relay that offers pipelining does not bear it after all.
func outOfStep(rep reply) bool {
	return rep.code >= 500 && contains(strings.ToLower(rep.text), []string{"synchroni", "pipelin"})
}

// suspect takes pipelining back a level when it has cost three connections in a row, or a relay lost what was behind a message.
func (r *run) suspect(c *conn, p *prepared, err error) {
	n := r.t.suspicion.Add(1)
	switch {
	case p.behind && (n >= 3 || errors.Is(err, os.ErrDeadlineExceeded)):
		r.t.level.CompareAndSwap(messages, transactions)
	case n >= 3 && p.whole && !p.behind && !c.reused:
		r.t.level.CompareAndSwap(transactions, lockstep)
	default:
		return
	}
	r.t.suspicion.Store(0)
}

// refused records a refusal before the message was given. Where the relay took DATA all the same it gets an empty message for nobody,
// RFC 2920 §3.1; else the next transaction starts with RSET.
func (r *run) refused(c *conn, p *prepared, at Stage, rep reply, open bool) error {
	s := unaccepted(rep.code)
	if s == Failed {
		r.result(c, p, s, at, rep, r.t.failed(errReply))
		return errLost
	}
	r.result(c, p, s, at, rep, nil)
	if !open {
		c.needReset = true
		return nil
	}
	if rep, err := r.command(c, []byte(".\r\n")); err != nil || rep.code == 421 {
		return errLost
	}
	return nil
}

// finish writes the message and its final dot, with next behind it, and reads the reply. It returns next if that has begun.
func (r *run) finish(c *conn, p, next *prepared) (*prepared, error) {
	if r.b.Journal != nil {
		err := r.b.Journal.Note(r.replied, r.code, p.id)
		r.replied = ""
		if err != nil {
			r.stop = err
			r.result(c, p, Failed, StageData, reply{}, err)
			if next != nil {
				r.back = next.i
			}
			return nil, err
		}
	}
	var err error
	if next == nil {
		err = c.put(p.body, time.Now().Add(r.t.opts.Command))
	} else {
		next.behind, err = r.write(c, p.body, next.group, next)
		next.whole = next.behind
		if !next.behind || err != nil {
			r.back = next.i
			next = nil
		}
	}
	var whole errWhole
	if err != nil && !errors.As(err, &whole) {
		return nil, r.cut(c, p, err)
	}
	wait := r.t.opts.Final
	if err != nil {
		wait = min(wait, 5*time.Second)
	}
	rep, rerr := c.get(true, wait)
	if rerr != nil || state(rep.code) == Uncertain {
		lost := r.t.failed(orElse(rerr, errReply))
		r.result(c, p, Uncertain, StageEnd, rep, lost)
		if next != nil {
			r.back = next.i
		}
		return nil, lost
	}
	r.result(c, p, state(rep.code), StageEnd, rep, nil)
	r.replied, r.code = p.id, rep.code
	if rep.code/100 == 2 {
		c.served++
	}
	if err != nil {
		return nil, errLost
	}
	if rep.code == 421 {
		if next != nil {
			r.back = next.i
		}
		return nil, r.t.failed(errors.New("421 " + rep.text))
	}
	return next, nil
}

// cut deals with a message whose final dot could not be written. The relay may have said why.
func (r *run) cut(c *conn, p *prepared, err error) error {
	rep, rerr := c.get(true, time.Second)
	if rerr != nil || rep.code < 400 {
		rep = reply{}
	}
	r.replied, r.code = p.id, rep.code
	if rep.code == 0 {
		return r.lost(c, p, StageData, reply{}, err)
	}
	r.result(c, p, state(rep.code), StageData, rep, nil)
	return errLost
}
