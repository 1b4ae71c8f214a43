package evidence

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"assent/preferences/sqldb"
)

// Break is the first place at which the evidence is not what it was.
type Break struct {
	Seq    int64  `json:"seq"`
	Notice string `json:"notice,omitempty"`
	Detail string `json:"detail"`
}

// Report is the result of a verification.
type Report struct {
	Rows   int64  `json:"rows"`   // checked
	Erased int64  `json:"erased"` // of them, emptied by an erasure
	Mails  int64  `json:"mails"`  // whose bytes are still kept, and are those that were sent
	Head   string `json:"head"`   // "seq:hash" of the last row
	Broken *Break `json:"broken,omitempty"`
}

// OK says that all is as it was written.
func (r Report) OK() bool { return r.Broken == nil }

// Options of Verify. The zero value is fine.
type Options struct {
	Expect   string // a head that was noted before, as Position.String writes it
	Progress func(done, total int64)
}

// page is how many rows are read at a time.
const page = 500

// Verify recomputes the chain from its beginning and compares it with the notices and with the bytes of their mails. It may run
// while mail goes out: it checks the chain as it was at its start. What is wrong is in Report.Broken; the error is for a
// database that fails.
func Verify(ctx context.Context, q sqldb.Querier, o Options) (Report, error) {
	v := verifier{q: q, last: Position{Hash: genesis}, empty: map[int64]bool{}, served: map[string]string{}, o: o}
	if o.Expect != "" {
		expect, err := ParsePosition(o.Expect)
		if err != nil {
			return Report{}, err
		}
		v.expect = &expect
	}
	for _, step := range []func(context.Context) error{v.start, v.chain, v.end, v.erasures, v.foreign} {
		if err := step(ctx); err != nil {
			return Report{}, fmt.Errorf("evidence: verify: %w", err)
		}
		if v.report.Broken != nil {
			break
		}
	}
	v.report.Head = v.last.String()
	return v.report, nil
}

type verifier struct {
	q      sqldb.Querier
	o      Options
	expect *Position
	stored Position // the head as it is stored
	last   Position // of the rows checked so far
	empty  map[int64]bool
	served map[string]string // what the chain says of other channels, by notice
	report Report
}

func (v *verifier) fail(seq int64, notice, format string, args ...any) {
	if v.report.Broken == nil {
		v.report.Broken = &Break{seq, notice, fmt.Sprintf(format, args...)}
	}
}

// start reads the stored head and the last row in one statement, so that both are of the same moment.
func (v *verifier) start(ctx context.Context) error {
	var last, seq sql.NullInt64
	var hash sql.NullString
	if err := v.q.QueryRowContext(ctx, "SELECT m.seq, h.seq, h.hash FROM (SELECT max(seq) AS seq FROM notice_evidence) m LEFT JOIN notice_evidence_head h ON h.id = 1").Scan(&last, &seq, &hash); err != nil {
		return err
	}
	v.stored = Position{Hash: genesis}
	if seq.Valid {
		v.stored = Position{seq.Int64, hash.String}
	}
	if last.Int64 > v.stored.Seq {
		v.fail(v.stored.Seq+1, "", "the head says %d, and there are rows behind it", v.stored.Seq)
	}
	v.meets()
	return nil
}

// meets compares with the head that the caller knows, once it is reached.
func (v *verifier) meets() {
	if v.expect != nil && v.expect.Seq == v.last.Seq && v.expect.Hash != v.last.Hash {
		v.fail(v.last.Seq, "", "the chain is sound, but not the one of the expected head: it was made anew")
	}
}

func (v *verifier) chain(ctx context.Context) error {
	for v.last.Seq < v.stored.Seq && v.report.Broken == nil {
		before := v.last.Seq
		if err := v.page(ctx); err != nil {
			return err
		}
		if v.last.Seq == before {
			v.fail(before+1, "", "row %d is missing", before+1)
		}
		if v.o.Progress != nil {
			v.o.Progress(v.last.Seq, v.stored.Seq)
		}
	}
	return nil
}

// notice is what the notice itself says now, beside a row about it.
type notice struct {
	id                                        sql.NullString
	status, sum, messageID, relay, tls, reply sql.NullString
	email, reason                             sql.NullString
	raw                                       []byte
	newest                                    bool // no later row is about the notice
	at                                        sql.NullInt64
	known                                     bool // the chain knows the time of its status
	accepted                                  bool // it was never sent, or the chain knows when
	details                                   details
	tries                                     string
	post                                      string // what is noted about another channel
}

// pageColumns are those of a row e with its notice m, the bytes of its mail b and what is noted about another channel v.
var pageColumns = `e.seq, e.message_id, e.at, e.commitment, e.hash, e.salt, e.content, m.id, m.status, m.sha256, m.message_id, m.relay, m.tls, m.reply, m.email, m.reason, b.raw,
	NOT EXISTS (SELECT 1 FROM notice_evidence n WHERE n.message_id = e.message_id AND n.seq > e.seq), m.at,
	m.sent_at IS NULL OR EXISTS (SELECT 1 FROM notice_evidence a WHERE a.message_id = e.message_id AND a.at = m.sent_at),
	EXISTS (SELECT 1 FROM notice_evidence a WHERE a.message_id = e.message_id AND a.at = m.at),
	v.broadcast_id, v.channel, v.served_on, v.note, v.actor, v.at, ` + orEmpty(detailColumns)

// orEmpty makes columns of an outer join texts that are never NULL.
func orEmpty(columns string) string {
	return regexp.MustCompile(`m\.(class|kind|obligation|basis|reference|address_key|name|locale|brand_key|subject|content|attachments|facts|author)\b`).ReplaceAllString(
		strings.NewReplacer("CAST(m.attempts AS TEXT)", "COALESCE(CAST(m.attempts AS TEXT), '')", "CAST(m.created_at AS TEXT)", "COALESCE(CAST(m.created_at AS TEXT), '')").Replace(columns), "COALESCE(m.$1, '')")
}

func scanPage(found sqldb.Scanner, r *row, n *notice) error {
	var broadcast, channel, on, note, actor sql.NullString
	var at sql.NullInt64
	err := found.Scan(append([]any{&r.Seq, &r.Notice, &r.At, &r.Commitment, &r.Hash, &r.Salt, &r.Content, &n.id, &n.status, &n.sum, &n.messageID, &n.relay, &n.tls, &n.reply, &n.email, &n.reason, &n.raw, &n.newest,
		&n.at, &n.accepted, &n.known, &broadcast, &channel, &on, &note, &actor, &at}, n.details.places()...)...)
	if channel.Valid {
		n.post = Post(broadcast.String, channel.String, on.String, note.String, actor.String, at.Int64)
	}
	return err
}

func (v *verifier) page(ctx context.Context) error {
	tries, err := v.tries(ctx)
	if err != nil {
		return err
	}
	for found := range sqldb.Rows(ctx, v.q, "SELECT "+pageColumns+` FROM notice_evidence e LEFT JOIN messages m ON m.id = e.message_id LEFT JOIN message_bytes b ON b.message_id = e.message_id
		LEFT JOIN notice_served v ON v.message_id = e.message_id WHERE e.seq > $1 AND e.seq <= $2 ORDER BY e.seq LIMIT $3`, v.last.Seq, v.stored.Seq, page) {
		var r row
		var n notice
		if err := scanPage(found, &r, &n); err != nil {
			return err
		}
		n.tries = tries[r.Notice]
		v.row(&r, &n)
		if v.report.Broken != nil {
			return nil
		}
	}
	return nil
}

// tries hashes those of the notices of the next page.
func (v *verifier) tries(ctx context.Context) (map[string]string, error) {
	ids, err := sqldb.Values[string](ctx, v.q, "SELECT DISTINCT message_id FROM notice_evidence WHERE seq > $1 AND seq <= $2", v.last.Seq, min(v.stored.Seq, v.last.Seq+page))
	if err != nil {
		return nil, err
	}
	return triesOf(ctx, v.q, ids)
}

func (v *verifier) row(r *row, n *notice) {
	switch want := v.last.Seq + 1; {
	case r.Seq != want:
		v.fail(want, "", "row %d is missing", want)
		return
	case r.link(v.last.Hash) != r.Hash:
		v.fail(r.Seq, r.Notice, "the hash of row %d does not follow from it and the row before", r.Seq)
		return
	}
	if r.Content == "" && r.Salt == "" {
		v.empty[r.Seq] = true
		v.report.Erased++
	} else {
		v.content(r, n)
	}
	v.last = Position{r.Seq, r.Hash}
	v.report.Rows++
	v.meets()
}

// content compares a row with its commitment, and the notice with the row.
func (v *verifier) content(r *row, n *notice) {
	if r.commit() != r.Commitment {
		v.fail(r.Seq, r.Notice, "the content of row %d is not what was committed to", r.Seq)
		return
	}
	var e Entry
	if json.Unmarshal([]byte(r.Content), &e) != nil || e.Notice != r.Notice || sqldb.Micros(e.At) != r.At {
		v.fail(r.Seq, r.Notice, "the content of row %d does not belong to it", r.Seq)
		return
	}
	if e.Event == Erased {
		return
	}
	if !n.id.Valid {
		v.fail(r.Seq, r.Notice, "the notice of row %d is gone", r.Seq)
		return
	}
	if e.noted() {
		v.served[r.Notice] = e.Post
	}
	if n.newest {
		if what := differs(r, &e, n, v.served[r.Notice]); what != "" {
			v.fail(r.Seq, r.Notice, "the %s of the notice is not what row %d says", what, r.Seq)
		}
	}
	if n.raw != nil && n.newest && v.report.Broken == nil {
		if got := sha256.Sum256(n.raw); e.SHA256 != "" && hex.EncodeToString(got[:]) != e.SHA256 {
			v.fail(r.Seq, r.Notice, "the bytes of the mail are not those that row %d speaks of", r.Seq)
			return
		}
		v.report.Mails++
	}
}

// statuses is that of a notice after an event.
var statuses = map[string]string{Accepted: "sent", Bounced: "bounced", Unserved: "unserved"}

// differs holds the notice to the last that the chain says of it, and names the first thing that is not so. served is what the
// chain says of another channel.
func differs(r *row, e *Entry, n *notice, served string) string {
	status := statuses[e.Event]
	if e.noted() {
		status = e.Was
	}
	for _, c := range []struct{ what, is, wants string }{
		{"status", n.status.String, status}, {"sha256", n.sum.String, e.SHA256}, {"message_id", n.messageID.String, e.MessageID}, {"relay", n.relay.String, e.Relay},
		{"tls", n.tls.String, e.TLS}, {"reply", n.reply.String, e.Reply}, {"email", n.email.String, e.To}, {"reason", n.reason.String, e.Reason}, {"note of another channel", n.post, served},
	} {
		if c.is != c.wants {
			return c.what
		}
	}
	switch {
	case e.Details == "": // written before details were chained
	case n.details.sum() != e.Details:
		return "details"
	case n.tries != e.Tries:
		return "tries"
	case !e.noted() && n.at.Int64 != r.At, !n.known:
		return "time"
	case !n.accepted:
		return "time of acceptance"
	}
	return ""
}

// end compares the last row with the stored and the expected head.
func (v *verifier) end(context.Context) error {
	switch {
	case v.stored != v.last:
		v.fail(v.last.Seq, "", "the head is not the last row")
	case v.expect != nil && v.expect.Seq > v.last.Seq:
		v.fail(v.last.Seq+1, "", "the chain ends at %d, the expected head is %d", v.last.Seq, v.expect.Seq)
	}
	return nil
}

// erasures finds rows that were emptied and that no erasure lists. Erasures of this moment count too.
func (v *verifier) erasures(ctx context.Context) error {
	if len(v.empty) == 0 {
		return nil
	}
	for found := range sqldb.Rows(ctx, v.q, "SELECT seq, commitment, salt, content FROM notice_evidence WHERE message_id = '' ORDER BY seq") {
		var r row
		var e Entry
		if err := found.Scan(&r.Seq, &r.Commitment, &r.Salt, &r.Content); err != nil {
			return err
		}
		if r.commit() != r.Commitment || json.Unmarshal([]byte(r.Content), &e) != nil || e.Event != Erased {
			continue // the chain has found it, or will
		}
		for _, seq := range e.Erases {
			if seq < r.Seq {
				delete(v.empty, seq)
			}
		}
	}
	first := int64(0)
	for seq := range v.empty {
		if first == 0 || seq < first {
			first = seq
		}
	}
	if first > 0 {
		v.fail(first, "", "the content of row %d is gone and no erasure lists it", first)
	}
	return nil
}

// foreign finds notices that are said to be sent and that the chain does not know.
func (v *verifier) foreign(ctx context.Context) error {
	var id string
	err := v.q.QueryRowContext(ctx, `SELECT m.id FROM messages m WHERE m.class = 'notice' AND m.status IN ('sent', 'bounced', 'unserved')
		AND NOT (m.status = 'unserved' AND m.reason = 'erased' AND m.email = '')
		AND NOT EXISTS (SELECT 1 FROM notice_evidence e WHERE e.message_id = m.id) ORDER BY m.id LIMIT 1`).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		v.fail(v.last.Seq, id, "the notice %s is said to be out, and the chain does not know of it", strings.TrimSpace(id))
	}
	return err
}
