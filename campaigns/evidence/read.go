package evidence

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"assent/preferences/sqldb"
)

// Position is a place in the chain: the number of the last row, and its hash.
type Position struct {
	Seq  int64
	Hash string
}

// String is "seq:hash", the form to keep outside of the database.
func (p Position) String() string { return strconv.FormatInt(p.Seq, 10) + ":" + p.Hash }

// ErrPosition is returned for a text that is not "seq:hash".
var ErrPosition = errors.New("evidence: a head is written as number:hash, as `assent notice verify` prints it")

// ParsePosition reads what Position.String wrote.
func ParsePosition(s string) (Position, error) {
	number, hash, _ := strings.Cut(strings.TrimSpace(s), ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq < 0 || len(hash) != len(genesis) {
		return Position{}, ErrPosition
	}
	return Position{seq, strings.ToLower(hash)}, nil
}

// Record is an entry as the chain holds it, with what ties it to the chain.
type Record struct {
	Entry
	Seq        int64  `json:"seq"`
	Salt       string `json:"salt"`
	Content    string `json:"content"` // the exact text that was committed to
	Commitment string `json:"commitment"`
	Hash       string `json:"hash"`
	Sound      bool   `json:"sound"` // salt and content give the commitment
}

// Of lists what the chain says about a notice, first one first.
func Of(ctx context.Context, q sqldb.Querier, notice string) ([]Record, error) {
	list := []Record{}
	for found := range sqldb.Rows(ctx, q, "SELECT seq, commitment, hash, salt, content FROM notice_evidence WHERE message_id = $1 ORDER BY seq", notice) {
		var r Record
		if err := found.Scan(&r.Seq, &r.Commitment, &r.Hash, &r.Salt, &r.Content); err != nil {
			return nil, fmt.Errorf("evidence: %w", err)
		}
		stored := row{Salt: r.Salt, Content: r.Content}
		r.Sound = stored.commit() == r.Commitment
		if r.Content != "" {
			if err := json.Unmarshal([]byte(r.Content), &r.Entry); err != nil {
				r.Sound = false
			}
		}
		list = append(list, r)
	}
	return list, nil
}

// Head is the end of the chain as it is stored.
func Head(ctx context.Context, q sqldb.Querier) (Position, error) {
	p := Position{Hash: genesis}
	err := q.QueryRowContext(ctx, "SELECT seq, hash FROM notice_evidence_head WHERE id = 1").Scan(&p.Seq, &p.Hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("evidence: head: %w", err)
	}
	return p, nil
}

// Changed names what is stored of a notice otherwise than the chain says last of it; empty when all is as it was, or the chain says
// nothing.
func Changed(ctx context.Context, q sqldb.Querier, id string) (string, error) {
	var last row
	var n notice
	var e Entry
	served := ""
	for found := range sqldb.Rows(ctx, q, "SELECT "+pageColumns+` FROM notice_evidence e LEFT JOIN messages m ON m.id = e.message_id LEFT JOIN message_bytes b ON b.message_id = e.message_id
		LEFT JOIN notice_served v ON v.message_id = e.message_id WHERE e.message_id = $1 ORDER BY e.seq`, id) {
		last, n, e = row{}, notice{}, Entry{}
		if err := scanPage(found, &last, &n); err != nil {
			return "", fmt.Errorf("evidence: %w", err)
		}
		if last.Content == "" {
			continue
		}
		if json.Unmarshal([]byte(last.Content), &e) != nil {
			return "evidence", nil
		}
		if e.noted() {
			served = e.Post
		}
	}
	if last.Content == "" {
		return "", nil
	}
	tries, err := triesOf(ctx, q, []string{id})
	if err != nil {
		return "", err
	}
	n.tries = tries[id]
	return differs(&last, &e, &n, served), nil
}
